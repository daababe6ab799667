//! Text → events, at any cut, with an explicit stack.
//!
//! The machine is the grammar of RFC 8259. Each state reads what it can of the text that is there
//! and leaves the rest, which comes again with the next delta in front. Whatever the grammar has no
//! place for goes to one of the `odd_…` functions: an error in strict mode, a rule of `repair`
//! otherwise. Invariant: a step consumes text, changes the state, or waits.

mod frame;
mod pending;
mod scalar;
mod text;
mod utf8;

use crate::aggregator::Root;
use crate::error::{Error, Kind};
use crate::event::{Container, Event, Sink};
use crate::limits::Limits;
use pending::Pending;
use scalar::Scalar;
use utf8::{Decoder, Piece};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the document.
    Seek,
    /// A value must come.
    Value,
    /// A value, or the end of the array that was just opened.
    FirstValue,
    /// A key must come.
    Key,
    /// A key, or the end of the object that was just opened.
    FirstKey,
    /// In a key.
    KeyText,
    /// After a key.
    Colon,
    /// In a string.
    Text,
    /// After a string without a character in it.
    Empty,
    /// In a number or a literal.
    Scalar,
    /// After a number or a literal.
    ScalarEnd,
    /// After a value.
    Between,
    /// After the document.
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Go,
    Wait,
}

type Stepped = Result<Step, Error>;

/// The text that a step may read: from `at` on.
struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Cursor<'t> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
    #[inline]
    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }
    #[inline]
    fn slice(&self, end: usize) -> &'t [u8] {
        self.text.get(self.at..end).unwrap_or_default()
    }
}

/// One document's reader.
#[derive(Debug)]
pub(crate) struct Reader {
    root: Root,
    limits: Limits,
    state: State,
    stack: Vec<Container>,
    pending: Pending,
    decoder: Decoder,
    /// Text that came and was not read, from `held_from` on.
    held: Vec<u8>,
    held_from: usize,
    /// The offset of the first byte that was not read.
    base: u64,
    /// How much of the unread text a step has looked at already.
    looked: usize,
    scalar: Scalar,
    /// A number or a literal that has ended, until what follows shows it.
    token: Vec<u8>,
    /// Was the beginning of the open string said?
    begun: bool,
    /// Length of the white space before the cursor.
    spaces: usize,
    line: u64,
    line_from: u64,
    /// Continuation bytes of this line before `base`: columns count code points.
    wide: u64,
    changed: bool,
    closed: bool,
}

impl Reader {
    pub(crate) fn new(root: Root, limits: Limits) -> Self {
        Self {
            root,
            limits,
            state: State::Seek,
            stack: Vec::new(),
            pending: Pending::default(),
            decoder: Decoder::default(),
            held: Vec::new(),
            held_from: 0,
            base: 0,
            looked: 0,
            scalar: Scalar::Start,
            token: Vec::new(),
            begun: false,
            spaces: 0,
            line: 1,
            line_from: 0,
            wide: 0,
            changed: false,
            closed: false,
        }
    }

    /// Was the document's root closed?
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Did the value change since the last call?
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Reads bytes, cut anywhere.
    pub(crate) fn feed<S: Sink>(
        &mut self,
        delta: &[u8],
        wtf8: bool,
        sink: &mut S,
    ) -> Result<(), Error> {
        let mut rest = delta;
        while let Some(piece) = self.decoder.next(&mut rest, wtf8) {
            match piece {
                Piece::Text(text) => self.read(text, sink)?,
                Piece::Joined(buffer, length) => self.read(buffer.split_at(length).0, sink)?,
                Piece::Invalid => return Err(self.at_end(Kind::InvalidUtf8)),
                Piece::LoneSurrogate => return Err(self.at_end(Kind::LoneSurrogate)),
            }
        }
        Ok(())
    }

    /// The input has ended.
    pub(crate) fn finish<S: Sink>(&mut self, sink: &mut S) -> Result<(), Error> {
        self.decoder.clear();
        let ended = match self.state {
            State::Scalar if self.stack.is_empty() => self.scalar.is_whole(),
            State::Scalar => self.scalar.is_whole() && !self.scalar.may_go_on(),
            _ => false,
        };
        if ended {
            self.token.clear();
            self.token
                .extend_from_slice(self.held.get(self.held_from..).unwrap_or_default());
            self.state = State::ScalarEnd;
        }
        match self.state {
            State::ScalarEnd => self.say_token(sink),
            State::Empty => self.say_empty(sink),
            _ => {}
        }
        Ok(())
    }

