//! Streams by hand, and what comes out of them at every cut.

use serde_json::{Value, json};
use wholejson::Limits;
use wholejson::chunk::{ChunkOptions, Code, Report, Transformer};
use wholejson::sse::{Frame, Framer, decode};

pub(crate) const DONE: &str = "data: [DONE]\n\n";

/// How the input ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    Closed,
    Failed(Code),
}

pub(crate) struct Outcome {
    pub(crate) bytes: Vec<u8>,
    pub(crate) report: Report,
}

impl Outcome {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }
    /// The data of each event, parsed where it is JSON.
    pub(crate) fn events(&self) -> Vec<Value> {
        events(self.text())
    }
    /// `delta.content` of each choice of each chunk.
    pub(crate) fn contents(&self) -> Vec<Value> {
        let events = self.events();
        let choices = events
            .iter()
            .filter_map(|event| event["choices"].as_array());
        let deltas = choices
            .flatten()
            .map(|choice| choice["delta"]["content"].clone());
        deltas.collect()
    }
    /// The code of each error event.
    pub(crate) fn errors(&self) -> Vec<String> {
        let codes = self.events().into_iter().filter_map(|event| {
            let code = event.get("error")?.get("code")?.as_str()?.to_owned();
            Some(code)
        });
        codes.collect()
    }
}

/// The data of each event that a client dispatches, parsed where it is JSON.
pub(crate) fn events(text: &str) -> Vec<Value> {
    let mut framer = Framer::new(Limits::DEFAULT);
    let mut reader = framer.read(text.as_bytes());
    let mut found = Vec::new();
    while let Some(frame) = reader.next().unwrap() {
        let Frame::Block(block) = frame else { continue };
        if let Some(data) = block.data() {
            let text = || json!(decode(data).trim());
            found.push(serde_json::from_slice(data).unwrap_or_else(|_| text()));
        }
    }
    found
}

pub(crate) fn once(options: ChunkOptions, pieces: &[&[u8]], end: End) -> Outcome {
    let mut transformer = Transformer::new(options);
    let mut bytes = Vec::new();
    for piece in pieces {
        transformer.feed(piece, &mut bytes).unwrap();
    }
    match end {
        End::Closed => transformer.finish(&mut bytes),
        End::Failed(code) => transformer.fail(code, None, &mut bytes),
    }
    let length = bytes.len();
    transformer.finish(&mut bytes);
    assert_eq!(length, bytes.len(), "a second end changes nothing");
    let report = transformer.report();
    assert_eq!(length as u64, report.bytes_out);
    Outcome { bytes, report }
}

/// Runs a stream at every cut in two, and byte by byte: the output is the same.
pub(crate) fn with(options: ChunkOptions, stream: impl AsRef<[u8]>, end: End) -> Outcome {
    let stream = stream.as_ref();
    let whole = once(options.clone(), &[stream], end);
    let singles: Vec<&[u8]> = stream.chunks(1).collect();
    let bytewise = once(options.clone(), &singles, end);
    same(&whole, &bytewise, "byte by byte");
    if stream.len() < 20_000 {
        for cut in 0..stream.len() {
            let (left, right) = stream.split_at(cut);
            let cut_in_two = once(options.clone(), &[left, right], end);
            same(&whole, &cut_in_two, &format!("cut at {cut}"));
        }
    }
    whole
}

fn same(left: &Outcome, right: &Outcome, how: &str) {
    let (one, two) = (
        String::from_utf8_lossy(&left.bytes),
        String::from_utf8_lossy(&right.bytes),
    );
    assert_eq!(one, two, "{how}");
    assert_eq!(left.report, right.report, "{how}");
}

pub(crate) fn run(stream: impl AsRef<[u8]>) -> Outcome {
    with(ChunkOptions::default(), stream, End::Closed)
}

pub(crate) fn strict(stream: impl AsRef<[u8]>) -> Outcome {
    let options = ChunkOptions {
        repair: false,
        ..ChunkOptions::default()
    };
    with(options, stream, End::Closed)
}

/// A chunk with one choice: its delta, and what else the choice has (members, a comma in front).
pub(crate) fn chunk(delta: &str, more: &str) -> String {
    of(0, delta, more)
}

pub(crate) fn of(index: u64, delta: &str, more: &str) -> String {
    event(&format!(
        r#"{{"id":"c1","object":"chat.completion.chunk","choices":[{{"index":{index},"delta":{delta}{more}}}]}}"#
    ))
}

pub(crate) fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

/// A chunk with text.
pub(crate) fn text(content: &str) -> String {
    chunk(&json!({"content": content}).to_string(), "")
}

pub(crate) fn text_of(index: u64, content: &str) -> String {
    of(index, &json!({"content": content}).to_string(), "")
}

pub(crate) fn role() -> String {
    chunk(r#"{"role":"assistant","content":""}"#, "")
}

pub(crate) fn stop() -> String {
    chunk("{}", r#","finish_reason":"stop""#)
}

pub(crate) fn stop_of(index: u64) -> String {
    of(index, "{}", r#","finish_reason":"stop""#)
}
