//! Operations in place of snapshots: applied in order they give what the snapshots stand for.

use crate::random::stream;
use crate::support::*;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use wholejson::chunk::{ChunkOptions, Mode, Pace, Transformer};

fn options(pace: Pace, mode: Mode) -> ChunkOptions {
    ChunkOptions {
        pace,
        mode,
        ..ChunkOptions::default()
    }
}

fn patch() -> ChunkOptions {
    options(Pace::default(), Mode::Patch)
}

/// The place that a JSON Pointer names, up to its last name, and that name.
fn parent<'v>(root: &'v mut Value, path: &str) -> Option<(&'v mut Value, String)> {
    let mut names = path.split('/').skip(1);
    let mut at = root;
    let mut last = names.next()?.replace("~1", "/").replace("~0", "~");
    for name in names {
        at = match at {
            Value::Array(items) => &mut items[last.parse::<usize>().unwrap()],
            other => &mut other[&last],
        };
        last = name.replace("~1", "/").replace("~0", "~");
    }
    Some((at, last))
}

/// Applies one operation, and is strict about it.
fn apply(root: &mut Value, operation: &Value) {
    let (op, value) = (
        operation["op"].as_str().unwrap(),
        operation["value"].clone(),
    );
    let Some((at, name)) = parent(root, operation["path"].as_str().unwrap()) else {
        match op {
            "append" => *root = json!(root.as_str().unwrap().to_owned() + value.as_str().unwrap()),
            _ => *root = value,
        }
        return;
    };
    match (at, op) {
        (Value::Array(items), "add") => {
            assert_eq!(items.len().to_string(), name);
            items.push(value);
        }
        (Value::Object(members), "add") => {
            assert_eq!(
                None,
                members.insert(name, value),
                "a repeated key is a replace"
            );
        }
        (Value::Object(members), "replace") => assert!(members.insert(name, value).is_some()),
        (at, "append") => {
            let string = match at {
                Value::Array(items) => &mut items[name.parse::<usize>().unwrap()],
                other => &mut other[&name],
            };
            *string = json!(string.as_str().unwrap().to_owned() + value.as_str().unwrap());
        }
        wrong => panic!("{wrong:?}"),
    }
}

/// Takes over what a content says: a snapshot's value, or operations.
pub(crate) fn applied(value: &mut Value, content: &Value, mode: Mode) {
    match mode {
        Mode::Snapshot => value.clone_from(content),
        Mode::Patch => {
            for operation in content.as_array().unwrap() {
                apply(value, operation);
            }
        }
    }
}

/// The events with the values in place of the operations, or of the snapshots.
fn valued(text: &str, mode: Mode) -> Vec<Value> {
    let mut values: BTreeMap<u64, Value> = BTreeMap::new();
    let mut seen = events(text);
    for event in &mut seen {
        let none = &mut Vec::new();
        let choices = event.get_mut("choices").and_then(Value::as_array_mut);
        for choice in choices.unwrap_or(none) {
            let index = choice["index"].as_u64().unwrap();
            let value = values.entry(index).or_default();
            let content = choice["delta"]["content"].as_str().map(str::to_owned);
            // A held chunk that goes out as it was may say "", beside its role; it shows nothing.
            if let Some(content) = content.filter(|content| !content.is_empty()) {
                let content: Value = serde_json::from_str(&content).unwrap();
                applied(value, &content, mode);
                choice["delta"]["content"] = value.clone();
            }
            if let Some(status) = choice.get_mut("json_status").and_then(Value::as_object_mut) {
                let document = status.remove("document");
                if mode == Mode::Patch && !value.is_null() {
                    assert_eq!(Some(&*value), document.as_ref());
                } else {
                    assert_eq!(None, document);
                }
            }
        }
    }
    seen
}

