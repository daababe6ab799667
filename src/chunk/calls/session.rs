//! The tool calls of a response: how both forms of a stream tell of pieces, and ask about calls.
//!
//! For each piece of a choice, in their order: [`Session::call`], and [`Session::read_arguments`]
//! if it has text. Then [`Session::push`] decides on the choice and its calls, and
//! [`Session::calls`] says what becomes of these.

use super::{Call, CallVerdict, MAX_CALLS};
use crate::chunk::channel::Channel;
use crate::chunk::failure::{Code, Failure};
use crate::chunk::session::{Place, Session};
use crate::count::{Count, total};
use crate::error::{Error, Kind};

/// What a piece of a tool call says of itself. Texts are empty where they are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallPiece<'a> {
    /// Its `index`; `None` if that is missing, or no index.
    pub index: Option<u64>,
    /// Its place in the list.
    pub place: usize,
    /// The list has no other piece.
    pub alone: bool,
    /// Its `id`.
    pub id: &'a [u8],
    /// The name of its function.
    pub name: &'a [u8],
    /// Its `type`.
    pub kind: &'a [u8],
    /// It has a `function`.
    pub function: bool,
    /// Its arguments are a string, and not only white space.
    pub speaks: bool,
    /// Its arguments are neither a string nor null.
    pub alien: bool,
    /// It says anything else that is neither null nor empty.
    pub others: bool,
}

/// Which texts are told of in a chunk that the upstream did not send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Those with an update that was held back and may go out now.
    Due,
    /// Those with an update that was held back.
    Owed,
    /// All, with their status.
    Last,
}

impl Made {
    /// Is this one of them?
    pub fn takes(self, channel: &Channel) -> bool {
        match self {
            Self::Due => channel.is_due(),
            Self::Owed => channel.is_owed(),
            Self::Last => true,
        }
    }
}

/// A tool call, and what is to be done with it at the chunk that was pushed last.
#[derive(Debug, Clone, Copy)]
pub struct CallView<'s> {
    /// Where its text stands.
    pub place: Place,
    /// The index that it goes by.
    pub number: u64,
    /// Its id, the name of its function, its type; empty where they did not come.
    pub id: &'s [u8],
    /// As `id`.
    pub name: &'s [u8],
    /// As `id`.
    pub kind: &'s [u8],
    /// The place of its last piece in the chunk; `None` if it has none there.
    pub piece: Option<usize>,
    /// Its pieces pass as they come.
    pub alien: bool,
    /// What is to be done with it.
    pub verdict: CallVerdict,
}

impl<'s> CallView<'s> {
    fn new(place: Place, call: &'s Call) -> Self {
        Self {
            place,
            number: call.number,
            id: &call.id,
            name: &call.name,
            kind: &call.kind,
            piece: call.last,
            alien: call.alien,
            verdict: call.verdict,
        }
    }

    /// Is it given out in a chunk that has no piece of it?
    pub fn is_made(&self) -> bool {
        self.verdict.given && self.piece.is_none()
    }
}

impl Session {
    /// Are tool calls read?
    pub fn reads_calls(&self) -> bool {
        self.options.tool_calls
    }

