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

use super::closing::Template;
use super::envelope::{Envelope, Shape};
use super::failure::{Code, Failure, complaint};
use super::report::Report;
use super::rewriter::{Fate, Rewriter};
use super::session::{End, Phase, Session};
use super::settings::ChunkOptions;
use crate::error::{Error, Kind};
use crate::limits::Limits;
use crate::sse::{self, Block, Frame, Framer};
use crate::view::Form;

/// A buffer that has grown beyond this is given back.
const KEEP: usize = 64 << 10;

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// `[DONE]` has come: everything passes.
    Done,
    /// The one error event was written: nothing passes.
    Failed,
}

/// One response.
#[derive(Debug)]
pub struct Transformer {
    framer: Framer,
    machine: Machine,
    /// What was pushed and not yet pulled.
    ready: Vec<u8>,
    finished: bool,
}

/// All but the framing.
#[derive(Debug)]
struct Machine {
    limits: Limits,
    session: Session,
    envelope: Envelope,
    rewriter: Rewriter,
    template: Template,
    /// Blocks that wait for the first text.
    queue: Vec<u8>,
    queued: u64,
    state: State,
    fate: Fate,
    /// How the lines of the block at hand end, if its last CR may be half of a CRLF.
    at_block: Option<&'static [u8]>,
    /// The upstream's error event may still lack the LF of its last CRLF.
    tail: bool,
    /// There was a chat completion chunk.
    chat: bool,
    /// There was data that is none.
    foreign: bool,
    /// What the upstream said in a way that clients don't see.
    complaint: Option<String>,
    report: Report,
}

