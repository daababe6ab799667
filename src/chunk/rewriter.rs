//! Chunks with choices: asks the session about each, carries what dropped ones said, writes the
//! others.

use super::calls::{Called, Told};
use super::carry::{Carry, Members};
use super::edit::{Edits, Shown};
use super::envelope::Envelope;
use super::failure::{Code, Failure};
use super::held::HeldChunk;
use super::pending::{PendingChunk, can_wait};
use super::session::Session;
use super::verdict::{Action, Content, Held, Verdict};
use crate::count::Count;
use crate::sse::{self, Block};
use crate::text::unescape_with;

/// A buffer that has grown beyond this is given back.
const KEEP: usize = 16 << 10;

/// What became of the block that came last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Fate {
    #[default]
    Written,
    Dropped,
    /// Held, for one choice or for several.
    Held,
    /// Waits for a reader, for the choice at this place.
    Pending(usize),
    Queued,
}

/// What is kept for the choice at one place.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) carry: Carry,
    pub(super) held: Option<HeldChunk>,
    /// The newest snapshot that no reader has taken.
    pub(super) pending: Option<PendingChunk>,
    /// The number of the chunk that had this choice last.
    chunk: u64,
}

/// The places of the slots that have something, the one that came first at the front.
pub(super) fn in_order<T: Ord>(slots: &[Slot], came: impl Fn(&Slot) -> Option<T>) -> Vec<usize> {
    let places = slots.iter().enumerate();
    let mut found: Vec<_> = places
        .filter_map(|(place, slot)| Some((came(slot)?, place)))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, place)| place).collect()
}

/// The work on chunks with choices, with its buffers.
#[derive(Debug, Default)]
pub(super) struct Rewriter {
    pub(super) edits: Edits,
    pub(super) slots: Vec<Slot>,
    /// Members of chunks none of whose choices was given out.
    pub(super) top: Members,
    /// For each choice of the chunk at hand: is it given out?
    given: Vec<bool>,
    /// How many of them are.
    gone_out: usize,
    /// For a piece of text with escapes.
    text: Vec<u8>,
    data: Vec<u8>,
    /// The last `id` and the last `retry` line of blocks that were left out.
    stray: [Vec<u8>; 2],
    /// The places of the choices for which the block that came last is held.
    pub(super) held_last: Vec<usize>,
    /// How many chunks are held.
    pub(super) holds: usize,
    /// Bytes of held chunks and of what is carried for choices.
    pub(super) carried: usize,
    /// For chunks that waited for a reader, once there was one.
    pub(super) inner: Option<Box<Envelope>>,
    /// What the session said of the tool calls of the choice at hand; empty where these are not
    /// read.
    told: Vec<Told>,
    pub(super) reads_calls: bool,
    pub(super) events_out: u64,
    /// Snapshots wait for a reader.
    pub(super) lazy: bool,
    /// How many chunks there were.
    pub(super) chunks: u64,
    /// The buffer of a chunk that waited.
    pub(super) spare: Vec<u8>,
}

impl Rewriter {
    /// `reads_calls`: tool calls are read.
    pub(super) fn new(reads_calls: bool) -> Self {
        Self {
            reads_calls,
            ..Self::default()
        }
    }

    /// One chunk with choices. What it must end the stream for, the session or the result says.
    pub(super) fn chunk(
        &mut self,
        session: &mut Session,
        envelope: &Envelope,
        block: &Block<'_>,
        limit: usize,
        out: &mut Vec<u8>,
    ) -> (Fate, Result<(), Failure>) {
        let data = block.data().unwrap_or_default();
        self.edits.clear();
        self.given.clear();
        self.gone_out = 0;
        self.chunks.raise(1);
        self.begin_block();
        let mut fate = Fate::Dropped;
        let alone = self.lazy && envelope.choices.len() == 1 && can_wait(block);
        if self.lazy && !alone {
            self.flush(session, out);
        }
        for at in 0..envelope.choices.len() {
            let Some((place, verdict)) = self.judge(session, envelope, data, at) else {
                break;
            };
            let facts = envelope.choices[at].facts;
            if alone && self.wait(session, place, verdict, facts, block, out) {
                fate = Fate::Pending(place);
                break;
            }
            match self.apply(session, envelope, data, (at, place), verdict, out) {
                Action::Emit => fate = Fate::Written,
                Action::Hold => {
                    self.flush_in_turn(session, place, out);
                    self.hold(session, envelope, block, at, place);
                    if fate == Fate::Dropped {
                        fate = Fate::Held;
                    }
                }
                Action::Drop | Action::DropWithRole => {}
            }
            if self.carried > limit {
                break;
            }
        }
        // Where the stream ends in the middle of a chunk, the rest of it was not read.
        self.given.resize(envelope.choices.len(), false);
        if fate == Fate::Written {
            self.write_chunk(session, envelope, block, out);
            return (fate, self.check(limit));
        }
        if fate == Fate::Dropped {
            self.top.take(data, &envelope.members, self.chunks);
        }
        let within = self.check(limit);
        match self.leave_out(block, out) {
            true if matches!(fate, Fate::Dropped | Fate::Held) => (Fate::Written, within),
            _ => (fate, within),
        }
    }