    /// A piece of a tool call came in a choice; gives the place of its call among those of the
    /// choice, and whether it says anything new beside its arguments. `None`: there are too many
    /// calls, or too long names; [`failure`](Self::failure) says it.
    pub fn call(&mut self, index: u64, piece: &CallPiece<'_>) -> Option<(usize, bool)> {
        let mut piece = *piece;
        if piece.id == b"null" {
            // Some providers write so what is missing.
            piece.id = b"";
        }
        let calls = self.calls;
        let choice = self.choice(index)?;
        choice.calls.turn();
        let named = !(piece.id.is_empty() && piece.kind.is_empty());
        choice.calls.spoke |= named || piece.index.is_some() || piece.function;
        let found = choice.calls.find(&piece);
        if found.is_none() && calls == MAX_CALLS {
            let message = format!("the stream has more than {MAX_CALLS} tool calls");
            self.failure = Some(Failure::new(Code::LimitExceeded, Some(&message)));
            return None;
        }
        let place = self.place(index)?;
        let at = found.unwrap_or_else(|| self.new_call(place, &piece));
        let list = &mut self.choices.get_mut(place)?.calls;
        let call = list.list.get_mut(at)?;
        let before = total([call.id.len(), call.name.len(), call.kind.len()]);
        let news = call.hear(&piece);
        let after = total([call.id.len(), call.name.len(), call.kind.len()]);
        list.touch(at, piece.place, news);
        self.read.raise(after.saturating_sub(before));
        if self.read > self.options.limits.document && after > before {
            let error = Error::new(Kind::Document, self.read as u64, 0, 0);
            self.failure = Some(error.into());
            return None;
        }
        Some((at, news))
    }

    fn new_call(&mut self, place: usize, piece: &CallPiece<'_>) -> usize {
        let mut call = Call::new(&self.options, self.form);
        if let Some(now) = self.now {
            call.channel.set_time(now);
        }
        let Some(choice) = self.choices.get_mut(place) else {
            return 0;
        };
        call.said = piece.index;
        call.number = choice.calls.number(piece.index);
        let at = choice.calls.list.len();
        choice.calls.list.push(call);
        self.calls.raise(1);
        at
    }

    /// Reads a part of the arguments of a call, by the place that [`call`](Self::call) gave.
    pub fn read_arguments(&mut self, index: u64, at: usize, text: &[u8]) {
        let over = self.read.saturating_add(text.len()) > self.options.limits.document;
        let offset = self.read as u64;
        self.read.raise(text.len());
        let Some(place) = self.place(index) else {
            return;
        };
        let calls = &mut self.choices[place].calls;
        let Some(call) = calls.list.get_mut(at) else {
            return;
        };
        if over && !text.is_empty() {
            let error = Error::new(Kind::Document, offset, 0, 0);
            call.channel.break_off(error.into());
        }
        call.read(text);
    }

    /// The calls that are decided on at the chunk that was pushed last, for the choice at this
    /// place.
    pub fn calls(&self, place: usize) -> impl Iterator<Item = CallView<'_>> {
        let calls = self.choices.get(place).map(|choice| &choice.calls);
        let touched = calls.into_iter().flat_map(|calls| &calls.touched);
        touched.filter_map(move |at| self.call_at(place, *at))
    }

    /// The snapshots of calls that are given out with the chunk that was pushed last are written
    /// next.
    pub(in crate::chunk) fn take_calls(&mut self, place: usize) {
        if self.calls > 0 {
            if let Some(choice) = self.choices.get_mut(place) {
                choice.calls.take();
            }
        }
    }

    /// What of this chunk is not only a snapshot of arguments: is there a call that says anything
    /// else?
    pub(in crate::chunk) fn calls_say(&self, place: usize) -> bool {
        let choice = self.choices.get(place);
        choice.is_some_and(|choice| choice.calls.say())
    }

    /// The places of those calls of a choice whose arguments are read, and that are told of.
    pub fn made_calls(&self, place: usize, made: Made) -> impl Iterator<Item = usize> {
        let calls = self.choices.get(place).map(|choice| &choice.calls);
        let list = calls
            .into_iter()
            .flat_map(|calls| calls.list.iter().enumerate());
        let told = move |call: &Call| match made {
            Made::Last => call.is_read() || call.channel.is_owed(),
            Made::Due | Made::Owed => made.takes(&call.channel),
        };
        list.filter(move |(_, call)| told(call)).map(|(at, _)| at)
    }

    /// One call of the choice at this place.
    pub fn call_at(&self, place: usize, at: usize) -> Option<CallView<'_>> {
        let call = self.choices.get(place)?.calls.list.get(at)?;
        Some(CallView::new((place, at).into(), call))
    }
}
