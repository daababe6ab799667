//! What is open.

use crate::event::Container;

/// An open bracket. The last three are not JSON's, and are read as lists or left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bracket {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `(`, read as an array.
    Tuple,
    /// `{` around items without keys, read as an array.
    Set,
    /// `name(`, left out.
    Call,
}

impl Bracket {
    /// The byte that closes it.
    pub(crate) const fn closer(self) -> u8 {
        match self {
            Self::Object | Self::Set => b'}',
            Self::Array => b']',
            Self::Tuple | Self::Call => b')',
        }
    }

    /// What the document has there; nothing for a call.
    pub(crate) const fn container(self) -> Option<Container> {
        match self {
            Self::Object => Some(Container::Object),
            Self::Array | Self::Tuple | Self::Set => Some(Container::Array),
            Self::Call => None,
        }
    }
}

/// How many open brackets are looked through for one that fits. Without an end to it, a document
/// that is deeper (which only raised limits allow) would take longer for each bracket.
const FITTING: usize = 1024;

/// The place of the innermost open bracket that this one closes.
pub(crate) fn innermost_with(stack: &[Bracket], closer: u8) -> Option<usize> {
    let mut near = stack.iter().enumerate().rev().take(FITTING);
    near.find(|(_, open)| open.closer() == closer)
        .map(|(at, _)| at)
}
