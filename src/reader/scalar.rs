//! Numbers and literals. "Has it ended?" is answered here only.

use super::{Cursor, Reader, State, Step, Stepped};
use crate::count::Count;
use crate::error::{Error, Kind};
use crate::event::{Event, Sink};

/// How far a number or a literal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scalar {
    /// Nothing was read.
    #[default]
    Start,
    /// `-`
    Minus,
    /// `0`, `-0`
    Zero,
    /// `12`
    Integer,
    /// `12.`
    Dot,
    /// `12.5`
    Fraction,
    /// `12e`
    E,
    /// `12e+`
    Sign,
    /// `12e3`
    Exponent,
    /// So many letters of `true`, `false`, `null`.
    Literal(&'static [u8], usize),
}

impl Scalar {
    /// What the next byte makes of it; `None` if it is no part of it.
    #[inline]
    pub(crate) fn step(self, byte: u8) -> Option<Self> {
        let digit = byte.is_ascii_digit();
        match self {
            Self::Start => Self::first(byte),
            Self::Minus => match byte {
                b'0' => Some(Self::Zero),
                _ => digit.then_some(Self::Integer),
            },
            Self::Integer if digit => Some(self),
            Self::Zero | Self::Integer => match byte {
                b'.' => Some(Self::Dot),
                b'e' | b'E' => Some(Self::E),
                _ => None,
            },
            Self::Dot => digit.then_some(Self::Fraction),
            Self::Fraction => match byte {
                b'e' | b'E' => Some(Self::E),
                _ => digit.then_some(self),
            },
            Self::E => match byte {
                b'+' | b'-' => Some(Self::Sign),
                _ => digit.then_some(Self::Exponent),
            },
            Self::Sign | Self::Exponent => digit.then_some(Self::Exponent),
            Self::Literal(word, at) => {
                (word.get(at) == Some(&byte)).then_some(Self::Literal(word, at.saturating_add(1)))
            }
        }
    }

    fn first(byte: u8) -> Option<Self> {
        match byte {
            b'-' => Some(Self::Minus),
            b'0' => Some(Self::Zero),
            b'1'..=b'9' => Some(Self::Integer),
            b't' => Some(Self::Literal(b"true", 1)),
            b'f' => Some(Self::Literal(b"false", 1)),
            b'n' => Some(Self::Literal(b"null", 1)),
            _ => None,
        }
    }

    /// Is it the beginning of a number or a literal, and no whole one?
    pub(crate) fn is_unfinished(word: &[u8]) -> bool {
        let mut scalar = Self::Start;
        let fits = word
            .iter()
            .all(|&byte| scalar.step(byte).map(|next| scalar = next).is_some());
        fits && !scalar.is_whole()
    }

    /// Is it whole, if it ends here?
    pub(crate) fn is_whole(self) -> bool {
        match self {
            Self::Zero | Self::Integer | Self::Fraction | Self::Exponent => true,
            Self::Literal(word, at) => at == word.len(),
            _ => false,
        }
    }

    /// Could more of the same make it another value? A number may always go on.
    pub(crate) fn may_go_on(self) -> bool {
        !matches!(self, Self::Literal(word, at) if at == word.len())
    }

    /// Does this byte, right after it, make it no number or literal at all? (`01`, `12kg`, `truest`)
    pub(crate) fn is_spoiled_by(self, byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || (!self.is_literal() && matches!(byte, b'.' | b'+' | b'-'))
    }

    /// Is it a literal, or the beginning of one?
    pub(crate) fn is_literal(self) -> bool {
        matches!(self, Self::Literal(..))
    }
}

/// What is wrong with a value that begins like this.
pub(crate) fn odd_beginning(byte: u8) -> Kind {
    match byte {
        b'+' => Kind::InvalidNumber,
        _ if byte.is_ascii_alphabetic() => Kind::InvalidLiteral,
        _ => Kind::UnexpectedCharacter,
    }
}

impl Reader {
    pub(super) fn scalar(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        loop {
            let end = cursor.at.saturating_add(self.looked);
            let Some(&byte) = cursor.text.get(end) else {
                return Ok(Step::Wait);
            };
            if let Some(next) = self.scalar.step(byte) {
                self.scalar = next;
                self.looked.raise(1);
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

    pub(super) fn scalar_ended(&mut self, end: usize, cursor: &mut Cursor<'_>) -> Stepped {
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
    pub(super) fn count_digits(&self, cursor: &Cursor<'_>) -> Result<(), Error> {
        let end = cursor.at.saturating_add(self.looked);
        let digits = cursor
            .slice(end)
            .iter()
            .filter(|byte| byte.is_ascii_digit())
            .count();
        if digits > self.limits.digits {
            return Err(self.error(Kind::Digits, end.saturating_sub(1)));
        }
        Ok(())
    }

    pub(super) fn scalar_end<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        match self.look_over_space(cursor)? {
            None => return Ok(Step::Wait),
            Some(true) => self.say_token(sink),
            Some(false) => self.begin_word(),
        }
        Ok(Step::Go)
    }

    pub(super) fn say_token<S: Sink>(&mut self, sink: &mut S) {
        if !self.members.is_left_out() {
            self.pending.flush(sink);
            sink.event(Event::Scalar(&self.token));
            self.changed = true;
        }
        self.after_value();
    }
}
