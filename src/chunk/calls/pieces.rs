//! Where things stand in the elements of `delta.tool_calls`.

use crate::chunk::envelope::{Choice, Envelope, index_of, name};
use crate::chunk::scan::{Scanner, Span, says_nothing};
use crate::chunk::session::Session;
use crate::text::{unescape, unescape_with};
use std::borrow::Cow;

use super::CallPiece;

/// One element of `delta.tool_calls`. Spans are of values; no place where the member is missing.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::chunk) struct Piece {
    pub(in crate::chunk) whole: Span,
    pub(super) index: Span,
    pub(super) id: Span,
    pub(super) kind: Span,
    pub(super) function: Span,
    pub(super) name: Span,
    pub(super) arguments: Span,
    /// It says anything else.
    others: bool,
    /// It is an object: anything else passes as it came.
    pub(in crate::chunk) object: bool,
}

/// The inside of a string as it is meant; empty for anything else.
fn string(value: &[u8]) -> Cow<'_, [u8]> {
    let [b'"', inside @ .., b'"'] = value else {
        return Cow::Borrowed(b"");
    };
    if memchr::memchr(b'\\', inside).is_none() {
        return Cow::Borrowed(inside);
    }
    let mut plain = Vec::new();
    unescape(inside, &mut plain);
    Cow::Owned(plain)
}

/// Is the inside of a string nothing but white space?
fn is_white(mut inside: &[u8]) -> bool {
    loop {
        inside = match inside {
            [b' ', rest @ ..] | [b'\\', b'n' | b'r' | b't', rest @ ..] => rest,
            _ => return inside.is_empty(),
        };
    }
}

impl Piece {
    pub(super) fn has_text(&self, text: &[u8]) -> bool {
        self.arguments.of(text).first() == Some(&b'"')
    }

    /// The name of the function.
    pub(super) fn name<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        string(self.name.of(text))
    }

    /// Tells the session of this piece and its arguments; gives the place of its call, and
    /// whether it says anything new.
    pub(in crate::chunk) fn tell(
        &self,
        text: &[u8],
        session: &mut Session,
        choice: u64,
        (place, alone): (usize, bool),
        buffer: &mut Vec<u8>,
    ) -> Option<(usize, bool)> {
        let piece = CallPiece {
            index: index_of(self.index.of(text)),
            place,
            alone,
            id: &string(self.id.of(text)),
            name: &self.name(text),
            kind: &string(self.kind.of(text)),
            function: self.function.of(text).first() == Some(&b'{'),
            speaks: self.has_text(text) && !is_white(self.arguments.inside().of(text)),
            alien: !self.has_text(text) && !matches!(self.arguments.of(text), b"" | b"null"),
            others: self.others,
        };
        let (at, news) = session.call(choice, &piece)?;
        if self.has_text(text) {
            let raw = self.arguments.inside().of(text);
            unescape_with(raw, buffer, |part| session.read_arguments(choice, at, part));
        }
        Some((at, news))
    }
}

impl Envelope {
    /// The list of tool calls of a delta, in whose place the scanner stands.
    pub(in crate::chunk) fn tool_calls(
        &mut self,
        text: &[u8],
        scanner: &mut Scanner<'_, '_>,
        choice: &mut Choice,
    ) -> Option<()> {
        let start = scanner.at();
        let first = self.pieces.len();
        let mut more = scanner.open(b']')?;
        while more {
            let piece = piece(text, scanner)?;
            choice.facts.otherwise |= piece.object || piece.others;
            choice.facts.others |= !piece.object && piece.others;
            self.pieces.push(piece);
            more = scanner.more(b']')?;
        }
        choice.pieces = first..self.pieces.len();
        choice.calls = Span::new(start, scanner.at());
        Some(())
    }
}

fn piece(text: &[u8], scanner: &mut Scanner<'_, '_>) -> Option<Piece> {
    let start = scanner.at();
    let mut piece = Piece::default();
    if scanner.peek() != b'{' {
        piece.whole = scanner.value()?;
        piece.others = !says_nothing(piece.whole.of(text));
        return Some(piece);
    }
    piece.object = true;
    let mut more = scanner.open(b'}')?;
    while more {
        let key = scanner.key()?;
        match &*name(key.of(text)) {
            b"function" if scanner.peek() == b'{' => function(text, scanner, &mut piece)?,
            other => {
                let value = scanner.value()?;
                match other {
                    b"index" => piece.index = value,
                    b"id" => piece.id = value,
                    b"type" => piece.kind = value,
                    b"function" => piece.function = value,
                    _ => {}
                }
                let texts = value.of(text).first() == Some(&b'"');
                let known = other == b"index" || texts && matches!(other, b"id" | b"type");
                piece.others |= !known && !says_nothing(value.of(text));
            }
        }
        more = scanner.more(b'}')?;
    }
    piece.whole = Span::new(start, scanner.at());
    Some(piece)
}

fn function(text: &[u8], scanner: &mut Scanner<'_, '_>, piece: &mut Piece) -> Option<()> {
    let start = scanner.at();
    let mut more = scanner.open(b'}')?;
    while more {
        let key = scanner.key()?;
        let value = scanner.value()?;
        match &*name(key.of(text)) {
            b"name" => piece.name = value,
            b"arguments" => piece.arguments = value,
            _ => piece.others |= !says_nothing(value.of(text)),
        }
        more = scanner.more(b'}')?;
    }
    piece.function = Span::new(start, scanner.at());
    Some(())
}
