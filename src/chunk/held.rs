//! Chunks that say nothing but a role: they wait for the next chunk of their choice, and become
//! part of it or go out before it.

use super::carry::Members;
use super::channel::Channel;
use super::edit::Edits;
use super::envelope::Envelope;
use super::rewriter::{Rewriter, Slot, in_order, write_block};
use super::session::Session;
use crate::count::{Count, total};
use crate::sse::Block;

/// A chunk that says nothing but a role: the block as it will be written, and its data. What was
/// carried when it came stands in it, so that all that is carried is newer.
#[derive(Debug)]
pub(super) struct HeldChunk {
    block: Vec<u8>,
    data: Vec<u8>,
    /// Its own members, but for those of which something newer went out.
    top: Members,
    /// The number of its chunk, and its place there.
    came: (u64, usize),
}

impl HeldChunk {
    fn size(&self) -> usize {
        total([self.block.len(), self.data.len(), self.data.len()])
    }
}

impl Rewriter {
    /// Keeps a choice aside, as a chunk of its own, which takes what is carried for it.
    pub(super) fn hold(
        &mut self,
        session: &Session,
        envelope: &Envelope,
        block: &Block<'_>,
        at: usize,
        place: usize,
    ) {
        let data = block.data().unwrap_or_default();
        let mut alone = Vec::new();
        let mut edits = Edits::default();
        let slot = &mut self.slots[place];
        edits.alone(data, envelope, at, &slot.carry);
        edits.write(data, session, &mut alone);
        self.carried.lower(slot.carry.size());
        slot.carry.clear();
        let mut written = Vec::new();
        write_block(block, &alone, &mut written);
        let mut held = HeldChunk {
            block: written,
            data: alone,
            top: Members::default(),
            came: (self.chunks, at),
        };
        held.top.take(data, &envelope.members, self.chunks);
        self.carried.raise(held.size());
        slot.held = Some(held);
        self.holds.raise(1);
        self.held_last.push(place);
    }

    /// A held chunk becomes part of the next one; all that is carried for its choice is newer.
    pub(super) fn merge_held(&mut self, place: usize) {
        if self.slots.len() <= place {
            return;
        }
        let Some(held) = self.take_held(place) else {
            return;
        };
        let mut inner = self.take_inner();
        inner.scan(&held.data);
        let text = &held.data;
        let Some(choice) = inner.choices.first() else {
            return;
        };
        let carry = &mut self.slots[place].carry;
        let before = carry.size();
        self.top.join(&held.top);
        let own = &inner.choice_members[choice.members.clone()];
        carry.members.take(text, own, 0);
        carry.logprobs.take(choice.logprobs.of(text), true);
        carry.role = choice.role.of(text).to_vec();
        self.carried.lower(before);
        self.carried.raise(carry.size());
    }

    /// As `merge_held`, for a final chunk that the upstream did not send.
    pub(super) fn merge_held_at_end(&mut self, session: &Session, index: u64) {
        let shown = |channel: &Channel| channel.document().has_value();
        if session.channel(index).is_some_and(shown) {
            if let Some(place) = session.place(index) {
                self.merge_held(place);
            }
        }
    }

    fn take_held(&mut self, place: usize) -> Option<HeldChunk> {
        let held = self.slots.get_mut(place)?.held.take()?;
        self.carried.lower(held.size());
        self.holds.lower(1);
        Some(held)
    }

    pub(super) fn write_held(&mut self, place: usize, out: &mut Vec<u8>) {
        let Some(held) = self.take_held(place) else {
            return;
        };
        if !self.top.is_empty() {
            let mut inner = self.take_inner();
            inner.scan(&held.data);
            let (at, _) = held.came;
            self.top.forget(&held.data, &inner.members, at);
        }
        out.extend_from_slice(&held.block);
        self.events_out.raise(1);
    }

    /// Writes all chunks that are held, as they were, in the order of their coming.
    pub(super) fn write_all_held(&mut self, out: &mut Vec<u8>) {
        let came = |slot: &Slot| slot.held.as_ref().map(|held| held.came);
        for place in in_order(&self.slots, came) {
            self.write_held(place, out);
        }
    }

    /// Another block begins.
    pub(super) fn begin_block(&mut self) {
        self.held_last.clear();
    }

    /// The LF of a CRLF whose CR ended the block before, for all that is held of it.
    pub(super) fn line_feed(&mut self) {
        for place in self.held_last.drain(..) {
            let slot = self.slots.get_mut(place);
            if let Some(held) = slot.and_then(|slot| slot.held.as_mut()) {
                held.block.push(b'\n');
                self.carried.raise(1);
            }
        }
    }

    /// A chunk goes out, with all that is carried for it: of chunks that are held, what is older
    /// need not be said any more, where they do not go out as they were.
    pub(super) fn goes_out(&mut self, data: &[u8], envelope: &Envelope, at: u64) {
        if self.holds == 0 {
            return;
        }
        let held = self.slots.iter_mut().filter_map(|slot| slot.held.as_mut());
        for top in held.map(|held| &mut held.top).filter(|top| !top.is_empty()) {
            top.forget(data, &envelope.members, at);
            if top.until(at).next().is_some() {
                top.forget_older(&self.top);
            }
        }
    }

    /// All that is carried for no choice goes out.
    pub(super) fn top_goes_out(&mut self) {
        let held = self.slots.iter_mut().filter_map(|slot| slot.held.as_mut());
        for held in held.filter(|_| !self.top.is_empty()) {
            held.top.forget_older(&self.top);
        }
    }

    /// The members of chunks that may go out with the next one of the choice at this place.
    pub(super) fn carried_top(&self, place: usize) -> impl Iterator<Item = (&[u8], &[u8])> {
        let held = self.slots.get(place).and_then(|slot| slot.held.as_ref());
        let held = held.into_iter().flat_map(|held| held.top.iter());
        self.top.iter().chain(held)
    }
}
