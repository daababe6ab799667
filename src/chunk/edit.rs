//! What is changed in a chunk, and the writing of it: one copy, with the changes put in.

use super::calls::Called;
use super::carry::Carry;
use super::envelope::{Choice, Envelope, index_of};
use super::scan::{Member, Span, is_empty};
use super::session::{Place, Session};
use super::verdict::Content;
use crate::count::total;
use std::ops::Range;

/// What stands in a place instead.
#[derive(Debug, Clone)]
pub(super) enum What {
    Static(&'static [u8]),
    /// Bytes of the notes.
    Note(Range<usize>),
    /// What goes out of the text at this place in the session, as a JSON string.
    Snapshot(Place),
    /// Its status.
    Status(Place),
}

#[derive(Debug, Clone)]
struct Edit {
    at: Span,
    what: What,
}

/// What becomes of the texts of a choice that is given out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    /// Its own text.
    pub(super) content: Content,
    /// Where it stands in the session.
    pub(super) place: usize,
    /// Its tool calls, where these are read.
    pub(super) called: Option<Called<'a>>,
    /// It gets a `json_status`.
    pub(super) status: bool,
    /// Its place in the list of choices as it came, and as it goes out.
    pub(super) stands: (usize, usize),
}

/// The changes to one chunk.
#[derive(Debug, Default)]
pub(super) struct Edits {
    list: Vec<Edit>,
    /// Those of the list that are snapshots, and not written down yet.
    open: Vec<usize>,
    notes: Vec<u8>,
}

/// A buffer that has grown beyond this is given back.
const KEEP: usize = 16 << 10;

/// Where members are put into an object, and whether one stands before.
pub(super) struct Insertion {
    pub(super) at: usize,
    first: bool,
}

impl Insertion {
    pub(super) fn new(text: &[u8], object: Span) -> Self {
        Self {
            at: object.before_end().start,
            first: is_empty(object.of(text)),
        }
    }
}