#[test]
fn content_is_what_changed_and_the_last_chunk_has_the_document() {
    let stream = [
        role(),
        text("{\"na"),
        text("me\": \"Jo"),
        text("hn \\\"Q\\\""),
        text("\", \"n\": [1"),
        text(", 2], \"name\": null}"),
        stop(),
        DONE.into(),
    ]
    .concat();
    let outcome = with(patch(), &stream, End::Closed);
    let expected = [
        r#"[{"op":"add","path":"","value":{"name":"Jo"}}]"#,
        r#"[{"op":"append","path":"/name","value":"hn \"Q\""}]"#,
    ];
    let contents = outcome.contents();
    assert_eq!(json!(expected[0]), contents[0]);
    assert_eq!(json!(expected[1]), contents[1]);
    let expected = json!([
        {"op": "add", "path": "/n", "value": [1, 2]},
        {"op": "replace", "path": "/name", "value": null},
    ]);
    let third: Value = serde_json::from_str(contents[2].as_str().unwrap()).unwrap();
    assert_eq!(expected, third);
    assert_eq!(json!("[]"), contents[3], "nothing is left for the end");
    let events = outcome.events();
    let last = &events[3]["choices"][0];
    assert_eq!(
        json!({"complete": true, "repairs": 0, "document": {"name": null, "n": [1, 2]}}),
        last["json_status"]
    );
    assert_eq!(json!("assistant"), events[0]["choices"][0]["delta"]["role"]);
    let text = "\"document\": {\"name\":\"John \\\"Q\\\"\",\"n\":[1,2],\"name\":null}";
    assert!(outcome.text().contains(text), "{}", outcome.text());
}

#[test]
fn without_final_the_document_is_left_out() {
    let options = ChunkOptions {
        final_document: false,
        ..patch()
    };
    let outcome = with(options, [text("[1,"), stop()].concat(), End::Closed);
    let last = &outcome.events()[1]["choices"][0];
    assert_eq!(
        json!({"complete": false, "repairs": 0}),
        last["json_status"]
    );
}

#[test]
fn a_choice_that_broke_off_beside_another_has_its_document() {
    let stream = [text_of(0, "[1,"), text_of(1, "[2]"), stop_of(1)].concat();
    let outcome = with(patch(), stream, End::Closed);
    let events = outcome.events();
    let last = &events.last().unwrap()["choices"][0];
    assert_eq!(json!("[]"), last["delta"]["content"]);
    let status = json!({"complete": false, "repairs": 0, "error": "upstream_closed",
        "document": [1]});
    assert_eq!(status, last["json_status"]);
}

#[test]
fn a_choice_twice_in_one_event_says_what_each_added() {
    let stream = [
        event(
            r#"{"choices":[{"index":0,"delta":{"content":"[1,"}},{"index":0,"delta":{"content":"2,"}}]}"#,
        ),
        stop(),
    ]
    .concat();
    let outcome = with(patch(), stream, End::Closed);
    let expected = json!([
        r#"[{"op":"add","path":"","value":[1]}]"#,
        r#"[{"op":"add","path":"/1","value":2}]"#,
        "[]",
    ]);
    assert_eq!(expected, json!(outcome.contents()));
}

#[test]
fn updates_that_wait_for_a_reader_are_merged() {
    let mut transformer = Transformer::new(patch());
    for content in ["{\"a\": \"x", "y", "z", "\", \"b\": \"", "1", "2"] {
        transformer.push(text(content).as_bytes()).unwrap();
    }
    let mut out = Vec::new();
    transformer.pull(&mut out);
    transformer.push(text("3").as_bytes()).unwrap();
    transformer.push(text("4\"}").as_bytes()).unwrap();
    transformer.pull(&mut out);
    transformer.finish(&mut out);
    let contents: Vec<Value> = events(std::str::from_utf8(&out).unwrap())
        .iter()
        .map(|event| event["choices"][0]["delta"]["content"].clone())
        .collect();
    let expected = json!([
        r#"[{"op":"add","path":"","value":{"a":"xyz","b":"12"}}]"#,
        r#"[{"op":"append","path":"/b","value":"34"}]"#,
        null,
    ]);
    assert_eq!(expected, json!(contents));
}

