//! The decisions for one response: several choices, who waits for whom, and how it ends.
//!
//! Both forms of a stream drive this: the bytes ([`Transformer`](super::Transformer)) and the
//! objects of an SDK. For each chunk with choices:
//!
//! 1. [`Session::begin`] with what the chunk has at all. Until the first string `content` (or
//!    text part) of the stream, chunks pass as they came ([`Phase::Queue`], [`Phase::Pass`]);
//!    the chunk with the first one says [`Phase::Replay`]: first run those that were queued
//!    through step 2, then this one.
//! 2. For each choice, [`Session::push`], and do what the [`Verdict`] says. Where tool calls are
//!    read, their pieces come before it ([`Session::call`]).
//! 3. [`Session::failure`]: if there is one, write the error and stop.
//!
//! When the stream ends, [`Session::end`] says what is still due.

use super::calls::Calls;
use super::channel::Channel;
use super::choice::Choice;
use super::failure::{Code, Failure};
use super::settings::{ChunkOptions, Mode};
use super::verdict::{Facts, Status, Verdict};
use crate::count::Count;
use crate::error::{Error, Kind};
use crate::view::Form;

/// A stream has at most this many choices.
pub const MAX_CHOICES: usize = 1_024;
/// The text that an error shows is cut after this many bytes, in all choices together.
const MAX_TEXT: usize = 64 << 10;
/// Chunks that are queued before the first text are passed when they hold more bytes than this.
const MAX_QUEUE: usize = 64 << 10;

/// What is to be done with a chunk, before its choices are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No text yet, and nothing to give out: keep it aside, behind what is there.
    Queue,
    /// No text yet: give out what was kept aside, then this one, as they came.
    Pass,
    /// The first text: push what was kept aside, then this one.
    Replay,
    /// Push it.
    Push,
}

/// How a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With `[DONE]`.
    Done,
    /// Without it.
    Closed,
    /// For this reason: a timeout, a connection that broke, a limit.
    Failed(Failure),
    /// With the upstream's own error event.
    Upstream,
}

/// Where a text stands in a session: a choice by its [`place`](Session::place), or a tool call of
/// it by the place among its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The choice.
    pub choice: usize,
    /// The tool call; `None` for the choice's own text.
    pub call: Option<usize>,
}

impl From<usize> for Place {
    fn from(choice: usize) -> Self {
        Self { choice, call: None }
    }
}

impl From<(usize, usize)> for Place {
    fn from((choice, call): (usize, usize)) -> Self {
        Self {
            choice,
            call: Some(call),
        }
    }
}

/// A choice that needs one more chunk, which the upstream did not send: with its snapshot, and
/// its `json_status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Final {
    /// The choice's index.
    pub index: u64,
    /// Its `json_status`; `None` if there was no text, and this is for its tool calls.
    pub status: Option<Status>,
}

/// What is due at the end of a stream, in this order: the updates that were held back, for choices
/// without a final chunk ([`Session::owed`]); held chunks as they were; the final chunks and what
/// is still carried; the error event or else the `[DONE]` that came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// Choices that need one more chunk.
    pub finals: Vec<Final>,
    /// The one error.
    pub failure: Option<Failure>,
}

/// One response.
#[derive(Debug)]
pub struct Session {
    pub(super) options: ChunkOptions,
    pub(super) form: Form,
    pub(super) choices: Vec<Choice>,
    /// How many tool calls there are, in all choices.
    pub(super) calls: usize,
    /// There was a string `content` or a text part.
    texting: bool,
    /// Bytes of chunks that are kept aside.
    queued: usize,
    /// Bytes of text that may still be kept for an error.
    keep: usize,
    /// Bytes of text in all choices, their tool calls included.
    pub(super) read: usize,
    ended: bool,
    pub(super) failure: Option<Failure>,
    pub(super) now: Option<u64>,
}

