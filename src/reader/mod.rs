//! Text → events, at any cut, with an explicit stack.
//!
//! The machine is the grammar of RFC 8259. Each state reads what it can of the text that is there
//! and leaves the rest, which comes again with the next delta in front. Whatever the grammar has no
//! place for goes to one of the `odd_…` functions: an error in strict mode, a rule of `repair`
//! otherwise. Invariant: a step consumes text, changes the state, or waits.

mod begin;
mod frame;
mod pending;
pub(crate) mod repair;
mod scalar;
mod stack;
mod text;
mod unescape;
mod utf8;

use crate::aggregator::Root;
use crate::error::{Error, Kind};
use crate::event::{Event, Sink};
use crate::limits::Limits;
use frame::Frame;
use pending::Pending;
use repair::ends::{Ends, Place, Verdict};
use repair::quotes::{Mark, Open, mark_at};
use repair::{Log, Rule};
use scalar::Scalar;
use stack::Bracket;
use unescape::Unescape;
use utf8::{Decoder, Piece};

/// A delta is read in pieces of this length where it has to be copied.
const BLOCK: usize = 4096;

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
    /// In a think block before the document.
    Think,
    /// In a number or a literal that may be the whole document.
    RootScalar,
    /// After it.
    RootEnd,
    /// At a quote that may close the string.
    Quote,
    /// In the first word of a value without quotes.
    Word,
    /// In a value without quotes.
    Bare,
    /// In a key without quotes.
    BareKey,
    /// In a word that is left out where a key should be.
    DropWord,
    /// In a comment to the end of the line.
    LineComment,
    /// In a comment to `*/`.
    BlockComment,
    /// In the text after the document.
    Trailing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Text was read, or the state changed.
    Go,
    /// More text is needed.
    Wait,
    /// Text that was read comes again in another form: it stands in `Reader::again`.
    Again,
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
    repair: bool,
    state: State,
    /// The state to return to after a comment or a word.
    back: State,
    stack: Vec<Bracket>,
    root_bracket: Bracket,
    root_opened: bool,
    pending: Pending,
    decoder: Decoder,
    frame: Frame,
    filter: Option<Unescape>,
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
    /// The string that is open.
    open: Open,
    /// The look that is under way; at 0 if there is none.
    ends: Ends,
    /// Bytes that all looks together have looked at.
    spent: u64,
    /// What a rule makes of a piece of text.
    scratch: Vec<u8>,
    /// Text to be read before what follows.
    again: Vec<u8>,
    /// The offset of its beginning. In a document that was escaped once more, offsets count its text
    /// without these escapes.
    again_from: u64,
    log: Log,
    /// The bracket that closed last, and where it ended.
    last_closer: (u8, u64),
    /// Where the last run of dropped text ended.
    dropped_to: Option<u64>,
    /// Length of the text after the document.
    after: u64,
    /// No more text will come.
    ended: bool,
    /// Length of the white space before the cursor.
    spaces: usize,
    /// Was there white space before the last token?
    gap: bool,
    /// The offset of that token.
    gap_at: u64,
    lines_skipped: bool,
    line: u64,
    line_from: u64,
    /// Continuation bytes of this line before `base`: columns count code points.
    wide: u64,
    changed: bool,
    closed: bool,
}

impl Reader {
    pub(crate) fn new(root: Root, repair: bool, limits: Limits) -> Self {
        Self {
            root,
            limits,
            repair,
            state: State::Seek,
            back: State::Seek,
            stack: Vec::new(),
            root_bracket: Bracket::Object,
            root_opened: false,
            pending: Pending::default(),
            decoder: Decoder::default(),
            frame: Frame::default(),
            filter: None,
            held: Vec::new(),
            held_from: 0,
            base: 0,
            looked: 0,
            scalar: Scalar::Start,
            token: Vec::new(),
            open: Open::default(),
            ends: Ends::default(),
            spent: 0,
            scratch: Vec::new(),
            again: Vec::new(),
            again_from: 0,
            log: Log::default(),
            last_closer: (0, 0),
            dropped_to: None,
            after: 0,
            ended: false,
            spaces: 0,
            gap: false,
            gap_at: u64::MAX,
            lines_skipped: false,
            line: 1,
            line_from: 0,
            wide: 0,
            changed: false,
            closed: false,
        }
    }

