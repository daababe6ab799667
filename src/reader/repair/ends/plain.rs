//! The look's way through well-formed text, which most text is: after the string a bracket that
//! closes its container or, in a list, a comma; in an object a comma, a quoted key and its colon.
//!
//! It says nothing that [`Ends`](super::Ends) does not say (a debug build compares them); it only
//! says it sooner. Whatever leaves this way is left to `Ends`, from the quote on.

#![allow(clippy::indexing_slicing, reason = "tables have an item for each byte")]

use crate::count::Count;
use crate::reader::stack::Bracket;
use crate::reader::text::SPECIAL;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// After the quote.
    #[default]
    After,
    /// After a comma.
    Comma,
    /// In a key that is not empty.
    Key,
    /// After it.
    KeyEnd,
    /// Elsewhere.
    Left,
}

/// May this byte stand in a key here? Not one that ends plain text, nor one that `Ends` has an
/// opinion of.
#[inline]
fn in_key(byte: u8) -> bool {
    !SPECIAL[usize::from(byte)] && byte != b':'
}

/// How far such a look has come. It can be taken up again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Plain {
    phase: Phase,
    at: usize,
}

impl Plain {
    /// Goes on from where it was in `text`, which begins at the quote: does the string end there?
    /// `None`: more is needed; false: it is for `Ends` to say.
    #[inline]
    pub(crate) fn decide(
        &mut self,
        text: &[u8],
        top: Option<Bracket>,
        limit: usize,
    ) -> Option<bool> {
        let mut at = self.at.max(1);
        let mut phase = self.phase;
        let answer = loop {
            let Some(&byte) = text.get(at) else {
                break None;
            };
            if at > limit {
                break Some(false);
            }
            phase = match (phase, byte) {
                (Phase::Left, _) => break Some(false),
                (Phase::Key, b'"') => Phase::KeyEnd,
                (Phase::Key, _) if in_key(byte) => Phase::Key,
                (Phase::Key, _) => break Some(false),
                (_, b' ' | b'\n' | b'\r' | b'\t') => phase,
                (Phase::After, b',') if top == Some(Bracket::Object) => Phase::Comma,
                (Phase::After, b',') => break Some(true),
                (Phase::After, _) => break Some(top.is_some_and(|top| top.closer() == byte)),
                (Phase::Comma, b'"') => match text.get(at.saturating_add(1)) {
                    None => break None,
                    Some(b'"') => break Some(false),
                    Some(_) => Phase::Key,
                },
                (Phase::KeyEnd, b':') => break Some(true),
                (Phase::Comma | Phase::KeyEnd, _) => break Some(false),
            };
            at.raise(1);
        };
        self.at = at;
        self.phase = if answer == Some(false) {
            Phase::Left
        } else {
            phase
        };
        answer
    }

    /// How far it has looked.
    pub(crate) fn reach(&self) -> usize {
        self.at
    }
}
