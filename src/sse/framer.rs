//! Finds the blocks of an event stream, however it was cut.

use super::block::{Block, Facts, Line};
use crate::count::Count;
use crate::error::{Error, Kind};
use crate::limits::Limits;
use std::ops::Range;

/// A buffer that has grown beyond this is given back when it is empty again.
const KEEP: usize = 16 << 10;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What comes next in an event stream.
#[derive(Debug)]
pub enum Frame<'a> {
    /// The BOM at its beginning.
    Bom,
    /// The LF of a CRLF whose CR ended the block before.
    LineFeed,
    /// A block with its blank line.
    Block(Block<'a>),
}

/// The state of an event stream: an unfinished block, the last event ID, the reconnection time.
#[derive(Debug)]
pub struct Framer {
    /// The unfinished block, as far as it was read.
    carry: Vec<u8>,
    /// The block in `carry` was given out.
    spent: bool,
    scan: Scan,
    /// The values of several `data` lines.
    joined: Vec<u8>,
    started: bool,
    /// The last block ended with a CR that may be half of a CRLF.
    feed_owed: bool,
    /// How the last block ended.
    usual: &'static [u8],
    /// Bytes of the blocks before this one.
    offset: u64,
    last_id: Vec<u8>,
    retry: Option<u64>,
    limits: Limits,
}

/// How far the lines of the current block were found. Offsets count from its first byte.
#[derive(Debug, Default)]
struct Scan {
    line: usize,
    at: usize,
    /// The last line ended with a CR that may be half of a CRLF.
    cr: bool,
    facts: Facts,
    id: Option<Range<usize>>,
    retry: Option<u64>,
}

impl Framer {
    /// A new stream. Of the limits, `line` and `event` count here.
    pub fn new(limits: Limits) -> Self {
        Self {
            carry: Vec::new(),
            spent: false,
            scan: Scan::default(),
            joined: Vec::new(),
            started: false,
            feed_owed: false,
            usual: b"\n",
            offset: 0,
            last_id: Vec::new(),
            retry: None,
            limits,
        }
    }
    /// Takes what one read brought. Call [`Reader::next`] until it gives `None`.
    pub fn read<'f, 'i>(&'f mut self, input: &'i [u8]) -> Reader<'f, 'i> {
        Reader {
            framer: self,
            rest: input,
        }
    }
    /// What stands after the last blank line, when the input has ended. Clients discard it.
    pub fn finish(&mut self) -> Option<Block<'_>> {
        if self.spent || self.carry.is_empty() {
            return None;
        }
        self.spent = true;
        let mut scan = std::mem::take(&mut self.scan);
        if scan.line < self.carry.len() {
            scan.field(&self.carry, scan.line..self.carry.len());
        }
        let Self {
            carry,
            joined,
            usual,
            ..
        } = self;
        Some(block(carry, scan.facts, joined, (false, *usual)))
    }
    /// The last event ID, as `EventSource` would send it.
    pub fn last_id(&self) -> &[u8] {
        &self.last_id
    }
    /// The reconnection time in milliseconds, if the stream set one; it saturates.
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }
    /// Bytes held back: of the block that has not ended.
    pub fn held(&self) -> usize {
        if self.spent { 0 } else { self.carry.len() }
    }

    fn count(&mut self, length: usize) {
        self.offset.raise(length as u64);
    }

    fn recycle(&mut self) {
        self.spent = false;
        self.carry.clear();
        if self.carry.capacity() > KEEP {
            self.carry = Vec::new();
        }
        if self.joined.capacity() > KEEP {
            self.joined = Vec::new();
        }
    }
}

/// What one read brought, block by block.
#[derive(Debug)]
pub struct Reader<'f, 'i> {
    framer: &'f mut Framer,
    /// What was not read yet.
    rest: &'i [u8],
}

impl Reader<'_, '_> {
    /// The next frame; `None` when more input is needed.
    ///
    /// # Errors
    /// A line or a block is longer than its limit. The stream can't be read any further.
    #[allow(clippy::should_implement_trait)] // a frame borrows from the reader
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, Error> {
        if self.framer.spent {
            self.framer.recycle();
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        if self.framer.feed_owed {
            self.framer.feed_owed = false;
            if let [b'\n', rest @ ..] = self.rest {
                self.rest = rest;
                self.framer.count(1);
                self.framer.usual = b"\r\n";
                return Ok(Some(Frame::LineFeed));
            }
        }
        if !self.framer.started {
            match self.bom() {
                Some(true) => return Ok(Some(Frame::Bom)),
                Some(false) => {}
                None => return Ok(None),
            }
        }
        if self.framer.carry.is_empty() {
            self.in_place()
        } else {
            self.in_carry()
        }
    }

    /// Is there a BOM at the beginning? `None`: that can't be said yet.
    fn bom(&mut self) -> Option<bool> {
        let framer = &mut *self.framer;
        while let Some(&expected) = BOM.get(framer.carry.len()) {
            let (&byte, rest) = self.rest.split_first()?;
            if byte != expected {
                framer.started = true;
                return Some(false);
            }
            framer.carry.push(byte);
            self.rest = rest;
        }
        framer.started = true;
        framer.carry.clear();
        framer.count(BOM.len());
        Some(true)
    }

    /// The block begins in this read: if it ends there too, nothing is copied.
    fn in_place(&mut self) -> Result<Option<Frame<'_>>, Error> {
        match self.framer.scan.block(self.rest, &self.framer.limits) {
            Ok(None) => {
                self.framer.carry.extend_from_slice(self.rest);
                self.rest = &[];
                Ok(None)
            }
            Ok(Some(end)) => {
                let (raw, rest) = self.rest.split_at(end);
                self.rest = rest;
                Ok(Some(Frame::Block(complete(self.framer, Some(raw)))))
            }
            Err(kind) => Err(fault(self.framer, kind)),
        }
    }

