//! The decisions for one JSON text in a response: emit, hold, merge, finish.
//!
//! No bytes of chunks and no Python objects are known here: the caller says what it found in a
//! chunk ([`Facts`]) and is told what to do with it ([`Verdict`]).

use std::sync::Arc;

use super::failure::{Code, Failure};
use super::pace::{Pace, Sent};
use super::patched::Patched;
use super::settings::{ChunkOptions, Mode};
use super::verdict::{Action, Content, Facts, Finish, Held, Status, Verdict};
use crate::aggregator::Aggregator;
use crate::count::{Count, total};
use crate::schema::{Judged, Schema};
use crate::text::beginning;
use crate::view::Form;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Unsaid,
    Held,
    Said,
}

/// One JSON text in a response.
#[derive(Debug)]
pub struct Channel {
    aggregator: Aggregator,
    patched: Option<Patched>,
    role: Role,
    /// The text so far, while nothing of it is visible.
    opening: Vec<u8>,
    /// There was text other than white space.
    spoken: bool,
    /// There was a tool call, a refusal or audio, or a content filter ended the choice.
    excused: bool,
    ended: bool,
    failure: Option<Failure>,
    schema: Option<Arc<Schema>>,
    /// A verdict is asked for; it was given.
    validate: bool,
    judged: Option<Arc<Judged>>,
    updates: u64,
    pace: Pace,
    sent: Sent,
    /// Bytes of text.
    length: u64,
    /// What time it is, if that was told.
    now: Option<u64>,
    /// There is an update that has not gone out.
    owed: bool,
    /// Of the chunk at hand: its value changed; it has text that is not empty, here or in its
    /// tool calls.
    update: bool,
    texts: bool,
}

impl Channel {
    /// A new text.
    pub fn new(options: &ChunkOptions, form: Form) -> Self {
        let patched = options.mode == Mode::Patch;
        let patched = patched.then(|| Patched::new(form, options.final_document));
        Self {
            aggregator: match &options.schema {
                Some(schema) => Aggregator::new(options.document(form)).gated(schema),
                None => Aggregator::new(options.document(form)),
            },
            patched,
            role: Role::Unsaid,
            opening: Vec::new(),
            spoken: false,
            excused: false,
            ended: false,
            failure: None,
            schema: options.schema.clone(),
            validate: options.validate,
            judged: None,
            updates: 0,
            pace: options.pace,
            sent: Sent::default(),
            length: 0,
            now: None,
            owed: false,
            update: false,
            texts: false,
        }
    }

    /// The arguments of a tool call. That there are none is no failure, and the schema of the
    /// answer is not theirs.
    pub(super) fn arguments(options: &ChunkOptions, form: Form) -> Self {
        Self {
            aggregator: Aggregator::new(options.arguments(form)),
            schema: None,
            validate: false,
            excused: true,
            ..Self::new(options, form)
        }
    }

    /// Reads a chunk: its text (WTF-8), if it has any, and what else it says. `keep` is how many
    /// bytes of text may be kept for an error that shows them; what was kept is taken off.
    pub fn push(&mut self, text: Option<&[u8]>, facts: Facts, keep: &mut usize) -> Verdict {
        self.excused |= facts.otherwise || facts.finish == Finish::Filtered;
        if let Some(text) = text {
            self.read(text, keep);
        }
        let mut update = std::mem::take(&mut self.update);
        let texts = std::mem::take(&mut self.texts);
        if facts.finish != Finish::None {
            update |= self.end();
        }
        self.updates.raise(u64::from(update));
        self.owed |= update;
        if facts.finish != Finish::None {
            self.judge();
        }
        let due = self.is_due();
        if due || facts.finish != Finish::None || facts.others {
            return self.emit(due, facts);
        }
        match (facts.role, self.role) {
            (true, Role::Unsaid) if !texts => {
                self.role = Role::Held;
                Verdict::aside(Action::Hold)
            }
            (true, Role::Unsaid) => {
                self.role = Role::Said;
                Verdict::aside(Action::DropWithRole)
            }
            _ => Verdict::DROP,
        }
    }

