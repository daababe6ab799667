//! Bytes and text into the machine: decoding, the text that is held, offsets, the end of the input.

use super::repair::Rule;
use super::unescape::Unescape;
use super::utf8::Piece;
use super::{BLOCK, Cursor, Reader, State};
use crate::aggregator::Root;
use crate::count::Count;
use crate::error::{Error, Kind};
use crate::event::{Event, Sink};
use crate::text::beginning;

impl Reader {
    /// Reads bytes, cut anywhere.
    pub(crate) fn feed<S: Sink>(
        &mut self,
        delta: &[u8],
        wtf8: bool,
        sink: &mut S,
    ) -> Result<(), Error> {
        #[cfg(feature = "inject-panic")]
        assert!(!delta.ends_with(b"\0panic"), "a panic that was asked for");
        if delta.is_ascii() && self.decoder.is_empty() {
            return self.read(delta, sink);
        }
        self.wide_text = true;
        let mut rest = delta;
        while let Some(piece) = self.decoder.next(&mut rest, wtf8) {
            match piece {
                Piece::Text(text) => self.read(text, sink)?,
                Piece::Joined(buffer, length) => self.read(buffer.split_at(length).0, sink)?,
                Piece::Invalid => self.replace(Kind::InvalidUtf8, Rule::InvalidUtf8, sink)?,
                Piece::LoneSurrogate => {
                    self.replace(Kind::LoneSurrogate, Rule::LoneSurrogate, sink)?
                }
            }
        }
        Ok(())
    }

    /// What is no character becomes U+FFFD. In the frame that is no repair.
    pub(super) fn replace<S: Sink>(
        &mut self,
        kind: Kind,
        rule: Rule,
        sink: &mut S,
    ) -> Result<(), Error> {
        if !self.repair {
            return Err(self.at_end(kind));
        }
        if !matches!(
            self.state,
            State::Seek
                | State::Think
                | State::RootScalar
                | State::RootEnd
                | State::Done
                | State::Trailing
        ) {
            let offset = self.position() as u64;
            self.log.record(rule, offset);
        }
        self.read("\u{FFFD}".as_bytes(), sink)
    }

    /// The input has ended.
    pub(crate) fn finish<S: Sink>(&mut self, sink: &mut S) -> Result<(), Error> {
        self.decoder.clear();
        self.ended = true;
        if self.repair {
            self.read_held(&[], sink)?;
        }
        let ended = match self.state {
            State::Scalar if self.stack.is_empty() => self.scalar.is_whole(),
            State::Scalar => self.scalar.is_whole() && !self.scalar.may_go_on(),
            _ => false,
        };
        if ended {
            self.token.clear();
            self.token
                .extend_from_slice(self.held.get(self.held_from..).unwrap_or_default());
            self.state = State::ScalarEnd;
        }
        match self.state {
            State::ScalarEnd => self.say_token(sink),
            State::Empty => self.say_empty(sink),
            _ => {}
        }
        if self.closed && self.root_opened {
            sink.event(Event::Close);
        }
        Ok(())
    }

    /// The error for the byte after all that was read and held.
    pub(crate) fn at_end(&self, kind: Kind) -> Error {
        let held = self.held.get(self.held_from..).unwrap_or_default();
        self.in_code_points(held, self.error(kind, held.len()))
    }

    /// The error for a text that ended before anything was visible: it names the root that was
    /// looked for.
    pub(crate) fn no_json(&self) -> Error {
        self.at_end(Kind::NoJson).expecting(match self.root {
            Root::Object => "JSON object",
            Root::Array => "JSON array",
            Root::Auto | Root::Any => "",
        })
    }

    /// Reads valid text.
    pub(super) fn read<S: Sink>(&mut self, text: &[u8], sink: &mut S) -> Result<(), Error> {
        // Counted as it came: a document that was escaped once more is shorter in its offsets.
        let room = self.limits.document.saturating_sub(self.taken);
        self.taken.raise(text.len().min(room));
        if text.len() > room {
            self.read_within(beginning(text, room), sink)?;
            return Err(self.at_end(Kind::Document));
        }
        self.read_within(text, sink)
    }

    pub(super) fn position(&self) -> usize {
        let held = self.held.len().saturating_sub(self.held_from);
        usize::try_from(self.base)
            .unwrap_or(usize::MAX)
            .saturating_add(held)
    }

