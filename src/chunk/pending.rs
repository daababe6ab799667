//! Snapshots that wait for a reader: a newer one overtakes them.
//!
//! A chunk that was overtaken is like one that was dropped: what it said beside its text is
//! carried. So is one that would be dropped while another waits: it takes that one's place, so
//! that what it says stays in its order.

use super::calls::Called;
use super::carry::PADDING;
use super::closing::NAMES;
use super::edit::Shown;
use super::envelope::Envelope;
use super::rewriter::{Rewriter, Slot, in_order};
use super::scan::is_empty;
use super::session::Session;
use super::verdict::{Action, Content, Facts, Finish, Held, Verdict};
use crate::count::Count;
use crate::sse::Block;
use std::ops::Range;

/// A chunk whose snapshot no reader has taken.
#[derive(Debug)]
pub(super) struct PendingChunk {
    raw: Vec<u8>,
    data: Range<usize>,
    waits: Waits,
    /// Its number.
    age: u64,
}

/// The snapshots that wait with a chunk.
#[derive(Debug, Default)]
struct Waits {
    /// That of the choice's own text.
    content: bool,
    /// Those of its tool calls, by their places among them, in order.
    calls: Vec<usize>,
}

impl Waits {
    /// What the chunk that was pushed last shows of the choice at this place.
    fn shown(session: &Session, place: usize, verdict: Verdict) -> Self {
        if verdict.action != Action::Emit {
            return Self::default();
        }
        let calls = session.calls(place).filter(|call| call.verdict.snapshot);
        let mut shown = Self {
            content: verdict.content == Content::Snapshot,
            calls: calls.filter_map(|call| call.place.call).collect(),
        };
        shown.calls.sort_unstable();
        shown
    }

    fn as_shown<'a>(&'a self, session: &'a Session, place: usize) -> Shown<'a> {
        Shown {
            content: match self.content {
                true => Content::Snapshot,
                false => Content::Null,
            },
            place,
            called: session
                .reads_calls()
                .then_some(Called::Waiting(session, &self.calls)),
            status: false,
            stands: (0, 0),
        }
    }

    fn is_empty(&self) -> bool {
        !self.content && self.calls.is_empty()
    }

    fn join(&mut self, other: &Self) {
        self.content |= other.content;
        if !other.calls.is_empty() {
            self.calls.extend_from_slice(&other.calls);
            self.calls.sort_unstable();
            self.calls.dedup();
        }
    }

    /// Leaves out what newer ones overtake.
    fn give_way(&mut self, newer: &Self) {
        self.content &= !newer.content;
        self.calls
            .retain(|at| newer.calls.binary_search(at).is_err());
    }
}

/// Can this block wait? Not if it holds more than an event on one line.
pub(super) fn can_wait(block: &Block<'_>) -> bool {
    block.is_finished() && !block.keeps() && block.data_span().is_some()
}

impl Rewriter {
    /// What chunks that were held or waited are read with; to be kept only where more are coming.
    pub(super) fn take_inner(&mut self) -> Box<Envelope> {
        let inner = self.inner.take();
        inner.unwrap_or_else(|| Box::new(Envelope::new(self.reads_calls)))
    }

    /// Lets a chunk with one choice wait, if it may; if not, sees to the one that waits before
    /// it.
    pub(super) fn wait(
        &mut self,
        session: &mut Session,
        place: usize,
        verdict: Verdict,
        facts: Facts,
        block: &Block<'_>,
        out: &mut Vec<u8>,
    ) -> bool {
        let mut shown = Waits::shown(session, place, verdict);
        let passing = facts.others
            || facts.finish != Finish::None
            || verdict.held == Held::Before
            || session.calls_say(place);
        let dropped = matches!(verdict.action, Action::Drop | Action::DropWithRole);
        let pending = self.slots[place].pending.as_mut();
        if !shown.is_empty() && !passing || dropped && pending.is_some() {
            if let Some(pending) = pending {
                shown.join(&pending.waits);
            }
            self.overtake(place);
            if verdict.held == Held::Merge {
                self.merge_held(place);
            }
            self.store(place, shown, block);
            return true;
        }
        if let (Action::Emit, Some(pending)) = (verdict.action, pending) {
            pending.waits.give_way(&shown);
            match pending.waits.is_empty() {
                true => self.overtake(place),
                false => self.flush_in_turn(session, place, out),
            }
        }
        let data = block.data().unwrap_or_default();
        if verdict.action == Action::Emit && self.is_pending() && self.says_apart(place, data) {
            self.flush(session, out);
        }
        false
    }

    /// Does this chunk, with what is carried for it, say more of the stream than the names it goes
    /// by? Then what is older must not come behind it.
    fn says_apart(&mut self, place: usize, data: &[u8]) -> bool {
        let apart = |key: &[u8]| !NAMES.contains(&key) && !PADDING.contains(&key);
        let mut inner = self.take_inner();
        inner.scan(data);
        let mut own = inner.members.iter();
        let says = own.any(|own| apart(own.key.of(data)) && !is_empty(own.value.of(data)));
        self.inner = Some(inner);
        says || self.carried_top(place).any(|(key, _)| apart(key))
    }

