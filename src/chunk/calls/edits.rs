//! What is changed in the tool calls of a chunk.

use super::entries::{write_head, write_text};
use super::pieces::Piece;
use super::session::CallView;
use crate::chunk::edit::{Edits, Insertion, What};
use crate::chunk::envelope::{Choice, Envelope, index_of};
use crate::chunk::scan::{Span, is_empty};
use crate::chunk::session::Session;

/// What the session said of a piece: where its call stands among those of its choice, and whether
/// the piece says anything new beside its arguments. `None` for what is no object.
pub(in crate::chunk) type Told = Option<(usize, bool)>;

/// What becomes of the tool calls of a choice that is given out.
#[derive(Debug, Clone, Copy)]
pub(in crate::chunk) enum Called<'a> {
    /// What the session decided for the chunk that was pushed last.
    Decided(&'a Session, &'a [Told]),
    /// The pieces say nothing but arguments: instead of them the snapshots of these calls.
    Waiting(&'a Session, &'a [usize]),
}

impl<'a> Called<'a> {
    /// The calls that the chunk has no pieces for, and that are put in.
    fn made(self, place: usize) -> Vec<CallView<'a>> {
        match self {
            Self::Decided(session, _) => session.calls(place).filter(CallView::is_made).collect(),
            Self::Waiting(session, waiting) => {
                let views = waiting.iter().map(|at| session.call_at(place, *at));
                views.flatten().collect()
            }
        }
    }

    /// Are there any?
    pub(in crate::chunk) fn makes(self, place: usize) -> bool {
        !self.made(place).is_empty()
    }
}

impl Edits {
    /// Changes the tool calls of a choice; `place` is where it stands in the session, `into` the
    /// end of its delta.
    pub(in crate::chunk) fn calls(
        &mut self,
        text: &[u8],
        envelope: &Envelope,
        choice: &Choice,
        (called, place): (Called<'_>, usize),
        into: &mut Insertion,
    ) {
        let pieces = &envelope.pieces[choice.pieces.clone()];
        let mut keeps = Vec::with_capacity(pieces.len());
        if let Called::Decided(session, told) = called {
            for (at, (piece, told)) in pieces.iter().zip(told).enumerate() {
                let call = told.and_then(|(call, _)| session.call_at(place, call));
                keeps.push(match (told, call) {
                    (Some((_, news)), Some(call)) => self.piece(text, piece, (at, *news), call),
                    _ => true,
                });
            }
        }
        keeps.resize(pieces.len(), false);
        let kept = keeps.contains(&true);
        if kept {
            self.take_out(pieces.len(), |at| pieces[at].whole, |at| keeps[at]);
        }
        if !self.made(text, choice, (called, place), kept, into) && !kept && !pieces.is_empty() {
            self.replace(choice.calls, What::Static(b"null"));
        }
    }

    /// Changes one piece; says whether it is given out.
    fn piece(
        &mut self,
        text: &[u8],
        piece: &Piece,
        (at, news): (usize, bool),
        call: CallView<'_>,
    ) -> bool {
        let is_last = call.piece == Some(at);
        let given = if is_last { call.verdict.given } else { news };
        if !given || call.alien {
            return given;
        }
        let whole = is_last && call.verdict.last;
        let mut into = Insertion::new(text, piece.whole);
        let index = piece.index.of(text);
        if index_of(index) != Some(call.number) || index.starts_with(b"\"") {
            let number = call.number.to_string();
            let number = self.note(|notes| notes.extend_from_slice(number.as_bytes()));
            self.set(piece.index, b"index", number, &mut into);
        }
        let names = [
            (piece.id, &b"id"[..], call.id),
            (piece.kind, b"type", call.kind),
        ];
        for (span, key, value) in names {
            if whole && is_empty(span.of(text)) && !value.is_empty() {
                let value = self.note(|notes| write_text(value, notes));
                self.set(span, key, value, &mut into);
            }
        }
        self.function(text, piece, (whole, is_last), call, &mut into);
        if whole {
            self.insert(&mut into, b"json_status", What::Status(call.place));
        }
        true
    }

    fn function(
        &mut self,
        text: &[u8],
        piece: &Piece,
        (whole, is_last): (bool, bool),
        call: CallView<'_>,
        into: &mut Insertion,
    ) {
        let snapshot = is_last && call.verdict.snapshot;
        let arguments = match snapshot {
            true => What::Snapshot(call.place),
            false => What::Static(b"null"),
        };
        if piece.function.of(text).first() != Some(&b'{') {
            if snapshot || whole {
                let head = self.note(|notes| {
                    notes.push(b'{');
                    if whole && !call.name.is_empty() {
                        notes.extend_from_slice(b"\"name\":");
                        write_text(call.name, notes);
                        notes.push(b',');
                    }
                    notes.extend_from_slice(b"\"arguments\":");
                });
                let end = self.set(piece.function, b"function", head, into);
                self.replace(end, arguments);
                self.replace(end, What::Static(b"}"));
            }
            return;
        }
        let mut inside = Insertion::new(text, piece.function);
        if whole && !call.name.is_empty() && piece.name(text) != call.name {
            let name = self.note(|notes| write_text(call.name, notes));
            self.set(piece.name, b"name", name, &mut inside);
        }
        if snapshot || whole || piece.has_text(text) {
            self.set(piece.arguments, b"arguments", arguments, &mut inside);
        }
    }

    /// Puts in calls that the list has no pieces for; says whether there are any.
    pub(in crate::chunk) fn made(
        &mut self,
        text: &[u8],
        choice: &Choice,
        (called, place): (Called<'_>, usize),
        kept: bool,
        into: &mut Insertion,
    ) -> bool {
        let calls = called.made(place);
        let list = choice.calls.of(text);
        if calls.is_empty() || !(is_empty(list) || list.starts_with(b"[")) {
            return false;
        }
        let last = matches!(called, Called::Decided(..));
        let at = if kept {
            choice.calls.before_end()
        } else {
            self.set(choice.calls, b"tool_calls", What::Static(b"["), into)
        };
        for (nth, call) in calls.into_iter().enumerate() {
            let comma = kept || nth > 0;
            self.entry(
                at,
                comma,
                call,
                last && call.verdict.last,
                last && !call.verdict.snapshot,
            );
        }
        if !kept {
            self.replace(at, What::Static(b"]"));
        }
        true
    }

    fn entry(&mut self, at: Span, comma: bool, call: CallView<'_>, whole: bool, null: bool) {
        let head = self.note(|notes| {
            if comma {
                notes.push(b',');
            }
            write_head(call, whole, notes);
        });
        self.replace(at, head);
        self.replace(
            at,
            if null {
                What::Static(b"null")
            } else {
                What::Snapshot(call.place)
            },
        );
        if whole {
            self.replace(at, What::Static(b"},\"json_status\":"));
            self.replace(at, What::Status(call.place));
            self.replace(at, What::Static(b"}"));
        } else {
            self.replace(at, What::Static(b"}}"));
        }
    }

    /// Sets a member of an object; gives the place where more of its value is put at once. Where
    /// it stands in the place of another value, that is the same place: behind it may be the end
    /// of the object, where other members are put.
    fn set(&mut self, span: Span, key: &[u8], value: What, into: &mut Insertion) -> Span {
        if span.is_none() {
            self.insert(into, key, value);
            return Span::new(into.at, into.at);
        }
        self.replace(span, value);
        span
    }
}
