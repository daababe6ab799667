//! Commas and brackets: too many, too few, of the wrong kind.

use super::Rule;
use super::ends::{Ends, Verdict, fence_at, is_key_byte, odd_space};
use super::quotes::{Open, mark_at};
use crate::count::Count;
use crate::event::Sink;
use crate::reader::stack::{Bracket, innermost_with};
use crate::reader::text::find_from;
use crate::reader::{Cursor, Reader, State, Step, Stepped};

impl Reader {
    /// After a value: neither a comma nor the bracket that fits.
    pub(in crate::reader) fn odd_between<S: Sink>(
        &mut self,
        byte: u8,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Stepped {
        if self.stack.last() == Some(&Bracket::Call) && byte != b')' {
            return Ok(self.drop_byte(cursor));
        }
        if self.skip_odd_space(cursor) {
            return Ok(Step::Go);
        }
        match byte {
            b'}' | b']' | b')' => self.odd_closer(byte, cursor, sink),
            b';' => {
                self.record(Rule::WrongComma, cursor.at);
                cursor.advance(1);
                self.next_item();
                Ok(Step::Go)
            }
            b'/' | b'#' => self.comment(cursor),
            b'`' => self.fence_end(cursor),
            b'.' | 0xE2 => match self.ellipsis(cursor) {
                Some(step) => Ok(step),
                None => self.missing_comma(byte, cursor, sink),
            },
            _ => self.missing_comma(byte, cursor, sink),
        }
    }

    /// `[1 2]`, `{"a": 1 "b": 2}`
    fn missing_comma<S: Sink>(
        &mut self,
        byte: u8,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Stepped {
        let quote = mark_at(cursor.text, cursor.at).is_some();
        let opens = quote || matches!(byte, b'{' | b'[' | b'(');
        let comma = if self.in_object() {
            if !quote && matches!(byte, b'{' | b'[') {
                return self.odd_opener(cursor, sink);
            }
            quote
                || is_key_byte(byte) && {
                    match self.look_at_bare_member(cursor) {
                        None => return Ok(Step::Wait),
                        Some(verdict) => verdict == Verdict::Close,
                    }
                }
        } else {
            opens || is_key_byte(byte) || byte == b'+'
        };
        if !comma {
            return Ok(self.drop_byte(cursor));
        }
        self.record(Rule::MissingComma, cursor.at);
        self.next_item();
        Ok(Step::Go)
    }

    /// After a comma, or where one should be.
    pub(in crate::reader) fn next_item(&mut self) {
        self.state = match self.stack.last() {
            Some(Bracket::Object) => State::Key,
            _ => State::Value,
        };
    }

    /// `[{"a": 1, {"a": 2}]`: in an object, where a key must come. If the object stands in an array,
    /// it was left open; otherwise the bracket has no place.
    pub(in crate::reader) fn odd_opener<S: Sink>(
        &mut self,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Stepped {
        let parent = self
            .stack
            .len()
            .checked_sub(2)
            .and_then(|at| self.stack.get(at));
        if matches!(parent, Some(Bracket::Array | Bracket::Tuple)) && self.state != State::FirstKey
        {
            self.record(Rule::MissingBracket, cursor.at);
            self.close(sink);
            self.state = State::Value;
            return Ok(Step::Go);
        }
        Ok(self.drop_byte(cursor))
    }

    /// A closing bracket that does not fit.
    ///
    /// What it can close below is closed down to there, unless a member follows that would have no
    /// place there. Otherwise it stands for the one that fits; but if the same bracket came right
    /// before, there is one too many.
    pub(in crate::reader) fn odd_closer<S: Sink>(
        &mut self,
        byte: u8,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Stepped {
        let doubled = self.last_closer == (byte, self.offset(cursor.at));
        let below = innermost_with(&self.stack, byte);
        match below {
            Some(level)
                if self.lands_in_object(level)
                    || !self.lands_in_object(self.stack.len().saturating_sub(1)) =>
            {
                self.close_down_to(level, byte, cursor, sink);
            }
            Some(level) => match self.look_behind_bracket(cursor) {
                None => return Ok(Step::Wait),
                Some(Verdict::Close) => self.wrong_bracket(byte, cursor, sink),
                Some(_) => self.close_down_to(level, byte, cursor, sink),
            },
            None if byte == b')' || doubled => {
                self.record(Rule::ExtraBracket, cursor.at);
                cursor.advance(1);
            }
            None => self.wrong_bracket(byte, cursor, sink),
        }
        Ok(Step::Go)
    }

    /// The bracket stands for the one that fits.
    fn wrong_bracket<S: Sink>(&mut self, byte: u8, cursor: &mut Cursor<'_>, sink: &mut S) {
        self.record(Rule::WrongBracket, cursor.at);
        self.shut(byte, cursor, sink);
        self.go_back_to_object(cursor, sink);
    }

    /// If everything from this level on is closed: is an object open then?
    fn lands_in_object(&self, level: usize) -> bool {
        level.checked_sub(1).and_then(|at| self.stack.get(at)) == Some(&Bracket::Object)
    }

    fn close_down_to<S: Sink>(
        &mut self,
        level: usize,
        byte: u8,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) {
        while self.stack.len().saturating_sub(1) > level {
            self.record(Rule::MissingBracket, cursor.at);
            self.close(sink);
        }
        self.shut(byte, cursor, sink);
        self.go_back_to_object(cursor, sink);
    }

    fn shut<S: Sink>(&mut self, byte: u8, cursor: &mut Cursor<'_>, sink: &mut S) {
        cursor.advance(1);
        self.close(sink);
        self.last_closer = (byte, self.offset(cursor.at));
    }

    /// Three backticks where a token may stand: the fence around the document ends.
    pub(in crate::reader) fn fence_end(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        match fence_at(cursor.text, cursor.at) {
            None if !self.ended => Ok(Step::Wait),
            Some(true) => {
                self.state = State::Done;
                Ok(Step::Go)
            }
            _ => Ok(self.drop_byte(cursor)),
        }
    }

    /// After the document in repair mode: more of it, if a bracket ended it too early.
    pub(in crate::reader) fn after_document<S: Sink>(
        &mut self,
        byte: u8,
        cursor: &mut Cursor<'_>,
        sink: &S,
    ) -> Stepped {
        match byte {
            b'}' | b']' if self.closed => {
                // Of brackets around the document, which are framing, the closing ones too.
                if !self.frame.inside {
                    self.record(Rule::ExtraBracket, cursor.at);
                }
                cursor.advance(1);
                return Ok(Step::Go);
            }
            b',' if self.closed && self.root_opened && self.root_bracket == Bracket::Object => {
                match self.look_at_member(cursor) {
                    None => return Ok(Step::Wait),
                    Some(Verdict::Close) => {
                        self.record(Rule::EarlyEnd, cursor.at);
                        self.stack.push(Bracket::Object);
                        self.closed = false;
                        self.go_back_to_object(cursor, sink);
                        self.state = State::Between;
                        return Ok(Step::Go);
                    }
                    Some(_) => {}
                }
            }
            _ => {}
        }
        self.state = State::Trailing;
        Ok(Step::Go)
    }

    /// Does a key without quotes, and a colon, begin at the cursor?
    fn look_at_bare_member(&mut self, cursor: &Cursor<'_>) -> Option<Verdict> {
        if self.ends.reach() == 0 {
            self.ends = Ends::bare_member();
        }
        self.open = Open::default();
        self.look(cursor, None, false)
    }

    /// Does a comma at the cursor lead to a key and its colon?
    fn look_at_member(&mut self, cursor: &Cursor<'_>) -> Option<Verdict> {
        self.look_for_member(Ends::member(), cursor)
    }

    /// Do a comma, a key and its colon follow the bracket at the cursor?
    fn look_behind_bracket(&mut self, cursor: &Cursor<'_>) -> Option<Verdict> {
        self.look_for_member(Ends::landing(), cursor)
    }

    /// Looks as if an object were open.
    fn look_for_member(&mut self, look: Ends, cursor: &Cursor<'_>) -> Option<Verdict> {
        if self.ends.reach() == 0 {
            self.ends = look;
        }
        self.open = Open {
            dirty: true,
            ..Open::default()
        };
        self.stack.push(Bracket::Object);
        let verdict = self.look(cursor, None, false);
        self.stack.pop();
        verdict
    }

    /// Text after the document: counted, not read.
    pub(in crate::reader) fn trailing(&mut self, cursor: &mut Cursor<'_>) -> Step {
        let text = cursor
            .rest()
            .iter()
            .filter(|byte| !byte.is_ascii_whitespace() && **byte != b'`');
        self.after.raise(text.count() as u64);
        cursor.at = cursor.text.len();
        Step::Wait
    }

    /// White space of another kind, where a token may stand.
    pub(in crate::reader) fn skip_odd_space(&mut self, cursor: &mut Cursor<'_>) -> bool {
        let width = odd_space(cursor.text, cursor.at);
        if width > 0 {
            self.record(Rule::OddSpace, cursor.at);
            cursor.advance(width);
        }
        width > 0
    }

    /// Leaves a character out. A run of them is one repair.
    pub(in crate::reader) fn drop_byte(&mut self, cursor: &mut Cursor<'_>) -> Step {
        let offset = self.offset(cursor.at);
        if self.dropped_to != Some(offset) {
            self.record(Rule::DroppedText, cursor.at);
        }
        // Two backslashes go together, as in a string.
        let rest = cursor.rest();
        let first = if rest.starts_with(b"\\\\") { 2 } else { 1 };
        let next = find_from(rest, first, |byte| byte & 0xC0 != 0x80);
        cursor.advance(next.unwrap_or(rest.len()));
        self.dropped_to = Some(self.offset(cursor.at));
        Step::Go
    }
}
