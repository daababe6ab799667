//! The obvious slow version: chunks as parsed values, the whole stream at hand, each rule where
//! the contract has it. Random streams must come out of both alike.
//!
//! Left out here, and tested by hand: malformed text, lists of parts, bytes that must be kept.

use crate::random::stream;
use crate::support::{End, event, events, once};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use wholejson::chunk::ChunkOptions;
use wholejson::{Aggregator, Options};

const IDENTITY: [&str; 2] = ["id", "object"];

#[derive(Default)]
struct Choice {
    document: Option<Aggregator>,
    role_said: bool,
    /// When it came, what it was, and which of its own members are still news.
    held: Option<(usize, Value, Map<String, Value>)>,
    role: Option<Value>,
    members: Map<String, Value>,
    logprobs: Option<Vec<Value>>,
    spoken: bool,
    excused: bool,
    ended: bool,
    failed: bool,
}

impl Choice {
    fn document(&mut self) -> &mut Aggregator {
        self.document
            .get_or_insert_with(|| Aggregator::new(Options::default()))
    }
    fn snapshot(&mut self) -> Option<String> {
        let mut out = Vec::new();
        self.document()
            .write_snapshot(&mut out)
            .then(|| String::from_utf8(out).unwrap())
    }
    fn finish(&mut self) -> bool {
        self.ended = true;
        let update = self.document().finish();
        if update.is_err() && (!self.excused || self.spoken) {
            self.failed = true;
        }
        update.unwrap_or(false)
    }
    /// What is carried goes into a choice, in front of what it says.
    fn carried_into(&mut self, choice: &mut Value) {
        if let Some(items) = self.logprobs.take() {
            let own = choice["logprobs"]["content"].as_array().cloned();
            choice["logprobs"]["content"] = json!([items, own.unwrap_or_default()].concat());
        }
        fill(choice, std::mem::take(&mut self.members));
    }
    /// A held chunk is carried, in front of what is.
    fn merge(&mut self, held: &Value) {
        let inner = &held["choices"][0];
        self.role = Some(inner["delta"]["role"].clone());
        leave(inner, &CHOICE, &mut self.members, false);
        if let Some(items) = inner["logprobs"]["content"].as_array() {
            let newer = self.logprobs.take().unwrap_or_default();
            self.logprobs = Some([items.clone(), newer].concat());
        }
    }
    fn status(&mut self, code: &str) -> Value {
        let complete = !self.failed && self.document().is_complete();
        match self.failed {
            true => json!({"complete": complete, "repairs": 0, "error": code}),
            false => json!({"complete": complete, "repairs": 0}),
        }
    }
}

#[derive(Default)]
struct Reference {
    choices: BTreeMap<u64, Choice>,
    order: Vec<u64>,
    top: Map<String, Value>,
    /// Which event said each of these.
    said: BTreeMap<String, usize>,
    /// How many choices came.
    now: usize,
    out: Vec<Value>,
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

fn others(delta: &Value) -> bool {
    let members = delta.as_object().into_iter().flatten();
    members
        .filter(|(key, _)| *key != "role" && *key != "content")
        .any(|(_, value)| !empty(value))
}

fn gives(choice: &Value) -> bool {
    others(&choice["delta"]) || !empty(&choice["finish_reason"])
}

fn list(event: &Value) -> &[Value] {
    event["choices"].as_array().map_or(&[], Vec::as_slice)
}

/// The members that a dropped object leaves to the next one.
fn leave(from: &Value, without: &[&str], to: &mut Map<String, Value>, newer: bool) {
    for (key, value) in from.as_object().into_iter().flatten() {
        let skip = empty(value) || key == "obfuscation" || without.contains(&key.as_str());
        if !skip && (newer || !to.contains_key(key)) {
            to.insert(key.clone(), value.clone());
        }
    }
}

fn fill(object: &mut Value, carried: Map<String, Value>) {
    for (key, value) in carried {
        if empty(&object[&key]) {
            object[&key] = value;
        }
    }
}

const CHOICE: [&str; 4] = ["index", "delta", "finish_reason", "logprobs"];

impl Reference {
    fn run(mut self, events: &[Value], done: bool) -> Vec<Value> {
        let has_text = |event: &Value| {
            list(event)
                .iter()
                .any(|c| c["delta"]["content"].is_string())
        };
        let Some(first) = events.iter().position(has_text) else {
            self.out = events.to_vec();
            if done {
                self.out.push(json!("[DONE]"));
            } else if !all_ended(events) {
                self.out.push(json!("upstream_closed"));
            }
            return self.out;
        };
        let passed = events[..first]
            .iter()
            .rposition(|event| list(event).iter().any(gives));
        for (at, event) in events.iter().enumerate() {
            if passed.is_some_and(|passed| at <= passed) && !list(event).is_empty() {
                self.out.push(event.clone());
                self.note(event);
            } else {
                self.event(event.clone());
            }
        }
        self.finish(done)
    }

