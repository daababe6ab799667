//! What the upstream said reaches the client once and in its order, however the stream ends.

use crate::support::*;
use serde_json::{Value, json};
use wholejson::Limits;
use wholejson::chunk::{ChunkOptions, Pace, Transformer};

pub(crate) const ERROR: &str = "data: {\"error\":{\"message\":\"overloaded\",\"code\":529}}\n\n";

fn logprobs(index: u64, delta: &str, number: u64) -> String {
    of(
        index,
        delta,
        &format!(r#","logprobs":{{"content":[{number}]}}"#),
    )
}

/// The numbers in the log-probabilities of a choice.
fn numbers(events: &[Value], index: u64) -> Vec<u64> {
    let choices = events
        .iter()
        .filter_map(|event| event["choices"].as_array());
    let own = choices.flatten().filter(|choice| choice["index"] == index);
    let lists = own.filter_map(|choice| choice["logprobs"]["content"].as_array());
    lists.flatten().filter_map(Value::as_u64).collect()
}

#[test]
fn what_dropped_chunks_said_goes_out_before_an_error_of_the_upstream() {
    let usage = r#"{"choices":[{"index":0,"delta":{"content":"2"},"logprobs":{"content":[2]},"own":"x"}],"usage":{"t":1}}"#;
    let stream = [
        role(),
        logprobs(0, r#"{"content":"[1,"}"#, 1),
        event(usage),
        ERROR.into(),
    ]
    .concat();
    let outcome = run(stream);
    let events = outcome.events();
    assert_eq!(3, events.len(), "{}", outcome.text());
    assert_eq!(vec![1, 2], numbers(&events, 0));
    assert_eq!(
        (json!({"t": 1}), json!("x")),
        (
            events[1]["usage"].clone(),
            events[1]["choices"][0]["own"].clone()
        )
    );
    assert!(outcome.text().ends_with(ERROR));
    assert_eq!(3, outcome.report.events_out);
}

#[test]
fn what_dropped_chunks_said_goes_out_before_a_limit_ends_the_stream() {
    let options = ChunkOptions {
        limits: Limits {
            document: 20,
            ..Limits::DEFAULT
        },
        ..ChunkOptions::default()
    };
    let stream = [
        logprobs(0, r#"{"content":"[1,"}"#, 1),
        logprobs(0, r#"{"content":"2"}"#, 2),
        text("                        "),
    ]
    .concat();
    let outcome = with(options, stream, End::Closed);
    assert_eq!(vec!["limit_exceeded"], outcome.errors());
    assert_eq!(vec![1, 2], numbers(&outcome.events(), 0));
}

#[test]
fn log_probabilities_of_a_held_chunk_stay_where_they_came() {
    let before = logprobs(0, r#"{"content":"{"}"#, 1);
    let held = logprobs(0, r#"{"role":"assistant","content":""}"#, 2);
    let after = logprobs(0, r#"{"content":"\"a\":"}"#, 3);
    for next in [
        logprobs(0, r#"{"content":"\"b"}"#, 4),
        logprobs(0, r#"{"reasoning":"hm"}"#, 4),
    ] {
        for end in [stop(), DONE.into(), String::new(), ERROR.into()] {
            let stream = [&before[..], &held, &after, &next, &end].concat();
            let events = run(&stream).events();
            assert_eq!(vec![1, 2, 3, 4], numbers(&events, 0), "{stream}");
        }
    }
}

#[test]
fn the_newest_usage_is_the_last_one_also_beside_a_held_chunk() {
    let said = |delta: &str, usage: u64| {
        event(&format!(
            r#"{{"choices":[{{"index":0,"delta":{delta}}}],"usage":{{"t":{usage}}}}}"#
        ))
    };
    let held = [
        said(r#"{"content":" "}"#, 1),
        said(r#"{"role":"assistant"}"#, 2),
    ]
    .concat();
    for (next, expected) in [
        (text("[1,"), vec![json!({"t": 2})]),
        (chunk(r#"{"reasoning":"hm"}"#, ""), vec![json!({"t": 2})]),
        (
            [said(r#"{"content":" "}"#, 3), text("[1,")].concat(),
            vec![json!({"t": 3})],
        ),
    ] {
        let events = run([held.clone(), next].concat()).events();
        let usages = events
            .into_iter()
            .filter_map(|event| event.get("usage").cloned());
        assert_eq!(expected, usages.collect::<Vec<_>>());
    }
}

#[test]
fn held_chunks_go_out_in_the_order_of_their_coming() {
    let stream = [
        stop_of(0),
        of(1, r#"{"role":"assistant"}"#, r#","obfuscation":"x""#),
        of(
            0,
            r#"{"role":"assistant","tool_calls":[{"function":null}]}"#,
            "",
        ),
    ]
    .concat();
    let options = ChunkOptions {
        tool_calls: true,
        ..ChunkOptions::default()
    };
    let events = with(options, stream, End::Closed).events();
    let indexes: Vec<_> = events
        .iter()
        .map(|event| &event["choices"][0]["index"])
        .collect();
    assert_eq!(vec![&json!(0), &json!(1), &json!(0)], indexes[..3]);
}

#[test]
fn after_a_limit_nothing_of_the_upstream_passes_although_a_choice_had_succeeded() {
    let limits = Limits {
        line: 400,
        event: 400,
        ..Limits::DEFAULT
    };
    let options = ChunkOptions {
        limits,
        ..ChunkOptions::default()
    };
    let long = event(&format!("{{\"x\":\"{}\"}}", "y".repeat(500)));
    let one = [text("[1]"), stop()].concat();
    let two = [text("[1]"), stop(), text_of(1, "[2,")].concat();
    for stream in [one, two] {
        let stream = [stream, long.clone(), text_of(1, "3"), DONE.into()].concat();
        let outcome = with(options.clone(), stream, End::Closed);
        assert!(!outcome.text().contains("\"3\""), "{}", outcome.text());
        assert!(!outcome.text().contains("yyy"), "{}", outcome.text());
    }
}

#[test]
fn the_status_of_a_tool_call_does_not_depend_on_the_pace() {
    let call = |arguments: &str| {
        let calls =
            json!([{"index": 0, "id": "c", "function": {"name": "f", "arguments": arguments}}]);
        chunk(&json!({"tool_calls": calls}).to_string(), "")
    };
    let stream = [call("{\"a\": [1,"), call("2,"), call("3,")].concat();
    for (end, statuses) in [("", 0), (DONE, 1), (ERROR, 0)] {
        for every_ms in [None, Some(1_000)] {
            let pace = Pace {
                every_ms,
                max_amplification: None,
            };
            let mut transformer = Transformer::new(ChunkOptions {
                pace,
                tool_calls: true,
                ..ChunkOptions::default()
            });
            transformer.set_time(0);
            let mut out = Vec::new();
            let text = stream.clone() + end;
            transformer.feed(text.as_bytes(), &mut out).unwrap();
            transformer.finish(&mut out);
            let text = String::from_utf8(out).unwrap();
            assert_eq!(statuses, text.matches("json_status").count(), "{text}");
            assert!(text.contains(r#"{\"a\": [1, 2, 3]}"#), "{text}");
        }
    }
}

#[test]
fn arguments_that_a_pace_held_back_go_out_once_although_the_next_ones_are_no_text() {
    let call = |arguments: Value| {
        let calls = json!([{"index": 0, "function": {"name": "f", "arguments": arguments}}]);
        chunk(&json!({"tool_calls": calls}).to_string(), "")
    };
    let stream = [
        call(json!("{\"a\": [1,")),
        call(json!("2,")),
        call(json!({"x": 1})),
    ]
    .concat();
    let pace = Pace {
        every_ms: Some(10),
        max_amplification: None,
    };
    let mut transformer = Transformer::new(ChunkOptions {
        pace,
        tool_calls: true,
        ..ChunkOptions::default()
    });
    transformer.set_time(0);
    let mut out = Vec::new();
    transformer.feed(stream.as_bytes(), &mut out).unwrap();
    transformer.set_time(20);
    transformer.flush_due(&mut out);
    assert_eq!(None, transformer.due_at());
    let length = out.len();
    transformer.flush_due(&mut out);
    assert_eq!(length, out.len());
    transformer.finish(&mut out);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(1, text.matches(r#"{\"a\": [1]}"#).count(), "{text}");
}

#[test]
fn a_chunk_with_a_role_and_a_piece_of_arguments_never_goes_out_as_it_was() {
    let calls =
        |text: &str| json!([{"index": 0, "id": "c", "function": {"name": "f", "arguments": text}}]);
    let first = chunk(&json!({"tool_calls": calls("{\"a")}).to_string(), "");
    let delta = json!({"role": "assistant", "tool_calls": calls("\": ")});
    let options = ChunkOptions {
        tool_calls: true,
        ..ChunkOptions::default()
    };
    for end in [stop(), DONE.into(), String::new(), ERROR.into()] {
        let second = chunk(&delta.to_string(), "");
        let stream = [&first[..], &second, &end].concat();
        let outcome = with(options.clone(), stream, End::Closed);
        assert_eq!(1, outcome.text().matches("\"assistant\"").count());
        assert!(!outcome.text().contains("\\\": "), "{}", outcome.text());
    }
}

#[test]
fn a_role_beside_text_that_showed_nothing_goes_out_before_an_error() {
    let first = chunk(r#"{"role":"assistant","content":"[1"}"#, "");
    for end in ["", ERROR] {
        let events = run(first.clone() + end).events();
        assert_eq!(2, events.len());
        assert_eq!(json!("assistant"), events[0]["choices"][0]["delta"]["role"]);
    }
}

#[test]
fn to_a_slow_reader_no_usage_comes_behind_a_newer_one() {
    let said = |index: u64, delta: &str, usage: u64| {
        event(&format!(
            r#"{{"choices":[{{"index":{index},"delta":{delta}}}],"usage":{{"t":{usage}}}}}"#
        ))
    };
    let held = said(1, r#"{"role":"assistant"}"#, 1);
    let zero = said(0, r#"{"content":"[1,"}"#, 2);
    let one = said(1, r#"{"content":"[2,"}"#, 3);
    let thought = of(1, r#"{"reasoning":"hm"}"#, "");
    let last = said(2, r#"{"reasoning":"hm"}"#, 4);
    for chunks in [
        [&held[..], &zero, &one, &thought, &last],
        [&zero, &held, &one, &thought, &last],
        [&zero, &one, &last, &thought, ""],
    ] {
        let mut transformer = Transformer::new(ChunkOptions::default());
        let mut out = Vec::new();
        transformer.push(chunks.concat().as_bytes()).unwrap();
        transformer.finish(&mut out);
        let given = events(std::str::from_utf8(&out).unwrap());
        let usages: Vec<_> = given
            .iter()
            .filter_map(|event| event["usage"]["t"].as_u64())
            .collect();
        let mut sorted = usages.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, usages, "{chunks:?}");
    }
}

#[test]
fn an_error_that_clients_do_not_see_after_every_choice_has_ended_changes_nothing() {
    for end in ["\n", "\r\n", "\r"] {
        let error = format!("error: {{\"message\":1}}{end}{end}");
        let before = [text("[1]"), stop()].concat();
        let stream = [&before[..], &error, &text(" "), DONE].concat();
        let expected = [&before[..], &text(" "), DONE].concat();
        let seen = run(expected).events();
        assert_eq!(seen, run(stream).events());
    }
}

#[test]
fn a_choice_that_broke_off_beside_one_that_succeeded_ends_the_stream_at_every_cut() {
    let error = "error: {\"message\":1}\r\n\r\n";
    let stream = [
        text("[1]"),
        stop(),
        text_of(1, "[2,"),
        error.into(),
        text_of(1, "3,"),
        DONE.into(),
    ];
    let outcome = run(stream.concat());
    assert!(outcome.text().contains(r#""error": "upstream_closed""#));
    assert!(!outcome.text().contains("3,") && !outcome.text().contains("[DONE]"));
}
