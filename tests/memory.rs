//! Memory: at most three times the document and 64 KiB, measured by an allocator that counts.
#![allow(
    unsafe_code,
    reason = "an allocator is unsafe by its trait; this one counts and passes on"
)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use wholejson::chunk::{ChunkOptions, Mode, Transformer};
use wholejson::{Aggregator, Limits, Options, Schema};

/// Counts the bytes of the thread that asks, so that tests beside each other don't disturb.
struct Counting;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that is ending has no counters left, and is not measured.
    let _ = NOW.try_with(|now| {
        now.set(now.get() + bytes);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(now.get())));
    });
}

fn signed(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

// SAFETY: every call goes to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-signed(layout.size()));
        // SAFETY: `block` came from `System` with this layout.
        unsafe { System.dealloc(block, layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // While the system copies, the old block and the new one are there together.
        count(signed(size));
        // SAFETY: `block` came from `System` with this layout.
        let moved = unsafe { System.realloc(block, layout, size) };
        count(-signed(layout.size()));
        moved
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that were allocated at once while `run` ran.
fn peak(run: impl FnOnce()) -> usize {
    let before = NOW.get();
    PEAK.set(before);
    run();
    usize::try_from(PEAK.get() - before).unwrap()
}

const TEXTS: &[(&str, &str, &str)] = &[
    ("an open string", "[\"", "a"),
    ("code points", "[\"", "é日😀"),
    ("escapes", "[\"", "\\n"),
    ("an open key", "{\"", "a"),
    ("digits", "[", "7"),
    ("white space", "", " "),
    ("white space inside", "[1,", "\n"),
    ("nested arrays", "[0", ",[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"),
    ("nested objects", "[0", ",{\"\":{\"\":{\"\":{\"\":{}}}}}"),
    ("numbers", "[0", ",1"),
    ("empty strings", "[\"\"", ",\"\""),
    ("short members", "{\"a\":0", ",\"\":1"),
    ("empty containers", "[[]", ",{},[]"),
    (
        "records",
        "[0",
        ",{\"id\": 1, \"name\": \"John\", \"tags\": [\"a\", null]}",
    ),
];

fn options(repair: bool) -> Options {
    let limits = Limits {
        digits: usize::MAX,
        white_space: usize::MAX,
        ..Limits::DEFAULT
    };
    Options {
        repair,
        limits,
        ..Options::default()
    }
}

#[test]
fn an_aggregator_takes_at_most_three_times_the_document() {
    let mut worst = (0.0, String::new());
    let schema =
        r##"{"items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}, "const": "x"}"##;
    let schema = Schema::read::<&str>(Some(schema), &[]).unwrap();
    for (name, head, unit) in TEXTS {
        for size in [1_000, 600_000] {
            let text = [head, unit.repeat(size / unit.len()).as_str()].concat();
            let whole = text.len();
            for (piece, repair, gated) in [
                (1, false, false),
                (4, false, false),
                (whole, false, false),
                (4, true, false),
                (4, false, true),
            ] {
                let taken = peak(|| {
                    let mut aggregator = Aggregator::new(options(repair));
                    if gated {
                        aggregator = aggregator.gated(&schema);
                    }
                    for delta in text.as_bytes().chunks(piece) {
                        let _ = aggregator.feed(delta);
                    }
                    let _ = aggregator.finish();
                });
                let allowed = 3 * text.len() + (64 << 10);
                let what = format!(
                    "{name}, {} bytes in pieces of {piece}, repair {repair}",
                    text.len()
                );
                assert!(taken <= allowed, "{what}: {taken} > {allowed}");
                let share = taken as f64 / text.len() as f64;
                if size > 500_000 && share > worst.0 {
                    worst = (share, what);
                }
            }
        }
    }
    eprintln!("the most: {:.2} × the document, {}", worst.0, worst.1);
}

#[test]
fn a_snapshot_is_written_with_one_allocation_of_its_size() {
    let text = format!("[\"{}", "a".repeat(100_000));
    let mut aggregator = Aggregator::new(options(false));
    aggregator.feed(text.as_bytes()).unwrap();
    let taken = peak(|| {
        let mut out = Vec::new();
        aggregator.write_snapshot(&mut out);
    });
    assert!(taken <= text.len() + 4096, "{taken}");
}

#[test]
fn nothing_is_left_when_aggregators_end_fail_or_are_abandoned() {
    let run = |text: &str| {
        let mut aggregator = Aggregator::new(options(false));
        for delta in text.as_bytes().chunks(3) {
            let _ = aggregator.feed(delta);
        }
        let _ = aggregator.finish();
    };
    let before = NOW.get();
    for _ in 0..1000 {
        run("{\"a\": [1, \"x\\u00e9\", {\"b\": null}]}");
        run("{\"a\": [1, !");
        run("{\"a\": [1, \"abandoned");
        run("[[[[[[");
    }
    assert_eq!(before, NOW.get());
}

/// Runs a document through a stream of chunks; gives the most memory it took.
fn stream(text: &str, piece: usize, read: usize, repair: bool, mode: Mode) -> usize {
    let options = ChunkOptions {
        repair,
        mode,
        ..ChunkOptions::default()
    };
    stream_in(text, piece, read, options)
}

/// The same with any options; where tool calls are read, it is in the arguments of one.
fn stream_in(text: &str, piece: usize, read: usize, given: ChunkOptions) -> usize {
    let (repair, called) = (given.repair, given.tool_calls);
    let limits = options(repair).limits;
    let characters: Vec<char> = text.chars().collect();
    let mut bytes = Vec::new();
    for delta in characters.chunks(piece) {
        let delta: String = delta.iter().collect();
        let delta = match called {
            false => serde_json::json!({"content": delta}),
            true => {
                serde_json::json!({"tool_calls": [{"index": 0, "function": {"arguments": delta}}]})
            }
        };
        let chunk = serde_json::json!({"choices": [{"index": 0, "delta": delta}]});
        bytes.extend_from_slice(format!("data: {chunk}\n\n").as_bytes());
    }
    peak(|| {
        let mut transformer = Transformer::new(ChunkOptions {
            limits,
            ..given.clone()
        });
        for part in bytes.chunks(read) {
            let mut out = Vec::new();
            transformer.feed(part, &mut out).unwrap();
        }
        transformer.finish(&mut Vec::new());
    })
}

#[test]
fn a_stream_of_chunks_takes_at_most_five_times_the_document() {
    let mut worst = (0.0, String::new());
    for (name, head, unit) in TEXTS {
        for (size, piece) in [(1_000, 4), (300_000, 2_000), (300_000, 70_000)] {
            let text = [head, unit.repeat(size / unit.len()).as_str()].concat();
            for repair in [false, true] {
                // A read brings a part of an event, so that an output holds one snapshot at most.
                let taken = stream(&text, piece, 50, repair, Mode::Snapshot);
                let allowed = 5 * text.len() + (64 << 10);
                let what = format!("{name}, {size} bytes in pieces of {piece}, repair {repair}");
                assert!(taken <= allowed, "{what}: {taken} > {allowed}");
                let share = taken as f64 / text.len() as f64;
                if size > 100_000 && share > worst.0 {
                    worst = (share, what);
                }
            }
        }
    }
    eprintln!("the most: {:.2} × the document, {}", worst.0, worst.1);
}

#[test]
fn a_stream_of_chunks_with_operations_takes_at_most_five_times_the_document() {
    let mut keys = String::from("{");
    for number in 0..30_000 {
        keys += &format!("\"{number:x}\":0,");
    }
    let mut texts = vec![("distinct keys", keys)];
    for (name, head, unit) in TEXTS {
        texts.push((
            name,
            [head, unit.repeat(200_000 / unit.len()).as_str()].concat(),
        ));
    }
    let mut worst = (0.0, String::new());
    for (name, text) in texts {
        for piece in [200, 70_000] {
            let taken = stream(&text, piece, 50, true, Mode::Patch);
            let allowed = 5 * text.len() + (64 << 10);
            let what = format!("{name}, {} bytes in pieces of {piece}", text.len());
            let share = taken as f64 / text.len() as f64;
            assert!(taken <= allowed, "{what}: {taken} > {allowed}");
            if share > worst.0 {
                worst = (share, what);
            }
        }
    }
    eprintln!("the most: {:.2} × the document, {}", worst.0, worst.1);
}

#[test]
fn the_arguments_of_a_tool_call_take_at_most_five_times_their_length() {
    for (name, head, unit) in TEXTS {
        for (size, piece) in [(1_000, 4), (300_000, 70_000)] {
            let text = ["{\"a\": ", head, unit.repeat(size / unit.len()).as_str()].concat();
            let called = ChunkOptions {
                tool_calls: true,
                ..ChunkOptions::default()
            };
            let taken = stream_in(&text, piece, 50, called);
            let allowed = 5 * text.len() + (64 << 10);
            assert!(
                taken <= allowed,
                "{name}, {size} bytes in pieces of {piece}: {taken} > {allowed}"
            );
        }
    }
}

#[test]
fn as_many_tool_calls_as_there_may_be_take_a_bounded_memory() {
    let mut bytes = String::new();
    for at in 0..wholejson::chunk::MAX_CALLS {
        let call = serde_json::json!({"index": at, "id": at.to_string(), "function": {"name": at.to_string(), "arguments": "{\"a\":1"}});
        let chunk = serde_json::json!({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]});
        bytes.push_str(&format!("data: {chunk}\n\n"));
    }
    let taken = peak(|| {
        let mut transformer = Transformer::new(ChunkOptions {
            tool_calls: true,
            ..ChunkOptions::default()
        });
        for part in bytes.as_bytes().chunks(50) {
            let mut out = Vec::new();
            transformer.feed(part, &mut out).unwrap();
        }
    });
    eprintln!("{} bytes a call", taken / wholejson::chunk::MAX_CALLS);
    assert!(taken <= 1 << 20, "{taken}");
}

#[test]
fn nothing_is_left_when_streams_end_fail_or_are_abandoned() {
    let before = NOW.get();
    for text in ["{\"a\": [1]}", "{\"a\": oops", "[1, 2", "no", ""] {
        for _ in 0..100 {
            let event =
                format!("data: {{\"choices\": [{{\"delta\": {{\"content\": {text:?}}}}}]}}\n\n");
            let mut transformer = Transformer::new(ChunkOptions::default());
            let mut out = Vec::new();
            transformer.feed(event.as_bytes(), &mut out).unwrap();
            transformer.feed(b"data: {\"cut", &mut out).unwrap();
            if text.len() % 2 == 0 {
                transformer.finish(&mut out);
            }
        }
    }
    assert_eq!(before, NOW.get());
}

/// What repair writes longer than it came, as a head and a unit.
const GROWING: &[(&str, &[u8], &[u8])] = &[
    ("raw control characters", b"[\"", b"\x01"),
    ("raw line ends", b"[\"", b"\n"),
    ("bytes that are no UTF-8", b"[\"", b"\xff"),
    ("half code points", b"[\"", b"\xf0\x9f"),
    ("raw quotes", b"['", b"\""),
    ("escapes that are none", b"[\"", b"\\q"),
    ("half a surrogate pair", b"[\"", b"\\ud800"),
    ("missing commas", b"[", b"1 "),
    ("missing quotes", b"{", b"a:b,"),
    ("missing keys", b"{", b"1,"),
    ("wrong brackets", b"[", b"[}"),
];

fn growing(size: usize) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    GROWING.iter().map(move |(name, head, unit)| {
        let text = [head.to_vec(), unit.repeat(size / unit.len())].concat();
        (*name, text)
    })
}

/// How long a document is: as it came or as it is shown, whichever is longer.
fn length(text: &[u8]) -> usize {
    let mut aggregator = Aggregator::new(options(true));
    let _ = aggregator.feed(text);
    let _ = aggregator.finish();
    let mut shown = Vec::new();
    aggregator.write_snapshot(&mut shown);
    text.len().max(shown.len())
}

#[test]
fn where_repair_makes_a_document_longer_the_bounds_are_of_what_is_shown() {
    let mut worst = [(0.0, String::new()), (0.0, String::new())];
    for (name, text) in [1_000, 150_000].into_iter().flat_map(growing) {
        let length = length(&text);
        let mut check = |which: usize, times: usize, taken: usize, what: String| {
            assert!(
                taken <= times * length + (64 << 10),
                "{what}: {taken}, {length}"
            );
            let share = taken as f64 / text.len() as f64;
            if text.len() > 100_000 && share > worst[which].0 {
                worst[which] = (share, what);
            }
        };
        for piece in [4, text.len()] {
            let taken = peak(|| {
                let mut aggregator = Aggregator::new(options(true));
                for delta in text.chunks(piece) {
                    let _ = aggregator.feed(delta);
                }
                let _ = aggregator.finish();
            });
            check(0, 3, taken, format!("{name} in pieces of {piece}"));
        }
        // In a stream of chunks, what is no UTF-8 is replaced before it is a part of the document.
        let text = String::from_utf8_lossy(&text);
        for mode in [Mode::Snapshot, Mode::Patch] {
            let taken = stream(&text, 2_000, 50, true, mode);
            check(1, 5, taken, format!("{name}, {mode:?}"));
        }
    }
    for (share, what) in worst {
        eprintln!("the most: {share:.2} × the text, {what}");
    }
}
