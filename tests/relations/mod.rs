//! Relations that hold for any bytes. The fuzzer looks for bytes that break one; the corpus that it
//! left behind is tried by `cargo test`. Each relation stands here once.
//!
//! The first three bytes of an input say how the rest is read: its options, and where it is cut.
#![allow(dead_code, reason = "each user of this module needs a part of it")]

mod events;
mod reading;
mod requests;
mod steps;
mod work;

#[path = "../common/random.rs"]
mod random;
#[path = "../common/tree.rs"]
mod tree;

use random::Random;
use wholejson::{Aggregator, Error, Form, Limits, Options, Repair, Root, Style};

/// A relation: it panics where it does not hold.
pub(crate) type Relation = fn(&[u8]);

/// Each relation by the name of its fuzz target and of its corpus.
pub(crate) const RELATIONS: &[(&str, Relation)] = &[
    ("cuts", reading::any_cut_gives_the_same),
    ("growth", reading::what_is_shown_is_valid_and_only_grows),
    ("alike", reading::well_formed_text_is_read_alike),
    ("work", work::each_byte_costs_the_same),
    ("operations", steps::operations_give_every_value),
    ("sse", events::events_come_through),
    ("chunks", events::a_stream_comes_through),
    ("request", requests::a_body_loses_our_key_alone),
];

/// The relation of this name.
pub(crate) fn check(name: &str, data: &[u8]) {
    let found = RELATIONS.iter().find(|(known, _)| *known == name);
    let Some((_, relation)) = found else {
        panic!("no relation is called {name}");
    };
    relation(data);
}

/// An input: how to read, and what.
#[derive(Debug)]
struct Input<'a> {
    flags: u8,
    options: Options,
    random: Random,
    text: &'a [u8],
}

impl<'a> Input<'a> {
    fn new(data: &'a [u8]) -> Option<Self> {
        let (&[flags, limits, seed], text) = data.split_first_chunk::<3>()?;
        let roots = [Root::Auto, Root::Object, Root::Array, Root::Any];
        let options = Options {
            root: roots[usize::from(flags & 3)],
            repair: flags & 4 == 0,
            style: if flags & 8 == 0 {
                Style::Spaced
            } else {
                Style::Compact
            },
            form: Form::Plain,
            limits: some_limits(limits),
        };
        Some(Self {
            flags,
            options,
            random: Random(u64::from(seed)),
            text,
        })
    }

    /// The ends of the pieces: single bytes, a few bytes, or long pieces.
    fn cuts(&mut self) -> Vec<usize> {
        let most = self.random.pick(&[1, 3, 9, 40, 300]);
        self.random.cuts(self.text.len(), most)
    }

    /// The text in pieces that end there.
    fn pieces(&self, ends: &[usize]) -> Vec<&'a [u8]> {
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts
            .zip(ends)
            .map(|(from, &to)| &self.text[from..to])
            .collect()
    }
}

/// The defaults, or a small bound on one thing.
fn some_limits(byte: u8) -> Limits {
    let small = usize::from(byte >> 3);
    let mut limits = Limits::DEFAULT;
    match byte & 7 {
        1 => limits.depth = 1 + small,
        2 => limits.document = 1 + 4 * small,
        3 => limits.digits = 1 + small,
        4 => limits.white_space = 1 + small,
        5 | 6 => limits.look_ahead = 1 + small,
        _ => {}
    }
    limits
}

/// What an aggregator says of itself.
#[derive(Debug, PartialEq, Eq)]
struct State {
    snapshot: Option<String>,
    complete: bool,
    error: Option<Error>,
    repairs: Vec<Repair>,
    repair_count: u64,
    trailing: u64,
}

impl State {
    fn of(aggregator: &Aggregator) -> Self {
        Self {
            snapshot: snapshot(aggregator),
            complete: aggregator.is_complete(),
            error: aggregator.error(),
            repairs: aggregator.repairs().to_vec(),
            repair_count: aggregator.repair_count(),
            trailing: aggregator.trailing(),
        }
    }
}

/// The snapshot, which is UTF-8.
fn snapshot(aggregator: &Aggregator) -> Option<String> {
    let mut out = Vec::new();
    aggregator
        .write_snapshot(&mut out)
        .then(|| String::from_utf8(out).unwrap())
}
