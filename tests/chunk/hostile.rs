//! Streams that want to harm: no panic, no quadratic work, no unbounded buffer.

use crate::support::*;
use proptest::prelude::*;
use serde_json::json;
use std::time::{Duration, Instant};
use wholejson::chunk::ChunkOptions;

fn whole(stream: &str) -> Outcome {
    let pieces: Vec<&[u8]> = stream.as_bytes().chunks(64 << 10).collect();
    once(ChunkOptions::default(), &pieces, End::Closed)
}

/// Twice the work may take three times as long, and not four.
fn linear(make: impl Fn(usize) -> String, size: usize) {
    linear_with(&ChunkOptions::default(), make, size);
}

fn linear_with(options: &ChunkOptions, make: impl Fn(usize) -> String, size: usize) {
    let time = |size: usize| {
        let stream = make(size);
        let measured = (0..3).map(|_| {
            let start = Instant::now();
            let pieces: Vec<&[u8]> = stream.as_bytes().chunks(64 << 10).collect();
            once(options.clone(), &pieces, End::Closed);
            start.elapsed()
        });
        measured.min().unwrap()
    };
    let once = time(size);
    let four = time(4 * size);
    let allowed = once * 10 + Duration::from_millis(100);
    assert!(
        four < allowed,
        "{once:?} for {size}, {four:?} for four times as much"
    );
}

#[test]
fn endless_white_space_takes_linear_time_and_ends_at_the_limit() {
    linear(|size| [text("[1,"), text(" ").repeat(size)].concat(), 4_000);
    let outcome = whole(&[text("[1,"), text(&" ".repeat(1_000)).repeat(1_100)].concat());
    assert_eq!(vec!["limit_exceeded"], outcome.errors());
}

#[test]
fn what_dropped_chunks_carry_takes_linear_time_and_is_bounded() {
    let dropped = |number: usize| {
        event(&format!(
            r#"{{"choices":[{{"index":0,"delta":{{"content":" "}},"logprobs":{{"content":[{number}]}},"m":{number}}}],"t":{number}}}"#
        ))
    };
    linear(
        |size| (0..size).map(dropped).collect::<String>() + &text("[1,"),
        2_000,
    );
    let large = event(&format!(
        r#"{{"choices":[{{"index":0,"delta":{{"content":" "}},"logprobs":{{"content":["{}"]}}}}]}}"#,
        "x".repeat(1 << 20)
    ));
    assert_eq!(vec!["limit_exceeded"], whole(&large.repeat(18)).errors());
}

#[test]
fn endless_names_are_bounded() {
    let named = |number: usize| {
        event(&format!(
            r#"{{"choices":[{{"delta":{{"content":" "}},"k{number}":1}}],"n{number}":1}}"#
        ))
    };
    linear(|size| (0..size).map(named).collect(), 2_000);
    assert_eq!(
        vec!["limit_exceeded"],
        whole(&(0..70).map(named).collect::<String>()).errors()
    );
    let wide = |size: usize| {
        let members: Vec<String> = (0..size).map(|at| format!("\"k{at}\":1")).collect();
        let members = members.join(",");
        event(&format!(
            r#"{{"choices":[{{"delta":{{"content":"[1,","x":{{{members}}}}},"logprobs":{{{members}}},{members}}}],{members}}}"#
        ))
    };
    linear(|size| text(" ") + &wide(size) + &wide(size), 4_000);
}

#[test]
fn held_roles_of_many_choices_in_large_events_are_bounded() {
    let choices: Vec<_> = (0..1_000)
        .map(|at| json!({"index": at, "delta": {"role": "a", "content": ""}}))
        .collect();
    let large = event(&json!({"choices": choices, "x": "y".repeat(100_000)}).to_string());
    assert_eq!(vec!["limit_exceeded"], whole(&large).errors());
}

