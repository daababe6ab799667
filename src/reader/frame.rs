//! Where the document begins and ends: prose, fences, think blocks, wrappers.
//!
//! At the beginning of the text, and right after a fence, a think block or the bracket of a call,
//! the next bracket is believed more easily than in the middle of prose.

use super::begin::{Begin, Belief, Scene};
use super::repair::Rule;
use super::repair::ends::is_key_byte;
use super::repair::literals::is_scalar;
use super::text::find_from;
use super::{Cursor, Reader, Scalar, State, Step, Stepped};
use crate::aggregator::Root;
use crate::error::{Error, Kind};
use crate::event::Sink;

/// Blocks in which a model thinks aloud; what stands in them is no document.
const THINKING: &[&[u8]] = &[
    b"think",
    b"thinking",
    b"thought",
    b"thoughts",
    b"reasoning",
    b"reflection",
    b"analysis",
    b"scratchpad",
    b"inner_monologue",
];
/// The longest name that a tag may have.
const TAG: usize = 32;
/// The longest tag with its attributes.
const ATTRIBUTES: usize = 256;
/// The most characters of a scalar that are no digits: those of `undefined`.
const NO_DIGITS: usize = 9;

/// Where in the frame the reader is.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// Will the next bracket be believed easily?
    prose: bool,
    /// The line began with a fence; its end makes the next bracket credible.
    fence_line: bool,
    /// The closing tag that ends a think block.
    until: Option<&'static [u8]>,
    /// A bracket of the other kind was left out around the document.
    pub(super) inside: bool,
    /// The last byte of the prose, and the last one that is no white space.
    last: u8,
    sign: u8,
    begin: Begin,
}

impl Reader {
    /// Before the document.
    pub(super) fn seek(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        let Some(byte) = self.skip_space(cursor)? else {
            return Ok(Step::Wait);
        };
        if self.repair {
            return self.seek_in_prose(byte, cursor);
        }
        if self.fits_root(byte) {
            self.state = State::Value;
            return Ok(Step::Go);
        }
        let begins_value = matches!(byte, b'{' | b'[' | b'"') || Scalar::Start.step(byte).is_some();
        let kind = if begins_value {
            Kind::WrongRoot
        } else {
            Kind::UnexpectedCharacter
        };
        Err(self.error(kind, cursor.at))
    }

    fn fits_root(&self, byte: u8) -> bool {
        match self.root {
            Root::Auto => matches!(byte, b'{' | b'['),
            Root::Object => byte == b'{',
            Root::Array => byte == b'[',
            Root::Any => true,
        }
    }

