//! Where the document begins and ends.

use super::{Cursor, Reader, Scalar, State, Step, Stepped};
use crate::aggregator::Root;
use crate::error::Kind;

impl Reader {
    /// Before the document.
    pub(super) fn seek(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        let Some(byte) = self.skip_space(cursor)? else {
            return Ok(Step::Wait);
        };
        let fits = match self.root {
            Root::Auto => matches!(byte, b'{' | b'['),
            Root::Object => byte == b'{',
            Root::Array => byte == b'[',
            Root::Any => true,
        };
        if fits {
            self.state = State::Value;
            return Ok(Step::Go);
        }
        let begins_value = matches!(byte, b'{' | b'[' | b'"') || Scalar::Start.step(byte).is_some();
        let kind = if begins_value {
            Kind::WrongRoot
        } else {
            Kind::UnexpectedCharacter
        };
        Err(self.error(kind, cursor.at))
    }

    /// After the document.
    pub(super) fn done(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        match self.skip_space(cursor)? {
            None => Ok(Step::Wait),
            Some(_) => Err(self.error(Kind::TrailingText, cursor.at)),
        }
    }
}
