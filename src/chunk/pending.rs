//! Snapshots that wait for a reader: a newer one overtakes them.
//!
//! A chunk that was overtaken is like one that was dropped: what it said beside its text is
//! carried. So is one that would be dropped while another waits: it takes that one's place, so
//! that what it says stays in its order.

use super::channel::{Action, Content, Facts, Finish, Held, Verdict};
use super::rewriter::Rewriter;
use super::session::Session;
use crate::sse::Block;
use std::ops::Range;

/// A chunk whose snapshot no reader has taken.
#[derive(Debug)]
pub(super) struct PendingChunk {
    raw: Vec<u8>,
    data: Range<usize>,
}

/// Can this block wait? Not if it holds more than an event on one line.
pub(super) fn can_wait(block: &Block<'_>) -> bool {
    block.is_finished() && !block.keeps() && block.data_span().is_some()
}

impl Rewriter {
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
        let snapshot = verdict.action == Action::Emit && verdict.content == Content::Snapshot;
        let passing = facts.others || facts.finish != Finish::None;
        let owed = self.slots[place].pending.is_some();
        let dropped = matches!(verdict.action, Action::Drop | Action::DropWithRole);
        if snapshot && !passing || dropped && owed {
            self.overtake(place);
            if verdict.held == Held::Merge {
                self.merge_held(place);
            }
            self.store(place, block);
            return true;
        }
        if snapshot {
            self.overtake(place);
        } else if verdict.action == Action::Emit && owed {
            self.flush_one(session, place, out);
        }
        false
    }

    fn store(&mut self, place: usize, block: &Block<'_>) {
        let mut raw = std::mem::take(&mut self.spare);
        raw.clear();
        raw.extend_from_slice(block.raw());
        let data = block.data_span().unwrap_or_default();
        self.carried += raw.len();
        self.slots[place].pending = Some(PendingChunk { raw, data });
    }

    fn take_pending(&mut self, place: usize) -> Option<PendingChunk> {
        let pending = self.slots.get_mut(place)?.pending.take()?;
        self.carried -= pending.raw.len();
        Some(pending)
    }

    /// The chunk that waits will not be given out: what it says is carried.
    fn overtake(&mut self, place: usize) {
        let Some(PendingChunk { raw, data }) = self.take_pending(place) else {
            return;
        };
        let text = &raw[data];
        self.inner.scan(text);
        if let Some(choice) = self.inner.choices.first() {
            let carry = &mut self.slots[place].carry;
            let before = carry.size();
            self.top.take(text, &self.inner.members, true);
            let own = &self.inner.choice_members[choice.members.clone()];
            carry.members.take(text, own, true);
            carry.logprobs.take(choice.logprobs.of(text), false);
            if choice.facts.role {
                carry.role.clear();
                carry.role.extend_from_slice(choice.role.of(text));
            }
            self.carried = self.carried - before + carry.size();
        }
        self.spare = raw;
    }

    /// Writes the snapshot that waits for the choice at this place.
    fn flush_one(&mut self, session: &mut Session, place: usize, out: &mut Vec<u8>) {
        let Some(PendingChunk { raw, data }) = self.take_pending(place) else {
            return;
        };
        let text = &raw[data.clone()];
        let mut inner = std::mem::take(&mut self.inner);
        inner.scan(text);
        if let Some(choice) = inner.choices.first() {
            let mut edits = std::mem::take(&mut self.edits);
            edits.clear();
            let slot = &mut self.slots[place];
            let content = (Content::Snapshot, place);
            session.take_content(place);
            edits.choice(text, &inner, choice, content, &slot.carry, false);
            self.carried -= slot.carry.size();
            slot.carry.clear();
            edits.fill_top(text, &inner, self.top.iter());
            self.top.clear();
            self.write_stray(out);
            out.extend_from_slice(&raw[..data.start]);
            edits.write(text, session, out);
            out.extend_from_slice(&raw[data.end..]);
            edits.clear();
            self.edits = edits;
            self.events_out += 1;
        }
        self.inner = inner;
        self.spare = raw;
    }

    /// Writes every snapshot that waits.
    pub(super) fn flush(&mut self, session: &mut Session, out: &mut Vec<u8>) {
        for place in 0..self.slots.len() {
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
                self.carried += 1;
            }
            None => out.push(b'\n'),
        }
    }
}