    fn seek_in_prose(&mut self, byte: u8, cursor: &mut Cursor<'_>) -> Stepped {
        if self.frame.fence_line && self.lines_skipped {
            self.frame.fence_line = false;
            self.frame.prose = false;
        }
        match byte {
            b'{' | b'[' => return self.candidate(byte, cursor),
            b'`' => return Ok(self.fence_begin(cursor)),
            b'/' if !self.frame.prose => return Ok(self.comment_before(cursor)),
            b'<' => return Ok(self.tag(cursor)),
            0xEF if self.base == 0
                && cursor.at == 0
                && cursor.rest().starts_with(b"\xEF\xBB\xBF") =>
            {
                cursor.advance(3);
                return Ok(Step::Go);
            }
            b'(' => {
                // The bracket of a call, if a name stands right before it.
                self.frame.prose = self.gap || !is_key_byte(self.frame.last);
                self.pass(1, cursor);
                return Ok(Step::Go);
            }
            _ => {}
        }
        if self.root == Root::Any && !self.frame.prose {
            if byte == b'"' {
                self.state = State::Value;
                return Ok(Step::Go);
            }
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') {
                self.looked = 0;
                self.state = State::RootScalar;
                return Ok(Step::Go);
            }
        }
        Ok(self.prose(byte, cursor))
    }

    /// Reads so many bytes of the frame, and remembers how they end.
    fn pass(&mut self, length: usize, cursor: &mut Cursor<'_>) {
        let read = cursor.front(length);
        self.frame.last = read.last().copied().unwrap_or(self.frame.last);
        let sign = read.trim_ascii_end().last().copied();
        self.frame.sign = sign.unwrap_or(self.frame.sign);
        cursor.advance(length);
    }

    /// A run of prose: one step for all that can't begin anything.
    fn prose(&mut self, byte: u8, cursor: &mut Cursor<'_>) -> Step {
        // A quote around the whole document is no prose before it.
        if !matches!(byte, b'"' | b'\'') || self.frame.prose {
            self.frame.prose = true;
        }
        let rest = cursor.rest();
        // White space is counted where it is skipped.
        let stops = |byte: u8| matches!(byte, b'{' | b'[' | b'`' | b'<' | b'(') || is_space(byte);
        let run = if self.frame.prose {
            find_from(rest, 1, stops).unwrap_or(rest.len())
        } else {
            1
        };
        self.pass(run, cursor);
        Step::Go
    }

    /// A comment before the document is part of the frame, and makes no prose of what follows.
    fn comment_before(&mut self, cursor: &mut Cursor<'_>) -> Step {
        match cursor.rest().get(1) {
            None if !self.ended => return Step::Wait,
            Some(b'/') => self.state = State::LineComment,
            Some(b'*') => self.state = State::BlockComment,
            _ => return self.prose(b'/', cursor),
        }
        self.back = State::Seek;
        self.pass(2, cursor);
        Step::Go
    }

    /// Three backticks and the name of a language.
    fn fence_begin(&mut self, cursor: &mut Cursor<'_>) -> Step {
        // What lies further is no part of the answer, here or not.
        let near = cursor.front(TAG.min(cursor.rest().len()));
        let ticks = near.iter().take_while(|&&byte| byte == b'`').count();
        let part = |byte: &&u8| is_key_byte(**byte) || **byte == b'+';
        let name = near.iter().skip(ticks).take_while(part).count();
        let named = ticks.saturating_add(name);
        if named == near.len() && named < TAG && !self.ended {
            return Step::Wait;
        }
        self.pass(if ticks >= 3 { named } else { ticks }, cursor);
        if ticks >= 3 {
            // On the line of the fence, options may stand in brackets: `js {1,3}`.
            self.frame.prose = name > 0;
            self.frame.fence_line = true;
            self.lines_skipped = false;
        }
        Step::Go
    }

    /// `<think>`, or another tag.
    fn tag(&mut self, cursor: &mut Cursor<'_>) -> Step {
        let rest = cursor.rest();
        let part = |byte: &&u8| is_key_byte(**byte) || matches!(byte, b'|' | b'/');
        let name = rest.iter().skip(1).take(TAG).take_while(part).count();
        let after = name.saturating_add(1);
        if after == rest.len() && name < TAG && !self.ended {
            return Step::Wait;
        }
        let end = match rest.get(after) {
            Some(b'>') if name < TAG => Some(after),
            Some(b' ') if name > 0 && name < TAG => match rest
                .iter()
                .take(ATTRIBUTES)
                .position(|byte| matches!(byte, b'>' | b'\n' | b'{'))
            {
                None if rest.len() < ATTRIBUTES && !self.ended => return Step::Wait,
                Some(end) if end < ATTRIBUTES && rest.get(end) == Some(&b'>') => Some(end),
                _ => None,
            },
            _ => None,
        };
        let Some(end) = end else {
            self.frame.prose = true;
            self.pass(1, cursor);
            return Step::Go;
        };
        let tag = rest.get(1..after).unwrap_or_default().to_ascii_lowercase();
        self.pass(end.saturating_add(1), cursor);
        self.frame.prose = false;
        if let Some(thinking) = THINKING.iter().find(|thinking| ***thinking == *tag) {
            self.frame.until = Some(thinking);
            self.state = State::Think;
        }
        Step::Go
    }

    /// In a think block: up to its closing tag.
    pub(super) fn think(&mut self, cursor: &mut Cursor<'_>) -> Step {
        let Some(name) = self.frame.until else {
            self.state = State::Seek;
            return Step::Go;
        };
        loop {
            let Some(found) = memchr::memchr(b'<', cursor.rest()) else {
                cursor.at = cursor.text.len();
                return Step::Wait;
            };
            cursor.advance(found);
            let rest = cursor.rest();
            let tag = [b"</", name, b">"].concat();
            let front = rest.get(..tag.len()).unwrap_or(rest).to_ascii_lowercase();
            if front == tag {
                cursor.advance(tag.len());
                self.frame.until = None;
                self.frame.prose = false;
                self.state = State::Seek;
                return Step::Go;
            }
            if tag.starts_with(&front) && !self.ended {
                return Step::Wait;
            }
            cursor.advance(1);
        }
    }

    /// A bracket that may begin the document.
    fn candidate(&mut self, byte: u8, cursor: &mut Cursor<'_>) -> Stepped {
        if self.root != Root::Any && !self.fits_root(byte) {
            self.frame.inside = true;
            self.frame.prose = false;
            self.pass(1, cursor);
            return Ok(Step::Go);
        }
        // `data["x"] = …`: an index, no list.
        if byte == b'[' && !self.gap && self.frame.prose && is_key_byte(self.frame.last) {
            self.pass(1, cursor);
            return Ok(Step::Go);
        }
        let scene = Scene {
            bracket: byte,
            credible: !self.frame.prose || self.frame.inside,
            announced: self.frame.sign == b':',
            limit: self.limits.look_ahead,
            white_space: self.limits.white_space,
            ended: self.ended,
        };
        let belief = self.frame.begin.decide(cursor.rest(), &scene);
        let Some(belief) = belief else {
            return Ok(Step::Wait);
        };
        self.frame.begin = Begin::default();
        match belief {
            Belief::Yes => {
                self.state = State::Value;
                Ok(Step::Go)
            }
            Belief::Escaped if self.filter.is_none() => {
                self.record(Rule::EscapedDocument, cursor.at);
                self.start_filter(cursor);
                Ok(Step::Again)
            }
            // Nothing is escaped once more twice.
            Belief::No | Belief::Escaped => {
                self.pass(1, cursor);
                Ok(Step::Go)
            }
        }
    }

    /// After the document.
    pub(super) fn done<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &S) -> Stepped {
        match self.skip_space(cursor)? {
            None => Ok(Step::Wait),
            Some(byte) if self.repair => self.after_document(byte, cursor, sink),
            Some(_) => Err(self.error(Kind::TrailingText, cursor.at)),
        }
    }

    /// A number or a literal that may be the whole document: only the end of the text, or of the
    /// fence around it, says that it is.
    pub(super) fn root_scalar<S: Sink>(
        &mut self,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Result<Step, Error> {
        let rest = cursor.rest();
        let stops =
            |byte: u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'+' | b'.' | b'_');
        let end = find_from(rest, self.looked, stops);
        self.looked = end.unwrap_or(rest.len());
        if self.looked > self.limits.digits.saturating_add(NO_DIGITS) {
            return Ok(self.no_scalar(cursor));
        }
        if end.is_none() && !self.ended {
            return Ok(Step::Wait);
        }
        let word = rest.get(..self.looked).unwrap_or_default();
        // Cut off, it may have become another one: `0.`, `tru`.
        let cut_off = end.is_none() && Scalar::is_unfinished(word);
        if cut_off || !is_scalar(word) {
            return Ok(self.no_scalar(cursor));
        }
        self.root_word(self.looked, cursor)?;
        self.state = State::RootEnd;
        self.root_end(cursor, sink)
    }

    fn no_scalar(&mut self, cursor: &mut Cursor<'_>) -> Step {
        self.frame.prose = true;
        self.state = State::Seek;
        let word = std::mem::take(&mut self.looked).max(1);
        self.pass(word, cursor);
        Step::Go
    }

    /// After a scalar that may be the whole document.
    pub(super) fn root_end<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Stepped {
        match self.skip_space(cursor)? {
            None if !self.ended => return Ok(Step::Wait),
            None | Some(b'`' | b'<') => self.say_token(sink),
            Some(_) => {
                self.frame.prose = true;
                self.state = State::Seek;
            }
        }
        Ok(Step::Go)
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
