//! What is done with each block of a stream, and with its end. How it is found is not known here.

use super::calls::Made;
use super::closing::Template;
use super::envelope::{Choice, Envelope, Shape};
use super::failure::{Code, Failure, complaint};
use super::report::Report;
use super::rewriter::{Fate, Rewriter};
use super::session::{End, Phase, Session};
use super::settings::ChunkOptions;
use crate::count::{Count, total};
use crate::limits::Limits;
use crate::sse::{self, Block, Frame, Framer};
use crate::view::Form;

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// `[DONE]` has come: everything passes.
    Done,
    /// The one error event was written: nothing passes.
    Failed,
}

/// All but the framing.
#[derive(Debug)]
pub(super) struct Machine {
    limits: Limits,
    pub(super) session: Session,
    envelope: Envelope,
    pub(super) rewriter: Rewriter,
    template: Template,
    /// Blocks that wait for the first text.
    queue: Vec<u8>,
    queued: u64,
    pub(super) state: State,
    fate: Fate,
    /// How the lines of the block at hand end, if its last CR may be half of a CRLF.
    pub(super) at_block: Option<&'static [u8]>,
    /// The upstream's error event may still lack the LF of its last CRLF.
    pub(super) tail: bool,
    /// There was a chat completion chunk.
    chat: bool,
    /// There was data that is none.
    foreign: bool,
    /// What the upstream said in a way that clients don't see.
    complaint: Option<String>,
    pub(super) report: Report,
}

impl Machine {
    /// Bytes of text, of held chunks and of what is carried.
    pub(super) fn held(&self) -> usize {
        total([
            self.session.text_len(),
            self.queue.len(),
            self.rewriter.carried,
        ])
    }

    pub(super) fn new(options: ChunkOptions) -> Self {
        Self {
            limits: options.limits,
            envelope: Envelope::new(options.tool_calls),
            rewriter: Rewriter::new(options.tool_calls),
            session: Session::new(options, Form::Embedded),
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
        }
    }

    /// Has neither `[DONE]` come nor an error been written?
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Time has passed: writes the snapshots that were held back and may go out now.
    pub(super) fn tick(&mut self, out: &mut Vec<u8>) {
        if !self.is_open() {
            return;
        }
        let due: Vec<u64> = self.session.due().collect();
        self.write_updates(&due, Made::Due, out);
    }

    fn write_updates(&mut self, choices: &[u64], made: Made, out: &mut Vec<u8>) {
        let Self {
            session,
            rewriter,
            template,
            ..
        } = self;
        for index in choices {
            template.update(session, rewriter, (*index, made), out);
        }
    }

    /// The LF of a CRLF whose CR ended the block before. At every cut it must share its fate.
    pub(super) fn line_feed(&mut self, out: &mut Vec<u8>) {
        if self.state == State::Failed && !std::mem::take(&mut self.tail) {
            return;
        }
        self.rewriter.line_feed();
        match self.fate {
            Fate::Written => out.push(b'\n'),
            Fate::Dropped | Fate::Held => {}
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

    pub(super) fn block(&mut self, block: &Block<'_>, out: &mut Vec<u8>) {
        self.fate = Fate::Dropped;
        self.rewriter.begin_block();
        self.tail = false;
        self.at_block = block.is_finished().then(|| sse::line_end(block));
        if self.state == State::Failed {
            return;
        }
        let Some(data) = block.data() else {
            return self.without_data(block, out);
        };
        self.report.events_in.raise(1);
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
                self.rewriter.flush(&mut self.session, out);
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
        let text = choices.iter().any(|choice| choice.is_read(data, parts));
        let gives = choices.iter().any(Choice::gives);
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
        self.queued.raise(1);
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
        if !self.is_open() {
            return; // one that waited for the first text, behind one that ended the stream
        }
        if shape == Shape::Empty {
            let data = block.data().unwrap_or_default();
            self.rewriter.flush(&mut self.session, out);
            self.rewriter.supersede(data, &self.envelope);
            return self.pass_whole(block, out);
        }
        let Self {
            rewriter, session, ..
        } = self;
        let (fate, within) = rewriter.chunk(session, &self.envelope, block, self.limits.event, out);
        self.fate = fate;
        match within {
            Ok(()) => self.fail_if_due(out),
            Err(failure) => self.end(End::Failed(failure), None, out),
        }
    }

    fn fail_if_due(&mut self, out: &mut Vec<u8>) {
        if let Some(failure) = self.session.failure().cloned() {
            self.end(End::Failed(failure), None, out);
        }
    }

    /// Gives out what waited for the first text, as it came.
    fn release(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.queue);
        self.report
            .events_out
            .raise(std::mem::take(&mut self.queued));
    }

    /// Comments, blank lines, fields of no known name.
    fn without_data(&mut self, block: &Block<'_>, out: &mut Vec<u8>) {
        self.pass(block, out);
        if self.complain(block) && !self.session.is_finished() {
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
            Some(said) => self.complaint = Some(complaint(said, true)),
            None if bare.starts_with(b"{") => self.complaint = Some(complaint(bare, false)),
            None => {}
        }
        field.is_some()
    }

    /// The end of the input, and what stands after the last blank line.
    pub(super) fn close(&mut self, rest: Option<&Block<'_>>, end: End, out: &mut Vec<u8>) {
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
    pub(super) fn end(&mut self, end: End, last: Option<&Block<'_>>, out: &mut Vec<u8>) {
        let judged =
            self.state == State::Open && (self.chat || !self.foreign || end != End::Closed);
        if !judged {
            return self.write_last(last, out);
        }
        let upstream = end == End::Upstream;
        let failed = matches!(end, End::Failed(_));
        self.state = State::Done;
        let ends = self.at_block.filter(|_| self.fate == Fate::Written);
        self.rewriter.flush(&mut self.session, out);
        self.release(out);
        let mut ending = self.session.end(end);
        if let (Some(ends), true) = (ends, failed || ending.failure.is_some()) {
            settle_line_end(ends, out);
        }
        if self.rewriter.check(self.limits.event).is_err() {
            self.rewriter.shed();
        }
        let told = |index: &u64| ending.finals.iter().any(|last| last.index == *index);
        let owed: Vec<u64> = self.session.owed().filter(|index| !told(index)).collect();
        self.write_updates(&owed, Made::Owed, out);
        for due in &ending.finals {
            self.rewriter.merge_held_at_end(&self.session, due.index);
        }
        self.rewriter.write_all_held(out);
        let Self {
            session,
            rewriter,
            template,
            ..
        } = self;
        let mut closing = Vec::new();
        self.report.events_out.raise(template.close(
            session,
            rewriter,
            &ending.finals,
            &mut closing,
        ));
        let Some(failure) = &mut ending.failure else {
            if upstream {
                self.state = State::Failed;
                self.tail = true;
            }
            out.append(&mut closing);
            self.write_last(last, out);
            if failed {
                // What was to come can't be read any more, although a choice had succeeded.
                self.state = State::Failed;
            }
            return;
        };
        if let Some(last) = last.filter(|last| !last.is_finished() && last.data().is_none()) {
            self.pass_whole(last, out);
        }
        out.append(&mut closing);
        if let (Code::UpstreamClosed, Some(said)) = (failure.code, &self.complaint) {
            failure.message.clone_from(said);
        }
        let mut data = Vec::new();
        failure.write_json(&mut data);
        sse::write_event(&data, out);
        self.report.error = Some(failure.code);
        self.report.events_out.raise(1);
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