#[test]
fn updates_that_a_pace_held_back_are_merged() {
    let pace = Pace {
        max_amplification: None,
        every_ms: Some(50),
    };
    let mut transformer = Transformer::new(options(pace, Mode::Patch));
    let mut out = Vec::new();
    for (now, content) in [(0, "[\"a"), (10, "b"), (20, "c"), (60, "d"), (70, "e")] {
        transformer.set_time(now);
        transformer
            .feed(text(content).as_bytes(), &mut out)
            .unwrap();
    }
    assert_eq!(Some(110), transformer.due_at());
    transformer.set_time(110);
    transformer.flush_due(&mut out);
    assert_eq!(None, transformer.due_at());
    let seen = events(std::str::from_utf8(&out).unwrap());
    let contents: Vec<_> = seen
        .iter()
        .map(|event| event["choices"][0]["delta"]["content"].as_str().unwrap())
        .collect();
    let expected = vec![
        r#"[{"op":"add","path":"","value":["a"]}]"#,
        r#"[{"op":"append","path":"/0","value":"bcd"}]"#,
        r#"[{"op":"append","path":"/0","value":"e"}]"#,
    ];
    assert_eq!(expected, contents);
}

#[test]
fn no_value_goes_out_twice_for_a_reader_under_a_pace() {
    let pace = Pace {
        max_amplification: None,
        every_ms: Some(50),
    };
    for mode in [Mode::Snapshot, Mode::Patch] {
        for (pulls, step) in [(1, 10), (2, 10), (3, 30), (2, 50), (9, 20)] {
            let mut transformer = Transformer::new(options(pace, mode));
            let (mut out, mut now) = (Vec::new(), 0);
            for number in 0..40 {
                transformer.set_time(now);
                let content = if number == 0 {
                    "[0,".into()
                } else {
                    format!("{number},")
                };
                transformer.push(text(&content).as_bytes()).unwrap();
                if number % pulls == 0 {
                    transformer.pull(&mut out);
                }
                now += step;
                transformer.set_time(now);
                if number % 3 == 0 {
                    transformer.flush_due(&mut out);
                }
            }
            transformer.pull(&mut out);
            let seen = valued(std::str::from_utf8(&out).unwrap(), mode);
            let lengths: Vec<usize> = seen
                .iter()
                .map(|event| {
                    event["choices"][0]["delta"]["content"]
                        .as_array()
                        .unwrap()
                        .len()
                })
                .collect();
            assert!(
                lengths.windows(2).all(|pair| pair[0] < pair[1]),
                "{lengths:?}"
            );
            transformer.push(stop().as_bytes()).unwrap();
            transformer.finish(&mut out);
            let last = valued(std::str::from_utf8(&out).unwrap(), mode)
                .pop()
                .unwrap();
            let last = last["choices"][0]["delta"]["content"]
                .as_array()
                .unwrap()
                .len();
            assert_eq!(40, last);
        }
    }
}

#[test]
fn operations_count_by_their_own_bytes() {
    let pace = Pace {
        max_amplification: Some(1),
        every_ms: None,
    };
    let key = "k".repeat(100_000);
    let stream = [
        text(&format!("{{\"{key}\": \"")),
        text("x").repeat(60),
        stop(),
    ]
    .concat();
    let outcome = once(
        options(pace, Mode::Patch),
        &[stream.as_bytes()],
        End::Closed,
    );
    let sent: usize = outcome
        .contents()
        .iter()
        .map(|content| content.as_str().map_or(0, str::len))
        .sum();
    assert!(sent < (1 << 20) + 3 * key.len() + 200, "{sent}");
    assert!(sent > 1 << 20, "{sent}");
    let last = outcome.contents().pop().unwrap();
    assert!(
        last.as_str().unwrap().contains("xxxx"),
        "one append for all that was held back"
    );
}

fn streamed(chunks: &[Value], done: bool) -> String {
    let text: String = chunks
        .iter()
        .map(|chunk| event(&chunk.to_string()))
        .collect();
    text + if done { DONE } else { "" }
}

