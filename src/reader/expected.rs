//! What an error says of the place: what the grammar has there (RFC 8259, sections 2 to 7).

use super::stack::Bracket;
use super::{Reader, State};
use crate::aggregator::Root;

impl Reader {
    #[cold]
    pub(super) fn expected(&self) -> &'static str {
        let in_object = self.stack.last() == Some(&Bracket::Object);
        match self.state {
            State::Seek => match self.root {
                Root::Auto => "`{` or `[`",
                Root::Object => "`{`",
                Root::Array => "`[`",
                Root::Any => "a value",
            },
            State::Value => "a value",
            State::FirstValue => "a value or `]`",
            State::Key => "a key in double quotes",
            State::FirstKey => "a key in double quotes or `}`",
            State::Colon => "`:`",
            _ if in_object => "`,` or `}`",
            _ => "`,` or `]`",
        }
    }
}
