//! Events, and streams of chunks.

use wholejson::chunk::{ChunkOptions, Code, Mode, Pace, Report, Transformer};
use wholejson::sse::{Block, Frame, Framer, decode, write_event, write_with_data};
use wholejson::{Aggregator, Kind, Limits};

use super::steps::{apply_all, last_wins};
use super::tree::Tree;
use super::{Input, snapshot};

/// What was found in a stream of events.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    bytes: Vec<u8>,
    /// Type and data of each event.
    events: Vec<(String, String)>,
    error: Option<(Kind, u64)>,
    last_id: Vec<u8>,
    retry: Option<u64>,
}

impl Found {
    fn block(&mut self, block: &Block<'_>) {
        self.bytes.extend_from_slice(block.raw());
        if let (Some(data), true) = (block.data(), block.is_finished()) {
            let kind = decode(block.event()).into_owned();
            self.events.push((kind, decode(data).into_owned()));
        }
    }
}

fn frames(limits: Limits, pieces: &[&[u8]], each: &mut dyn FnMut(&Block<'_>)) -> Found {
    let mut framer = Framer::new(limits);
    let mut found = Found::default();
    'reading: for piece in pieces {
        let mut reader = framer.read(piece);
        loop {
            match reader.next() {
                Ok(None) => break,
                Ok(Some(Frame::Bom)) => found.bytes.extend_from_slice(b"\xEF\xBB\xBF"),
                Ok(Some(Frame::LineFeed)) => found.bytes.push(b'\n'),
                Ok(Some(Frame::Block(block))) => {
                    found.block(&block);
                    each(&block);
                }
                Err(error) => {
                    found.error = Some((error.kind(), error.offset()));
                    break 'reading;
                }
            }
        }
    }
    if let (Some(rest), None) = (framer.finish(), found.error) {
        found.block(&rest);
    }
    found.last_id = framer.last_id().to_vec();
    found.retry = framer.retry();
    found
}

/// A stream of events is the same at any cut; every byte comes out again; what is written as an
/// event is read as that event, and an event with other data is the event with that data.
pub(super) fn events_come_through(data: &[u8]) {
    let Some(mut input) = Input::new(data) else {
        return;
    };
    let limits = Limits {
        line: if input.flags & 16 == 0 { 1 << 20 } else { 24 },
        event: if input.flags & 32 == 0 { 1 << 20 } else { 48 },
        ..Limits::DEFAULT
    };
    let ends = input.cuts();
    // Begun, so that no block of it begins the stream, where a BOM would be none of its text.
    let mut rewritten = b":\n\n".to_vec();
    let whole = frames(limits, &[input.text], &mut |block| {
        if block.data().is_some() {
            write_with_data(block, b"other\ndata", &mut rewritten);
        }
    });
    let pieces = input.pieces(&ends);
    assert_eq!(whole, frames(limits, &pieces, &mut |_| {}));
    if whole.error.is_none() {
        assert_eq!(input.text, whole.bytes, "every byte comes out again");
    }
    let again = frames(Limits::DEFAULT, &[&rewritten], &mut |_| {});
    let kinds = whole.events.iter();
    let expected: Vec<_> = kinds
        .map(|(kind, _)| (kind.clone(), "other\ndata".to_owned()))
        .collect();
    assert_eq!(expected, again.events);

    let mut written = Vec::new();
    write_event(input.text, &mut written);
    let text = decode(input.text).replace("\r\n", "\n").replace('\r', "\n");
    let read = frames(Limits::DEFAULT, &[&written], &mut |_| {});
    assert_eq!(vec![("message".to_owned(), text)], read.events);
}

/// How a stream comes out.
#[derive(Debug, PartialEq)]
struct Outcome {
    bytes: Vec<u8>,
    report: Report,
}

fn transformed(options: &ChunkOptions, pieces: &[&[u8]], code: Option<Code>) -> Outcome {
    let mut transformer = Transformer::new(options.clone());
    let mut bytes = Vec::new();
    for piece in pieces {
        transformer.feed(piece, &mut bytes).unwrap();
    }
    close(&mut transformer, code, &mut bytes);
    let length = bytes.len();
    transformer.finish(&mut bytes);
    assert_eq!(length, bytes.len(), "a second end changes nothing");
    assert!(transformer.feed(b"x", &mut bytes).is_err());
    let report = transformer.report();
    assert_eq!(length as u64, report.bytes_out);
    Outcome { bytes, report }
}

fn close(transformer: &mut Transformer, code: Option<Code>, bytes: &mut Vec<u8>) {
    match code {
        None => transformer.finish(bytes),
        Some(code) => transformer.fail(code, None, bytes),
    }
}

