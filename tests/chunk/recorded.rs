//! Recorded streams of providers, where they are at hand.

use crate::support::{End, Outcome, events, once};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use wholejson::chunk::ChunkOptions;

/// The streams of one folder, by name; empty, and said so, where there are none.
fn streams(folder: &str) -> Vec<(String, Vec<u8>)> {
    let base = std::env::var_os("WHOLEJSON_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = base.join("streams").join(folder);
    let Ok(entries) = std::fs::read_dir(&path) else {
        eprintln!(
            "SKIPPED: {} is not there; set WHOLEJSON_SHARED",
            path.display()
        );
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    found.sort();
    found
}

fn whole(bytes: &[u8]) -> Outcome {
    once(ChunkOptions::default(), &[bytes], End::Closed)
}

fn decoded(bytes: &[u8]) -> Vec<Value> {
    events(&String::from_utf8_lossy(bytes))
}

#[test]
fn streams_of_other_apis_pass_unchanged() {
    for folder in ["responses", "anthropic"] {
        for (name, bytes) in streams(folder) {
            assert!(bytes == whole(&bytes).bytes, "{name}");
        }
    }
}

#[test]
fn the_output_does_not_depend_on_the_cuts() {
    for (name, bytes) in streams("chat.completions") {
        let expected = whole(&bytes);
        for size in [1, 7, 64, 1021, 16_384] {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            let outcome = once(ChunkOptions::default(), &pieces, End::Closed);
            assert!(
                expected.bytes == outcome.bytes,
                "{name} in pieces of {size}"
            );
            assert_eq!(
                expected.report, outcome.report,
                "{name} in pieces of {size}"
            );
        }
        let step = (bytes.len() / 50).max(1);
        for cut in (0..bytes.len()).step_by(step) {
            let (left, right) = bytes.split_at(cut);
            let outcome = once(ChunkOptions::default(), &[left, right], End::Closed);
            assert!(expected.bytes == outcome.bytes, "{name} cut at {cut}");
        }
    }
}

/// What every choice said, joined.
#[derive(Debug, Default, PartialEq)]
struct Said {
    text: String,
    roles: Vec<String>,
    reasoning: String,
    calls: String,
    finish: Vec<String>,
    logprobs: usize,
}

fn said(events: &[Value]) -> (BTreeMap<u64, Said>, Vec<Value>) {
    let mut choices: BTreeMap<u64, Said> = BTreeMap::new();
    let mut usage = Vec::new();
    for event in events {
        if event["usage"].is_object() && usage.last() != Some(&event["usage"]) {
            usage.push(event["usage"].clone());
        }
        for choice in event["choices"].as_array().into_iter().flatten() {
            let said = choices
                .entry(choice["index"].as_u64().unwrap_or(0))
                .or_default();
            let delta = &choice["delta"];
            match &delta["content"] {
                Value::String(text) => said.text += text,
                Value::Array(parts) => {
                    let texts = parts.iter().filter(|part| part["type"] == "text");
                    said.text
                        .extend(texts.filter_map(|part| part["text"].as_str()));
                }
                _ => {}
            }
            if let Some(role) = delta["role"].as_str() {
                if said.roles.last().map(String::as_str) != Some(role) {
                    said.roles.push(role.to_owned());
                }
            }
            for name in ["reasoning", "reasoning_content"] {
                said.reasoning += delta[name].as_str().unwrap_or_default();
            }
            if delta["tool_calls"]
                .as_array()
                .is_some_and(|calls| !calls.is_empty())
            {
                said.calls += &delta["tool_calls"].to_string();
            }
            if let Some(reason) = choice["finish_reason"].as_str() {
                said.finish.push(reason.to_owned());
            }
            said.logprobs += choice["logprobs"]["content"].as_array().map_or(0, Vec::len);
        }
    }
    (choices, usage)
}

#[test]
fn nothing_but_the_text_is_changed_and_nothing_said_once_is_lost() {
    for (name, bytes) in streams("chat.completions") {
        let outcome = whole(&bytes);
        let (before, usage_before) = said(&decoded(&bytes));
        let (after, usage_after) = said(&decoded(&outcome.bytes));
        let error = outcome.report.error.is_some() || outcome.report.upstream_error;
        for (index, raw) in &before {
            let now = after
                .get(index)
                .unwrap_or_else(|| panic!("{name}: choice {index} is lost"));
            assert_eq!(raw.reasoning, now.reasoning, "{name}");
            assert_eq!(raw.calls, now.calls, "{name}");
            assert_eq!(raw.roles, now.roles, "{name}");
            assert_eq!(raw.finish, now.finish, "{name}");
            assert_eq!(raw.logprobs, now.logprobs, "{name}");
        }
        assert_eq!(usage_before.last(), usage_after.last(), "{name}");
        let done = bytes.windows(6).any(|window| window == b"[DONE]");
        let now = outcome.bytes.windows(6).any(|window| window == b"[DONE]");
        assert_eq!(done && !error, now, "{name}");
    }
}

#[test]
fn every_content_parses_and_extends_the_one_before() {
    let mut documents = 0;
    for (name, bytes) in streams("chat.completions") {
        let outcome = whole(&bytes);
        let (raw, _) = said(&decoded(&bytes));
        let mut last: BTreeMap<u64, Value> = BTreeMap::new();
        for event in decoded(&outcome.bytes) {
            for choice in event["choices"].as_array().into_iter().flatten() {
                let Some(content) = choice["delta"]["content"].as_str() else {
                    continue;
                };
                let index = choice["index"].as_u64().unwrap_or(0);
                // A held role goes out as it was before anything that is no snapshot.
                if content.is_empty() && !last.contains_key(&index) {
                    continue;
                }
                let value: Value = serde_json::from_str(content)
                    .unwrap_or_else(|error| panic!("{name}: {error}: {content}"));
                if let Some(before) = last.get(&index) {
                    assert!(extends(before, &value), "{name}: {before} then {value}");
                }
                last.insert(index, value);
            }
        }
        for (index, value) in last {
            if let Ok(expected) = serde_json::from_str::<Value>(&raw[&index].text) {
                if expected.is_object() || expected.is_array() {
                    documents += 1;
                    assert_eq!(expected, value, "{name}");
                    assert!(outcome.report.complete, "{name}");
                }
            }
        }
    }
    if !streams("chat.completions").is_empty() {
        assert!(documents >= 20, "only {documents} documents were seen");
    }
}

/// Strings grow at their end, arrays at their end, objects by keys.
fn extends(before: &Value, now: &Value) -> bool {
    match (before, now) {
        (Value::String(before), Value::String(now)) => now.starts_with(before),
        (Value::Array(before), Value::Array(now)) => {
            now.len() >= before.len() && before.iter().zip(now).all(|(one, two)| extends(one, two))
        }
        (Value::Object(before), Value::Object(now)) => before
            .iter()
            .all(|(key, value)| now.get(key).is_some_and(|now| extends(value, now))),
        _ => before == now,
    }
}

#[test]
fn tool_calls_of_providers_end_as_what_their_pieces_add_up_to() {
    let options = ChunkOptions {
        tool_calls: true,
        ..ChunkOptions::default()
    };
    let (mut complete, mut none) = (0, 0);
    for (name, bytes) in streams("chat.completions") {
        let mut joined: BTreeMap<(u64, u64), String> = BTreeMap::new();
        for (key, call) in pieces(&decoded(&bytes)) {
            let text = call["function"]["arguments"].as_str().unwrap_or_default();
            *joined.entry(key).or_default() += text;
        }
        let outcome = once(options.clone(), &[&bytes], End::Closed);
        let mut ends: BTreeMap<(u64, u64), Value> = BTreeMap::new();
        for (key, call) in pieces(&decoded(&outcome.bytes)) {
            if let Some(text) = call["function"]["arguments"].as_str() {
                let value: Value = serde_json::from_str(text).unwrap();
                let before = ends.get(&key).and_then(|call| {
                    serde_json::from_str::<Value>(call["function"]["arguments"].as_str()?).ok()
                });
                assert!(
                    before.is_none_or(|before| extends(&before, &value)),
                    "{name}"
                );
            }
            ends.insert(key, call);
        }
        for (key, text) in joined {
            let end = &ends[&key];
            if text.is_empty() {
                none += 1;
                assert_eq!(Value::Null, end["function"]["arguments"], "{name}");
                continue;
            }
            let shown = end["function"]["arguments"].as_str().unwrap();
            let expected: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                expected,
                serde_json::from_str::<Value>(shown).unwrap(),
                "{name}"
            );
            assert_eq!(Value::Bool(true), end["json_status"]["complete"], "{name}");
            assert!(
                end["id"].is_string() && end["function"]["name"].is_string(),
                "{name}"
            );
            complete += 1;
        }
        let step = (bytes.len() / 12).max(1);
        for cut in (0..bytes.len()).step_by(step) {
            let (left, right) = bytes.split_at(cut);
            let cut_in_two = once(options.clone(), &[left, right], End::Closed);
            assert!(outcome.bytes == cut_in_two.bytes, "{name} cut at {cut}");
        }
    }
    if !streams("chat.completions").is_empty() {
        assert!(
            (complete, none) >= (50, 3),
            "only {complete} and {none} calls were seen"
        );
    }
}

/// The elements of all lists of tool calls, by the indexes of choice and call.
fn pieces(events: &[Value]) -> Vec<((u64, u64), Value)> {
    let choices = events
        .iter()
        .filter_map(|event| event["choices"].as_array());
    let lists = choices.flatten().filter_map(|choice| {
        let index = choice["index"].as_u64().unwrap_or(0);
        Some((index, choice["delta"]["tool_calls"].as_array()?.clone()))
    });
    let all = lists.flat_map(|(choice, list)| list.into_iter().map(move |call| (choice, call)));
    all.map(|(choice, call)| ((choice, call["index"].as_u64().unwrap_or(0)), call))
        .collect()
}