impl Session {
    /// A new response. `form` is where the snapshots will stand.
    pub fn new(options: ChunkOptions, form: Form) -> Self {
        Self {
            options,
            form,
            choices: Vec::new(),
            calls: 0,
            texting: false,
            queued: 0,
            keep: MAX_TEXT,
            read: 0,
            ended: false,
            failure: None,
            now: None,
        }
    }

    /// Are operations given out, and no snapshots?
    pub fn is_patched(&self) -> bool {
        self.options.mode == Mode::Patch
    }

    /// Was there a string `content` or a text part, or a tool call where these are read?
    #[inline]
    pub fn is_texting(&self) -> bool {
        self.texting
    }

    /// A chunk with choices came, of about `bytes` bytes. `text`: a choice has a string `content`
    /// or a text part, be it empty, or a tool call where these are read. `gives`: a choice has something else that is given out (see
    /// [`Facts::others`]), or a `finish_reason`.
    pub fn begin(&mut self, text: bool, gives: bool, bytes: usize) -> Phase {
        if self.texting {
            return Phase::Push;
        }
        if text {
            self.texting = true;
            return Phase::Replay;
        }
        self.queued.raise(bytes);
        if gives || self.queued > MAX_QUEUE {
            self.queued = 0;
            return Phase::Pass;
        }
        Phase::Queue
    }

    /// Takes note of a choice that passes as it came ([`Phase::Pass`]).
    pub fn note(&mut self, index: u64, facts: Facts) {
        if let Some(choice) = self.choice(index) {
            choice.channel.note(facts);
        }
    }

    /// Reads a choice of a chunk: its text as WTF-8 if it has a string `content` or text parts
    /// (these joined), and what else it says.
    pub fn push(&mut self, index: u64, text: Option<&[u8]>, mut facts: Facts) -> Verdict {
        if let Some(text) = text {
            self.read(index, text);
        }
        let (mut keep, calls) = (0, self.calls > 0);
        match self.choice(index) {
            Some(choice) => {
                if calls {
                    facts.others |= choice.calls.decide(facts.finish);
                    if choice.calls.speak() {
                        choice.channel.speak();
                    }
                }
                choice.channel.push(None, facts, &mut keep)
            }
            None => Verdict::DROP,
        }
    }

    /// Reads a part of the text that a choice of a chunk has, for who does not have it in one
    /// piece; [`push`](Self::push) follows.
    pub fn read(&mut self, index: u64, text: &[u8]) {
        let several = self.choices.len() > 1 || self.calls > 0;
        let over = self.read.saturating_add(text.len()) > self.options.limits.document;
        let (mut keep, offset) = (self.keep, self.read as u64);
        self.read.raise(text.len());
        let Some(choice) = self.choice(index) else {
            return;
        };
        if several && over && !text.is_empty() {
            let error = Error::new(Kind::Document, offset, 0, 0);
            choice.channel.break_off(error.into());
        }
        choice.channel.read(text, &mut keep);
        self.keep = keep;
    }

    /// Tells the time, in milliseconds of any clock that does not go back, for a stream that is
    /// thinned by time.
    pub fn set_time(&mut self, now: u64) {
        self.now = Some(now);
        for choice in &mut self.choices {
            choice.channel.set_time(now);
            choice.calls.set_time(now);
        }
    }

    /// The choices that have an update which was held back and may go out now.
    pub fn due(&self) -> impl Iterator<Item = u64> {
        let due = |choice: &&Choice| choice.channel.is_due() || choice.calls.is_due();
        self.choices.iter().filter(due).map(|choice| choice.index)
    }

    /// When the first of the updates that were held back may go out by the passing of time alone,
    /// on the clock that was told; `None` if there is none.
    pub fn due_at(&self) -> Option<u64> {
        let due = |choice: &Choice| {
            let calls = choice
                .calls
                .list
                .iter()
                .filter_map(|call| call.channel.due_at());
            choice.channel.due_at().into_iter().chain(calls).min()
        };
        self.choices.iter().filter_map(due).min()
    }