fn without_bytes(mut report: wholejson::chunk::Report) -> wholejson::chunk::Report {
    report.bytes_out = 0;
    report
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn random_streams_say_in_operations_what_they_say_in_snapshots((chunks, done) in stream()) {
        let stream = streamed(&chunks, done);
        let shown = once(ChunkOptions::default(), &[stream.as_bytes()], End::Closed);
        let told = once(patch(), &[stream.as_bytes()], End::Closed);
        let (one, two) = (valued(shown.text(), Mode::Snapshot), valued(told.text(), Mode::Patch));
        prop_assert_eq!(one, two, "{}\n{}", stream, told.text());
        prop_assert_eq!(without_bytes(shown.report), without_bytes(told.report));
        let singles: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        prop_assert_eq!(told.bytes, once(patch(), &singles, End::Closed).bytes);
    }

    #[test]
    fn random_streams_say_it_at_any_pace(
        (chunks, done) in stream(),
        size in 1usize..400,
        every in 1usize..6,
    ) {
        let stream = streamed(&chunks, done);
        let run = |mode: Mode| {
            let mut transformer = Transformer::new(options(Pace::default(), mode));
            let mut out = Vec::new();
            for (at, piece) in stream.as_bytes().chunks(size).enumerate() {
                transformer.push(piece).unwrap();
                if at % every == every - 1 {
                    transformer.pull(&mut out);
                }
            }
            transformer.finish(&mut out);
            valued(std::str::from_utf8(&out).unwrap(), mode)
        };
        prop_assert_eq!(run(Mode::Snapshot), run(Mode::Patch), "{}", stream);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_budget_is_kept_at_every_cut_and_the_last_update_is_sent(
        length in 0usize..60_000,
        piece in 20usize..400,
        times in 1u64..4,
        cut in 1usize..4_000,
    ) {
        let pace = Pace { max_amplification: Some(times), every_ms: None };
        let document = format!("{{\"a\": \"{}\"}}", "x".repeat(length));
        let deltas: Vec<String> = document
            .as_bytes()
            .chunks(piece)
            .map(|piece| String::from_utf8_lossy(piece).into_owned())
            .collect();
        let stream: String = deltas.iter().map(|delta| text(delta)).collect();
        let stream = stream + &stop();
        let paced = options(pace, Mode::Snapshot);
        let whole = once(paced.clone(), &[stream.as_bytes()], End::Closed);
        let pieces: Vec<&[u8]> = stream.as_bytes().chunks(cut).collect();
        prop_assert_eq!(&whole.bytes, &once(paced, &pieces, End::Closed).bytes);
        let contents = whole.contents();
        let lengths = contents.iter().map(|content| content.as_str().unwrap().len());
        // The last one goes out in any case.
        let before: usize = lengths.take(contents.len() - 1).sum();
        let budget = (1 << 20) + usize::try_from(times).unwrap() * document.len();
        prop_assert!(before <= budget, "{} > {}", before, budget);
        prop_assert_eq!(document.as_str(), contents.last().unwrap().as_str().unwrap());
        prop_assert!(whole.report.complete);
        let all = once(ChunkOptions::default(), &[stream.as_bytes()], End::Closed);
        prop_assert!(whole.report.updates == all.report.updates);
    }
}

#[test]
fn what_is_told_of_a_random_pace_is_what_is_shown() {
    let deltas = [
        "{\"a\": \"",
        "x",
        "y",
        "z\", \"b\": [",
        "1,",
        "2,",
        "3]",
        "}",
    ];
    let mut stream = role();
    for delta in deltas {
        stream += &text(delta);
    }
    stream += &stop();
    for every in 1..200 {
        for step in [1, 7, 30, 90] {
            let run = |mode: Mode| {
                let pace = Pace {
                    max_amplification: Some(1),
                    every_ms: Some(every),
                };
                let mut transformer = Transformer::new(options(pace, mode));
                let (mut out, mut now) = (Vec::new(), 0);
                for piece in stream.as_bytes().chunks(60) {
                    transformer.set_time(now);
                    transformer.feed(piece, &mut out).unwrap();
                    now += step;
                    if transformer.due_at().is_some_and(|due| due <= now) {
                        transformer.set_time(now);
                        transformer.flush_due(&mut out);
                        assert!(transformer.due_at().is_none_or(|due| due > now));
                    }
                }
                transformer.finish(&mut out);
                valued(std::str::from_utf8(&out).unwrap(), mode)
            };
            let (shown, told) = (run(Mode::Snapshot), run(Mode::Patch));
            assert_eq!(shown, told, "every {every}, step {step}");
            let last: &Map<String, Value> = shown
                .iter()
                .rfind(|event| event["choices"].is_array())
                .and_then(|event| event["choices"][0]["delta"]["content"].as_object())
                .unwrap();
            assert_eq!(&json!([1, 2, 3]), &last["b"]);
        }
    }
}