    /// The error for the byte after all that was read and held.
    pub(crate) fn at_end(&self, kind: Kind) -> Error {
        let held = self.held.get(self.held_from..).unwrap_or_default();
        self.in_code_points(held, self.error(kind, held.len()))
    }

    /// Reads valid text.
    fn read<S: Sink>(&mut self, text: &[u8], sink: &mut S) -> Result<(), Error> {
        let room = self.limits.document.saturating_sub(self.position());
        if text.len() > room {
            let room = (0..=room).rev().find(|&at| starts_code_point(text, at));
            self.read_within(text.split_at(room.unwrap_or(0)).0, sink)?;
            return Err(self.at_end(Kind::Document));
        }
        self.read_within(text, sink)
    }

    fn position(&self) -> usize {
        let held = self.held.len().saturating_sub(self.held_from);
        usize::try_from(self.base)
            .unwrap_or(usize::MAX)
            .saturating_add(held)
    }

    #[inline]
    fn read_within<S: Sink>(&mut self, text: &[u8], sink: &mut S) -> Result<(), Error> {
        if self.held.is_empty() {
            let outcome = self.run(text, sink);
            let used = self.advance(text, outcome)?;
            self.held
                .extend_from_slice(text.get(used..).unwrap_or_default());
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(text);
        let unread = held.get(self.held_from..).unwrap_or_default();
        let outcome = self.run(unread, sink);
        let advanced = self.advance(unread, outcome);
        self.held = held;
        self.held_from += advanced?;
        self.compact();
        Ok(())
    }

    /// Counts what was read of a text, or completes the error that ended the reading.
    #[inline]
    fn advance(&mut self, text: &[u8], outcome: Result<usize, Error>) -> Result<usize, Error> {
        match outcome {
            Ok(used) => {
                self.wide += self.wide_in(text, used);
                self.base += used as u64;
                Ok(used)
            }
            Err(error) => Err(self.in_code_points(text, error)),
        }
    }

    /// Continuation bytes of this line in the first `end` bytes of a text that begins at `base`.
    #[inline]
    fn wide_in(&self, text: &[u8], end: usize) -> u64 {
        let from = usize::try_from(self.line_from.saturating_sub(self.base)).unwrap_or(end);
        let line = text.get(from..end).unwrap_or_default();
        line.iter().filter(|&&byte| byte & 0xC0 == 0x80).count() as u64
    }

    #[cold]
    fn in_code_points(&self, text: &[u8], error: Error) -> Error {
        let end = usize::try_from(error.offset().saturating_sub(self.base)).unwrap_or(text.len());
        let wide = self.wide + self.wide_in(text, end.min(text.len()));
        let column = error.column().saturating_sub(wide);
        Error::new(error.kind(), error.offset(), error.line(), column)
    }

    /// Keeps the read part of the held text smaller than the unread one.
    fn compact(&mut self) {
        if self.held_from == self.held.len() {
            self.held.clear();
            self.held.shrink_to(4096);
            self.held_from = 0;
        } else if self.held_from > 256 && self.held_from > self.held.len() / 2 {
            self.held.drain(..self.held_from);
            self.held_from = 0;
        }
    }

    /// Takes steps until one waits; says how much was read.
    fn run<S: Sink>(&mut self, text: &[u8], sink: &mut S) -> Result<usize, Error> {
        let mut cursor = Cursor { text, at: 0 };
        loop {
            let step = match self.state {
                State::Text => self.text(&mut cursor, sink)?,
                State::KeyText => self.key_text(&mut cursor)?,
                State::Between => self.between(&mut cursor, sink)?,
                State::Key | State::FirstKey => self.key(&mut cursor, sink)?,
                State::Colon => self.colon(&mut cursor)?,
                State::Value | State::FirstValue => self.value(&mut cursor, sink)?,
                State::Scalar => self.scalar(&mut cursor)?,
                State::ScalarEnd => self.scalar_end(&mut cursor, sink)?,
                State::Empty => self.empty(&mut cursor, sink)?,
                State::Seek => self.seek(&mut cursor)?,
                State::Done => self.done(&mut cursor)?,
            };
            if step == Step::Wait {
                return Ok(cursor.at);
            }
        }
    }

    /// Skips white space; the byte after it, if there is one.
    #[inline]
    fn skip_space(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<u8>, Error> {
        loop {
            match cursor.peek() {
                Some(b' ' | b'\t' | b'\r') => {}
                Some(b'\n') => self.new_line(cursor.at),
                Some(byte) => {
                    self.spaces = 0;
                    return Ok(Some(byte));
                }
                None => return Ok(None),
            }
            if self.spaces == self.limits.white_space {
                return Err(self.error(Kind::WhiteSpace, cursor.at));
            }
            self.spaces += 1;
            cursor.at += 1;
        }
    }

    fn new_line(&mut self, at: usize) {
        self.line += 1;
        self.line_from = self.base + at as u64 + 1;
        self.wide = 0;
    }

    #[cold]
    fn error(&self, kind: Kind, at: usize) -> Error {
        let offset = self.base + at as u64;
        Error::new(
            kind,
            offset,
            self.line,
            offset.saturating_sub(self.line_from) + 1,
        )
    }

    fn value<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        let Some(byte) = self.skip_space(cursor)? else {
            return Ok(Step::Wait);
        };
        match byte {
            b'"' => {
                cursor.at += 1;
                self.begun = false;
                self.state = State::Text;
            }
            b'{' => self.open(Container::Object, cursor)?,
            b'[' => self.open(Container::Array, cursor)?,
            b']' if self.state == State::FirstValue => {
                cursor.at += 1;
                self.close(sink);
            }
            _ if Scalar::Start.step(byte).is_some() => {
                self.scalar = Scalar::Start;
                self.looked = 0;
                self.state = State::Scalar;
            }
            _ => return Err(self.error(scalar::odd_beginning(byte), cursor.at)),
        }
        Ok(Step::Go)
    }

    fn open(&mut self, container: Container, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        if self.stack.len() >= self.limits.depth {
            return Err(self.error(Kind::Depth, cursor.at));
        }
        cursor.at += 1;
        self.stack.push(container);
        self.pending.open(container);
        self.state = match container {
            Container::Object => State::FirstKey,
            Container::Array => State::FirstValue,
        };
        Ok(())
    }

    /// Closes the innermost container. An empty one becomes visible by that.
    fn close<S: Sink>(&mut self, sink: &mut S) {
        if !self.pending.is_empty() {
            self.pending.flush(sink);
            self.changed = true;
        }
        self.stack.pop();
        sink.event(Event::Close);
        self.after_value();
    }

    fn after_value(&mut self) {
        if self.stack.is_empty() {
            self.closed = true;
            self.state = State::Done;
        } else {
            self.state = State::Between;
        }
    }

    fn between<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        let Some(byte) = self.skip_space(cursor)? else {
            return Ok(Step::Wait);
        };
        match (byte, self.stack.last()) {
            (b',', Some(top)) => {
                cursor.at += 1;
                self.state = match top {
                    Container::Object => State::Key,
                    Container::Array => State::Value,
                };
            }
            (_, Some(top)) if byte == top.closer() => {
                cursor.at += 1;
                self.close(sink);
            }
            _ => return Err(self.error(Kind::UnexpectedCharacter, cursor.at)),
        }
        Ok(Step::Go)
    }