    fn emit(&mut self, update: bool, facts: Facts) -> Verdict {
        let last = facts.finish != Finish::None;
        let shown = update || last && self.aggregator.has_value();
        let held = match (self.role, shown) {
            (Role::Held, true) => Held::Merge,
            (Role::Held, false) => Held::Before,
            _ => Held::None,
        };
        if facts.role || held != Held::None {
            self.role = Role::Said;
        }
        if shown {
            self.settle();
        }
        Verdict {
            action: Action::Emit,
            content: if shown {
                Content::Snapshot
            } else {
                Content::Null
            },
            held,
            status: last && !self.is_excused(),
        }
    }

    /// Is there an update that has not gone out and may do so now? It may be after an update, and
    /// where a stream is thinned, also by the passing of time.
    pub fn is_due(&self) -> bool {
        self.owed
            && self
                .pace
                .allows(&self.sent, self.cost(), self.length, self.now)
    }

    /// When an update that was held back may go out by the passing of time alone, on the clock
    /// that was told; `None` if there is none.
    pub fn due_at(&self) -> Option<u64> {
        let due_at = || self.pace.due_at(&self.sent, self.cost(), self.length);
        self.owed.then(due_at).flatten()
    }

    /// The bytes of what would go out now; of operations, at least so many.
    fn cost(&self) -> usize {
        let view = self.aggregator.view();
        match &self.patched {
            Some(patched) => patched.untold(view),
            None => view.len(),
        }
    }

    /// Is there an update that has not gone out?
    pub fn is_owed(&self) -> bool {
        self.owed
    }

    /// Tells the time, in milliseconds of any clock that does not go back.
    pub fn set_time(&mut self, now: u64) {
        self.now = Some(now);
    }

    /// The snapshot goes out, or will when a reader asks for it.
    pub(super) fn settle(&mut self) {
        self.owed = false;
        // Operations are counted when they were written: until then more may join them.
        let length = match &self.patched {
            Some(patched) => patched.take_written(),
            None => self.aggregator.view().len(),
        };
        self.sent.add(length, self.now);
    }

    /// What goes out is written next: in patch mode, the operations since the last call. It is all
    /// that is known, also what a pace had held back.
    pub fn take_content(&mut self) {
        self.owed = false;
        if let Some(patched) = &mut self.patched {
            patched.take(self.aggregator.view());
            self.sent.add(patched.take_written(), self.now);
        }
    }

    /// Reads a part of a chunk's text; what that means, the next `push` says.
    pub fn read(&mut self, text: &[u8], keep: &mut usize) {
        self.texts |= !text.is_empty();
        self.length.raise(text.len() as u64);
        if text.is_empty() || self.ended || self.failure.is_some() {
            return;
        }
        self.spoken = self.spoken || !text.trim_ascii().is_empty();
        self.update |= match self.aggregator.feed_wtf8(text) {
            Ok(update) => update,
            Err(error) => {
                self.failure = Some(error.into());
                // What became visible before the error in the same delta is kept.
                self.aggregator.changed_before_error()
            }
        };
        if self.aggregator.has_value() {
            keep.raise(self.opening.len());
            self.opening = Vec::new();
        } else {
            let kept = beginning(text, *keep);
            keep.lower(kept.len());
            self.opening.extend_from_slice(kept);
        }
    }

    /// The chunk at hand has pieces of tool calls that can't go out as they are.
    pub(super) fn speak(&mut self) {
        self.texts = true;
    }

    /// The text has ended; says whether its value changed.
    pub fn end(&mut self) -> bool {
        if std::mem::replace(&mut self.ended, true) || self.failure.is_some() {
            return false;
        }
        let update = match self.aggregator.finish() {
            Ok(update) => update,
            Err(error) if !self.is_excused() => {
                let mut failure = Failure::from(error);
                if failure.code == Code::NoJson {
                    failure.text = Some(String::from_utf8_lossy(&self.opening).into_owned());
                }
                self.failure = Some(failure);
                // The end may have shown more before it came to what failed.
                self.aggregator.changed_before_error()
            }
            Err(_) => false,
        };
        self.opening = Vec::new();
        self.owed |= update;
        update
    }

