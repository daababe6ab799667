//! Linear: a text four times as long takes about four times as long, never sixteen times.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use wholejson::{Aggregator, Limits, Options, Root, Schema};

use crate::common::drive::strict;

/// The time that this thread has run, where the system tells it (Linux), so that other work on the
/// machine does not count; else the time of the clock.
fn now() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    // The system brings its account up to date when a thread gives way.
    std::thread::yield_now();
    let ran = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let ran = ran.and_then(|line| line.split(' ').next()?.parse().ok());
    ran.map_or_else(
        || START.get_or_init(Instant::now).elapsed(),
        Duration::from_nanos,
    )
}

/// The time to read a text in pieces of `piece` bytes: the best of four.
fn time(text: &[u8], piece: usize, repair: bool) -> Duration {
    time_by(None, text, piece, repair)
}

/// The same, where values are shown only whole.
fn time_by(schema: Option<&Schema>, text: &[u8], piece: usize, repair: bool) -> Duration {
    let limits = Limits {
        depth: usize::MAX,
        digits: usize::MAX,
        white_space: usize::MAX,
        ..Limits::DEFAULT
    };
    let options = Options {
        limits,
        repair,
        ..Options::default()
    };
    let run = || {
        let start = now();
        let mut aggregator = match schema {
            Some(schema) => Aggregator::new(options).gated(schema),
            None => Aggregator::new(options),
        };
        for delta in text.chunks(piece) {
            aggregator.feed(delta).unwrap();
            black_box(aggregator.has_value());
        }
        drop(black_box(aggregator));
        now().saturating_sub(start)
    };
    (0..4).map(|_| run()).min().unwrap()
}

/// Texts by size that a careless reader would read in quadratic time.
const TEXTS: &[(&str, &str, &str)] = &[
    ("an open string", "[\"", "a"),
    ("an open string of code points", "[\"", "é日😀"),
    ("an open string of escapes", "[\"", "\\n"),
    ("an open string of pairs", "[\"", "\\ud83d\\ude80"),
    ("an open key", "{\"", "a"),
    ("an open key of escapes", "{\"", "\\u0041"),
    ("digits", "[", "7"),
    ("digits after a point", "[0.", "7"),
    ("white space", "", " "),
    ("lines", "[1,", "\n"),
    ("white space after a number", "[1", " "),
    ("brackets", "", "["),
    ("braces", "", "{\"a\":"),
    ("numbers", "[0", ",1"),
    ("empty strings", "[\"\"", ",\"\""),
    ("empty containers", "[[]", ",{},[]"),
    ("one key again and again", "{\"a\":0", ",\"a\":1"),
    (
        "records",
        "[0",
        ",{\"id\": 1, \"name\": \"John\", \"tags\": [\"a\", null]}",
    ),
];

/// Malformed ones.
const MALFORMED: &[(&str, &str, &str)] = &[
    ("slashes in a word", "[0é", "/"),
    ("hashes in a word", "[0é", "#"),
    ("comments in a number", "[0", "//1"),
    ("quotes in a string", "{\"a\": \"x", "\" "),
    ("commas in a text", "{\"a\": x", ", y"),
    ("brackets in a text", "[x", "}]"),
];

#[test]
fn time_grows_with_the_text_and_not_with_its_square() {
    let all = TEXTS.iter().map(|text| (text, false));
    for ((name, head, unit), repair) in all.chain(MALFORMED.iter().map(|text| (text, true))) {
        let text = |size: usize| [head, unit.repeat(size / unit.len()).as_str()].concat();
        for piece in [1, 7] {
            let (small, large) = (text(16 << 10), text(64 << 10));
            let mut ratio = 0.0;
            // A busy machine may disturb a measurement, but not eight in a row.
            for _ in 0..8 {
                let before = time(small.as_bytes(), piece, repair).as_secs_f64();
                ratio = time(large.as_bytes(), piece, repair).as_secs_f64() / before;
                if ratio < 9.0 {
                    break;
                }
            }
            assert!(
                ratio < 9.0,
                "{name}, pieces of {piece}: 4 × the text, {ratio:.1} × the time"
            );
        }
    }
}

/// A schema that refers to itself, and by which some of everything is shown only whole.
const TREE: &str = r##"{
    "items": {"$ref": "#"},
    "enum": ["a"],
    "properties": {"a": {"$ref": "#"}, "name": {"pattern": "^(a+)+$"}, "tags": {"const": []}},
    "additionalProperties": {"format": "date"}
}"##;

#[test]
fn with_values_shown_whole_too_time_grows_with_the_text_and_stays_near_that_without() {
    let tree = Schema::read::<&str>(Some(TREE), &[]).unwrap();
    let all = Schema::read(None, &["/*"]).unwrap();
    for (name, head, unit) in TEXTS {
        let text = |size: usize| [head, unit.repeat(size / unit.len()).as_str()].concat();
        let (small, large) = (text(16 << 10), text(64 << 10));
        for schema in [&tree, &all] {
            let (mut growth, mut ratio) = (0.0, 0.0);
            for _ in 0..8 {
                let took = time_by(Some(schema), large.as_bytes(), 7, false).as_secs_f64();
                growth = took / time_by(Some(schema), small.as_bytes(), 7, false).as_secs_f64();
                ratio = took / time(large.as_bytes(), 7, false).as_secs_f64();
                if growth < 9.0 && ratio < 5.0 {
                    break;
                }
            }
            assert!(growth < 9.0, "{name}: 4 × the text, {growth:.1} × the time");
            assert!(ratio < 5.0, "{name}: {ratio:.1} × the time without");
        }
    }
}

#[test]
fn depth_does_not_use_the_call_stack() {
    let limits = Limits {
        depth: usize::MAX,
        ..Limits::DEFAULT
    };
    let options = Options {
        limits,
        ..strict(Root::Auto)
    };
    let depth = 1_000_000;
    let run = move || {
        let tree = Schema::read::<&str>(Some(TREE), &[]).unwrap();
        for gated in [false, true] {
            let mut aggregator = match gated {
                true => Aggregator::new(options).gated(&tree),
                false => Aggregator::new(options),
            };
            aggregator.feed("[".repeat(depth).as_bytes()).unwrap();
            assert_eq!(!gated, aggregator.feed(b"\"x").unwrap());
            aggregator.feed(b"\"").unwrap();
            assert_eq!(2 * depth + 3, aggregator.view().len());
            aggregator.feed("]".repeat(depth).as_bytes()).unwrap();
            assert!(aggregator.is_complete());
        }
    };
    let small_stack = std::thread::Builder::new().stack_size(256 << 10);
    small_stack.spawn(run).unwrap().join().unwrap();
}

#[test]
fn a_million_single_bytes_and_one_large_delta_give_the_same() {
    let unit = ",{\"name\": \"J\\u00f6hn 😀\", \"n\": [1.5, true]}";
    let text = format!("[0{}]", unit.repeat(1_000_000 / unit.len()));
    let mut bytewise = Aggregator::new(strict(Root::Auto));
    for byte in text.as_bytes() {
        bytewise.feed(&[*byte]).unwrap();
    }
    let mut whole = Aggregator::new(strict(Root::Auto));
    assert!(whole.feed(text.as_bytes()).unwrap());
    assert!(bytewise.is_complete() && whole.is_complete());
    assert_eq!(whole.view().text(), bytewise.view().text());
}
