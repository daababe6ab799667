//! Strings and keys, as RFC 8259 has them (section 7).

use super::repair::quotes::{Mark, mark_at};
use super::text;
use super::{Cursor, Reader, State, Step, Stepped};
use crate::count::Count;
use crate::error::{Error, Kind};
use crate::event::{Event, Sink};

impl Reader {
    pub(super) fn key_text(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
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
                    end.raise(length);
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
                    cursor.advance(length);
                    self.pending.end_key();
                    self.state = State::Colon;
                }
                Some((_, length)) => {
                    self.pending.key(b"\\\"");
                    cursor.advance(length);
                }
                None if self.repair => return Ok(self.control_in_key(byte, cursor)),
                None => return Err(self.error(Kind::ControlCharacter, end)),
            }
            return Ok(Step::Go);
        }
    }

    #[inline]
    pub(super) fn key_piece(&mut self, cursor: &mut Cursor<'_>, end: usize) {
        self.pending.key(cursor.slice(end));
        cursor.at = end;
    }

    #[cold]
    pub(super) fn odd_escape(&self, odd: text::Escape, at: usize) -> Error {
        match odd {
            text::Escape::Unknown(by) => self.error(Kind::InvalidEscape, at.saturating_add(by)),
            _ => self.error(Kind::LoneSurrogate, at),
        }
    }

    /// Is the backslash here part of a quote that closes the open string?
    #[inline]
    pub(super) fn at_escaped_quote(&self, text: &[u8], at: usize) -> bool {
        self.open.mark == Mark::Escaped && mark_at(text, at).is_some()
    }

    /// Where the plain text of the open string ends.
    #[inline]
    pub(super) fn string_end(&self, text: &[u8], from: usize) -> usize {
        if self.open.nested > 0 {
            return Self::nested_end(text, from);
        }
        if self.open.mark == Mark::Double {
            return text::plain_end(text, from);
        }
        let stops = |at: usize, byte: u8| {
            byte < 0x20
                || matches!(byte, b'"' | b'\\')
                || mark_at(text, at).is_some_and(|(mark, _)| self.open.mark.closes_with(mark))
        };
        let mut rest = text.iter().enumerate().skip(from);
        let end = rest.find(|&(at, &byte)| stops(at, byte));
        end.map_or(text.len(), |(at, _)| at)
    }

    pub(super) fn text<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        let mut end = cursor.at;
        let mut escaped_to = usize::MAX;
        loop {
            end = self.string_end(cursor.text, end);
            let Some(&byte) = cursor.text.get(end) else {
                self.say_text(cursor, end, sink);
                self.after_escape(cursor, escaped_to);
                return Ok(Step::Wait);
            };
            if byte == b'\\' && !self.at_escaped_quote(cursor.text, end) {
                let found = text::escape(cursor.text.get(end..).unwrap_or_default());
                if let text::Escape::Valid(length) = found {
                    end.raise(length);
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
            self.after_escape(cursor, escaped_to);
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
                cursor.advance(1);
                self.end_text(sink);
            }
            return Ok(Step::Go);
        }
    }

    /// The last letter of an escape is none: `\n` is white space, `\u0031` may be anything.
    #[inline]
    fn after_escape(&mut self, cursor: &Cursor<'_>, escaped_to: usize) {
        if escaped_to == cursor.at {
            self.open.before = match cursor.text.get(..escaped_to) {
                Some([.., b'\\', b'n' | b't' | b'r']) => b' ',
                _ => b'x',
            };
        }
    }

    /// More of the open string; its beginning with the first of it.
    #[inline]
    pub(super) fn say_text<S: Sink>(&mut self, cursor: &mut Cursor<'_>, end: usize, sink: &mut S) {
        let raw = cursor.slice(end);
        if !raw.is_empty() {
            self.say(raw, sink);
            self.open.note(raw);
            cursor.at = end;
        }
    }

    #[inline]
    pub(super) fn say<S: Sink>(&mut self, raw: &[u8], sink: &mut S) {
        if self.members.is_left_out() {
            self.open.begun = true;
            return;
        }
        if !self.open.begun {
            self.open.begun = true;
            self.pending.flush(sink);
            sink.event(Event::Begin);
        }
        sink.event(Event::Text(raw));
        self.changed = true;
    }

    pub(super) fn end_text<S: Sink>(&mut self, sink: &mut S) {
        if self.open.begun {
            if !self.members.is_left_out() {
                sink.event(Event::End);
            }
            self.after_value();
        } else {
            self.state = State::Empty;
        }
    }

    pub(super) fn empty<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        match self.look_over_space(cursor)? {
            None => Ok(Step::Wait),
            Some(true) => {
                self.say_empty(sink);
                Ok(Step::Go)
            }
            Some(false) => {
                let step = self.odd_empty(cursor, sink)?;
                if step != Step::Wait {
                    self.looked = 0;
                }
                Ok(step)
            }
        }
    }

    pub(super) fn say_empty<S: Sink>(&mut self, sink: &mut S) {
        if !self.members.is_left_out() {
            self.pending.flush(sink);
            sink.event(Event::Begin);
            sink.event(Event::End);
            self.changed = true;
        }
        self.after_value();
    }
}
