//! Containers and their members, as RFC 8259 has them (sections 4 and 5).

use super::repair::quotes::Mark;
use super::scalar::{self, Scalar};
use super::stack::Bracket;
use super::{Cursor, Reader, State, Step, Stepped};
use crate::error::{Error, Kind};
use crate::event::{Event, Sink};

impl Reader {
    pub(super) fn value<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        let Some(byte) = self.skip_space(cursor)? else {
            return Ok(Step::Wait);
        };
        match byte {
            b'"' => self.open_string(Mark::Double, 1, cursor),
            b'{' => self.open(Bracket::Object, cursor)?,
            b'[' => self.open(Bracket::Array, cursor)?,
            _ if self.state == State::FirstValue && self.closes(byte) => {
                cursor.advance(1);
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
    pub(super) fn closes(&self, byte: u8) -> bool {
        self.stack.last().is_some_and(|top| top.closer() == byte)
    }

    pub(super) fn open(&mut self, bracket: Bracket, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        if self.stack.len() >= self.limits.depth {
            return Err(self.error(Kind::Depth, cursor.at));
        }
        cursor.advance(1);
        if self.stack.is_empty() {
            self.root_bracket = bracket;
            self.root_opened = true;
        }
        self.stack.push(bracket);
        if let (Some(container), false) = (bracket.container(), self.members.is_left_out()) {
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
    pub(super) fn close<S: Sink>(&mut self, sink: &mut S) {
        let bracket = self.stack.pop();
        self.members.closed(self.stack.len());
        if bracket != Some(Bracket::Call) && !self.members.is_left_out() {
            if !self.pending.is_empty() {
                self.pending.flush(sink);
                self.changed = true;
            }
            if self.stack.is_empty() {
                sink.root_closed();
            } else {
                sink.event(Event::Close);
            }
        }
        self.after_value();
    }

    pub(super) fn after_value(&mut self) {
        if self.members.value_ended(self.stack.len()) {
            self.pending.clear();
        }
        if self.stack.is_empty() {
            self.closed = true;
            self.state = State::Done;
        } else {
            self.state = State::Between;
        }
    }

    pub(super) fn between<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        let Some(byte) = self.skip_space(cursor)? else {
            return Ok(Step::Wait);
        };
        if byte == b',' && self.stack.last() != Some(&Bracket::Call) {
            cursor.advance(1);
            self.next_item();
        } else if self.closes(byte) {
            cursor.advance(1);
            self.close(sink);
            self.last_closer = (byte, self.offset(cursor.at));
        } else if self.repair {
            return self.odd_between(byte, cursor, sink);
        } else {
            return Err(self.error(Kind::UnexpectedCharacter, cursor.at));
        }
        Ok(Step::Go)
    }

    pub(super) fn key<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        let Some(byte) = self.skip_space(cursor)? else {
            return Ok(Step::Wait);
        };
        match byte {
            b'"' => self.open_key(Mark::Double, 1, cursor),
            b'}' if self.state == State::FirstKey => {
                cursor.advance(1);
                self.close(sink);
                self.last_closer = (byte, self.offset(cursor.at));
            }
            _ if self.repair => return self.odd_key(byte, cursor, sink),
            _ => return Err(self.error(Kind::UnexpectedCharacter, cursor.at)),
        }
        Ok(Step::Go)
    }

    pub(super) fn colon<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        match self.skip_space(cursor)? {
            None => Ok(Step::Wait),
            Some(b':') => {
                cursor.advance(1);
                if self.watches_members() {
                    self.begin_member(cursor);
                }
                self.state = State::Value;
                Ok(Step::Go)
            }
            Some(byte) if self.repair => self.odd_colon(byte, cursor, sink),
            Some(_) => Err(self.error(Kind::UnexpectedCharacter, cursor.at)),
        }
    }

    /// What follows a value that waits for it: does it end there? `None`: nothing follows yet.
    pub(super) fn ends_here(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<bool>, Error> {
        let Some(byte) = self.skip_space(cursor)? else {
            return Ok(None);
        };
        Ok(Some(
            byte == b',' && !self.stack.is_empty() || self.closes(byte),
        ))
    }

    /// Goes over the white space behind a value that waits for what follows it. `None`: nothing
    /// follows yet; true: the value ends; false, in repair mode: it may be part of a text, so the
    /// value (from the cursor on, if it is a scalar) and the white space were looked over, not read.
    pub(super) fn look_over_space(
        &mut self,
        cursor: &mut Cursor<'_>,
    ) -> Result<Option<bool>, Error> {
        let mut ahead = Cursor {
            text: cursor.text,
            at: cursor.at.saturating_add(self.looked),
        };
        let ends = self.ends_here(&mut ahead)?;
        if ends == Some(false) && !self.repair {
            return Err(self.odd_end(&ahead));
        }
        if ends == Some(true) || !self.repair {
            self.looked = 0;
            cursor.at = ahead.at;
        } else {
            self.looked = ahead.at.saturating_sub(cursor.at);
        }
        Ok(ends)
    }

    #[cold]
    pub(super) fn odd_end(&self, cursor: &Cursor<'_>) -> Error {
        let kind = if self.stack.is_empty() {
            Kind::TrailingText
        } else {
            Kind::UnexpectedCharacter
        };
        self.error(kind, cursor.at)
    }
}