    /// Chunks before the last one that was given out for lack of text: some facts are kept.
    fn note(&mut self, event: &Value) {
        if !list(event).iter().any(gives) {
            return;
        }
        for choice in list(event) {
            let state = self.choice(choice["index"].as_u64().unwrap());
            state.excused |= !empty(&choice["delta"]["tool_calls"]);
            state.role_said |= !empty(&choice["delta"]["role"]);
            state.ended |= !empty(&choice["finish_reason"]);
        }
    }

    fn choice(&mut self, index: u64) -> &mut Choice {
        if !self.order.contains(&index) {
            self.order.push(index);
        }
        self.choices.entry(index).or_default()
    }

    fn event(&mut self, mut event: Value) {
        if list(&event).is_empty() {
            self.forget(&event, self.now);
            self.goes_out(&event);
            return self.out.push(event);
        }
        let original = event.clone();
        let mut given = Vec::new();
        let mut held = false;
        let begin = self.now + 1;
        for choice in list(&original) {
            self.now += 1;
            match self.one(&original, choice.clone()) {
                Outcome::Given(choice) => given.push(choice),
                Outcome::Held => held = true,
                Outcome::Dropped => {}
            }
        }
        if !given.is_empty() {
            event["choices"] = json!(given);
            self.goes_out(&event);
            fill(&mut event, std::mem::take(&mut self.top));
            self.said.clear();
            self.out.push(event);
        } else if !held {
            let mut own = Map::new();
            leave(&original, &["choices"], &mut own, true);
            self.leave_top(own, begin);
        }
    }

    /// Of chunks that are held, what is older than this event or what it carries is no news.
    fn goes_out(&mut self, event: &Value) {
        for (at, _, own) in self.choices.values_mut().filter_map(|it| it.held.as_mut()) {
            own.retain(|key, _| {
                empty(&event[key]) && self.said.get(key).is_none_or(|other| *at > *other)
            });
        }
    }

    /// What an event without a choice that is given out leaves; what is newer stands.
    fn leave_top(&mut self, said: Map<String, Value>, at: usize) {
        for (key, value) in said {
            if self.said.get(&key).is_none_or(|other| at >= *other) {
                self.said.insert(key.clone(), at);
                self.top.insert(key, value);
            }
        }
    }

    /// What an event that is given out says itself, older ones need not say.
    fn forget(&mut self, event: &Value, at: usize) {
        for (key, _) in event.as_object().unwrap().iter().filter(|it| !empty(it.1)) {
            if self.said.get(key).is_some_and(|other| *other <= at) {
                self.said.remove(key);
                self.top.remove(key);
            }
        }
    }

    fn one(&mut self, event: &Value, mut choice: Value) -> Outcome {
        let (delta, now) = (choice["delta"].clone(), self.now);
        let last = !empty(&choice["finish_reason"]);
        let state = self.choice(choice["index"].as_u64().unwrap());
        state.excused |= !empty(&delta["tool_calls"]);
        let text = delta["content"].as_str().unwrap_or_default();
        let mut update = false;
        if !state.ended && !text.is_empty() {
            state.spoken |= !text.trim().is_empty();
            update = state.document().feed(text.as_bytes()).unwrap();
        }
        if last && !state.ended {
            update |= state.finish();
        }
        let has_role = !empty(&delta["role"]);
        if !(update || last || others(&delta)) {
            if has_role && !state.role_said && state.held.is_none() && state.role.is_none() {
                if text.is_empty() {
                    let mut alone = event.clone();
                    state.carried_into(&mut choice);
                    alone["choices"] = json!([choice]);
                    let mut own = Map::new();
                    leave(&alone, &["choices"], &mut own, true);
                    state.held = Some((now, alone, own));
                    return Outcome::Held;
                }
                state.role = Some(delta["role"].clone());
            }
            leave(&choice, &CHOICE, &mut state.members, true);
            if let Some(items) = choice["logprobs"]["content"].as_array() {
                state
                    .logprobs
                    .get_or_insert_default()
                    .extend(items.iter().cloned());
            }
            return Outcome::Dropped;
        }
        let snapshot = state.snapshot().filter(|_| update || last);
        let held = state.held.take();
        let merged = held.as_ref().filter(|_| snapshot.is_some());
        if let Some((_, held, _)) = merged {
            state.merge(held);
        }
        state.role_said |= held.is_some();
        match &snapshot {
            Some(text) => choice["delta"]["content"] = json!(text),
            None if delta["content"].is_string() => choice["delta"]["content"] = Value::Null,
            None => {}
        }
        if let Some(role) = state.role.take() {
            if !has_role {
                choice["delta"]["role"] = role;
            }
            state.role_said = true;
        }
        state.role_said |= has_role;
        state.carried_into(&mut choice);
        let excused = state.excused && !state.spoken;
        if last && !excused {
            choice["json_status"] = state.status("no_json");
        }
        match (held, snapshot.is_some()) {
            (Some((at, _, own)), true) => self.leave_top(own, at),
            (Some((at, held, _)), false) => {
                self.forget(&held, at);
                self.out.push(held);
            }
            _ => {}
        }
        Outcome::Given(choice)
    }

