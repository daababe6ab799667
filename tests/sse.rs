//! Event streams against the cases of the WHATWG and of the field, cut at every byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may panic

use std::path::PathBuf;
use wholejson::sse::{Frame, Framer, decode, write_with_data, write_without_data};
use wholejson::{Kind, Limits};

#[derive(Debug, PartialEq, Clone, Default)]
struct Seen {
    events: Vec<(String, String, String)>,
    last_id: String,
    retry: Option<u64>,
    /// Every byte that came out again.
    bytes: Vec<u8>,
}

fn take(frame: Option<Frame<'_>>, seen: &mut Seen) -> Option<(String, String)> {
    match frame? {
        Frame::Bom => seen.bytes.extend_from_slice(b"\xEF\xBB\xBF"),
        Frame::LineFeed => seen.bytes.push(b'\n'),
        Frame::Block(block) => {
            seen.bytes.extend_from_slice(block.raw());
            assert!(block.is_finished());
            if let Some(span) = block.data_span() {
                assert_eq!(block.data(), Some(&block.raw()[span]));
            }
            let lines: Vec<u8> = block.lines().flat_map(|line| line.raw.to_vec()).collect();
            assert!(block.raw().starts_with(&lines), "lines give the bytes back");
            return block.data().map(|data| {
                (
                    decode(block.event()).into_owned(),
                    decode(data).into_owned(),
                )
            });
        }
    }
    None
}

fn run<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Seen {
    let mut framer = Framer::new(Limits::DEFAULT);
    let mut seen = Seen::default();
    for piece in pieces {
        let mut found = Vec::new();
        // The last event ID that belongs to an event is the one after its block was read.
        let mut at = 0;
        while at <= piece.len() {
            let mut reader = framer.read(&piece[at..(at + 1).min(piece.len())]);
            while let Some(frame) = reader.next().expect("within the limits") {
                if let Some(event) = take(Some(frame), &mut seen) {
                    found.push(event);
                }
            }
            for (kind, data) in found.drain(..) {
                let id = decode(framer.last_id()).into_owned();
                seen.events.push((kind, data, id));
            }
            at += 1;
        }
    }
    end(framer, seen)
}

/// As `run`, each piece read at once; without the IDs of the single events.
fn run_whole<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Seen {
    let mut framer = Framer::new(Limits::DEFAULT);
    let mut seen = Seen::default();
    for piece in pieces {
        let mut reader = framer.read(piece);
        while let Some(frame) = reader.next().expect("within the limits") {
            if let Some((kind, data)) = take(Some(frame), &mut seen) {
                seen.events.push((kind, data, String::new()));
            }
        }
    }
    end(framer, seen)
}

fn end(mut framer: Framer, mut seen: Seen) -> Seen {
    if let Some(block) = framer.finish() {
        assert!(!block.is_finished());
        seen.bytes.extend_from_slice(block.raw());
    }
    assert!(framer.finish().is_none(), "what is left is given once");
    seen.last_id = decode(framer.last_id()).into_owned();
    seen.retry = framer.retry();
    seen
}

fn base64(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

fn shared(name: &str) -> Option<String> {
    let base = std::env::var_os("WHOLEJSON_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = base.join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!(
            "SKIPPED: {} is not there; set WHOLEJSON_SHARED",
            path.display()
        );
    }
    text
}

#[test]
fn the_shared_cases_come_out_as_they_must_at_every_cut() {
    let Some(text) = shared("cases/sse.jsonl") else {
        return;
    };
    for case in text.lines() {
        let case: serde_json::Value = serde_json::from_str(case).unwrap();
        let name = case["name"].as_str().unwrap();
        let bytes = base64(case["bytes_b64"].as_str().unwrap());
        let expected: Vec<(String, String, String)> = case["expect_events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| {
                let text = |key: &str| event[key].as_str().unwrap().to_owned();
                (text("event"), text("data"), text("id"))
            })
            .collect();
        let seen = run(std::iter::once(&bytes[..]));
        assert_eq!(expected, seen.events, "{name}");
        assert_eq!(case["expect_last_event_id"], seen.last_id, "{name}");
        match &case["expect_retry"] {
            serde_json::Value::String(_) => assert_eq!(Some(u64::MAX), seen.retry, "{name}"),
            retry => assert_eq!(retry.as_u64(), seen.retry, "{name}"),
        }
        assert_eq!(bytes, seen.bytes, "{name}: every byte comes out again");
        every_cut(name, &bytes, &seen);
    }
}