impl Edits {
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.open.clear();
        self.notes.clear();
        if self.notes.capacity() > KEEP {
            self.notes = Vec::new();
        }
        if self.list.capacity() > KEEP {
            self.list = Vec::new();
        }
    }

    pub(super) fn replace(&mut self, at: Span, what: What) {
        if matches!(what, What::Snapshot(_)) {
            self.open.push(self.list.len());
        }
        self.list.push(Edit { at, what });
    }

    pub(super) fn note(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> What {
        let start = self.notes.len();
        write(&mut self.notes);
        What::Note(start..self.notes.len())
    }

    /// Puts a member into an object, behind what is there.
    pub(super) fn insert(&mut self, into: &mut Insertion, key: &[u8], value: What) {
        let comma = !std::mem::replace(&mut into.first, false);
        let before = self.note(|notes| {
            notes.extend_from_slice(if comma { b",\"" } else { b"\"" });
            notes.extend_from_slice(key);
            notes.extend_from_slice(b"\":");
        });
        let at = Span::new(into.at, into.at);
        self.replace(at, before);
        self.replace(at, value);
    }

    /// Puts in the carried members that the object lacks; one that is null gives way.
    fn fill<'c>(
        &mut self,
        text: &[u8],
        own: &[Member],
        into: &mut Insertion,
        carried: impl Iterator<Item = (&'c [u8], &'c [u8])>,
    ) {
        for (at, (key, value)) in carried.enumerate() {
            let same = |member: &&Member| member.key.of(text) == key;
            let found = own.get(at).filter(same).or_else(|| own.iter().find(same));
            match found {
                Some(member) if !is_empty(member.value.of(text)) => {}
                Some(member) => {
                    let value = self.note(|notes| notes.extend_from_slice(value));
                    self.replace(member.value, value);
                }
                None => {
                    let value = self.note(|notes| notes.extend_from_slice(value));
                    self.insert(into, key, value);
                }
            }
        }
    }

    /// Puts carried members into the chunk itself.
    pub(super) fn fill_top<'c>(
        &mut self,
        text: &[u8],
        envelope: &Envelope,
        carried: impl Iterator<Item = (&'c [u8], &'c [u8])>,
    ) {
        let mut into = Insertion::new(text, envelope.whole);
        self.fill(text, &envelope.members, &mut into, carried);
    }

    /// What is carried, and the status, into a choice that is given out; `place` is where it
    /// stands in the session.
    pub(super) fn choice(
        &mut self,
        text: &[u8],
        envelope: &Envelope,
        choice: &Choice,
        shown: Shown<'_>,
        carry: &Carry,
    ) {
        let mut into = Insertion::new(text, choice.whole);
        self.delta(text, envelope, choice, shown, carry, &mut into);
        if !carry.is_empty() {
            self.carried(text, envelope, choice, carry, &mut into);
        }
        self.moved(text, choice, shown.stands, &mut into);
        if shown.status {
            self.insert(&mut into, b"json_status", What::Status(shown.place.into()));
        }
    }

    /// What is carried, but for a role, into a choice; `into` is its end.
    fn carried(
        &mut self,
        text: &[u8],
        envelope: &Envelope,
        choice: &Choice,
        carry: &Carry,
        into: &mut Insertion,
    ) {
        if !carry.logprobs.is_empty() {
            let own = choice.logprobs.of(text);
            let joined = self.note(|notes| carry.logprobs.write(own, notes));
            if choice.logprobs.is_none() {
                self.insert(into, b"logprobs", joined);
            } else {
                self.replace(choice.logprobs, joined);
            }
        }
        let own = &envelope.choice_members[choice.members.clone()];
        self.fill(text, own, into, carry.members.iter());
    }

    /// One choice of a chunk, as a chunk of its own, with what is carried for it.
    pub(super) fn alone(&mut self, text: &[u8], envelope: &Envelope, at: usize, carry: &Carry) {
        let (choices, choice) = (&envelope.choices, &envelope.choices[at]);
        self.take_out(choices.len(), |at| choices[at].whole, |other| other == at);
        let mut into = Insertion::new(text, choice.whole);
        self.carried(text, envelope, choice, carry, &mut into);
        self.moved(text, choice, (at, 0), &mut into);
    }

    /// A choice without an index goes by its place in `choices`: where it stands at another place
    /// in what goes out, it gets the index that it goes by. `into` is its end.
    fn moved(
        &mut self,
        text: &[u8],
        choice: &Choice,
        (from, to): (usize, usize),
        into: &mut Insertion,
    ) {
        if from == to || index_of(choice.index.of(text)).is_some() {
            return;
        }
        let index = self.note(|notes| notes.extend_from_slice(from.to_string().as_bytes()));
        if choice.index.is_none() {
            self.insert(into, b"index", index);
        } else {
            self.replace(choice.index, index);
        }
    }

    fn delta(
        &mut self,
        text: &[u8],
        envelope: &Envelope,
        choice: &Choice,
        shown: Shown<'_>,
        carry: &Carry,
        choice_end: &mut Insertion,
    ) {
        let role = !carry.role.is_empty() && !choice.facts.role;
        let (content, place) = (shown.content, shown.place);
        let calls = || shown.called.is_some_and(|called| called.makes(place));
        if choice.delta.of(text).first() != Some(&b'{') {
            if role || content == Content::Snapshot || calls() {
                self.new_delta(text, choice, (shown, role), carry, choice_end);
            }
            return;
        }
        let mut into = Insertion::new(text, choice.delta);
        if role {
            let value = self.note(|notes| notes.extend_from_slice(&carry.role));
            if choice.role.is_none() {
                self.insert(&mut into, b"role", value);
            } else {
                self.replace(choice.role, value);
            }
        }
        self.content(text, envelope, choice, (content, place), &mut into);
        if let Some(called) = shown.called {
            self.calls(text, envelope, choice, (called, place), &mut into);
        }
    }

    /// A delta for a choice that has none, or null.
    fn new_delta(
        &mut self,
        text: &[u8],
        choice: &Choice,
        (shown, role): (Shown<'_>, bool),
        carry: &Carry,
        choice_end: &mut Insertion,
    ) {
        let mut whole = choice.delta;
        if whole.is_none() {
            self.insert(choice_end, b"delta", What::Static(b"{"));
            whole = Span::new(choice_end.at, choice_end.at);
        } else {
            self.replace(whole, What::Static(b"{"));
        }
        debug_assert!(text.len() >= whole.end);
        let end = Span::new(whole.end, whole.end);
        let mut into = Insertion {
            at: whole.end,
            first: true,
        };
        if role {
            let role = self.note(|notes| notes.extend_from_slice(&carry.role));
            self.insert(&mut into, b"role", role);
        }
        if shown.content == Content::Snapshot {
            self.insert(&mut into, b"content", What::Snapshot(shown.place.into()));
        }
        if let Some(called) = shown.called {
            self.made(text, choice, (called, shown.place), false, &mut into);
        }
        self.replace(end, What::Static(b"}"));
    }

    fn content(
        &mut self,
        text: &[u8],
        envelope: &Envelope,
        choice: &Choice,
        (content, place): (Content, usize),
        delta_end: &mut Insertion,
    ) {
        let parts = &envelope.parts[choice.parts.clone()];
        let mixed = parts.iter().any(|part| part.text.is_none());
        if mixed {
            return self.mixed(choice, parts, (content, place));
        }
        match content {
            Content::Snapshot if choice.content.is_none() => {
                self.insert(delta_end, b"content", What::Snapshot(place.into()));
            }
            Content::Snapshot => self.replace(choice.content, What::Snapshot(place.into())),
            Content::Null if choice.has_string(text) || !parts.is_empty() => {
                self.replace(choice.content, What::Static(b"null"));
            }
            Content::Null => {}
        }
    }

    /// A list with parts that are not text: these are kept. The first text part carries the
    /// snapshot, the others are taken out.
    fn mixed(
        &mut self,
        choice: &Choice,
        parts: &[super::envelope::Part],
        (content, place): (Content, usize),
    ) {
        let snapshot = content == Content::Snapshot;
        let carrier = parts
            .iter()
            .position(|part| snapshot && !part.text.is_none());
        if let Some(at) = carrier {
            self.replace(parts[at].text, What::Snapshot(place.into()));
        }
        let keeps = |at: usize| parts[at].text.is_none() || carrier == Some(at);
        self.take_out(parts.len(), |at| parts[at].whole, keeps);
        if snapshot && carrier.is_none() {
            let end = choice.content.before_end();
            self.replace(end, What::Static(b",{\"type\":\"text\",\"text\":"));
            self.replace(end, What::Snapshot(place.into()));
            self.replace(end, What::Static(b"}"));
        }
    }

    /// Takes elements out of a list; at least one must be kept.
    pub(super) fn take_out(
        &mut self,
        count: usize,
        whole: impl Fn(usize) -> Span,
        keeps: impl Fn(usize) -> bool,
    ) {
        let mut last = None;
        for at in (0..count).filter(|at| keeps(*at)) {
            match last {
                None if at > 0 => {
                    self.replace(
                        Span::new(whole(0).start, whole(at).start),
                        What::Static(b""),
                    );
                }
                Some(last) if at.saturating_sub(last) > 1 => {
                    self.replace(
                        Span::new(whole(last).end, whole(at).start),
                        What::Static(b","),
                    );
                }
                _ => {}
            }
            last = Some(at);
        }
        if let (Some(last), Some(end)) = (last, count.checked_sub(1)) {
            if last < end {
                let rest = Span::new(whole(last).end, whole(end).end);
                self.replace(rest, What::Static(b""));
            }
        }
    }

    /// The snapshots of this choice and its calls are about to change: those that are due are
    /// written down now.
    pub(super) fn settle(&mut self, place: usize, session: &Session) {
        let mut open = std::mem::take(&mut self.open);
        open.retain(|at| match self.list[*at].what {
            What::Snapshot(other) if other.choice == place => {
                self.list[*at].what = self.note(|notes| write_snapshot(session, other, notes));
                false
            }
            _ => true,
        });
        self.open = open;
    }

    /// Writes the text with its changes.
    pub(super) fn write(&mut self, text: &[u8], session: &Session, out: &mut Vec<u8>) {
        // Stable, so that what is put into one place keeps its order.
        self.list.sort_by_key(|edit| (edit.at.start, edit.at.end));
        self.reserve(text, session, out);
        let mut at = 0;
        for edit in &self.list {
            out.extend_from_slice(text.get(at..edit.at.start).unwrap_or_default());
            at = edit.at.end;
            match &edit.what {
                What::Static(bytes) => out.extend_from_slice(bytes),
                What::Note(span) => out.extend_from_slice(&self.notes[span.clone()]),
                What::Snapshot(place) => write_snapshot(session, *place, out),
                What::Status(place) => session.write_status(*place, out),
            }
        }
        out.extend_from_slice(text.get(at..).unwrap_or_default());
    }
}

impl Edits {
    /// Doubling would break the memory bound for large documents.
    fn reserve(&self, text: &[u8], session: &Session, out: &mut Vec<u8>) {
        let parts = self.list.iter().map(|edit| match &edit.what {
            What::Static(bytes) => bytes.len(),
            What::Note(span) => span.len(),
            What::Snapshot(place) => total([session.content_len(*place), 2]),
            What::Status(place) => session.status_len(*place),
        });
        let needed = parts.fold(total([text.len(), 8]), usize::saturating_add);
        if out.capacity().saturating_sub(out.len()) < needed {
            out.reserve_exact(total([needed, needed / 16]).max(out.len() / 4));
        }
    }
}

fn write_snapshot(session: &Session, place: Place, out: &mut Vec<u8>) {
    out.push(b'"');
    session.write_content(place, out);
    out.push(b'"');
}
