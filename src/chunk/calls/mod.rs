//! The tool calls of a choice: which call a piece belongs to, and what becomes of each.
//!
//! A piece is an element of `delta.tool_calls`. Its arguments are text like a choice's content,
//! read by a [`Channel`] of the call's own. What is decided here:
//!
//! - **Which call.** The one with the piece's `id`. Without an id, or with one that nobody has:
//!   the newest call at its `index`. It is another call if it brings a name where that one has an
//!   id already, or where its arguments are closed. Without an index: in a list of one, the call
//!   that spoke last; in a list of several, its place.
//! - **Its number.** The index as it was said, unless another call of the choice goes by it: then
//!   the smallest that is free. So no two calls of a choice share one.
//! - **Given out** is a piece if its arguments are an update, or if it says an id, a name, a type
//!   that its call had not said, or anything else that is neither null nor empty.
//! - **Arguments that begin as `{}`** wait for what follows: some providers send an empty object
//!   before the real ones, which it gives way to. If nothing follows, it is shown at the end.

mod edits;
mod entries;
mod pieces;
mod session;

pub(super) use edits::{Called, Told};
pub(super) use entries::write_calls;
pub(super) use pieces::Piece;
pub use session::{CallPiece, CallView, Made};

use super::channel::Channel;
use super::failure::Failure;
use super::settings::ChunkOptions;
use super::verdict::{Action, Content, Facts, Finish};
use crate::count::total;
use crate::view::Form;

/// A response has at most this many tool calls, in all its choices.
pub const MAX_CALLS: usize = 256;

/// Arguments with more white space in an empty object are what they seem.
const FRONT: usize = 256;

/// How far arguments are nothing but an empty object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Empty {
    #[default]
    Before,
    Open,
    Closed,
    /// They are something else.
    No,
}

impl Empty {
    /// Reads on; gives the place of a brace behind an empty object.
    fn walk(&mut self, text: &[u8]) -> Option<usize> {
        for (at, byte) in text.iter().enumerate() {
            *self = match (*self, byte) {
                (Self::No, _) => return None,
                (same, b' ' | b'\t' | b'\n' | b'\r') => same,
                (Self::Before, b'{') => Self::Open,
                (Self::Open, b'}') => Self::Closed,
                (Self::Closed, b'{') => {
                    *self = Self::Before;
                    return Some(at);
                }
                _ => Self::No,
            };
        }
        None
    }
}

/// One tool call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) channel: Channel,
    empty: Empty,
    /// Arguments that are nothing but an empty object so far: not read yet.
    front: Vec<u8>,
    /// The index that its first piece said.
    said: Option<u64>,
    /// The index that it goes by; no other call of the choice has it.
    pub(super) number: u64,
    pub(super) id: Vec<u8>,
    pub(super) name: Vec<u8>,
    pub(super) kind: Vec<u8>,
    /// It has a `function`, so that it is one whose arguments are read.
    function: bool,
    /// Its arguments came as something else than text: its pieces pass as they come.
    alien: bool,
    /// Of the chunk at hand: the place of its last piece; whether that says something new.
    last: Option<usize>,
    news: bool,
    pub(super) verdict: CallVerdict,
}

/// What is to be done with a tool call in a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallVerdict {
    /// The last of its pieces in the chunk is given out; if it has none, one is made.
    pub given: bool,
    /// Its arguments become the snapshot; otherwise null, if they are text.
    pub snapshot: bool,
    /// It is whole: id, type and name are put in where they are missing, and `json_status`.
    pub last: bool,
}

impl Call {
    fn new(options: &ChunkOptions, form: Form) -> Self {
        Self {
            channel: Channel::arguments(options, form),
            empty: Empty::default(),
            front: Vec::new(),
            said: None,
            number: 0,
            id: Vec::new(),
            name: Vec::new(),
            kind: Vec::new(),
            function: false,
            alien: false,
            last: None,
            news: false,
            verdict: CallVerdict::default(),
        }
    }

