//! What random streams of several choices say reaches the client once and in its order, at every
//! end, at every pace, in both modes, and to a reader who keeps up as to one who is slow.

use crate::patch::applied;
use crate::said::ERROR;
use crate::seeded::Random;
use crate::support::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wholejson::chunk::{ChunkOptions, Mode, Pace, Transformer};

/// How a random stream ends.
const ENDS: [&str; 4] = [DONE, "", ERROR, "data: {\"choices\":[{\"in"];

/// Chunks of several choices with numbers in all that must arrive, and tool calls if asked for.
struct Source<'r> {
    random: &'r mut Random,
    calls: bool,
    count: u64,
    texts: Vec<Vec<&'static str>>,
    arguments: Vec<Vec<&'static str>>,
}

const PIECES: &[&str] = &[
    "{\"a",
    "\": ",
    "[1",
    ", 2",
    "0, \"x",
    "y\"",
    "]",
    ", \"b\": tr",
    "ue",
    "}",
];

impl<'r> Source<'r> {
    fn new(random: &'r mut Random, calls: bool) -> Self {
        let texts = || {
            (0..3)
                .map(|_| PIECES.iter().rev().copied().collect())
                .collect()
        };
        Self {
            random,
            calls,
            count: 0,
            texts: texts(),
            arguments: texts(),
        }
    }

    fn one_of(&mut self, times: usize) -> bool {
        self.random.below(times) == 0
    }

    fn number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn choice(&mut self, index: usize) -> Value {
        let (mut delta, mut choice) = (json!({}), json!({"index": index}));
        if self.one_of(3) {
            delta["role"] = json!("assistant");
        }
        match self.random.below(5) {
            0 => {}
            1 => delta["content"] = json!(""),
            _ => delta["content"] = json!(self.texts[index].pop().unwrap_or(" ")),
        }
        if self.one_of(8) {
            delta["reasoning"] = json!(format!("<{}>", self.number()));
        }
        if self.calls && self.one_of(3) {
            delta["tool_calls"] = match self.random.below(5) {
                0 => json!([{"function": null}]),
                1 => json!([]),
                _ => {
                    let text = self.arguments[index].pop().unwrap_or(" ");
                    json!([{"index": 0, "id": "c", "function": {"name": "f", "arguments": text}}])
                }
            };
        }
        if self.one_of(2) {
            choice["logprobs"] = json!({"content": [self.number()]});
        }
        if self.one_of(5) {
            choice["own"] = json!([self.number()]);
        }
        if self.one_of(12) {
            choice["finish_reason"] = json!("stop");
        }
        choice["delta"] = delta;
        choice
    }

    fn chunk(&mut self, choices: usize) -> Value {
        let mut chunk = json!({"id": "c", "object": "chat.completion.chunk", "choices": []});
        let several = if self.one_of(4) { 2 } else { 1 };
        for _ in 0..several {
            let index = self.random.below(choices);
            let choice = self.choice(index);
            chunk["choices"].as_array_mut().unwrap().push(choice);
        }
        if self.one_of(4) {
            chunk["usage"] = json!({"t": self.number()});
        }
        if self.one_of(4) {
            chunk["obfuscation"] = json!("pad");
        }
        chunk
    }
}

/// What a client knows in the end; all but the members of the chunks themselves, of which the
/// newest stands.
#[derive(Debug, Default, PartialEq, Clone)]
struct Said {
    logprobs: Vec<u64>,
    reasoning: String,
    finishes: Vec<Value>,
    role: bool,
    own: Value,
    text: Value,
    statuses: Vec<Value>,
    arguments: Value,
    call_statuses: Vec<Value>,
}

fn hear(said: &mut Said, choice: &Value, mode: Mode) {
    let delta = &choice["delta"];
    let list = choice["logprobs"]["content"].as_array();
    said.logprobs
        .extend(list.into_iter().flatten().filter_map(Value::as_u64));
    said.reasoning += delta["reasoning"].as_str().unwrap_or_default();
    if !choice["finish_reason"].is_null() {
        said.finishes.push(choice["finish_reason"].clone());
    }
    said.role |= delta["role"].is_string();
    if !choice["own"].is_null() {
        said.own = choice["own"].clone();
    }
    let take = |value: &mut Value, text: &Value| {
        if let Some(text) = text.as_str().filter(|text| !text.is_empty()) {
            let content = serde_json::from_str(text);
            applied(value, &content.unwrap_or_else(|_| panic!("{choice}")), mode);
        }
    };
    take(&mut said.text, &delta["content"]);
    let status = |choice: &Value| {
        let mut status = choice.get("json_status")?.clone();
        status.as_object_mut().unwrap().remove("document");
        Some(status)
    };
    said.statuses.extend(status(choice));
    for call in delta["tool_calls"].as_array().into_iter().flatten() {
        take(&mut said.arguments, &call["function"]["arguments"]);
        said.call_statuses.extend(status(call));
    }
}

/// Is this a chunk that was held, and went out as it was?
fn is_held(event: &Value) -> bool {
    let mut choices = event["choices"].as_array().into_iter().flatten();
    let silent = |content: &Value| content.as_str().is_none_or(str::is_empty);
    choices.any(|choice| {
        let delta = &choice["delta"];
        delta["role"].is_string()
            && silent(&delta["content"])
            && choice.get("json_status").is_none()
    })
}