    /// The choices that have an update which was held back, whether or not it may go out.
    pub fn owed(&self) -> impl Iterator<Item = u64> {
        let owed = |choice: &&Choice| choice.is_owed();
        self.choices.iter().filter(owed).map(|choice| choice.index)
    }

    /// The channel of this choice, made when it is first asked for.
    pub(super) fn choice(&mut self, index: u64) -> Option<&mut Choice> {
        let place = self.place(index).unwrap_or(self.choices.len());
        if place == self.choices.len() {
            if place == MAX_CHOICES {
                let message = format!("the stream has more than {MAX_CHOICES} choices");
                self.failure = Some(Failure::new(Code::LimitExceeded, Some(&message)));
                return None;
            }
            let mut channel = Channel::new(&self.options, self.form);
            if let Some(now) = self.now {
                channel.set_time(now);
            }
            self.choices.push(Choice {
                index,
                channel,
                calls: Calls::default(),
            });
        }
        self.choices.get_mut(place)
    }

    /// Where a choice stands among those that came so far, in the order of their coming.
    #[inline]
    pub fn place(&self, index: u64) -> Option<usize> {
        let usual = usize::try_from(index).unwrap_or(usize::MAX);
        match self.choices.get(usual) {
            Some(choice) if choice.index == index => Some(usual),
            _ => self.choices.iter().position(|choice| choice.index == index),
        }
    }

    /// The text of this choice, if it came.
    pub fn channel(&self, index: u64) -> Option<&Channel> {
        self.place(index).map(|place| &self.choices[place].channel)
    }

    /// The text at this place.
    #[inline]
    pub fn text(&self, place: impl Into<Place>) -> Option<&Channel> {
        let place = place.into();
        let choice = self.choices.get(place.choice)?;
        match place.call {
            None => Some(&choice.channel),
            Some(at) => choice.calls.list.get(at).map(|call| &call.channel),
        }
    }

    #[inline]
    fn text_mut(&mut self, place: Place) -> Option<&mut Channel> {
        let choice = self.choices.get_mut(place.choice)?;
        match place.call {
            None => Some(&mut choice.channel),
            Some(at) => choice.calls.list.get_mut(at).map(|call| &mut call.channel),
        }
    }

    /// What goes out of the text at this place is written next: in patch mode, the operations
    /// since the last call.
    #[inline]
    pub fn take_content(&mut self, place: impl Into<Place>) {
        if let Some(channel) = self.text_mut(place.into()) {
            channel.take_content();
        }
    }

    /// The text at this place goes out, in a chunk that did not come; it is written next.
    pub fn give(&mut self, place: impl Into<Place>) {
        if let Some(channel) = self.text_mut(place.into()) {
            channel.settle();
            channel.take_content();
        }
    }

    /// Appends what goes out of the text at this place; false if nothing of it is visible.
    #[inline]
    pub fn write_content(&self, place: impl Into<Place>, out: &mut Vec<u8>) -> bool {
        let channel = self.text(place);
        channel.is_some_and(|channel| channel.write_content(out))
    }

    /// The length in bytes of what goes out of the text at this place.
    #[inline]
    pub fn content_len(&self, place: impl Into<Place>) -> usize {
        self.text(place).map_or(0, Channel::content_len)
    }

    /// Writes the `json_status` of the text at this place.
    pub fn write_status(&self, place: impl Into<Place>, out: &mut Vec<u8>) {
        if let Some(channel) = self.text(place) {
            channel.write_status(out);
        }
    }

    /// About how many bytes that has.
    pub fn status_len(&self, place: impl Into<Place>) -> usize {
        self.text(place).map_or(0, Channel::status_len)
    }

    /// Does the choice at this place have a `json_status` of its own, where its stream ended
    /// without a `finish_reason`? Not if it had no text, and that is no failure.
    pub fn has_status(&self, place: usize) -> bool {
        let choice = self.choices.get(place);
        choice.is_some_and(|choice| choice.status().is_some())
    }