    fn finish(mut self, done: bool) -> Vec<Value> {
        let broken = !done && self.choices.values().any(|choice| !choice.ended);
        let code = if broken { "upstream_closed" } else { "no_json" };
        let mut finals = Vec::new();
        for index in &self.order {
            let choice = self.choices.get_mut(index).unwrap();
            if choice.ended {
                continue;
            }
            let due = if broken {
                choice.failed = true;
                choice.ended = true;
                true
            } else {
                choice.finish() || choice.failed
            };
            if due {
                finals.push(*index);
            }
        }
        let failed = self.choices.values().all(|choice| choice.failed);
        if failed {
            finals.clear();
        }
        for index in &finals {
            let choice = self.choices.get_mut(index).unwrap();
            if choice.snapshot().is_some() {
                if let Some((at, held, own)) = choice.held.take() {
                    choice.merge(&held);
                    self.leave_top(own, at);
                }
            }
        }
        let mut held: Vec<_> = self
            .choices
            .values_mut()
            .filter_map(|choice| choice.held.take())
            .collect();
        held.sort_by_key(|(at, ..)| *at);
        for (at, held, _) in held {
            self.forget(&held, at);
            self.out.push(held);
        }
        self.top.retain(|key, _| !IDENTITY.contains(&key.as_str()));
        let mut top = std::mem::take(&mut self.top);
        for index in self.order.clone() {
            let choice = self.choices.get_mut(&index).unwrap();
            let last = finals.contains(&index);
            let carries = choice.role.is_some() || choice.logprobs.is_some();
            if !last && !carries && choice.members.is_empty() {
                continue;
            }
            let mut made = json!({"index": index, "delta": {"content": choice.snapshot()}, "finish_reason": null});
            if let Some(role) = choice.role.take() {
                made["delta"]["role"] = role;
            }
            if let Some(items) = choice.logprobs.take() {
                made["logprobs"] = json!({"content": items});
            }
            fill(&mut made, std::mem::take(&mut choice.members));
            if last {
                made["json_status"] = choice.status(code);
            }
            let mut event =
                json!({"id": "c", "object": "chat.completion.chunk", "choices": [made]});
            fill(&mut event, std::mem::take(&mut top));
            self.out.push(event);
        }
        if !top.is_empty() {
            let mut event = json!({"id": "c", "object": "chat.completion.chunk", "choices": []});
            fill(&mut event, top);
            self.out.push(event);
        }
        if failed {
            self.out.push(json!(code));
        } else if done {
            self.out.push(json!("[DONE]"));
        }
        self.out
    }
}

enum Outcome {
    Given(Value),
    Held,
    Dropped,
}

/// Did every choice end of which something was given out, and is there one? For streams without
/// text.
fn all_ended(events: &[Value]) -> bool {
    let mut seen: BTreeMap<u64, bool> = BTreeMap::new();
    for event in events.iter().filter(|event| list(event).iter().any(gives)) {
        for choice in list(event) {
            *seen.entry(choice["index"].as_u64().unwrap()).or_default() |=
                !empty(&choice["finish_reason"]);
        }
    }
    !seen.is_empty() && seen.values().all(|ended| *ended)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn random_streams_come_out_as_from_the_slow_version(
        (chunks, done) in stream(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut text: String = chunks.iter().map(|chunk| event(&chunk.to_string())).collect();
        if done {
            text += "data: [DONE]\n\n";
        }
        let (left, right) = text.as_bytes().split_at(cut.index(text.len() + 1));
        let outcome = once(ChunkOptions::default(), &[left, right], End::Closed);
        let mut actual = events(outcome.text());
        for event in &mut actual {
            if let Some(code) = event.get("error").and_then(|error| error.get("code")) {
                *event = code.clone();
            }
        }
        let expected = Reference::default().run(&chunks, done);
        prop_assert_eq!(expected, actual, "{}", text);
    }
}