    fn key<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        let Some(byte) = self.skip_space(cursor)? else {
            return Ok(Step::Wait);
        };
        match byte {
            b'"' => {
                cursor.at += 1;
                self.pending.begin_key();
                self.state = State::KeyText;
            }
            b'}' if self.state == State::FirstKey => {
                cursor.at += 1;
                self.close(sink);
            }
            _ => return Err(self.error(Kind::UnexpectedCharacter, cursor.at)),
        }
        Ok(Step::Go)
    }

    fn key_text(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        let mut end = cursor.at;
        loop {
            end = text::plain_end(cursor.text, end);
            match cursor.text.get(end) {
                Some(b'\\') => match text::escape(cursor.text.get(end..).unwrap_or_default()) {
                    text::Escape::Valid(length) => {
                        end += length;
                        continue;
                    }
                    text::Escape::More => self.key_piece(cursor, end),
                    odd => return Err(self.odd_escape(odd, end)),
                },
                Some(b'"') => {
                    self.key_piece(cursor, end);
                    cursor.at += 1;
                    self.pending.end_key();
                    self.state = State::Colon;
                    return Ok(Step::Go);
                }
                Some(_) => return Err(self.error(Kind::ControlCharacter, end)),
                None => self.key_piece(cursor, end),
            }
            return Ok(Step::Wait);
        }
    }

    #[inline]
    fn key_piece(&mut self, cursor: &mut Cursor<'_>, end: usize) {
        self.pending.key(cursor.slice(end));
        cursor.at = end;
    }

    #[cold]
    fn odd_escape(&self, odd: text::Escape, at: usize) -> Error {
        match odd {
            text::Escape::Unknown(by) => self.error(Kind::InvalidEscape, at + by),
            _ => self.error(Kind::LoneSurrogate, at),
        }
    }

    fn colon(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        match self.skip_space(cursor)? {
            None => Ok(Step::Wait),
            Some(b':') => {
                cursor.at += 1;
                self.state = State::Value;
                Ok(Step::Go)
            }
            Some(_) => Err(self.error(Kind::UnexpectedCharacter, cursor.at)),
        }
    }

    fn text<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        let mut end = cursor.at;
        loop {
            end = text::plain_end(cursor.text, end);
            let Some(&byte) = cursor.text.get(end) else {
                self.say_text(cursor, end, sink);
                return Ok(Step::Wait);
            };
            if byte == b'\\' {
                let found = text::escape(cursor.text.get(end..).unwrap_or_default());
                if let text::Escape::Valid(length) = found {
                    end += length;
                    continue;
                }
                self.say_text(cursor, end, sink);
                return match found {
                    text::Escape::More => Ok(Step::Wait),
                    odd => Err(self.odd_escape(odd, end)),
                };
            }
            self.say_text(cursor, end, sink);
            if byte != b'"' {
                return Err(self.error(Kind::ControlCharacter, end));
            }
            cursor.at += 1;
            self.end_text(sink);
            return Ok(Step::Go);
        }
    }

    /// More of the open string; its beginning with the first of it.
    #[inline]
    fn say_text<S: Sink>(&mut self, cursor: &mut Cursor<'_>, end: usize, sink: &mut S) {
        if end > cursor.at {
            self.say(cursor.slice(end), sink);
            cursor.at = end;
        }
    }

    #[inline]
    fn say<S: Sink>(&mut self, raw: &[u8], sink: &mut S) {
        if !self.begun {
            self.begun = true;
            self.pending.flush(sink);
            sink.event(Event::Begin);
        }
        sink.event(Event::Text(raw));
        self.changed = true;
    }

    fn end_text<S: Sink>(&mut self, sink: &mut S) {
        if self.begun {
            sink.event(Event::End);
            self.after_value();
        } else {
            self.state = State::Empty;
        }
    }

    fn empty<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        if !self.ends_here(cursor)? {
            return Ok(Step::Wait);
        }
        self.say_empty(sink);
        Ok(Step::Go)
    }

    fn say_empty<S: Sink>(&mut self, sink: &mut S) {
        self.pending.flush(sink);
        sink.event(Event::Begin);
        sink.event(Event::End);
        self.changed = true;
        self.after_value();
    }

    /// Does what follows end the value before it? False if nothing follows yet.
    fn ends_here(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, Error> {
        match (self.skip_space(cursor)?, self.stack.last()) {
            (None, _) => Ok(false),
            (Some(b','), Some(_)) => Ok(true),
            (Some(byte), Some(top)) if byte == top.closer() => Ok(true),
            (Some(_), None) => Err(self.error(Kind::TrailingText, cursor.at)),
            _ => Err(self.error(Kind::UnexpectedCharacter, cursor.at)),
        }
    }

    fn scalar(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        loop {
            let end = cursor.at + self.looked;
            let Some(&byte) = cursor.text.get(end) else {
                return Ok(Step::Wait);
            };
            if let Some(next) = self.scalar.step(byte) {
                self.scalar = next;
                self.looked += 1;
                if self.looked > self.limits.digits {
                    self.count_digits(cursor)?;
                }
                continue;
            }
            if !self.scalar.is_whole() || self.scalar.is_spoiled_by(byte) {
                let kind = if self.scalar.is_literal() {
                    Kind::InvalidLiteral
                } else {
                    Kind::InvalidNumber
                };
                return Err(self.error(kind, end));
            }
            self.token.clear();
            self.token.extend_from_slice(cursor.slice(end));
            cursor.at = end;
            self.state = State::ScalarEnd;
            return Ok(Step::Go);
        }
    }

    /// A number has at most a handful of characters that are no digits, so this is seldom asked.
    fn count_digits(&self, cursor: &Cursor<'_>) -> Result<(), Error> {
        let end = cursor.at + self.looked;
        let digits = cursor
            .slice(end)
            .iter()
            .filter(|byte| byte.is_ascii_digit())
            .count();
        if digits > self.limits.digits {
            return Err(self.error(Kind::Digits, end - 1));
        }
        Ok(())
    }

    fn scalar_end<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        if !self.ends_here(cursor)? {
            return Ok(Step::Wait);
        }
        self.say_token(sink);
        Ok(Step::Go)
    }

    fn say_token<S: Sink>(&mut self, sink: &mut S) {
        self.pending.flush(sink);
        sink.event(Event::Scalar(&self.token));
        self.changed = true;
        self.after_value();
    }
}

/// Is `at` the boundary of a code point?
fn starts_code_point(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|byte| byte & 0xC0 != 0x80)
}
