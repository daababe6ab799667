//! For who paces itself: what waits, and what is overtaken.

use crate::random::stream;
use crate::support::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wholejson::chunk::{ChunkOptions, Pace, Transformer};

/// Pushes piece by piece and pulls after each of these many pieces.
fn paced(stream: &str, size: usize, every: usize) -> (String, Transformer) {
    let mut transformer = Transformer::new(ChunkOptions::default());
    let mut out = Vec::new();
    for (at, piece) in stream.as_bytes().chunks(size).enumerate() {
        transformer.push(piece).unwrap();
        if at % every == every - 1 {
            transformer.pull(&mut out);
            assert!(!transformer.is_pending());
        }
    }
    transformer.finish(&mut out);
    assert!(!transformer.is_pending());
    (String::from_utf8(out).unwrap(), transformer)
}

fn document() -> String {
    let chunk = |content: &str, number: u64, more: &str| {
        event(&format!(
            r#"{{"id":"c1","choices":[{{"index":0,"delta":{},"logprobs":{{"content":[{number}]}}}}]{more}}}"#,
            json!({"content": content})
        ))
    };
    [
        role(),
        chunk("[1", 1, ""),
        chunk(",2,", 2, r#","usage":{"t":2}"#),
        chunk(" ", 3, ""),
        chunk("3,", 4, r#","x":1"#),
        chunk("4,", 5, r#","usage":null"#),
        stop(),
        DONE.into(),
    ]
    .concat()
}

#[test]
fn a_slow_reader_gets_the_newest_snapshot_and_all_that_is_said_once() {
    let (text, transformer) = paced(&document(), usize::MAX, 2);
    let seen = events(&text);
    assert_eq!(2, seen.len(), "{text}");
    let choice = &seen[0]["choices"][0];
    assert_eq!(json!("[1, 2, 3, 4]"), choice["delta"]["content"]);
    assert_eq!(json!("stop"), choice["finish_reason"]);
    assert_eq!(json!("assistant"), choice["delta"]["role"]);
    assert_eq!(json!([1, 2, 3, 4, 5]), choice["logprobs"]["content"]);
    assert_eq!(
        (json!({"t": 2}), json!(1)),
        (seen[0]["usage"].clone(), seen[0]["x"].clone())
    );
    assert_eq!(json!("[DONE]"), seen[1]);
    let report = transformer.report();
    assert_eq!((3, 2), (report.updates, report.events_out));
    assert_eq!(text.len() as u64, report.bytes_out);
}

#[test]
fn a_reader_that_keeps_up_gets_what_feeding_gives() {
    let stream = document();
    let fed = run(&stream);
    for size in [1, 3, 10] {
        assert_eq!(fed.text(), paced(&stream, size, 1).0);
    }
}

#[test]
fn whatever_the_pace_the_last_snapshot_and_the_sums_are_the_same() {
    let stream = document();
    let numbers = |text: &str| -> Vec<u64> {
        let lists = events(text);
        let lists = lists
            .iter()
            .filter_map(|event| event["choices"][0]["logprobs"]["content"].as_array());
        lists.flatten().filter_map(Value::as_u64).collect()
    };
    for size in 1..200 {
        for every in [1, 2, 3, 7] {
            let (text, _) = paced(&stream, size, every);
            assert_eq!(vec![1, 2, 3, 4, 5], numbers(&text), "{text}");
            let seen = events(&text);
            let last = &seen[seen.len() - 2]["choices"][0];
            assert_eq!(json!("[1, 2, 3, 4]"), last["delta"]["content"]);
            let usage = seen
                .iter()
                .filter(|event| event["usage"].is_object())
                .count();
            assert_eq!(1, usage, "{text}");
            assert_eq!(1, text.matches("\"role\"").count(), "{text}");
        }
    }
}

#[test]
fn only_snapshots_of_the_same_choice_are_overtaken() {
    let reasoning = chunk(r#"{"reasoning":"hm","content":""}"#, "");
    let usage = event(r#"{"choices":[],"usage":{"t":1}}"#);
    let stream = [
        text_of(0, "[1,"),
        text_of(1, "[7,"),
        ": ping\n\n".into(),
        text_of(0, "2,"),
        reasoning,
        text_of(0, "3,"),
        usage,
        text_of(1, "8,"),
        text_of(0, "4,"),
        "data: {\"error\":{}}\n\n".into(),
        "event: error\ndata: {\"error\":{\"message\":\"x\"}}\n\n".into(),
    ]
    .concat();
    let (text, _) = paced(&stream, usize::MAX, 2);
    let seen: Vec<Value> = events(&text)
        .iter()
        .map(
            |event| match event["choices"][0]["delta"]["content"].as_str() {
                Some(content) => json!(content),
                None => event
                    .get("usage")
                    .or(event.get("error"))
                    .cloned()
                    .unwrap_or_default(),
            },
        )
        .collect();
    let expected = json!(["[1, 2]", null, "[7]", "[1, 2, 3]", {"t": 1}, "[7, 8]", "[1, 2, 3, 4]", {}, {"message": "x"}]);
    assert_eq!(expected, json!(seen), "{text}");
    assert!(text.contains(": ping\n\n"));
}

#[test]
fn what_waits_is_counted_and_given_before_what_is_fed() {
    let mut transformer = Transformer::new(ChunkOptions::default());
    assert!(!transformer.is_pending());
    transformer.push(b": ping\n\n").unwrap();
    assert_eq!((true, 8), (transformer.is_pending(), transformer.waiting()));
    transformer.push(text("[1,").as_bytes()).unwrap();
    assert_eq!(8, transformer.waiting());
    let mut out = Vec::new();
    transformer.feed(text("2,").as_bytes(), &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.starts_with(": ping\n\n"));
    let contents: Vec<_> = events(&out)
        .iter()
        .map(|event| event["choices"][0]["delta"]["content"].clone())
        .collect();
    assert_eq!(vec![json!("[1]"), json!("[1, 2]")], contents);
}

fn thinned(pace: Pace) -> Transformer {
    Transformer::new(ChunkOptions {
        pace,
        ..ChunkOptions::default()
    })
}

fn shown(out: &[u8]) -> Vec<Value> {
    let events = events(std::str::from_utf8(out).unwrap());
    let choices = events.iter().filter(|event| event["choices"].is_array());
    choices
        .map(|event| event["choices"][0]["delta"]["content"].clone())
        .collect()
}

#[test]
fn rule_11_a_budget_skips_updates_and_the_last_is_always_sent() {
    let mut transformer = thinned(Pace {
        max_amplification: Some(2),
        every_ms: None,
    });
    let long = "x".repeat(400_000);
    let mut out = Vec::new();
    let stream = [role(), text(&format!("[\"{long}"))].concat() + &text("y").repeat(9) + &stop();
    transformer.feed(stream.as_bytes(), &mut out).unwrap();
    transformer.finish(&mut out);
    let lengths: Vec<usize> = shown(&out)
        .iter()
        .map(|content| content.as_str().unwrap().len() - long.len())
        .collect();
    assert_eq!(
        vec![4, 5, 6, 7, 13],
        lengths,
        "1 MiB and twice 400 kB, then only the end"
    );
    assert_eq!(10, transformer.report().updates);
}

#[test]
fn rule_11_an_interval_sends_the_newest_when_it_is_over_or_the_upstream_pauses() {
    let mut transformer = thinned(Pace {
        max_amplification: None,
        every_ms: Some(50),
    });
    let mut out = Vec::new();
    for (now, content) in [
        (0, "[1,"),
        (10, "2,"),
        (49, "3,"),
        (50, "4,"),
        (60, "5,"),
        (99, "6,"),
    ] {
        transformer.set_time(now);
        transformer
            .feed(text(content).as_bytes(), &mut out)
            .unwrap();
    }
    assert_eq!(vec![json!("[1]"), json!("[1, 2, 3, 4]")], shown(&out));
    transformer.flush_due(&mut out);
    assert_eq!(2, shown(&out).len());
    transformer.set_time(100);
    transformer.flush_due(&mut out);
    transformer.flush_due(&mut out);
    assert_eq!(vec![json!("[1, 2, 3, 4, 5, 6]")], shown(&out)[2..]);
    let made = events(std::str::from_utf8(&out).unwrap()).pop().unwrap();
    assert_eq!(json!("c1"), made["id"]);
    transformer.set_time(120);
    transformer.feed(text("7,").as_bytes(), &mut out).unwrap();
    transformer.feed(stop().as_bytes(), &mut out).unwrap();
    transformer.feed(DONE.as_bytes(), &mut out).unwrap();
    assert_eq!(vec![json!("[1, 2, 3, 4, 5, 6, 7]")], shown(&out)[3..]);
    assert_eq!(out.len() as u64, transformer.report().bytes_out);
}

#[test]
fn rule_11_what_was_held_back_is_sent_before_an_error_and_before_done() {
    let pace = Pace {
        max_amplification: None,
        every_ms: Some(1_000),
    };
    let own = event("{\"error\":{\"message\":\"x\"}}");
    for (end, error) in [(DONE, false), ("", true), (&own, false)] {
        let mut transformer = thinned(pace);
        transformer.set_time(0);
        let mut out = Vec::new();
        let stream = [role(), text("[1,"), text("2,"), end.into()].concat();
        transformer.feed(stream.as_bytes(), &mut out).unwrap();
        transformer.finish(&mut out);
        assert_eq!(vec![json!("[1]"), json!("[1, 2]")], shown(&out));
        assert_eq!(error, transformer.report().error.is_some());
    }
}

/// What matters whatever the pace: of each choice its last content, reasoning and
/// log-probabilities; the last usage; everything that is no chunk.
fn gist(text: &str) -> Value {
    let mut choices: BTreeMap<u64, (Value, String, Vec<Value>, Value)> = BTreeMap::new();
    let (mut usage, mut rest) = (Value::Null, Vec::new());
    for event in events(text) {
        if event["usage"].is_object() {
            usage = event["usage"].clone();
        }
        let Some(list) = event["choices"].as_array() else {
            rest.push(event);
            continue;
        };
        for choice in list {
            let said = choices
                .entry(choice["index"].as_u64().unwrap())
                .or_default();
            // A held chunk that goes out as it was may say "", beside its role; it shows nothing.
            let content = choice["delta"]["content"].as_str();
            if content.is_some_and(|content| !content.is_empty()) {
                said.0 = choice["delta"]["content"].clone();
            }
            said.1 += choice["delta"]["reasoning"].as_str().unwrap_or_default();
            said.2.extend(
                choice["logprobs"]["content"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
            if !choice["delta"]["role"].is_null() {
                said.3 = choice["delta"]["role"].clone();
            }
        }
    }
    // A held chunk counts as older than all that was dropped before it, so where some were, the
    // order of log-probabilities is not the same at every pace.
    for said in choices.values_mut() {
        said.2.sort_by_key(Value::to_string);
    }
    json!([choices.into_iter().collect::<Vec<_>>(), usage, rest])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn random_streams_say_the_same_at_any_pace(
        (chunks, done) in stream(),
        size in 1usize..400,
        every in 1usize..6,
    ) {
        let mut text: String = chunks.iter().map(|chunk| event(&chunk.to_string())).collect();
        if done {
            text += DONE;
        }
        let fed = once(ChunkOptions::default(), &[text.as_bytes()], End::Closed);
        let (slow, _) = paced(&text, size, every);
        prop_assert_eq!(gist(fed.text()), gist(&slow), "{}\n\n{}\n\n{}", text, fed.text(), slow);
    }
}

#[test]
fn to_a_slow_reader_the_newest_usage_is_the_last_one_whichever_choice_said_it() {
    let said = |index: u64, content: &str, usage: u64| {
        let (content, finish) = (json!(content), "null");
        event(&format!(
            r#"{{"choices":[{{"index":{index},"delta":{{"content":{content}}},"finish_reason":{finish}}}],"usage":{{"n":{usage}}}}}"#
        ))
    };
    let streams = [
        [
            said(0, "{\"a\":\"x", 1),
            said(1, "{\"b\":\"x", 2),
            said(0, "y", 3),
        ]
        .concat(),
        [said(0, "{\"a\":\"x\"}", 1), said(1, "{\"b\"", 2)].concat(),
        [
            said(0, "{\"a\":\"x", 1),
            said(1, "{\"b\":\"x", 1),
            said(1, "y", 2),
            said(0, "y", 3),
        ]
        .concat(),
    ];
    for stream in streams {
        for ended in [stream.clone(), stream.clone() + "data: [DONE]\n\n"] {
            let (text, _) = paced(&ended, usize::MAX, usize::MAX);
            let usages: Vec<_> = events(&text)
                .iter()
                .filter_map(|event| event["usage"]["n"].as_u64())
                .collect();
            let newest = if stream.contains("\"n\":3") { 3 } else { 2 };
            assert_eq!(Some(&newest), usages.last(), "{ended}\n{text}");
            assert!(usages.is_sorted(), "{usages:?}");
        }
    }
}