    /// Bytes of text in all choices.
    pub(super) fn text_len(&self) -> usize {
        self.read
    }

    /// The indexes of the choices and their texts, in the order of their coming.
    pub fn channels(&self) -> impl Iterator<Item = (u64, &Channel)> {
        self.choices
            .iter()
            .map(|choice| (choice.index, &choice.channel))
    }

    /// The held chunk of this choice went out, at the end of the stream.
    pub fn release(&mut self, index: u64) {
        if let Some(place) = self.place(index) {
            self.choices[place].channel.release();
        }
    }

    /// Is there a reason to end the stream now? A choice that failed in the middle of its text
    /// waits for the others, as long as one of them may succeed; where tool calls are read, for
    /// these.
    pub fn failure(&self) -> Option<&Failure> {
        if self.failure.is_some() || self.options.tool_calls {
            return self.failure.as_ref();
        }
        let failed = |choice: &Choice| choice.channel.failure().is_some();
        let broken = |choice: &Choice| failed(choice) && !choice.channel.is_ended();
        let all = self.choices.len() >= self.options.choices && self.choices.iter().all(failed);
        (all && self.choices.iter().any(broken))
            .then(|| {
                self.choices
                    .iter()
                    .find_map(|choice| choice.channel.failure())
            })
            .flatten()
    }

    /// Has every choice that came ended with a `finish_reason`?
    pub(super) fn is_finished(&self) -> bool {
        let ended = |choice: &Choice| choice.channel.is_ended() && choice.calls.is_ended();
        !self.choices.is_empty() && self.choices.iter().all(ended)
    }

    /// The stream has ended: what is still due? A second call says: nothing.
    pub fn end(&mut self, end: End) -> Ending {
        if std::mem::replace(&mut self.ended, true) || end == End::Upstream {
            return Ending::default();
        }
        if self.failure.is_some() {
            let failure = self.failure.clone();
            return Ending {
                finals: Vec::new(),
                failure,
            };
        }
        let broken = match end {
            End::Done | End::Upstream => None,
            _ if self.is_finished() => None,
            End::Closed => Some(Failure::new(Code::UpstreamClosed, None)),
            End::Failed(failure) => Some(failure),
        };
        if !self.texting {
            return Ending {
                finals: Vec::new(),
                failure: broken,
            };
        }
        self.settle(broken)
    }

    fn settle(&mut self, broken: Option<Failure>) -> Ending {
        let mut finals = Vec::new();
        for choice in &mut self.choices {
            if choice.channel.is_ended() && choice.calls.is_ended() {
                continue;
            }
            if choice.end(broken.as_ref()) {
                choice.channel.judge();
                let status = choice.status();
                finals.push(Final {
                    index: choice.index,
                    status,
                });
            }
        }
        if !self.choices.iter().all(Choice::is_failed) {
            return Ending {
                finals,
                failure: None,
            };
        }
        // None succeeded: the error event says it, and no chunk has to. A stream that broke off
        // says so, whatever was wrong with its texts.
        let failure = broken.or_else(|| self.choices.iter().find_map(Choice::failure).cloned());
        Ending {
            finals: Vec::new(),
            failure,
        }
    }

    /// The texts of the stream that said something: contents, and arguments of tool calls.
    fn texts(&self) -> impl Iterator<Item = &Channel> {
        let all = self.choices.iter().flat_map(Choice::channels);
        all.filter(|channel| channel.has_text())
    }

    /// All texts of the stream: contents, and arguments of tool calls.
    pub(super) fn all_channels(&self) -> impl Iterator<Item = &Channel> {
        self.choices.iter().flat_map(Choice::channels)
    }

    /// Is every document complete, and is there one?
    pub fn is_complete(&self) -> bool {
        let any = self.texts().next().is_some();
        any && self.texts().all(|channel| channel.is_complete())
    }
}