    /// There is more than may be carried: all of it is left out.
    pub(super) fn shed(&mut self) {
        for slot in &mut self.slots {
            self.carried.lower(slot.carry.size());
            slot.carry = Carry::default();
        }
        self.top = Members::default();
    }

    /// Is no more held and carried than may be?
    pub(super) fn check(&self, limit: usize) -> Result<(), Failure> {
        match self.top.size().saturating_add(self.carried) > limit {
            true => Err(over_carried()),
            false => Ok(()),
        }
    }

    /// Reads one choice; gives its place in the session and the verdict. `None`: there are too
    /// many choices.
    fn judge(
        &mut self,
        session: &mut Session,
        envelope: &Envelope,
        data: &[u8],
        at: usize,
    ) -> Option<(usize, Verdict)> {
        let choice = &envelope.choices[at];
        let index = choice.index(data, at);
        if at > 0 {
            let known = session.place(index);
            let slot = known.and_then(|place| Some((place, self.slots.get(place)?)));
            if let Some((place, _)) = slot.filter(|(_, slot)| slot.chunk == self.chunks) {
                self.edits.settle(place, session);
            }
        }
        if self.reads_calls {
            self.tell_calls(session, envelope, data, at)?;
        }
        let buffer = &mut self.text;
        if choice.has_string(data) {
            let raw = choice.content.inside().of(data);
            unescape_with(raw, buffer, |piece| session.read(index, piece));
        }
        for part in &envelope.parts[choice.parts.clone()] {
            let raw = part.text.inside().of(data);
            unescape_with(raw, buffer, |piece| session.read(index, piece));
        }
        let verdict = session.push(index, None, choice.facts);
        let place = session.place(index)?;
        if self.slots.capacity() == 0 {
            self.slots.reserve_exact(1); // most streams have one choice, and are many
        }
        while self.slots.len() <= place {
            self.slots.push(Slot::default());
        }
        self.slots[place].chunk = self.chunks;
        Some((place, verdict))
    }

    /// Reads the tool calls of one choice. `None`: there are too many.
    fn tell_calls(
        &mut self,
        session: &mut Session,
        envelope: &Envelope,
        data: &[u8],
        at: usize,
    ) -> Option<()> {
        self.told.clear();
        let choice = &envelope.choices[at];
        let index = choice.index(data, at);
        let pieces = &envelope.pieces[choice.pieces.clone()];
        for (place, piece) in pieces.iter().enumerate() {
            if !piece.object {
                self.told.push(None);
                continue;
            }
            let alone = pieces.len() == 1;
            let told = piece.tell(data, session, index, (place, alone), &mut self.text)?;
            self.told.push(Some(told));
        }
        Some(())
    }

    /// Notes what is to be changed in one choice.
    fn apply(
        &mut self,
        session: &mut Session,
        envelope: &Envelope,
        data: &[u8],
        (at, place): (usize, usize),
        verdict: Verdict,
        out: &mut Vec<u8>,
    ) -> Action {
        let choice = &envelope.choices[at];
        let stands = (at, self.gone_out);
        self.given.push(verdict.action == Action::Emit);
        match verdict.action {
            Action::Emit => {
                self.gone_out.raise(1);
                match verdict.held {
                    Held::None => {}
                    Held::Merge => self.merge_held(place),
                    Held::Before => self.write_held(place, out),
                }
                if verdict.content == Content::Snapshot {
                    session.take_content(place);
                }
                session.take_calls(place);
                let slot = &mut self.slots[place];
                let called = Called::Decided(session, &self.told);
                let shown = Shown {
                    content: verdict.content,
                    place,
                    called: self.reads_calls.then_some(called),
                    status: verdict.status,
                    stands,
                };
                self.edits
                    .choice(data, envelope, choice, shown, &slot.carry);
                if !slot.carry.is_empty() {
                    self.carried.lower(slot.carry.size());
                    slot.carry.clear();
                }
            }
            Action::Drop | Action::DropWithRole => {
                let carry = &mut self.slots[place].carry;
                let before = carry.size();
                let own = &envelope.choice_members[choice.members.clone()];
                carry.members.take(data, own, self.chunks);
                carry.logprobs.take(choice.logprobs.of(data), false);
                if verdict.action == Action::DropWithRole {
                    carry.role.clear();
                    carry.role.extend_from_slice(choice.role.of(data));
                }
                self.carried.lower(before);
                self.carried.raise(carry.size());
            }
            Action::Hold => {}
        }
        verdict.action
    }