    /// Was the document's root closed? A scalar is, when the input has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed && (self.root_opened || self.ended)
    }

    /// Did the value change since the last call?
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// What was repaired.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// Length of the text after the document, white space and fences not counted.
    pub(crate) fn trailing_length(&self) -> u64 {
        self.after
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
                Piece::Invalid => self.replace(Kind::InvalidUtf8, Rule::InvalidUtf8, sink)?,
                Piece::LoneSurrogate => {
                    self.replace(Kind::LoneSurrogate, Rule::LoneSurrogate, sink)?
                }
            }
        }
        Ok(())
    }

    /// What is no character becomes U+FFFD. In the frame that is no repair.
    fn replace<S: Sink>(&mut self, kind: Kind, rule: Rule, sink: &mut S) -> Result<(), Error> {
        if !self.repair {
            return Err(self.at_end(kind));
        }
        if !matches!(
            self.state,
            State::Seek | State::Think | State::Done | State::Trailing
        ) {
            let offset = self.position() as u64;
            self.log.record(rule, offset);
        }
        self.read("\u{FFFD}".as_bytes(), sink)
    }

    /// The input has ended.
    pub(crate) fn finish<S: Sink>(&mut self, sink: &mut S) -> Result<(), Error> {
        self.decoder.clear();
        self.ended = true;
        if self.repair {
            self.read_held(&[], sink)?;
        }
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
        if self.closed && self.root_opened {
            sink.event(Event::Close);
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
        let mut rest = text;
        while !rest.is_empty() {
            let block = rest.split_at(rest.len().min(BLOCK)).0;
            if let Some(filter) = &mut self.filter {
                let filtered = filter.push(block);
                self.read_held(&filtered, sink)?;
                rest = rest.split_at(block.len()).1;
            } else if self.held.is_empty() {
                let outcome = self.run(rest, sink);
                let used = self.advance(rest, outcome)?;
                rest = rest.split_at(used).1;
                if self.again.is_empty() {
                    self.held.extend_from_slice(rest);
                    return Ok(());
                }
                self.read_held(&[], sink)?;
            } else {
                self.read_held(block, sink)?;
                rest = rest.split_at(block.len()).1;
            }
        }
        Ok(())
    }

    /// Reads what was held, with more text behind it.
    fn read_held<S: Sink>(&mut self, more: &[u8], sink: &mut S) -> Result<(), Error> {
        self.held.extend_from_slice(more);
        loop {
            self.put_again();
            let filtered = self.filter.is_some();
            let held = std::mem::take(&mut self.held);
            let unread = held.get(self.held_from..).unwrap_or_default();
            let outcome = self.run(unread, sink);
            let advanced = self.advance(unread, outcome);
            self.held = held;
            self.held_from += advanced?;
            self.filter_held(filtered);
            self.compact();
            if self.again.is_empty() {
                return Ok(());
            }
        }
    }

    /// If the filter was started just now: what was not read yet goes through it as well.
    fn filter_held(&mut self, before: bool) {
        if let (false, Some(filter)) = (before, &mut self.filter) {
            let rest = self.held.get(self.held_from..).unwrap_or_default();
            self.again.extend(filter.push(rest));
            self.held_from = self.held.len();
        }
    }

    /// Puts text that is to be read again in front of what is held.
    fn put_again(&mut self) {
        if self.again.is_empty() {
            return;
        }
        let mut again = std::mem::take(&mut self.again);
        self.base = self.again_from;
        again.extend_from_slice(self.held.get(self.held_from..).unwrap_or_default());
        self.held = again;
        self.held_from = 0;
    }

    /// The rest of the text is escaped once more: from here on, a filter stands before the machine.
    fn start_filter(&mut self, cursor: &mut Cursor<'_>) {
        let mut filter = Unescape::default();
        self.again = filter.push(cursor.rest());
        self.again_from = self.base + cursor.at as u64;
        cursor.at = cursor.text.len();
        self.filter = Some(filter);
    }

    #[inline]
    fn record(&mut self, rule: Rule, at: usize) {
        self.log.record(rule, self.base + at as u64);
    }

    /// How far a look may go: less when all looks together have looked at too much.
    fn look_limit(&self, cursor: &Cursor<'_>) -> usize {
        let read = self.base + cursor.at as u64;
        if self.spent > read.saturating_mul(16) + 65_536 {
            self.limits.look_ahead.min(32)
        } else {
            self.limits.look_ahead
        }
    }

    /// Looks ahead from the cursor: does the value end here? `None`: more text is needed.
    fn look(&mut self, cursor: &Cursor<'_>, mark: Option<Mark>, scalar: bool) -> Option<Verdict> {
        let place = Place {
            stack: &self.stack,
            inner: self.open.inner,
            clean: !self.open.dirty,
            mark,
            before: [self.open.earlier, self.open.before],
            scalar,
            limit: self.look_limit(cursor),
            white_space: self.limits.white_space,
            ended: self.ended,
        };
        let verdict = self.ends.decide(cursor.rest(), &place)?;
        self.spent += self.ends.reach() as u64;
        self.ends = Ends::default();
        Some(verdict)
    }

    /// As `look`, for a value without quotes that ends before `at`.
    fn look_from(&mut self, cursor: &Cursor<'_>, at: usize) -> Option<Verdict> {
        if self.ends.reach() < at {
            self.ends = Ends::new(at);
        }
        self.look(cursor, None, false)
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
        // A backslash says what it is together with what follows.
        let half = self.repair && !self.ended && text::ends_in_backslash(text);
        let text = text.split_at(text.len() - usize::from(half)).0;
        let mut cursor = Cursor { text, at: 0 };
        loop {
            #[cfg(debug_assertions)]
            let before = (self.state, cursor.at);
            let step = match self.state {
                State::Text => self.text(&mut cursor, sink)?,
                State::KeyText => self.key_text(&mut cursor)?,
                State::Between => self.between(&mut cursor, sink)?,
                State::Key | State::FirstKey => self.key(&mut cursor, sink)?,
                State::Colon => self.colon(&mut cursor, sink)?,
                State::Value | State::FirstValue => self.value(&mut cursor, sink)?,
                State::Scalar => self.scalar(&mut cursor)?,
                State::ScalarEnd => self.scalar_end(&mut cursor, sink)?,
                State::Empty => self.empty(&mut cursor, sink)?,
                State::Seek => self.seek(&mut cursor)?,
                State::Done => self.done(&mut cursor)?,
                State::Think => self.think(&mut cursor),
                State::RootScalar => self.root_scalar(&mut cursor, sink)?,
                State::RootEnd => self.root_end(&mut cursor, sink)?,
                State::Quote => self.quote(&mut cursor, sink)?,
                State::Word => self.word(&mut cursor, sink)?,
                State::Bare => self.bare(&mut cursor, sink)?,
                State::BareKey => self.bare_key(&mut cursor)?,
                State::DropWord => self.rest_of_word(&mut cursor),
                State::LineComment => self.line_comment(&mut cursor),
                State::BlockComment => self.block_comment(&mut cursor),
                State::Trailing => self.trailing(&mut cursor),
            };
            if step != Step::Go {
                return Ok(cursor.at);
            }
            #[cfg(debug_assertions)]
            assert_ne!(
                before,
                (self.state, cursor.at),
                "a step must read, change the state or wait"
            );
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
                    // A token may be come back to: the space before it stays known.
                    let here = self.base + cursor.at as u64;
                    if self.spaces > 0 || self.gap_at != here {
                        self.gap = self.spaces > 0;
                        self.gap_at = here;
                        self.spaces = 0;
                    }
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
        self.lines_skipped = true;
        self.wide = 0;
        self.line_from = self.base + at as u64 + 1;
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
            b'"' => self.open_string(Mark::Double, 1, cursor),
            b'{' => self.open(Bracket::Object, cursor)?,
            b'[' => self.open(Bracket::Array, cursor)?,
            _ if self.state == State::FirstValue && self.closes(byte) => {
                cursor.at += 1;
                self.close(sink);
            }
            _ if Scalar::Start.step(byte).is_some() => {
                self.scalar = Scalar::Start;
                self.looked = 0;
                self.state = State::Scalar;
            }
            _ if self.repair => return self.odd_value(byte, cursor, sink),
            _ => return Err(self.error(scalar::odd_beginning(byte), cursor.at)),
        }
        Ok(Step::Go)
    }

    /// Is it the bracket that closes the innermost container?
    fn closes(&self, byte: u8) -> bool {
        self.stack.last().is_some_and(|top| top.closer() == byte)
    }

    fn open(&mut self, bracket: Bracket, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        if self.stack.len() >= self.limits.depth {
            return Err(self.error(Kind::Depth, cursor.at));
        }
        cursor.at += 1;
        if self.stack.is_empty() {
            self.root_bracket = bracket;
            self.root_opened = true;
        }
        self.stack.push(bracket);
        if let Some(container) = bracket.container() {
            self.pending.open(container);
        }
        self.state = match bracket {
            Bracket::Object => State::FirstKey,
            _ => State::FirstValue,
        };
        Ok(())
    }

    /// Closes the innermost container. An empty one becomes visible by that. That the root is
    /// closed is said at the end of the input, since a repair may go on with it.
    fn close<S: Sink>(&mut self, sink: &mut S) {
        let bracket = self.stack.pop();
        if bracket != Some(Bracket::Call) {
            if !self.pending.is_empty() {
                self.pending.flush(sink);
                self.changed = true;
            }
            if !self.stack.is_empty() {
                sink.event(Event::Close);
            }
        }
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
        if byte == b',' && self.stack.last() != Some(&Bracket::Call) {
            cursor.at += 1;
            self.next_item();
        } else if self.closes(byte) {
            cursor.at += 1;
            self.close(sink);
            self.last_closer = (byte, self.base + cursor.at as u64);
        } else if self.repair {
            return self.odd_between(byte, cursor, sink);
        } else {
            return Err(self.error(Kind::UnexpectedCharacter, cursor.at));
        }
        Ok(Step::Go)
    }

    fn key<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        let Some(byte) = self.skip_space(cursor)? else {
            return Ok(Step::Wait);
        };
        match byte {
            b'"' => self.open_key(Mark::Double, 1, cursor),
            b'}' if self.state == State::FirstKey => {
                cursor.at += 1;
                self.close(sink);
                self.last_closer = (byte, self.base + cursor.at as u64);
            }
            _ if self.repair => return self.odd_key(byte, cursor, sink),
            _ => return Err(self.error(Kind::UnexpectedCharacter, cursor.at)),
        }
        Ok(Step::Go)
    }

    fn key_text(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        let mut end = cursor.at;
        loop {
            end = self.string_end(cursor.text, end);
            let Some(&byte) = cursor.text.get(end) else {
                self.key_piece(cursor, end);
                return Ok(Step::Wait);
            };
            if byte == b'\\' && !self.at_escaped_quote(cursor.text, end) {
                let found = text::escape(cursor.text.get(end..).unwrap_or_default());
                if let text::Escape::Valid(length) = found {
                    end += length;
                    continue;
                }
                self.key_piece(cursor, end);
                if found == text::Escape::More || self.repair && !self.bad_escape(cursor, found) {
                    return Ok(Step::Wait);
                }
                if !self.repair {
                    return Err(self.odd_escape(found, end));
                }
                self.pending.key(&self.scratch);
                return Ok(Step::Go);
            }
            self.key_piece(cursor, end);
            match mark_at(cursor.text, end) {
                Some((mark, length)) if self.open.mark.closes_with(mark) => {
                    cursor.at += length;
                    self.pending.end_key();
                    self.state = State::Colon;
                }
                Some((_, length)) => {
                    self.pending.key(b"\\\"");
                    cursor.at += length;
                }
                None if self.repair => return Ok(self.control_in_key(byte, cursor)),
                None => return Err(self.error(Kind::ControlCharacter, end)),
            }
            return Ok(Step::Go);
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

    fn colon<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        match self.skip_space(cursor)? {
            None => Ok(Step::Wait),
            Some(b':') => {
                cursor.at += 1;
                self.state = State::Value;
                Ok(Step::Go)
            }
            Some(byte) if self.repair => self.odd_colon(byte, cursor, sink),
            Some(_) => Err(self.error(Kind::UnexpectedCharacter, cursor.at)),
        }
    }

    /// Is the backslash here part of a quote that closes the open string?
    #[inline]
    fn at_escaped_quote(&self, text: &[u8], at: usize) -> bool {
        self.open.mark == Mark::Escaped && mark_at(text, at).is_some()
    }

    /// Where the plain text of the open string ends.
    #[inline]
    fn string_end(&self, text: &[u8], from: usize) -> usize {
        if self.open.nested > 0 {
            return Self::nested_end(text, from);
        }
        if self.open.mark == Mark::Double {
            return text::plain_end(text, from);
        }
        let rest = text.get(from..).unwrap_or_default();
        let stops = |at: usize, byte: u8| {
            byte < 0x20
                || matches!(byte, b'"' | b'\\')
                || mark_at(text, at).is_some_and(|(mark, _)| self.open.mark.closes_with(mark))
        };
        let run = rest
            .iter()
            .enumerate()
            .position(|(run, &byte)| stops(from + run, byte));
        run.map_or(text.len(), |run| from + run)
    }

    fn text<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        let mut end = cursor.at;
        let mut escaped_to = usize::MAX;
        loop {
            end = self.string_end(cursor.text, end);
            let Some(&byte) = cursor.text.get(end) else {
                self.say_text(cursor, end, sink);
                self.after_escape(escaped_to == end);
                return Ok(Step::Wait);
            };
            if byte == b'\\' && !self.at_escaped_quote(cursor.text, end) {
                let found = text::escape(cursor.text.get(end..).unwrap_or_default());
                if let text::Escape::Valid(length) = found {
                    end += length;
                    escaped_to = end;
                    continue;
                }
                self.say_text(cursor, end, sink);
                if found == text::Escape::More || self.repair && !self.bad_escape(cursor, found) {
                    return Ok(Step::Wait);
                }
                if !self.repair {
                    return Err(self.odd_escape(found, end));
                }
                self.say_scratch(sink);
                return Ok(Step::Go);
            }
            self.say_text(cursor, end, sink);
            self.after_escape(escaped_to == end);
            if byte < 0x20 {
                if self.repair {
                    return self.control(byte, cursor, sink);
                }
                return Err(self.error(Kind::ControlCharacter, end));
            }
            if self.open.nested > 0 {
                return Ok(self.nested(byte, cursor, sink));
            }
            if self.repair {
                self.state = State::Quote;
            } else {
                cursor.at += 1;
                self.end_text(sink);
            }
            return Ok(Step::Go);
        }
    }

    /// The last digit of an escape is no digit.
    #[inline]
    fn after_escape(&mut self, escape: bool) {
        if escape {
            self.open.before = b'x';
        }
    }

    /// More of the open string; its beginning with the first of it.
    #[inline]
    fn say_text<S: Sink>(&mut self, cursor: &mut Cursor<'_>, end: usize, sink: &mut S) {
        let raw = cursor.slice(end);
        if !raw.is_empty() {
            self.say(raw, sink);
            self.open.note(raw);
            cursor.at = end;
        }
    }

    #[inline]
    fn say<S: Sink>(&mut self, raw: &[u8], sink: &mut S) {
        if !self.open.begun {
            self.open.begun = true;
            self.pending.flush(sink);
            sink.event(Event::Begin);
        }
        sink.event(Event::Text(raw));
        self.changed = true;
    }

    fn end_text<S: Sink>(&mut self, sink: &mut S) {
        if self.open.begun {
            sink.event(Event::End);
            self.after_value();
        } else {
            self.state = State::Empty;
        }
    }

    fn empty<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        // In repair mode the white space is looked over, not read: it may be part of a string.
        let mut ahead = Cursor {
            text: cursor.text,
            at: cursor.at + self.looked,
        };
        match self.ends_here(&mut ahead)? {
            None if self.repair => self.looked = ahead.at - cursor.at,
            None => cursor.at = ahead.at,
            Some(true) => {
                self.looked = 0;
                cursor.at = ahead.at;
                self.say_empty(sink);
                return Ok(Step::Go);
            }
            Some(false) if self.repair => {
                let step = self.odd_empty(cursor, sink)?;
                self.looked = if step == Step::Wait {
                    ahead.at - cursor.at
                } else {
                    0
                };
                return Ok(step);
            }
            Some(false) => return Err(self.odd_end(&ahead)),
        }
        Ok(Step::Wait)
    }

    fn say_empty<S: Sink>(&mut self, sink: &mut S) {
        self.pending.flush(sink);
        sink.event(Event::Begin);
        sink.event(Event::End);
        self.changed = true;
        self.after_value();
    }

    /// What follows a value that waits for it: does it end there? `None`: nothing follows yet.
    fn ends_here(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<bool>, Error> {
        let Some(byte) = self.skip_space(cursor)? else {
            return Ok(None);
        };
        Ok(Some(
            byte == b',' && !self.stack.is_empty() || self.closes(byte),
        ))
    }

    #[cold]
    fn odd_end(&self, cursor: &Cursor<'_>) -> Error {
        let kind = if self.stack.is_empty() {
            Kind::TrailingText
        } else {
            Kind::UnexpectedCharacter
        };
        self.error(kind, cursor.at)
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
                if self.repair {
                    self.begin_word();
                    return Ok(Step::Go);
                }
                let literal = self.scalar.is_literal();
                let kind = if literal {
                    Kind::InvalidLiteral
                } else {
                    Kind::InvalidNumber
                };
                return Err(self.error(kind, end));
            }
            return self.scalar_ended(end, cursor);
        }
    }

    fn scalar_ended(&mut self, end: usize, cursor: &mut Cursor<'_>) -> Stepped {
        self.token.clear();
        self.token.extend_from_slice(cursor.slice(end));
        self.state = State::ScalarEnd;
        if !self.repair || self.stack.is_empty() {
            self.looked = 0;
            cursor.at = end;
        }
        Ok(Step::Go)
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
        // In repair mode the token and the white space behind it are looked over, not read: they
        // may be the beginning of a text.
        let mut ahead = Cursor {
            text: cursor.text,
            at: cursor.at + self.looked,
        };
        match self.ends_here(&mut ahead)? {
            None if self.repair => self.looked = ahead.at - cursor.at,
            None => cursor.at = ahead.at,
            Some(true) => {
                self.looked = 0;
                cursor.at = ahead.at;
                self.say_token(sink);
                return Ok(Step::Go);
            }
            Some(false) if self.repair => {
                self.begin_word();
                return Ok(Step::Go);
            }
            Some(false) => return Err(self.odd_end(&ahead)),
        }
        Ok(Step::Wait)
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