fn every_cut(name: &str, bytes: &[u8], expected: &Seen) {
    let mut expected = expected.clone();
    expected.events.iter_mut().for_each(|event| event.2.clear());
    // Long cases are cut at their first and last kilobytes, and in strides between.
    let long = bytes.len() > 4096;
    for cut in 0..=bytes.len() {
        if long && cut > 600 && cut + 600 < bytes.len() && cut % 997 != 0 {
            continue;
        }
        let (left, right) = bytes.split_at(cut);
        let seen = run_whole([left, right].into_iter());
        assert_eq!(expected, seen, "{name} cut at {cut}");
    }
    for size in [1, 2, 3, 7] {
        let seen = run_whole(bytes.chunks(size));
        assert_eq!(expected, seen, "{name} in pieces of {size}");
    }
}

fn error_of(bytes: &[u8], limits: Limits, size: usize) -> Option<(Kind, u64)> {
    let mut framer = Framer::new(limits);
    for piece in bytes.chunks(size) {
        let mut reader = framer.read(piece);
        loop {
            match reader.next() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return Some((error.kind(), error.offset())),
            }
        }
    }
    None
}

#[test]
fn a_line_and_an_event_beyond_their_limits_are_errors_at_the_same_offset_at_any_cut() {
    let limits = Limits {
        line: 20,
        event: 50,
        ..Limits::DEFAULT
    };
    let line = b"data: ok\n\ndata: 123456789012345678901234567890\n\n";
    let event = b"data: ok\n\ndata: 1\ndata: 2\ndata: 3\ndata: 4\ndata: 5\ndata: 6\ndata: 7\n\n";
    let endless = [&b": c\n\n"[..], &[b'x'; 99]].concat();
    // The event's limit is passed before the line's.
    let both = b"data: 123456789\ndata: 123456789\ndata: 12345678901234567890123456789\n\n";
    for size in 1..60 {
        assert_eq!(Some((Kind::Line, 30)), error_of(line, limits, size));
        assert_eq!(Some((Kind::Event, 60)), error_of(event, limits, size));
        assert_eq!(Some((Kind::Line, 25)), error_of(&endless, limits, size));
        assert_eq!(Some((Kind::Event, 50)), error_of(both, limits, size));
        assert_eq!(None, error_of(b"data: 123456789012\n\n", limits, size));
    }
}

#[test]
fn a_block_in_one_read_is_not_copied_and_a_long_one_leaves_no_buffer_behind() {
    let mut framer = Framer::new(Limits::DEFAULT);
    let mut reader = framer.read(b"data: a\n\ndata: b");
    while reader.next().unwrap().is_some() {}
    assert_eq!(7, framer.held());
    let long = vec![b'x'; 100_000];
    let mut reader = framer.read(&long);
    assert!(reader.next().unwrap().is_none());
    assert_eq!(100_007, framer.held());
    let mut reader = framer.read(b"\n\n");
    assert!(reader.next().unwrap().is_some());
    assert!(reader.next().unwrap().is_none());
    assert_eq!(0, framer.held());
}

#[test]
fn an_event_with_other_data_is_one_event_where_line_ends_are_mixed() {
    for stream in [
        &b"event: x\rdata: a\n\n"[..],
        b"data: a\rdata: b\n\n",
        b"data: a\rdata: b\r\n\r\n",
        b"id: 1\r\ndata: a\rdata: b\n\r",
        b": c\rdata: a\n\n",
    ] {
        let mut framer = Framer::new(Limits::DEFAULT);
        let mut reader = framer.read(stream);
        let Ok(Some(Frame::Block(block))) = reader.next() else {
            panic!("no block in {}", stream.escape_ascii());
        };
        let mut written = Vec::new();
        write_with_data(&block, b"1\n2", &mut written);
        let seen = run_whole([&written[..], b"data: next\n\n"].into_iter());
        let data: Vec<_> = seen.events.iter().map(|event| event.1.as_str()).collect();
        assert_eq!(vec!["1\n2", "next"], data, "{}", written.escape_ascii());

        let mut kept = Vec::new();
        if write_without_data(&block, &mut kept) {
            let seen = run_whole([&kept[..]].into_iter());
            assert_eq!(kept, seen.bytes);
            assert!(kept.ends_with(b"\r\n\n"), "{}", kept.escape_ascii());
        }
    }
}