#[test]
fn depth_in_an_envelope_costs_no_call_stack() {
    let deep = "[".repeat(1 << 20) + &"]".repeat(1 << 20);
    let stream = event(&format!(
        r#"{{"a":{deep},"choices":[{{"delta":{{"content":"[1,","b":{deep}}}}}]}}"#
    ));
    let outcome = whole(&[stream, stop()].concat());
    assert!(outcome.text().contains(r#""content":"[1]""#));
    assert_eq!(
        vec!["upstream_closed"],
        whole(&event(&"[".repeat(1 << 20))[..1 << 20]).errors()
    );
}

#[test]
fn a_stream_of_many_lists_and_choices_takes_linear_time() {
    let part = r#"{"type":"text","text":" "},{"type":"x"},"#;
    linear(
        |size| chunk(&format!(r#"{{"content":[{}1]}}"#, part.repeat(size)), ""),
        5_000,
    );
    let choices = |size: usize| {
        (0..size).map(|at| format!(r#"{{"index":{},"delta":{{"content":"1"}}}}"#, 5_000 - at))
    };
    linear(
        |size| {
            event(&format!(
                r#"{{"choices":[{}]}}"#,
                choices(size).collect::<Vec<_>>().join(",")
            ))
        },
        250,
    );
}

#[test]
fn many_pieces_of_tool_calls_take_linear_time() {
    let options = ChunkOptions {
        tool_calls: true,
        ..ChunkOptions::default()
    };
    let list = |size: usize, each: &dyn Fn(usize) -> String| {
        let pieces: Vec<String> = (0..size).map(each).collect();
        chunk(&format!(r#"{{"tool_calls":[{}]}}"#, pieces.join(",")), "")
    };
    let of = |index: usize, text: &str| {
        format!(
            r#"{{"index":{index},"id":"c{index}","function":{{"name":"f","arguments":"{text}"}}}}"#
        )
    };
    linear_with(&options, |size| list(size, &|_| of(0, r#"{\"a"#)), 3_000);
    linear(
        |size| list(size, &|at| of(at % 250, r#"{\"a\":[1,"#)),
        3_000,
    );
    linear_with(&options, |size| list(size, &|at| of(at % 2, "{}")), 3_000);
    linear(
        |size| {
            (0..size)
                .map(|at| list(1, &|_| of(at % 250, " ")))
                .collect()
        },
        3_000,
    );
    let again = |size: usize| -> String {
        let choice = |at: usize| {
            let piece = of(at % 3, "{} ");
            format!(
                r#"{{"index":{},"delta":{{"tool_calls":[{piece}]}}}}"#,
                at % 2
            )
        };
        let choices: Vec<String> = (0..size).map(choice).collect();
        event(&format!(r#"{{"choices":[{}]}}"#, choices.join(",")))
    };
    linear_with(&options, again, 250);
}

fn sample() -> Vec<u8> {
    [
        ": hi\n\n".to_owned(),
        event(r#"{"choices":[],"x":1}"#),
        chunk(r#"{"role":"assistant"}"#, ""),
        chunk(r#"{"content":"{\"a\\u00e9\ud83d\ude80\": [1, "}"#, r#","logprobs":{"content":[{"a":1}]},"m":[1]"#),
        chunk(r#"{"content":[{"type":"text","text":"2,"},{"type":"thinking"}]}"#, ""),
        of(1, r#"{"content":"[tru"}"#, ""),
        chunk(r#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},null]}"#, ""),
        chunk(r#"{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{\"x\": \"y"}}],"content":""}"#, ""),
        of(1, r#"{"tool_calls":[{"function":{"arguments":"{\"z\":1}"},"x":[1]},{"function":{"name":"h"}}]}"#, ""),
        chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"\"}"}},{"index":1,"id":"a","function":{"arguments":"{\"w\":2,"}}]}"#, ""),
        "id: 4\r\nevent: message\r\ndata: {\"choices\":\r\ndata: [{\"delta\":{\"content\":\"3\"}}],\"usage\":{\"t\":1}}\r\n\r\n".into(),
        chunk(r#"{"content":"]}"}"#, r#","finish_reason":"stop""#),
        stop_of(1),
        "error: {\"message\":1}\n\n".into(),
        DONE.into(),
    ]
    .concat()
    .into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    // Mutants of one stream that has something of everything: they end in some way, without a
    // panic, in the same one at any cut, in at most one error, and with events that are whole.
    #[test]
    fn mutants_end_in_one_way_at_any_cut(
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"\"{}[],:\\\n\r 0a\xFF\x00due".to_vec()), 0..3usize), 0..6),
        cut in any::<prop::sample::Index>(),
        (repair, tool_calls) in any::<(bool, bool)>(),
    ) {
        let mut stream = sample();
        for (at, byte, how) in edits {
            let at = at.index(stream.len());
            match how {
                0 => stream[at] = byte,
                1 => stream.insert(at, byte),
                _ => {
                    let end = (at + usize::from(byte)).min(stream.len());
                    stream.drain(at..end);
                    if stream.is_empty() {
                        stream.push(byte);
                    }
                }
            }
        }
        let options = ChunkOptions { repair, tool_calls, repair_arguments: repair, ..ChunkOptions::default() };
        let expected = once(options.clone(), &[&stream], End::Closed);
        let (left, right) = stream.split_at(cut.index(stream.len()));
        let two = once(options.clone(), &[left, right], End::Closed);
        prop_assert_eq!(&expected.bytes, &two.bytes);
        prop_assert_eq!(expected.report, two.report);
        let singles: Vec<&[u8]> = stream.chunks(1).collect();
        prop_assert_eq!(&expected.bytes, &once(options, &singles, End::Closed).bytes);
        if let Some(code) = expected.report.error {
            let data = events(&String::from_utf8_lossy(&expected.bytes)).pop().unwrap();
            prop_assert_eq!(code.name(), data["error"]["code"].as_str().unwrap_or_default(),
                "{}", String::from_utf8_lossy(&expected.bytes));
        }
    }
}