    fn store(&mut self, place: usize, waits: Waits, block: &Block<'_>) {
        let mut raw = std::mem::take(&mut self.spare);
        raw.clear();
        raw.extend_from_slice(block.raw());
        let data = block.data_span().unwrap_or_default();
        self.carried.raise(raw.len());
        let age = self.chunks;
        self.slots[place].pending = Some(PendingChunk {
            raw,
            data,
            waits,
            age,
        });
    }

    fn take_pending(&mut self, place: usize) -> Option<PendingChunk> {
        let pending = self.slots.get_mut(place)?.pending.take()?;
        self.carried.lower(pending.raw.len());
        Some(pending)
    }

    /// The chunk that waits will not be given out: what it says is carried.
    fn overtake(&mut self, place: usize) {
        let Some(PendingChunk { raw, data, age, .. }) = self.take_pending(place) else {
            return;
        };
        let text = &raw[data];
        let mut inner = self.take_inner();
        inner.scan(text);
        if let Some(choice) = inner.choices.first() {
            let carry = &mut self.slots[place].carry;
            let before = carry.size();
            self.top.take(text, &inner.members, age);
            let own = &inner.choice_members[choice.members.clone()];
            carry.members.take(text, own, age);
            carry.logprobs.take(choice.logprobs.of(text), false);
            if choice.facts.role {
                carry.role.clear();
                carry.role.extend_from_slice(choice.role.of(text));
            }
            self.carried.lower(before);
            self.carried.raise(carry.size());
        }
        self.inner = Some(inner);
        self.spare = raw;
    }

    /// Writes the snapshot that waits for the choice at this place, and before it what must not
    /// come behind it.
    pub(super) fn flush_in_turn(&mut self, session: &mut Session, place: usize, out: &mut Vec<u8>) {
        let Some(pending) = self.take_pending(place) else {
            return;
        };
        let (age, data) = (pending.age, pending.data.clone());
        let apart = self.says_apart(place, &pending.raw[data]);
        self.carried.raise(pending.raw.len());
        self.slots[place].pending = Some(pending);
        if apart {
            self.flush_until(age, session, out);
        } else {
            self.flush_one(session, place, out);
        }
    }

    /// Writes the snapshot that waits for the choice at this place.
    fn flush_one(&mut self, session: &mut Session, place: usize, out: &mut Vec<u8>) {
        let Some(waiting) = self.take_pending(place) else {
            return;
        };
        let PendingChunk {
            raw,
            data,
            waits,
            age,
        } = waiting;
        let text = &raw[data.clone()];
        let mut inner = self.take_inner();
        inner.scan(text);
        if let Some(choice) = inner.choices.first() {
            let mut edits = std::mem::take(&mut self.edits);
            edits.clear();
            let slot = &mut self.slots[place];
            if waits.content {
                session.take_content(place);
            }
            for at in &waits.calls {
                session.take_content((place, *at));
            }
            let shown = waits.as_shown(session, place);
            edits.choice(text, &inner, choice, shown, &slot.carry);
            self.carried.lower(slot.carry.size());
            slot.carry.clear();
            self.goes_out(text, &inner, age);
            // What was said after it has its turn later.
            edits.fill_top(text, &inner, self.top.until(age));
            self.top.forget_until(age);
            self.write_stray(out);
            out.extend_from_slice(&raw[..data.start]);
            edits.write(text, session, out);
            out.extend_from_slice(&raw[data.end..]);
            edits.clear();
            self.edits = edits;
            self.events_out.raise(1);
        }
        self.inner = Some(inner);
        self.spare = raw;
    }

    /// Writes every snapshot that waits, in the order of their chunks.
    pub(super) fn flush(&mut self, session: &mut Session, out: &mut Vec<u8>) {
        self.flush_until(u64::MAX, session, out);
    }

    /// Those of this chunk and of older ones.
    fn flush_until(&mut self, last: u64, session: &mut Session, out: &mut Vec<u8>) {
        let age = |slot: &Slot| {
            let age = slot.pending.as_ref()?.age;
            (age <= last).then_some(age)
        };
        for place in in_order(&self.slots, age) {
            self.flush_one(session, place, out);
        }
    }

    /// Does a snapshot wait?
    pub(super) fn is_pending(&self) -> bool {
        self.slots.iter().any(|slot| slot.pending.is_some())
    }

    /// The LF of a CRLF whose CR ended the block that waits, or that was written since.
    pub(super) fn line_feed_pending(&mut self, place: usize, out: &mut Vec<u8>) {
        match self
            .slots
            .get_mut(place)
            .and_then(|slot| slot.pending.as_mut())
        {
            Some(pending) => {
                pending.raw.push(b'\n');
                self.carried.raise(1);
            }
            None => out.push(b'\n'),
        }
    }
}
