//! One response: bytes in, bytes out.

use super::failure::{Code, Failure};
use super::session::{End, Session};
use super::settings::ChunkOptions;
use crate::error::{Error, Kind};
use crate::sse::{Frame, Framer};
use crate::view::Form;

/// What happened in a stream, for whoever counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// How often a value changed, in all choices.
    pub updates: u64,
    /// Repairs in all documents.
    pub repairs: u64,
    /// Bytes after the ends of documents that are neither white space nor a fence.
    pub trailing: u64,
    /// Events with data that came.
    pub events_in: u64,
    /// Events with data that went out.
    pub events_out: u64,
    /// Bytes that came.
    pub bytes_in: u64,
    /// Bytes that went out.
    pub bytes_out: u64,
    /// The code of the one error event; the upstream's own is not one of ours.
    pub error: Option<Code>,
    /// Did the upstream send an error event of its own?
    pub upstream_error: bool,
    /// Was there a document, and was every one closed?
    pub complete: bool,
}

/// One response.
#[derive(Debug)]
pub struct Transformer {
    framer: Framer,
    session: Session,
    report: Report,
    finished: bool,
    ended: bool,
}

impl Transformer {
    /// A new response.
    pub fn new(options: ChunkOptions) -> Self {
        Self {
            framer: Framer::new(options.limits),
            session: Session::new(options, Form::Embedded),
            report: Report::default(),
            finished: false,
            ended: false,
        }
    }

    /// Takes what one read brought, appends what is to be sent on.
    ///
    /// # Errors
    /// [`Kind::Finished`] after [`finish`](Self::finish) or [`fail`](Self::fail). Faults of the
    /// stream are no errors here: they are written as the one error event.
    pub fn feed(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        if self.finished {
            return Err(Error::new(Kind::Finished, self.report.bytes_in, 0, 0));
        }
        let mut reader = self.framer.read(input);
        while let Ok(Some(frame)) = reader.next() {
            match frame {
                Frame::Bom => out.extend_from_slice(b"\xEF\xBB\xBF"),
                Frame::LineFeed => out.push(b'\n'),
                Frame::Block(block) => out.extend_from_slice(block.raw()),
            }
        }
        Ok(())
    }

    /// The upstream has ended; appends what is still due. A second call changes nothing.
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
        let _ = (self.session.end(end), out);
    }

    /// Will nothing more come out? True after the one error event, and after the end.
    pub fn is_ended(&self) -> bool {
        self.ended || self.finished
    }

    /// What happened so far.
    pub fn report(&self) -> Report {
        self.report
    }
}