    /// Asks for the verdict, where one is wanted and was not given.
    pub(super) fn judge(&mut self) {
        if !self.validate || self.judged.is_some() || self.is_excused() {
            return;
        }
        let judged = match &self.schema {
            Some(_) if !self.is_complete() => Judged::incomplete(),
            Some(schema) => schema.judge(&self.aggregator.view().plain_snapshot()),
            None => Judged::none("there is no schema to validate by"),
        };
        self.judged = Some(Arc::new(judged));
    }

    /// Was the document closed, and read without a failure?
    pub(super) fn is_complete(&self) -> bool {
        self.failure.is_none() && self.aggregator.is_complete()
    }

    /// Takes note of a chunk that passed as it came.
    pub(super) fn note(&mut self, facts: Facts) {
        self.excused |= facts.otherwise || facts.finish == Finish::Filtered;
        self.ended |= facts.finish != Finish::None;
        if facts.role {
            self.role = Role::Said;
        }
    }

    /// The text can't be read any further; what was shown stays.
    pub(super) fn break_off(&mut self, failure: Failure) {
        if !self.ended {
            self.failure.get_or_insert(failure);
        }
    }

    /// The stream broke off before the text ended.
    pub fn fail(&mut self, failure: Failure) {
        self.break_off(failure);
        self.ended = true;
    }

    /// Without text, tool calls, a refusal, audio or a content filter are an answer too.
    pub(super) fn is_excused(&self) -> bool {
        self.excused && !self.spoken && !self.aggregator.has_value()
    }
    /// Was there any text?
    pub fn has_text(&self) -> bool {
        self.spoken
    }
    /// Has a `finish_reason` come, or the end of the stream?
    pub fn is_ended(&self) -> bool {
        self.ended
    }
    /// Is a chunk held that says nothing but a role?
    pub fn has_held(&self) -> bool {
        self.role == Role::Held
    }
    /// The held chunk went out as it was.
    pub(super) fn release(&mut self) {
        self.role = Role::Said;
    }
    /// Why it failed.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }
    /// How often its value changed.
    pub fn updates(&self) -> u64 {
        self.updates
    }
    /// Its document.
    pub fn document(&self) -> &Aggregator {
        &self.aggregator
    }
    /// Appends what goes out: the snapshot, or the operations of the last
    /// [`take_content`](Self::take_content); false if nothing is visible yet. Cost: one copy.
    pub fn write_content(&self, out: &mut Vec<u8>) -> bool {
        let visible = self.aggregator.has_value();
        match &self.patched {
            Some(patched) if visible => patched.write(self.aggregator.view(), out),
            _ => self.aggregator.view().write(out),
        }
        visible
    }
    /// About how many bytes that is.
    pub fn content_len(&self) -> usize {
        let view = self.aggregator.view();
        match &self.patched {
            Some(patched) => patched.len(view),
            None => view.len(),
        }
    }
    /// Does the whole document stand in its status?
    pub fn tells_document(&self) -> bool {
        self.aggregator.has_value() && self.patched.as_ref().is_some_and(|it| it.whole)
    }
    /// Writes its `json_status`, with the whole document if that is told.
    pub fn write_status(&self, out: &mut Vec<u8>) {
        self.status().write_json(out);
        if self.tells_document() {
            out.pop();
            out.extend_from_slice(b", \"document\": ");
            self.aggregator.view().write(out);
            out.push(b'}');
        }
    }
    /// About how many bytes that has.
    pub fn status_len(&self) -> usize {
        let document = self.tells_document().then(|| self.aggregator.view().len());
        let judged = self.judged.as_ref().map_or(0, |judged| judged.len());
        total([document.unwrap_or_default(), judged, 80])
    }
    fn warning(&self) -> Option<String> {
        let read = self.schema.as_ref().and_then(|schema| schema.warning());
        let judged = self
            .judged
            .as_ref()
            .and_then(|judged| judged.warning.as_deref());
        let both: Vec<_> = read.into_iter().chain(judged).collect();
        (!both.is_empty()).then(|| both.join("; "))
    }

    /// How the document stands.
    pub fn status(&self) -> Status {
        Status {
            complete: self.is_complete(),
            repairs: self.aggregator.repair_count(),
            error: self.failure.as_ref().map(|failure| failure.code),
            judged: self.judged.clone(),
            warning: self.warning(),
        }
    }
}