    /// The block began in an earlier read: only its rest is copied.
    fn in_carry(&mut self) -> Result<Option<Frame<'_>>, Error> {
        while !self.rest.is_empty() {
            let end = memchr::memchr2(b'\n', b'\r', self.rest);
            let length = end.map_or(self.rest.len(), |end| end.saturating_add(1));
            let (line, rest) = self.rest.split_at(length);
            let framer = &mut *self.framer;
            // Doubling would break the memory bound for large events.
            if framer.carry.capacity().saturating_sub(framer.carry.len()) < length {
                let spare = (framer.carry.len() / 4).max(length).max(256);
                framer.carry.reserve_exact(spare);
            }
            framer.carry.extend_from_slice(line);
            self.rest = rest;
            match framer.scan.block(&framer.carry, &framer.limits) {
                Ok(None) => {}
                Ok(Some(_)) => {
                    framer.spent = true;
                    return Ok(Some(Frame::Block(complete(self.framer, None))));
                }
                Err(kind) => return Err(fault(self.framer, kind)),
            }
        }
        Ok(None)
    }
}

/// The block that was just found: `raw`, or all of the carry.
fn complete<'a>(framer: &'a mut Framer, raw: Option<&'a [u8]>) -> Block<'a> {
    let scan = std::mem::take(&mut framer.scan);
    let length = raw.map_or(framer.carry.len(), <[u8]>::len);
    framer.count(length);
    let text = raw.unwrap_or(&framer.carry);
    framer.usual = match text {
        [.., b'\r', b'\n'] => b"\r\n",
        [.., b'\r'] => b"\r",
        _ => b"\n",
    };
    framer.feed_owed = framer.usual == b"\r";
    if scan.id.is_some() || scan.retry.is_some() {
        if let Some(span) = scan.id {
            framer.last_id = text[span].to_vec();
        }
        framer.retry = scan.retry.or(framer.retry);
    }
    let usual = framer.usual;
    let Framer { carry, joined, .. } = framer;
    block(raw.unwrap_or(carry), scan.facts, joined, (true, usual))
}

fn block<'a>(
    raw: &'a [u8],
    facts: Facts,
    joined: &'a mut Vec<u8>,
    (finished, usual): (bool, &'static [u8]),
) -> Block<'a> {
    let mut block = Block {
        raw,
        facts,
        joined: None,
        finished,
        usual,
    };
    if block.facts.data_lines > 1 {
        joined.clear();
        for line in block.lines().filter(|line| line.name == b"data") {
            joined.extend_from_slice(line.value);
            joined.push(b'\n');
        }
        joined.pop();
        block.joined = Some(joined);
    }
    block
}

#[cold]
fn fault(framer: &Framer, kind: Kind) -> Error {
    let limit = match kind {
        Kind::Line => framer.scan.line.saturating_add(framer.limits.line),
        _ => framer.limits.event,
    };
    Error::new(kind, framer.offset.saturating_add(limit as u64), 0, 0)
}

impl Scan {
    /// Looks on for the end of the block, where the last look ended.
    fn block(&mut self, text: &[u8], limits: &Limits) -> Result<Option<usize>, Kind> {
        loop {
            if self.cr && self.at < text.len() {
                self.cr = false;
                if text[self.at] == b'\n' {
                    self.at.raise(1);
                    self.line = self.at;
                }
            }
            let found = memchr::memchr2(b'\n', b'\r', &text[self.at..]);
            let end = found.map_or(text.len(), |found| self.at.saturating_add(found));
            // Of two limits the one counts that is passed first, however the text is cut.
            let line = self.line.saturating_add(limits.line);
            if end > line.min(limits.event) {
                let kind = if line <= limits.event {
                    Kind::Line
                } else {
                    Kind::Event
                };
                return Err(kind);
            }
            if found.is_none() {
                self.at = end;
                return Ok(None);
            }
            if end == self.line {
                let crlf = text[end..].starts_with(b"\r\n");
                return Ok(Some(end.saturating_add(if crlf { 2 } else { 1 })));
            }
            self.field(text, self.line..end);
            self.cr = text[end] == b'\r';
            self.at = end.saturating_add(1);
            self.line = self.at;
        }
    }

    fn field(&mut self, text: &[u8], span: Range<usize>) {
        let line = &text[span.clone()];
        // A value ends where its line ends.
        let place = |value: &[u8]| span.end.saturating_sub(value.len())..span.end;
        if let Some(rest) = line.strip_prefix(b"data") {
            let value = match rest {
                [b':', b' ', value @ ..] | [b':', value @ ..] => value,
                [] => rest,
                _ => return,
            };
            if self.facts.data_lines == 0 {
                self.facts.data = place(value);
            }
            self.facts.data_lines.raise(1);
            return;
        }
        let (name, value) = Line::split(line);
        let place = place(value);
        match name {
            b"" if line.first() == Some(&b':') => self.facts.keeps = true,
            b"event" => self.facts.event = place,
            b"id" if !value.contains(&0) => {
                self.facts.keeps = true;
                self.id = Some(place);
            }
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                self.facts.keeps = true;
                self.retry = Some(value.iter().fold(0, |sum: u64, digit| {
                    sum.saturating_mul(10)
                        .saturating_add(u64::from(digit & 0x0F))
                }));
            }
            _ => {}
        }
    }
}