/// A stream comes out the same at any cut, in whole events, with one error of ours at most. With
/// chunks around a text: each content is a document (or a list of operations that apply), the last
/// one gives the value of the text; and a slow reader ends with the same one.
pub(super) fn a_stream_comes_through(data: &[u8]) {
    let Some(mut input) = Input::new(data) else {
        return;
    };
    let options = ChunkOptions {
        root: input.options.root,
        repair: input.options.repair,
        style: input.options.style,
        limits: input.options.limits,
        choices: input.random.pick(&[1, 1, 2]),
        pace: Pace {
            max_amplification: input.random.pick(&[None, None, Some(1), Some(8)]),
            every_ms: None,
        },
        mode: if input.flags & 64 == 0 {
            Mode::Snapshot
        } else {
            Mode::Patch
        },
        final_document: false,
        ..ChunkOptions::default()
    };
    let code = (input.flags & 32 != 0).then_some(Code::UpstreamTimeout);
    if input.flags & 16 == 0 {
        let ends = input.cuts();
        check_stream(&options, input.text, &input.pieces(&ends), code);
        return;
    }
    let Ok(text) = std::str::from_utf8(input.text) else {
        return;
    };
    let (stream, says_so) = chunks(text, &mut input);
    let ends = input.random.cuts(stream.len(), 700);
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let pieces: Vec<_> = starts
        .zip(&ends)
        .map(|(from, &to)| &stream[from..to])
        .collect();
    let outcome = check_stream(&options, &stream, &pieces, code);
    let shown = last(options.mode, &contents(&outcome.bytes));
    // Of a stream that broke off nothing more is shown.
    if says_so {
        let expected = ended(&input, text).map(|text| last_wins(Tree::parse(&text).unwrap()));
        assert_eq!(expected, shown, "the last value");
    }
    let slowly = slowly(&options, &pieces, &mut input, code);
    assert_eq!(shown, last(options.mode, &slowly), "a slow reader");
}

/// The value that the contents end with.
fn last(mode: Mode, contents: &[String]) -> Option<Tree> {
    let mut value = None;
    for content in contents {
        match mode {
            Mode::Snapshot => value = Some(last_wins(Tree::parse(content).unwrap())),
            Mode::Patch => apply_all(&mut value, content),
        }
    }
    value
}

fn check_stream(
    options: &ChunkOptions,
    stream: &[u8],
    pieces: &[&[u8]],
    code: Option<Code>,
) -> Outcome {
    let whole = transformed(options, &[stream], code);
    let cut = transformed(options, pieces, code);
    assert_eq!(
        String::from_utf8_lossy(&whole.bytes),
        String::from_utf8_lossy(&cut.bytes)
    );
    assert_eq!(whole.report, cut.report);
    let found = frames(Limits::DEFAULT, &[&whole.bytes], &mut |_| {});
    if let Some(code) = whole.report.error {
        let (_, last) = found.events.last().expect("an error is told by an event");
        let last: serde_json::Value = serde_json::from_str(last).unwrap();
        assert_eq!(code.name(), last["error"]["code"]);
    }
    whole
}

/// Chunks whose contents add up to a text; and whether they say that it has ended.
fn chunks(text: &str, input: &mut Input<'_>) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let most = input.random.pick(&[1, 4, 12, 100]);
    let characters: Vec<char> = text.chars().collect();
    let mut from = 0;
    for to in input.random.cuts(characters.len(), most) {
        let delta: String = characters[from..to].iter().collect();
        from = to;
        let chunk = serde_json::json!({"choices": [{"index": 0, "delta": {"content": delta}}]});
        write_event(chunk.to_string().as_bytes(), &mut out);
        if input.random.below(8) == 0 {
            out.extend_from_slice(b": ping\n\n");
        }
    }
    let reason = input.random.below(4) > 0;
    if reason {
        let chunk = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
        write_event(chunk.as_bytes(), &mut out);
    }
    let done = input.random.below(2) == 0;
    if done {
        write_event(b"[DONE]", &mut out);
    }
    (out, reason || done)
}

/// The snapshot of a text that has ended, as the library gives it.
fn ended(input: &Input<'_>, text: &str) -> Option<String> {
    let mut aggregator = Aggregator::new(input.options);
    let _ = aggregator.feed(text.as_bytes());
    let _ = aggregator.finish();
    snapshot(&aggregator)
}

/// The contents of the chunks.
fn contents(bytes: &[u8]) -> Vec<String> {
    let found = frames(Limits::DEFAULT, &[bytes], &mut |_| {});
    let contents = found.events.iter().filter_map(|(_, data)| {
        let chunk: serde_json::Value = serde_json::from_str(data).ok()?;
        let content = chunk["choices"][0]["delta"]["content"].as_str()?;
        Some(content.to_owned())
    });
    contents.collect()
}

/// The contents that somebody gets who reads now and then.
fn slowly(
    options: &ChunkOptions,
    pieces: &[&[u8]],
    input: &mut Input<'_>,
    code: Option<Code>,
) -> Vec<String> {
    let mut transformer = Transformer::new(options.clone());
    let mut bytes = Vec::new();
    for piece in pieces {
        transformer.push(piece).unwrap();
        if input.random.below(4) == 0 {
            transformer.pull(&mut bytes);
            assert!(!transformer.is_pending());
        }
    }
    close(&mut transformer, code, &mut bytes);
    assert_eq!(bytes.len() as u64, transformer.report().bytes_out);
    contents(&bytes)
}
