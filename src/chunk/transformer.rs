//! One response: bytes in, bytes out.
//!
//! What the contract leaves open is decided so:
//! - A stream's first string `content` or text part, be it empty, makes it one that is rewritten.
//!   Until then chunks pass as they came; those that would be dropped or held wait for the next
//!   chunk that is given out, up to 64 KiB.
//! - A text that turns out to hold no JSON at its `finish_reason` is told when the stream ends,
//!   so that usage after it arrives. One that fails in its middle ends the stream at once if
//!   there is no other choice to wait for.
//! - After `[DONE]` everything passes. After an error event nothing does.
//! - Where a chunk is due that the upstream did not send (a value that the end of the text
//!   changed, a choice that broke off beside others, something carried and nothing to carry it),
//!   one is written, with the names the stream began with.
//! - An error that clients can't see as an event (a bare JSON body, a field `error:` without
//!   data) passes as it came, and its message is told by our own error event.
//! - Data that broke off in the middle of its line is no event. It passes at the end as it is,
//!   except before an error event, whose place it would take.
//! - Chunks of other APIs and other data pass; a stream of nothing else is not judged at its end.

use super::failure::{Code, Failure};
use super::machine::{Machine, State};
use super::report::Report;
use super::session::{End, Session};
use super::settings::ChunkOptions;
use crate::count::{Count, total};
use crate::error::{Error, Kind};
use crate::sse::{Frame, Framer};

/// A buffer that has grown beyond this is given back.
const KEEP: usize = 64 << 10;

/// One response.
#[derive(Debug)]
pub struct Transformer {
    framer: Framer,
    machine: Machine,
    /// What was pushed and not yet pulled.
    ready: Vec<u8>,
    finished: bool,
}

impl Transformer {
    /// A new response.
    pub fn new(options: ChunkOptions) -> Self {
        Self {
            framer: Framer::new(options.limits),
            machine: Machine::new(options),
            ready: Vec::new(),
            finished: false,
        }
    }

    /// Takes what one read brought, appends what is to be sent on. Cost: one pass over the input,
    /// and one copy of each snapshot that is written.
    ///
    /// # Errors
    /// [`Kind::Finished`] after [`finish`](Self::finish) or [`fail`](Self::fail). Faults of the
    /// stream are no errors here: they are written as the one error event, and what comes after
    /// it is left out.
    pub fn feed(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        if self.is_pending() {
            self.pull(out);
        }
        let before = out.len();
        self.run(input, out)?;
        self.count_out(before, out);
        Ok(())
    }

    /// Tells the time, in milliseconds of any clock that does not go back: before `feed`, in a
    /// stream that is thinned by time. Without it only budgets count.
    pub fn set_time(&mut self, now: u64) {
        self.machine.session.set_time(now);
    }

    /// Appends the snapshots that were held back and may go out now, for when the upstream
    /// pauses; each in a chunk of its own, with the names the stream began with.
    pub fn flush_due(&mut self, out: &mut Vec<u8>) {
        if self.is_pending() {
            self.pull(out);
        }
        let before = out.len();
        self.machine.tick(out);
        self.count_out(before, out);
    }

    /// When [`flush_due`](Self::flush_due) will have something to write, on the clock that was
    /// told; `None` if nothing is held back.
    pub fn due_at(&self) -> Option<u64> {
        let open = !self.is_ended() && self.machine.is_open();
        open.then(|| self.machine.session.due_at()).flatten()
    }

    /// As [`feed`](Self::feed), for who paces itself: what is to be sent on waits for
    /// [`pull`](Self::pull). Meanwhile a newer snapshot overtakes an older one of its choice,
    /// which is left out; everything else is kept.
    ///
    /// # Errors
    /// As for `feed`.
    pub fn push(&mut self, input: &[u8]) -> Result<(), Error> {
        let mut ready = std::mem::take(&mut self.ready);
        self.machine.rewriter.lazy = true;
        let outcome = self.run(input, &mut ready);
        self.machine.rewriter.lazy = false;
        self.ready = ready;
        outcome
    }

    /// Appends all that a reader could have now.
    pub fn pull(&mut self, out: &mut Vec<u8>) {
        let before = out.len();
        out.append(&mut self.ready);
        if self.ready.capacity() > KEEP {
            self.ready = Vec::new();
        }
        let machine = &mut self.machine;
        machine.rewriter.flush(&mut machine.session, out);
        self.count_out(before, out);
    }

    /// Is there something that a reader could have?
    pub fn is_pending(&self) -> bool {
        !self.ready.is_empty() || self.machine.rewriter.is_pending()
    }

    /// Bytes that wait for [`pull`](Self::pull), snapshots not counted: whoever pushes stops
    /// reading its upstream when these are too many.
    pub fn waiting(&self) -> usize {
        self.ready.len()
    }

    /// Bytes that this stream keeps: all its text, unfinished and held events, and what waits for
    /// [`pull`](Self::pull). Its memory is at most five times as much, and what it was made with.
    pub fn held(&self) -> usize {
        total([self.framer.held(), self.machine.held(), self.ready.len()])
    }

    /// Counts what was written since there were so many bytes.
    fn count_out(&mut self, before: usize, out: &[u8]) {
        let written = out.len().saturating_sub(before);
        self.machine.report.bytes_out.raise(written as u64);
    }

    fn run(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let machine = &mut self.machine;
        if self.finished {
            return Err(Error::new(Kind::Finished, machine.report.bytes_in, 0, 0));
        }
        machine.report.bytes_in.raise(input.len() as u64);
        let over = |machine: &Machine| machine.state == State::Failed && !machine.tail;
        if over(machine) {
            return Ok(());
        }
        let mut reader = self.framer.read(input);
        loop {
            match reader.next() {
                Ok(None) => break,
                Ok(Some(Frame::Block(block))) => machine.block(&block, out),
                Ok(Some(Frame::Bom)) => out.extend_from_slice(b"\xEF\xBB\xBF"),
                Ok(Some(Frame::LineFeed)) => machine.line_feed(out),
                Err(error) => {
                    machine.at_block = None;
                    machine.end(End::Failed(error.into()), None, out);
                }
            }
            if over(machine) {
                break;
            }
        }
        Ok(())
    }

    /// The upstream has ended; appends what is still due, what waits included. A second call changes nothing.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.close(End::Closed, out);
    }

    /// The upstream failed: reads what it had sent, appends what is still due and the one error
    /// event (none if the answer had ended), and ends. `message` is for people; every code has
    /// its usual one.
    pub fn fail(&mut self, code: Code, message: Option<&str>, out: &mut Vec<u8>) {
        self.close(End::Failed(Failure::new(code, message)), out);
    }

    fn close(&mut self, end: End, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        self.pull(out);
        if self.machine.state == State::Failed {
            return;
        }
        let before = out.len();
        let rest = self.framer.finish();
        self.machine.close(rest.as_ref(), end, out);
        self.count_out(before, out);
    }

    /// Will nothing more come out? True after the one error event, and after the end.
    pub fn is_ended(&self) -> bool {
        self.finished || self.machine.state == State::Failed
    }

    /// The decisions, and the documents.
    pub fn session(&self) -> &Session {
        &self.machine.session
    }

    /// What happened so far.
    pub fn report(&self) -> Report {
        let machine = &self.machine;
        let mut report = machine.report;
        report.events_out.raise(machine.rewriter.events_out);
        report.complete = machine.session.is_complete();
        for channel in machine.session.all_channels() {
            report.updates.raise(channel.updates());
            report.repairs.raise(channel.document().repair_count());
            report.trailing.raise(channel.document().trailing());
        }
        report
    }
}
