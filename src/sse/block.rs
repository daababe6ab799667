//! One block of an event stream: the lines up to and including a blank one.

use std::borrow::Cow;
use std::ops::Range;

/// What was learnt of a block's lines while they were found. Offsets count from its first byte.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) data_lines: usize,
    /// The value of the first `data` line.
    pub(super) data: Range<usize>,
    /// The value of the last `event` line.
    pub(super) event: Range<usize>,
    /// A comment, an `id` or a `retry`: what stays when the data is taken out.
    pub(super) keeps: bool,
}

/// The lines up to and including a blank one, as they were written.
#[derive(Debug, Clone)]
pub struct Block<'a> {
    pub(super) raw: &'a [u8],
    pub(super) facts: Facts,
    /// The values of several `data` lines, joined with LF.
    pub(super) joined: Option<&'a [u8]>,
    pub(super) finished: bool,
    /// How the lines of the stream ended so far.
    pub(super) usual: &'static [u8],
}

impl<'a> Block<'a> {
    /// Every byte of the block, its blank line included.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }
    /// Did its blank line arrive? Without it a client discards the block.
    pub fn is_finished(&self) -> bool {
        self.finished
    }
    /// The event's data, not yet decoded; `None` if there is no `data` line, and so no event.
    pub fn data(&self) -> Option<&'a [u8]> {
        match self.facts.data_lines {
            0 => None,
            1 => Some(&self.raw[self.facts.data.clone()]),
            _ => self.joined,
        }
    }
    /// Where the data stands in [`raw`](Self::raw), if it is on one line.
    pub fn data_span(&self) -> Option<Range<usize>> {
        (self.facts.data_lines == 1).then(|| self.facts.data.clone())
    }
    /// The event's type: `message` unless an `event` line says otherwise.
    pub fn event(&self) -> &'a [u8] {
        match &self.raw[self.facts.event.clone()] {
            b"" => b"message",
            named => named,
        }
    }
    /// Is there a comment, an `id` or a `retry` in it?
    pub fn keeps(&self) -> bool {
        self.facts.keeps
    }
    /// The value of the last line with this field name.
    pub fn field(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.lines()
            .filter(|line| !line.is_comment() && line.name == name)
            .last()
            .map(|line| line.value)
    }
    /// The bytes of its blank line; none if that did not arrive.
    pub fn blank(&self) -> &'a [u8] {
        if !self.finished {
            return b"";
        }
        let length = if self.raw.ends_with(b"\r\n") { 2 } else { 1 };
        &self.raw[self.raw.len().saturating_sub(length)..]
    }
    /// Its lines, the blank one not included.
    pub fn lines(&self) -> Lines<'a> {
        Lines { rest: self.raw }
    }
}

/// One line that is not blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The line as written, with its end.
    pub raw: &'a [u8],
    /// What stands before the first colon; empty for a comment.
    pub name: &'a [u8],
    /// What follows the colon, without one space.
    pub value: &'a [u8],
}

impl<'a> Line<'a> {
    /// Splits a line (without its end) into name and value.
    pub(super) fn split(line: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        (name, value.strip_prefix(b" ").unwrap_or(value))
    }
    /// Does it begin with a colon?
    pub fn is_comment(&self) -> bool {
        self.raw.first() == Some(&b':')
    }
}

/// The lines of a block.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;
    fn next(&mut self) -> Option<Line<'a>> {
        let end = memchr::memchr2(b'\n', b'\r', self.rest).unwrap_or(self.rest.len());
        if end == 0 {
            return None;
        }
        let length = match &self.rest[end..] {
            [b'\r', b'\n', ..] => 2,
            [_, ..] => 1,
            [] => 0,
        };
        let (raw, rest) = self.rest.split_at(end.saturating_add(length));
        self.rest = rest;
        let (name, value) = Line::split(&raw[..end]);
        Some(Line { raw, name, value })
    }
}

/// Data as a client sees it: UTF-8, with U+FFFD for what is not.
pub fn decode(data: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(data)
}