    /// Is it one whose arguments are read?
    pub(super) fn is_read(&self) -> bool {
        self.function && !self.alien
    }

    fn read(&mut self, text: &[u8]) {
        let mut rest = text;
        while let Some(at) = self.empty.walk(rest) {
            self.front.clear();
            rest = &rest[at..];
        }
        if self.empty == Empty::No || total([self.front.len(), rest.len()]) > FRONT {
            self.settle();
            self.channel.read(rest, &mut 0);
        } else {
            self.front.extend_from_slice(rest);
        }
    }

    /// No other arguments follow an empty object.
    fn settle(&mut self) {
        self.empty = Empty::No;
        let front = std::mem::take(&mut self.front);
        if !front.is_empty() {
            self.channel.read(&front, &mut 0);
        }
    }

    /// Have its arguments ended? An empty object that waits for what follows has not.
    fn has_ended(&self) -> bool {
        self.channel.document().is_complete()
    }

    /// Would this piece, which has another id or none, begin another call at the same index?
    fn is_followed_by(&self, piece: &CallPiece<'_>) -> bool {
        let named = !piece.name.is_empty();
        let other = self.name != piece.name;
        let ended = self.has_ended();
        let closed = ended || self.empty == Empty::Closed;
        let speaks = self.channel.has_text() || !self.front.is_empty();
        if !piece.id.is_empty() && !self.id.is_empty() {
            return named || ended && piece.speaks;
        }
        let renamed = named && !self.name.is_empty();
        match () {
            // A provider that says ids says them of each call.
            () if !self.id.is_empty() => false,
            () if !piece.id.is_empty() => renamed && (other || ended),
            () if closed => renamed && (other || ended && piece.speaks),
            () => renamed && other && !speaks,
        }
    }

    /// Takes note of what a piece says beside its arguments; says whether it is new.
    fn hear(&mut self, piece: &CallPiece<'_>) -> bool {
        let mut news = piece.others;
        for (known, said) in [(&mut self.id, piece.id), (&mut self.kind, piece.kind)] {
            if known.is_empty() && !said.is_empty() {
                known.extend_from_slice(said);
                news = true;
            }
        }
        // A name may come in pieces.
        if !piece.name.is_empty() && self.name != piece.name {
            self.name.extend_from_slice(piece.name);
            news = true;
        }
        self.function |= piece.function;
        self.alien |= piece.alien;
        news || self.alien
    }

    /// Decides what becomes of it, at a chunk that has a piece of it or may have one made.
    fn decide(&mut self, finish: Finish) {
        if self.alien {
            self.verdict.given = self.last.is_some();
            return;
        }
        let finish = if self.function { finish } else { Finish::None };
        if finish != Finish::None {
            self.settle();
        }
        let facts = Facts {
            others: self.news,
            otherwise: true,
            finish,
            role: false,
        };
        let decided = self.channel.push(None, facts, &mut 0);
        self.verdict = CallVerdict {
            given: decided.action == Action::Emit,
            snapshot: decided.content == Content::Snapshot && decided.action == Action::Emit,
            last: finish != Finish::None,
        };
    }
}

/// The tool calls of one choice.
#[derive(Debug, Default)]
pub(super) struct Calls {
    pub(super) list: Vec<Call>,
    /// The one that spoke last.
    newest: usize,
    /// Those that are decided on at the chunk at hand.
    pub(super) touched: Vec<usize>,
    decided: bool,
    /// A piece that is not the last of its call in the chunk says something new.
    early_news: bool,
    /// A piece of the chunk at hand says something, be it known already.
    spoke: bool,
}

impl Calls {
    /// Does a piece of the chunk that was pushed last say anything? As it came it can't go out.
    pub(super) fn speak(&self) -> bool {
        self.spoke
    }