impl Transformer {
    /// A new response.
    pub fn new(options: ChunkOptions) -> Self {
        Self {
            framer: Framer::new(options.limits),
            machine: Machine {
                limits: options.limits,
                session: Session::new(options, Form::Embedded),
                envelope: Envelope::default(),
                rewriter: Rewriter::default(),
                template: Template::default(),
                queue: Vec::new(),
                queued: 0,
                state: State::Open,
                fate: Fate::default(),
                at_block: None,
                tail: false,
                chat: false,
                foreign: false,
                complaint: None,
                report: Report::default(),
            },
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
        self.machine.report.bytes_out += (out.len() - before) as u64;
        Ok(())
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
        machine.rewriter.flush(&machine.session, out);
        machine.report.bytes_out += (out.len() - before) as u64;
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

    fn run(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let machine = &mut self.machine;
        if self.finished {
            return Err(Error::new(Kind::Finished, machine.report.bytes_in, 0, 0));
        }
        machine.report.bytes_in += input.len() as u64;
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
        self.machine.report.bytes_out += (out.len() - before) as u64;
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
        report.events_out += machine.rewriter.events_out;
        report.complete = machine.session.is_complete();
        for (_, channel) in machine.session.channels() {
            report.updates += channel.updates();
            report.repairs += channel.document().repair_count();
            report.trailing += channel.document().trailing();
        }
        report
    }
}

impl Machine {
    /// The LF of a CRLF whose CR ended the block before. At every cut it must share its fate.
    fn line_feed(&mut self, out: &mut Vec<u8>) {
        if self.state == State::Failed && !std::mem::take(&mut self.tail) {
            return;
        }
        match self.fate {
            Fate::Written => out.push(b'\n'),
            Fate::Dropped => {}
            Fate::Held(place) => self.rewriter.line_feed(place),
            Fate::Pending(place) => self.rewriter.line_feed_pending(place, out),
            Fate::Queued => self.queue.push(b'\n'),
        }
    }

    fn pass(&mut self, block: &Block<'_>, out: &mut Vec<u8>) {
        self.fate = Fate::Written;
        self.rewriter.pass(block, out);
    }

    /// As `pass`, and with its blank line if that did not arrive.
    fn pass_whole(&mut self, block: &Block<'_>, out: &mut Vec<u8>) {
        self.pass(block, out);
        if !block.is_finished() {
            sse::write_blank(block, out);
        }
    }

    fn block(&mut self, block: &Block<'_>, out: &mut Vec<u8>) {
        self.fate = Fate::Dropped;
        self.tail = false;
        self.at_block = block.is_finished().then(|| sse::line_end(block));
        if self.state == State::Failed {
            return;
        }
        let Some(data) = block.data() else {
            return self.without_data(block, out);
        };
        self.report.events_in += 1;
        let trimmed = data.trim_ascii();
        if self.state == State::Done || trimmed.is_empty() || trimmed.starts_with(b":") {
            return self.pass(block, out);
        }
        if trimmed == b"[DONE]" {
            return self.end(End::Done, Some(block), out);
        }
        let shape = self.envelope.scan(data);
        let error = block.event() == b"error" || !self.envelope.error.is_none();
        if error && (self.chat || !self.foreign) {
            self.report.upstream_error = true;
            return self.end(End::Upstream, Some(block), out);
        }
        match shape {
            Shape::Foreign => {
                self.foreign = true;
                self.rewriter.flush(&self.session, out);
                self.pass(block, out);
            }
            Shape::Empty | Shape::Chunk => self.chunk(shape, block, out),
            Shape::TooMany => {
                let message = "an event has more choices than a stream may have";
                let failure = Failure::new(Code::LimitExceeded, Some(message));
                self.end(End::Failed(failure), None, out);
            }
        }
    }

    fn chunk(&mut self, shape: Shape, block: &Block<'_>, out: &mut Vec<u8>) {
        let data = block.data().unwrap_or_default();
        self.chat = true;
        if self.session.is_texting() {
            return self.push(shape, block, out);
        }
        if shape == Shape::Empty && self.queue.is_empty() {
            return self.pass_whole(block, out);
        }
        // An event without choices keeps its place, behind what waits for the first text.
        self.template.learn(data, &self.envelope.members);
        let Envelope { choices, parts, .. } = &self.envelope;
        let text = choices.iter().any(|choice| choice.has_text(data, parts));
        let gives = choices.iter().any(super::envelope::Choice::gives);
        match self.session.begin(text, gives, block.raw().len()) {
            Phase::Push => self.push(shape, block, out),
            Phase::Queue => self.enqueue(block),
            Phase::Pass => {
                self.release(out);
                for (at, choice) in self.envelope.choices.iter().enumerate() {
                    self.session.note(choice.index(data, at), choice.facts);
                }
                self.pass_whole(block, out);
                self.fail_if_due(out);
            }
            Phase::Replay => self.replay(block, out),
        }
    }

    fn enqueue(&mut self, block: &Block<'_>) {
        self.fate = Fate::Queued;
        self.queued += 1;
        self.queue.extend_from_slice(block.raw());
        if !block.is_finished() {
            sse::write_blank(block, &mut self.queue);
        }
    }

    /// The first text: what waited for it is read like everything that follows.
    fn replay(&mut self, block: &Block<'_>, out: &mut Vec<u8>) {
        let queue = std::mem::take(&mut self.queue);
        self.queued = 0;
        let mut framer = Framer::new(self.limits);
        let mut reader = framer.read(&queue);
        while let Ok(Some(frame)) = reader.next() {
            if let Frame::Block(waiting) = frame {
                let shape = self.envelope.scan(waiting.data().unwrap_or_default());
                self.push(shape, &waiting, out);
            }
        }
        let shape = self.envelope.scan(block.data().unwrap_or_default());
        self.push(shape, block, out);
    }

    /// A chunk of a stream with text.
    fn push(&mut self, shape: Shape, block: &Block<'_>, out: &mut Vec<u8>) {
        if shape == Shape::Empty {
            let data = block.data().unwrap_or_default();
            self.rewriter.flush(&self.session, out);
            self.rewriter.supersede(data, &self.envelope);
            return self.pass_whole(block, out);
        }
        let Self {
            rewriter, session, ..
        } = self;
        match rewriter.chunk(session, &self.envelope, block, self.limits.event, out) {
            Ok(fate) => self.fate = fate,
            Err(failure) => return self.end(End::Failed(failure), None, out),
        }
        self.fail_if_due(out);
    }

    fn fail_if_due(&mut self, out: &mut Vec<u8>) {
        if let Some(failure) = self.session.failure().cloned() {
            self.end(End::Failed(failure), None, out);
        }
    }

    /// Gives out what waited for the first text, as it came.
    fn release(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.queue);
        self.report.events_out += std::mem::take(&mut self.queued);
    }

    /// Comments, blank lines, fields of no known name.
    fn without_data(&mut self, block: &Block<'_>, out: &mut Vec<u8>) {
        self.pass(block, out);
        if self.complain(block) {
            self.end(
                End::Failed(Failure::new(Code::UpstreamClosed, None)),
                None,
                out,
            );
        }
    }

    /// Does the upstream say here that it failed, in a way that clients don't see? True if it
    /// said so in a field of an event; a bare JSON body may go on.
    fn complain(&mut self, block: &Block<'_>) -> bool {
        if self.state == State::Done || self.foreign && !self.chat {
            return false;
        }
        let field = block.field(b"error").filter(|value| !value.is_empty());
        let bare = block.raw().trim_ascii();
        match field {
            Some(said) => self.complaint = Some(complaint(said)),
            None if bare.starts_with(b"{") => self.complaint = Some(complaint(bare)),
            None => {}
        }
        field.is_some()
    }

    /// The end of the input, and what stands after the last blank line.
    fn close(&mut self, rest: Option<&Block<'_>>, end: End, out: &mut Vec<u8>) {
        self.at_block = None;
        let Some(rest) = rest else {
            return self.end(end, None, out);
        };
        let Some(data) = rest.data() else {
            self.complain(rest);
            return self.end(end, Some(rest), out);
        };
        if data.trim_ascii() == b"[DONE]" && self.state == State::Open {
            return self.end(End::Done, Some(rest), out);
        }
        let shape = self.envelope.scan(data);
        if self.state == State::Open && (shape != Shape::Foreign || !self.envelope.error.is_none())
        {
            self.block(rest, out);
            if self.state == State::Open {
                self.end(end, None, out);
            }
            return;
        }
        self.end(end, Some(rest), out);
    }

    /// Ends the stream. `last`: the block that ended it, or what stands after the last blank line.
    fn end(&mut self, end: End, last: Option<&Block<'_>>, out: &mut Vec<u8>) {
        let judged =
            self.state == State::Open && (self.chat || !self.foreign || end != End::Closed);
        if !judged {
            return self.write_last(last, out);
        }
        let upstream = end == End::Upstream;
        self.state = State::Done;
        let ends = self.at_block.filter(|_| self.fate == Fate::Written);
        self.rewriter.flush(&self.session, out);
        self.release(out);
        let mut ending = self.session.end(end);
        if let (Some(ends), Some(_)) = (ends, &ending.failure) {
            settle_line_end(ends, out);
        }
        for due in &ending.finals {
            self.rewriter.merge_held_at_end(&self.session, due.index);
        }
        self.rewriter.write_all_held(out);
        let mut closing = Vec::new();
        let limit = |failure: &Failure| failure.code == Code::LimitExceeded;
        if !upstream && !ending.failure.as_ref().is_some_and(limit) {
            let Self {
                session,
                rewriter,
                template,
                ..
            } = self;
            self.report.events_out +=
                template.close(session, rewriter, &ending.finals, &mut closing);
        }
        let Some(failure) = &mut ending.failure else {
            if upstream {
                self.state = State::Failed;
                self.tail = true;
            }
            out.append(&mut closing);
            return self.write_last(last, out);
        };
        if let Some(last) = last.filter(|last| !last.is_finished() && last.data().is_none()) {
            self.pass_whole(last, out);
        }
        out.append(&mut closing);
        if let (Code::UpstreamClosed, Some(said)) = (failure.code, &self.complaint) {
            failure.message = format!("the upstream reported an error: {said}");
        }
        let mut data = Vec::new();
        failure.write_json(&mut data);
        sse::write_event(&data, out);
        self.report.error = Some(failure.code);
        self.report.events_out += 1;
        self.state = State::Failed;
    }

    fn write_last(&mut self, last: Option<&Block<'_>>, out: &mut Vec<u8>) {
        match last {
            Some(last) if self.state == State::Failed => self.pass_whole(last, out),
            Some(last) => self.pass(last, out),
            None => {}
        }
    }
}

/// Before something is written behind the block at hand: an LF behind its last CR may not have
/// come yet, or may have. It is there if the lines of the block end so.
fn settle_line_end(ends: &[u8], out: &mut Vec<u8>) {
    match (ends == b"\r\n", out.as_slice()) {
        (true, [.., b'\r']) => out.push(b'\n'),
        (false, [.., b'\r', b'\n']) => {
            out.pop();
        }
        _ => {}
    }
}