    #[inline]
    pub(super) fn read_within<S: Sink>(&mut self, text: &[u8], sink: &mut S) -> Result<(), Error> {
        let mut rest = text;
        while !rest.is_empty() {
            let block = rest.split_at(rest.len().min(BLOCK)).0;
            if let Some(filter) = &mut self.filter {
                let filtered = filter.push(block);
                self.read_held(&filtered, sink)?;
                rest = rest.split_at(block.len()).1;
            } else if self.held.is_empty() {
                let outcome = self.run(rest, sink);
                let used = self.advance(rest, outcome)?;
                rest = rest.split_at(used).1;
                if self.again.is_empty() {
                    self.held.extend_from_slice(rest);
                    return Ok(());
                }
                self.read_held(&[], sink)?;
            } else {
                self.read_held(block, sink)?;
                rest = rest.split_at(block.len()).1;
            }
        }
        Ok(())
    }

    /// Reads what was held, with more text behind it.
    pub(super) fn read_held<S: Sink>(&mut self, more: &[u8], sink: &mut S) -> Result<(), Error> {
        self.held.extend_from_slice(more);
        loop {
            self.put_again();
            let filtered = self.filter.is_some();
            let held = std::mem::take(&mut self.held);
            let unread = held.get(self.held_from..).unwrap_or_default();
            let outcome = self.run(unread, sink);
            let advanced = self.advance(unread, outcome);
            self.held = held;
            self.held_from.raise(advanced?);
            self.filter_held(filtered);
            self.compact();
            if self.again.is_empty() {
                return Ok(());
            }
        }
    }

    /// If the filter was started just now: what was not read yet goes through it as well.
    pub(super) fn filter_held(&mut self, before: bool) {
        if let (false, Some(filter)) = (before, &mut self.filter) {
            let rest = self.held.get(self.held_from..).unwrap_or_default();
            self.again.extend(filter.push(rest));
            self.held_from = self.held.len();
        }
    }

    /// Puts text that is to be read again in front of what is held.
    pub(super) fn put_again(&mut self) {
        if self.again.is_empty() {
            return;
        }
        let mut again = std::mem::take(&mut self.again);
        self.base = self.again_from;
        again.extend_from_slice(self.held.get(self.held_from..).unwrap_or_default());
        self.held = again;
        self.held_from = 0;
    }

    /// The rest of the text is escaped once more: from here on, a filter stands before the machine.
    pub(super) fn start_filter(&mut self, cursor: &mut Cursor<'_>) {
        let mut filter = Unescape::default();
        // Escapes of ASCII may stand for what is none.
        self.wide_text = true;
        self.again = filter.push(cursor.rest());
        self.again_from = self.offset(cursor.at);
        self.again_wide = self.wide_at(cursor.text, cursor.at);
        cursor.at = cursor.text.len();
        self.filter = Some(filter);
    }

    /// Counts what was read of a text, or completes the error that ended the reading.
    #[inline]
    pub(super) fn advance(
        &mut self,
        text: &[u8],
        outcome: Result<usize, Error>,
    ) -> Result<usize, Error> {
        match outcome {
            Ok(used) => {
                if self.again.is_empty() {
                    self.wide = self.wide_at(text, used);
                } else {
                    self.wide = self.again_wide;
                }
                self.base = self.offset(used);
                Ok(used)
            }
            Err(error) => Err(self.in_code_points(text, error)),
        }
    }

    /// What `wide` is behind the first `end` bytes of such a text.
    #[inline]
    pub(super) fn wide_at(&self, text: &[u8], end: usize) -> u64 {
        self.wide.saturating_add(self.wide_in(text, end))
    }

    /// Continuation bytes of this line in the first `end` bytes of a text that begins at `base`.
    #[inline]
    fn wide_in(&self, text: &[u8], end: usize) -> u64 {
        if !self.wide_text {
            return 0;
        }
        let from = usize::try_from(self.line_from.saturating_sub(self.base)).unwrap_or(end);
        let line = text.get(from..end).unwrap_or_default();
        line.iter().filter(|&&byte| byte & 0xC0 == 0x80).count() as u64
    }

    #[cold]
    pub(super) fn in_code_points(&self, text: &[u8], error: Error) -> Error {
        let end = usize::try_from(error.offset().saturating_sub(self.base)).unwrap_or(text.len());
        let wide = self.wide_at(text, end.min(text.len()));
        error.at_column(error.column().saturating_sub(wide))
    }

    /// Keeps the read part of the held text smaller than the unread one.
    pub(super) fn compact(&mut self) {
        if self.held_from == self.held.len() {
            self.held.clear();
            self.held.shrink_to(4096);
            self.held_from = 0;
        } else if self.held_from > 256 && self.held_from > self.held.len() / 2 {
            self.held.drain(..self.held_from);
            self.held_from = 0;
        }
    }
}
