//! What is changed in a chunk, and the writing of it: one copy, with the changes put in.

use super::carry::Carry;
use super::channel::Content;
use super::envelope::{Choice, Envelope};
use super::scan::{Member, Span, is_empty};
use super::session::Session;
use std::ops::Range;

/// What stands in a place instead.
#[derive(Debug, Clone)]
enum What {
    Static(&'static [u8]),
    /// Bytes of the notes.
    Note(Range<usize>),
    /// What goes out of the choice at this place in the session, as a JSON string.
    Snapshot(usize),
    /// Its status.
    Status(usize),
}

#[derive(Debug, Clone)]
struct Edit {
    at: Span,
    what: What,
}

/// The changes to one chunk.
#[derive(Debug, Default)]
pub(super) struct Edits {
    list: Vec<Edit>,
    notes: Vec<u8>,
}

/// A buffer that has grown beyond this is given back.
const KEEP: usize = 16 << 10;

/// Where members are put into an object, and whether one stands before.
struct Insertion {
    at: usize,
    first: bool,
}

impl Insertion {
    fn new(text: &[u8], object: Span) -> Self {
        Self {
            at: object.end - 1,
            first: is_empty(object.of(text)),
        }
    }
}

impl Edits {
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.notes.clear();
        if self.notes.capacity() > KEEP {
            self.notes = Vec::new();
        }
        if self.list.capacity() > KEEP {
            self.list = Vec::new();
        }
    }

    fn replace(&mut self, at: Span, what: What) {
        self.list.push(Edit { at, what });
    }

    fn note(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> What {
        let start = self.notes.len();
        write(&mut self.notes);
        What::Note(start..self.notes.len())
    }

    /// Puts a member into an object, behind what is there.
    fn insert(&mut self, into: &mut Insertion, key: &[u8], value: What) {
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
        content: (Content, usize),
        carry: &Carry,
        status: bool,
    ) {
        let mut into = Insertion::new(text, choice.whole);
        self.delta(text, envelope, choice, content, carry, &mut into);
        if !carry.is_empty() {
            if !carry.logprobs.is_empty() {
                let own = choice.logprobs.of(text);
                let joined = self.note(|notes| carry.logprobs.write(own, notes));
                if choice.logprobs.is_none() {
                    self.insert(&mut into, b"logprobs", joined);
                } else {
                    self.replace(choice.logprobs, joined);
                }
            }
            let own = &envelope.choice_members[choice.members.clone()];
            self.fill(text, own, &mut into, carry.members.iter());
        }
        if status {
            self.insert(&mut into, b"json_status", What::Status(content.1));
        }
    }

    fn delta(
        &mut self,
        text: &[u8],
        envelope: &Envelope,
        choice: &Choice,
        (content, place): (Content, usize),
        carry: &Carry,
        choice_end: &mut Insertion,
    ) {
        let role = !carry.role.is_empty() && !choice.facts.role;
        let snapshot = content == Content::Snapshot;
        if choice.delta.of(text).first() != Some(&b'{') {
            if role || snapshot {
                self.new_delta(text, choice, place, (role, snapshot), carry, choice_end);
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
    }

    /// A delta for a choice that has none, or null.
    fn new_delta(
        &mut self,
        text: &[u8],
        choice: &Choice,
        place: usize,
        (role, snapshot): (bool, bool),
        carry: &Carry,
        choice_end: &mut Insertion,
    ) {
        let mut whole = choice.delta;
        if whole.is_none() {
            self.insert(choice_end, b"delta", What::Static(b""));
            whole = Span::new(choice_end.at, choice_end.at);
        }
        debug_assert!(text.len() >= whole.end);
        let before = self.note(|notes| {
            notes.push(b'{');
            if role {
                notes.extend_from_slice(b"\"role\":");
                notes.extend_from_slice(&carry.role);
            }
            if role && snapshot {
                notes.push(b',');
            }
            if snapshot {
                notes.extend_from_slice(b"\"content\":");
            }
        });
        self.replace(whole, before);
        let end = Span::new(whole.end, whole.end);
        if snapshot {
            self.replace(end, What::Snapshot(place));
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
                self.insert(delta_end, b"content", What::Snapshot(place));
            }
            Content::Snapshot => self.replace(choice.content, What::Snapshot(place)),
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
            self.replace(parts[at].text, What::Snapshot(place));
        }
        let keeps = |at: usize| parts[at].text.is_none() || carrier == Some(at);
        self.take_out(parts.len(), |at| parts[at].whole, keeps);
        if snapshot && carrier.is_none() {
            let end = Span::new(choice.content.end - 1, choice.content.end - 1);
            self.replace(end, What::Static(b",{\"type\":\"text\",\"text\":"));
            self.replace(end, What::Snapshot(place));
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
                Some(last) if at > last + 1 => {
                    self.replace(
                        Span::new(whole(last).end, whole(at).start),
                        What::Static(b","),
                    );
                }
                _ => {}
            }
            last = Some(at);
        }
        if let Some(last) = last.filter(|last| last + 1 < count) {
            self.replace(
                Span::new(whole(last).end, whole(count - 1).end),
                What::Static(b""),
            );
        }
    }

    /// The snapshot of this choice is about to change: those that are due are written down now.
    pub(super) fn settle(&mut self, place: usize, session: &Session) {
        for at in 0..self.list.len() {
            if matches!(self.list[at].what, What::Snapshot(other) if other == place) {
                self.list[at].what = self.note(|notes| write_snapshot(session, place, notes));
            }
        }
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
            What::Snapshot(place) => session.content_len(*place) + 2,
            What::Status(place) => session.status_len(*place),
        });
        let needed = parts.sum::<usize>() + text.len() + 8;
        if out.capacity() - out.len() < needed {
            out.reserve_exact((needed + needed / 16).max(out.len() / 4));
        }
    }
}

fn write_snapshot(session: &Session, place: usize, out: &mut Vec<u8>) {
    out.push(b'"');
    session.write_content(place, out);
    out.push(b'"');
}