    fn write_chunk(
        &mut self,
        session: &Session,
        envelope: &Envelope,
        block: &Block<'_>,
        out: &mut Vec<u8>,
    ) {
        let data = block.data().unwrap_or_default();
        self.goes_out(data, envelope, self.chunks);
        if !self.top.is_empty() {
            self.edits.fill_top(data, envelope, self.top.iter());
            self.top.clear();
        }
        if self.given.contains(&false) {
            let choices = &envelope.choices;
            let given = &self.given;
            self.edits.take_out(
                choices.len(),
                |at| choices[at].whole,
                |at| given.get(at).copied().unwrap_or(false),
            );
        }
        self.events_out.raise(1);
        self.write_stray(out);
        let raw = block.raw();
        if let (Some(span), true) = (block.data_span(), block.is_finished()) {
            out.extend_from_slice(&raw[..span.start]);
            self.edits.write(data, session, out);
            out.extend_from_slice(&raw[span.end..]);
            return;
        }
        self.data.clear();
        self.edits.write(data, session, &mut self.data);
        write_block(block, &self.data, out);
        if self.data.capacity() > KEEP {
            self.data = Vec::new();
        }
    }

    /// Writes a block as it came.
    pub(super) fn pass(&mut self, block: &Block<'_>, out: &mut Vec<u8>) {
        self.events_out.raise(u64::from(block.data().is_some()));
        self.write_stray(out);
        out.extend_from_slice(block.raw());
    }

    /// An event without choices passes: what it says itself is not carried any further.
    pub(super) fn supersede(&mut self, data: &[u8], envelope: &Envelope) {
        self.goes_out(data, envelope, self.chunks);
        if !self.top.is_empty() {
            self.top.forget(data, &envelope.members, self.chunks);
        }
    }

    /// Of a block that is left out, comments pass at once, `id` and `retry` with the next block.
    fn leave_out(&mut self, block: &Block<'_>, out: &mut Vec<u8>) -> bool {
        if !block.keeps() {
            return false;
        }
        for line in block.lines() {
            let stray = match line.name {
                b"id" => &mut self.stray[0],
                b"retry" => &mut self.stray[1],
                _ => continue,
            };
            stray.clear();
            stray.extend_from_slice(line.raw);
        }
        sse::write_without_data(block, out)
    }

    pub(super) fn write_stray(&mut self, out: &mut Vec<u8>) {
        for line in &mut self.stray {
            out.append(line);
        }
    }

    /// What was carried for the choice at this place, and for none, went out.
    pub(super) fn carried_out(&mut self, place: usize) {
        self.top_goes_out();
        self.top.clear();
        if let Some(slot) = self.slots.get_mut(place) {
            self.carried.lower(slot.carry.size());
            slot.carry.clear();
        }
        self.events_out.raise(1);
    }

    /// What is still carried for the choice at this place.
    pub(super) fn carry(&self, place: usize) -> Option<&Carry> {
        self.slots.get(place).map(|slot| &slot.carry)
    }

    /// What is still carried for no choice.
    pub(super) fn top(&self) -> &Members {
        &self.top
    }
}

#[cold]
fn over_carried() -> Failure {
    let message = "dropped chunks said more than may be carried; raise Limits.event";
    Failure::new(Code::LimitExceeded, Some(message))
}

/// Writes a block with other data, and with its blank line.
pub(super) fn write_block(block: &Block<'_>, data: &[u8], out: &mut Vec<u8>) {
    match block.data_span() {
        Some(span) => {
            let raw = block.raw();
            out.extend_from_slice(&raw[..span.start]);
            out.extend_from_slice(data);
            out.extend_from_slice(&raw[span.end..]);
            if !block.is_finished() {
                sse::write_blank(block, out);
            }
        }
        None => sse::write_with_data(block, data, out),
    }
}