/// What was said of each choice, the newest usage, and what is no chunk. No usage is older than
/// the one before, but in a chunk that was held.
fn heard(text: &str, mode: Mode, how: &str) -> (BTreeMap<u64, Said>, u64, Vec<Value>) {
    let (mut choices, mut usage, mut rest) = (BTreeMap::<u64, Said>::new(), 0, Vec::new());
    let mut before = 0;
    for event in events(text) {
        if let Some(said) = event["usage"]["t"].as_u64().filter(|_| !is_held(&event)) {
            assert!(said > before, "{said} after {before}: {how}\n\n{text}");
            before = said;
        }
        usage = usage.max(event["usage"]["t"].as_u64().unwrap_or_default());
        match event["choices"].as_array() {
            None => rest.push(event),
            Some(list) => {
                for choice in list {
                    let said = choices
                        .entry(choice["index"].as_u64().unwrap())
                        .or_default();
                    hear(said, choice, mode);
                }
            }
        }
    }
    (choices, usage, rest)
}

/// What the upstream said itself; its texts are not read.
fn upstream(chunks: &[Value]) -> (BTreeMap<u64, Said>, u64) {
    let (mut choices, mut usage) = (BTreeMap::<u64, Said>::new(), 0);
    for chunk in chunks {
        usage = usage.max(chunk["usage"]["t"].as_u64().unwrap_or_default());
        for choice in chunk["choices"].as_array().unwrap() {
            let mut choice = choice.clone();
            choice["delta"]["content"] = Value::Null;
            choice["delta"]["tool_calls"] = Value::Null;
            let said = choices
                .entry(choice["index"].as_u64().unwrap())
                .or_default();
            hear(said, &choice, Mode::Snapshot);
        }
    }
    (choices, usage)
}

/// The same stream, read in one way of many.
fn outcome(random: &mut Random, options: ChunkOptions, stream: &str, slow: bool) -> String {
    let mut transformer = Transformer::new(options);
    let (mut out, mut now) = (Vec::new(), 0);
    transformer.set_time(now);
    let mut rest = stream.as_bytes();
    while !rest.is_empty() {
        let (piece, more) = rest.split_at(rest.len().min(1 + random.below(400)));
        rest = more;
        now += random.below(8) as u64;
        transformer.set_time(now);
        if slow {
            transformer.push(piece).unwrap();
            if random.below(4) == 0 {
                transformer.pull(&mut out);
            }
        } else {
            transformer.feed(piece, &mut out).unwrap();
        }
        if random.below(4) == 0 {
            transformer.flush_due(&mut out);
        }
    }
    transformer.finish(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn all_that_was_said_arrives_once_and_in_order_at_every_pace_and_every_end() {
    let mut random = Random(0x5a1d);
    for round in 0..1_000 {
        let calls = random.below(2) == 0;
        let choices = 1 + random.below(3);
        let length = 1 + random.below(12);
        let mut source = Source::new(&mut random, calls);
        let chunks: Vec<Value> = (0..length).map(|_| source.chunk(choices)).collect();
        let texts = |chunk: &Value| {
            chunk["choices"].as_array().unwrap().iter().any(|choice| {
                choice["delta"]["content"].is_string()
                    || !choice["delta"]["tool_calls"][0].is_null()
            })
        };
        if !chunks.iter().any(texts) {
            continue; // it passes as it came
        }
        let end = random.pick(&ENDS);
        let body: String = chunks
            .iter()
            .map(|chunk| event(&chunk.to_string()))
            .collect();
        let stream = body + end;
        let base = |mode, pace| ChunkOptions {
            tool_calls: calls,
            mode,
            pace,
            ..ChunkOptions::default()
        };
        let plain = once(
            base(Mode::Snapshot, Pace::default()),
            &[stream.as_bytes()],
            End::Closed,
        );
        let expected = heard(plain.text(), Mode::Snapshot, &stream);
        let (said, usage) = upstream(&chunks);
        assert_eq!(usage, expected.1, "{round}\n{stream}\n{}", plain.text());
        for (index, said) in said {
            let mut heard = expected.0.get(&index).cloned().unwrap_or_default();
            heard = Said {
                text: Value::Null,
                arguments: Value::Null,
                statuses: Vec::new(),
                call_statuses: Vec::new(),
                ..heard
            };
            assert_eq!(said, heard, "{round}\n{stream}\n{}", plain.text());
        }
        for every_ms in [None, Some(20), Some(1 << 40)] {
            for mode in [Mode::Snapshot, Mode::Patch] {
                for slow in [false, true] {
                    let pace = Pace {
                        every_ms,
                        max_amplification: None,
                    };
                    let text = outcome(&mut random, base(mode, pace), &stream, slow);
                    let how = format!("{round} {every_ms:?} {mode:?} slow: {slow}\n{stream}");
                    let given = heard(&text, mode, &how);
                    assert_eq!(expected, given, "{how}\n\n{}\n\n{text}", plain.text());
                }
            }
        }
    }
}
