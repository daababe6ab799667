//! Streams of tool calls as providers write them, with their habits, and the obvious slow version,
//! which knows which call each piece is of.

use crate::support::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use wholejson::chunk::{ChunkOptions, Transformer};
use wholejson::{Aggregator, Options, Root};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Index {
    True,
    Zero,
    Missing,
    Growing,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Id {
    First,
    Each,
    /// Another one on each piece, which nobody can know.
    Random,
    None,
    Empty,
}

/// How one provider writes.
#[derive(Debug, Clone)]
struct Habit {
    index: Index,
    id: Id,
    name_each: bool,
    /// What the first piece says as arguments.
    first: Option<Value>,
    whole: bool,
    interleaved: bool,
    spaced: bool,
}

fn habits() -> impl Strategy<Value = Habit> {
    let identity = prop::sample::select(vec![
        (Index::True, Id::First),
        (Index::True, Id::Each),
        (Index::True, Id::Random),
        (Index::True, Id::None),
        (Index::Zero, Id::First),
        (Index::Zero, Id::Each),
        (Index::Zero, Id::Empty),
        (Index::Missing, Id::First),
        (Index::Missing, Id::Each),
        (Index::Missing, Id::None),
        (Index::Growing, Id::Each),
    ]);
    let first = prop::sample::select(vec![
        None,
        Some(json!("")),
        Some(json!(null)),
        Some(json!("{}")),
        Some(json!("text")),
    ]);
    let rest = (
        any::<bool>(),
        first,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    (identity, rest).prop_map(
        |((index, id), (name_each, first, whole, interleaved, spaced))| {
            // What nobody could tell apart no provider gets away with.
            let by_index = index == Index::True || id == Id::Each;
            let anonymous = matches!(id, Id::None | Id::Empty) && index != Index::True;
            Habit {
                index,
                id,
                name_each: name_each && id != Id::Random && !anonymous,
                first: if anonymous {
                    Some(json!("text"))
                } else {
                    first
                },
                whole,
                interleaved: interleaved && by_index,
                spaced,
            }
        },
    )
}

const DOCUMENTS: [&str; 7] = [
    r#"{"city":"Rome","unit":"c"}"#,
    r#"{ "a": [1, 20, {"b": null}], "c": "" }"#,
    r#"{"q":"say \"hi\" \u00e9\ud83d\ude80"}"#,
    r#"{"n": 12.50, "t": true}"#,
    r#"{"x": {"y": {}}}"#,
    r#"{"cut": "off", "n": 12"#,
    "{}",
];

/// A call as the slow version knows it.
struct Sim {
    document: Aggregator,
    number: u64,
    id: Option<String>,
    name: String,
    text: Vec<char>,
    begun: bool,
    kind_said: bool,
    spoken: bool,
    /// Nothing but an empty object so far, which waits for what follows.
    front: Option<String>,
}

impl Sim {
    fn new(place: usize, text: &str, habit: &Habit) -> Self {
        let named = !matches!(habit.id, Id::None | Id::Empty);
        Self {
            document: strict_object(),
            number: place as u64,
            id: named.then(|| format!("call_{place}")),
            name: format!("f{place}"),
            text: text.chars().collect(),
            begun: false,
            kind_said: false,
            spoken: false,
            front: Some(String::new()),
        }
    }

    /// Reads more; says whether that is an update.
    fn read(&mut self, text: &str) -> bool {
        let Some(front) = &mut self.front else {
            return self.document.feed(text.as_bytes()).unwrap();
        };
        front.push_str(text);
        let plain: String = front.split_ascii_whitespace().collect();
        !matches!(&*plain, "" | "{" | "{}") && self.settle()
    }

    fn settle(&mut self) -> bool {
        let front = self.front.take().unwrap_or_default();
        self.document.feed(front.as_bytes()).unwrap()
    }

    fn snapshot(&self) -> Value {
        let mut out = Vec::new();
        match self.document.write_snapshot(&mut out) {
            true => json!(String::from_utf8(out).unwrap()),
            false => Value::Null,
        }
    }

    fn end(&self) -> Value {
        let mut call = json!({"index": self.number, "type": "function",
            "function": {"name": self.name, "arguments": self.snapshot()},
            "json_status": {"complete": self.document.is_complete(), "repairs": 0}});
        if let Some(id) = &self.id {
            call["id"] = json!(id);
        }
        call
    }
}

fn strict_object() -> Aggregator {
    Aggregator::new(Options {
        root: Root::Object,
        repair: false,
        ..Options::default()
    })
}

/// One piece as it is sent, and as it goes out, if it does.
fn piece(sim: &mut Sim, habit: &Habit, length: usize, sent: u64) -> (Value, Option<Value>) {
    let first = !std::mem::replace(&mut sim.begun, true);
    let mut said = json!({"function": {}});
    match habit.index {
        Index::True => said["index"] = json!(sim.number),
        Index::Zero => said["index"] = json!(0),
        Index::Missing => {}
        Index::Growing => said["index"] = json!(sent),
    }
    if let Some(id) = sim.id.as_ref().filter(|_| first || habit.id == Id::Each) {
        said["id"] = json!(id);
    } else if habit.id == Id::Random && sent % 2 == 0 {
        said["id"] = json!(format!("random_{sent}"));
    } else if habit.id == Id::Empty {
        said["id"] = json!("");
    }
    if first || habit.name_each {
        said["function"]["name"] = json!(sim.name);
        said["type"] = json!("function");
    }
    let marker = habit
        .first
        .clone()
        .filter(|value| first && *value != "text");
    let bare = first && habit.first.is_none();
    let placeholder = marker == Some(json!("{}"));
    let text: Option<String> = match marker {
        Some(value) => {
            said["function"]["arguments"] = value.clone();
            value.as_str().map(str::to_owned)
        }
        None if bare => None,
        None => {
            let take = if habit.whole {
                sim.text.len()
            } else {
                length.min(sim.text.len())
            };
            let text: String = sim.text.drain(..take).collect();
            said["function"]["arguments"] = json!(text);
            Some(text)
        }
    };
    let mut update = false;
    if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
        if !placeholder && !std::mem::replace(&mut sim.spoken, true) {
            // What stood there was an empty object at most: this is the beginning.
            sim.front = Some(String::new());
        }
        update = sim.read(text);
    }
    let news = !std::mem::replace(&mut sim.kind_said, true);
    let given = (update || news).then(|| {
        let mut given = said.clone();
        given["index"] = json!(sim.number);
        if text.is_some() {
            given["function"]["arguments"] = if update { sim.snapshot() } else { Value::Null };
        }
        given
    });
    (said, given)
}

/// A stream, and the lists of tool calls that go out.
fn stream(habit: &Habit, texts: &[&str], lengths: &[usize]) -> (String, Vec<Value>) {
    let mut sims: Vec<Sim> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| Sim::new(at, text, habit))
        .collect();
    if habit.index == Index::Growing {
        // A call goes by the index of its first piece, which is not known before.
        for sim in &mut sims {
            sim.number = u64::MAX;
        }
    }
    let (mut out, mut expected, mut sent) = (String::new(), Vec::new(), 0);
    let mut turn = 0;
    while sims.iter().any(|sim| !sim.begun || !sim.text.is_empty()) {
        let open = |sim: &Sim| !sim.begun || !sim.text.is_empty();
        let waiting: Vec<usize> = (0..sims.len()).filter(|at| open(&sims[*at])).collect();
        let count = if habit.interleaved {
            1 + lengths[turn % lengths.len()] % 2
        } else {
            1
        };
        // They begin in their order.
        let unbegun = waiting
            .iter()
            .position(|at| !sims[*at].begun)
            .unwrap_or(waiting.len());
        let last = (unbegun + 1).min(waiting.len());
        let (mut pieces, mut given) = (Vec::new(), Vec::new());
        for nth in 0..count.min(last) {
            let skew = if habit.interleaved { turn } else { 0 };
            let at = waiting[(nth + skew) % last];
            if habit.index == Index::Growing && !sims[at].begun {
                sims[at].number = sent;
            }
            let (said, shown) = piece(&mut sims[at], habit, lengths[turn % lengths.len()], sent);
            pieces.push(said);
            given.extend(shown);
            sent += 1;
        }
        turn += 1;
        let list = json!(pieces).to_string();
        let list = match habit.spaced {
            true => format!("[ {} ]", &list[1..list.len() - 1]),
            false => list,
        };
        out += &chunk(&format!("{{\"tool_calls\":{list}}}"), "");
        if !given.is_empty() {
            expected.push(json!(given));
        }
    }
    out += &chunk("{}", r#","finish_reason":"tool_calls""#);
    for sim in &mut sims {
        sim.settle();
        let _ = sim.document.finish();
    }
    expected.push(sims.iter().map(Sim::end).collect());
    (out, expected)
}

fn options() -> ChunkOptions {
    ChunkOptions {
        tool_calls: true,
        ..ChunkOptions::default()
    }
}

/// The lists of tool calls of all chunks.
fn lists(text: &str) -> Vec<Value> {
    let events = events(text);
    let choices = events
        .iter()
        .filter_map(|event| event["choices"].as_array());
    let lists = choices
        .flatten()
        .map(|choice| choice["delta"]["tool_calls"].clone());
    lists.filter(|list| !list.is_null()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whatever_the_habits_each_call_comes_out_as_from_the_slow_version(
        habit in habits(),
        texts in prop::collection::vec(prop::sample::select(DOCUMENTS.to_vec()), 1..4),
        lengths in prop::collection::vec(1usize..9, 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        // Where only the end of one call tells that another begins, it must have one.
        let told = habit.index == Index::True || !matches!(habit.id, Id::None | Id::Empty);
        let ends = |text: &str| told || !text.contains("cut") && text != "{}";
        let texts: Vec<&str> = texts
            .into_iter()
            .map(|text| if ends(text) { text } else { DOCUMENTS[0] })
            .collect();
        let (stream, expected) = stream(&habit, &texts, &lengths);
        let (left, right) = stream.as_bytes().split_at(cut.index(stream.len() + 1));
        let outcome = once(options(), &[left, right], End::Closed);
        prop_assert_eq!(&expected, &lists(outcome.text()), "{:?} {}", habit, stream);
        prop_assert_eq!(None, outcome.report.error);

        // Whoever reads slowly has the same at the end.
        let mut transformer = Transformer::new(options());
        let mut slow = Vec::new();
        for (turn, part) in stream.as_bytes().chunks(97).enumerate() {
            transformer.push(part).unwrap();
            if turn % 5 == 4 {
                transformer.pull(&mut slow);
            }
        }
        transformer.finish(&mut slow);
        let slow = lists(std::str::from_utf8(&slow).unwrap());
        prop_assert_eq!(expected.last(), slow.last());
        prop_assert!(slow.len() <= expected.len());
    }
}