    /// The call that a piece belongs to, if there is one yet.
    fn find(&self, piece: &CallPiece<'_>) -> Option<usize> {
        let at_index = || match piece.index {
            Some(index) => {
                let said = |call: &Call| call.said.unwrap_or(call.number) == index;
                self.list.iter().rposition(said)
            }
            None if piece.alone => (!self.list.is_empty()).then_some(self.newest),
            None => (piece.place < self.list.len()).then_some(piece.place),
        };
        if !piece.id.is_empty() {
            let same = |call: &Call| call.id == piece.id;
            let here = |call: &Call| same(call) && call.said == piece.index;
            let exact = self.list.iter().rposition(here);
            if let Some(at) = exact.or_else(|| self.list.iter().rposition(same)) {
                // Some ids are no ids: the same one for each call.
                let call = &self.list[at];
                let elsewhere = exact.is_none() && piece.index.is_some();
                let named = !piece.name.is_empty();
                let another = elsewhere && call.has_ended() && piece.speaks && named;
                return (!another).then_some(at);
            }
        }
        at_index().filter(|at| !self.list[*at].is_followed_by(piece))
    }

    /// The smallest index that no call goes by, or the one that was said if it is free.
    fn number(&self, said: Option<u64>) -> u64 {
        let free = |number: &u64| self.list.iter().all(|call| call.number != *number);
        let smallest = || (0..).find(free).unwrap_or(u64::MAX);
        said.filter(free).unwrap_or_else(smallest)
    }

    /// A chunk was decided on: what was found in it does not count for the next one.
    fn turn(&mut self) {
        if std::mem::take(&mut self.decided) {
            for at in self.touched.drain(..) {
                let call = &mut self.list[at];
                (call.last, call.news) = (None, false);
                call.verdict = CallVerdict::default();
            }
            self.early_news = false;
            self.spoke = false;
        }
    }

    fn touch(&mut self, at: usize, place: usize, news: bool) {
        let call = &mut self.list[at];
        match call.last {
            None => self.touched.push(at),
            Some(_) => self.early_news |= call.news,
        }
        (call.last, call.news) = (Some(place), news);
        self.newest = at;
    }

    /// Decides on each call, at a chunk of the choice; says whether any is given out.
    pub(super) fn decide(&mut self, finish: Finish) -> bool {
        self.turn();
        self.decided = true;
        if self.list.is_empty() {
            return false;
        }
        for (at, call) in self.list.iter().enumerate() {
            let ends = finish != Finish::None && call.is_read();
            if call.last.is_none() && (ends || call.channel.is_due()) {
                self.touched.push(at);
            }
        }
        let mut given = self.early_news;
        for at in &self.touched {
            let call = &mut self.list[*at];
            call.decide(finish);
            given |= call.verdict.given;
        }
        given
    }

    /// The snapshots that are given out are written next.
    fn take(&mut self) {
        for at in &self.touched {
            let call = &mut self.list[*at];
            if call.verdict.snapshot {
                call.channel.take_content();
            }
        }
    }

    /// Does any piece of the chunk at hand say anything but arguments?
    fn say(&self) -> bool {
        self.early_news || self.touched.iter().any(|at| self.list[*at].news)
    }

    pub(super) fn set_time(&mut self, now: u64) {
        for call in &mut self.list {
            call.channel.set_time(now);
        }
    }

    pub(super) fn is_due(&self) -> bool {
        self.list.iter().any(|call| call.channel.is_due())
    }

    /// The stream has ended; says whether there is a call that was not told to have.
    pub(super) fn end(&mut self, broken: Option<&Failure>) -> bool {
        let mut told = true;
        for call in self.list.iter_mut().filter(|call| call.is_read()) {
            if !call.channel.is_ended() {
                told = false;
                call.settle();
                match broken {
                    Some(failure) => call.channel.fail(failure.clone()),
                    None => {
                        call.channel.end();
                    }
                }
            }
        }
        !told
    }

    /// Is there no call that succeeded?
    pub(super) fn are_failed(&self) -> bool {
        let mut read = self.list.iter().filter(|call| call.is_read());
        read.all(|call| call.channel.failure().is_some())
    }

    pub(super) fn is_ended(&self) -> bool {
        let mut read = self.list.iter().filter(|call| call.is_read());
        read.all(|call| call.channel.is_ended())
    }
}
