//! Where the document begins and ends: prose, fences, think blocks, wrappers.
//!
//! At the beginning of the text, and right after a fence, a think block or the bracket of a call,
//! the next bracket is believed more easily than in the middle of prose.

use super::repair::Rule;
use super::repair::ends::is_key_byte;
use super::repair::quotes::{Mark, mark_at};
use super::repair::words::is_scalar;
use super::{Cursor, Reader, Scalar, State, Step, Stepped};
use crate::aggregator::Root;
use crate::error::Kind;
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
    inside: bool,
    /// The last byte of the prose.
    last: u8,
    begin: Begin,
}

/// A bracket that may begin the document: what was seen after it.
#[derive(Debug, Clone, Copy, Default)]
struct Begin {
    at: usize,
    phase: Phase,
    /// Where the key or the word begins and ends.
    from: usize,
    end: usize,
    /// Does the key hold a bracket that may begin another document?
    brace: bool,
    /// Does the key hold a colon after a name?
    colon: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    First,
    Key(Mark),
    KeyEnd,
    Bare,
    BareEnd,
    Second,
}

enum Belief {
    Yes,
    No,
    /// The document is escaped once more.
    Escaped,
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
            b'<' => return Ok(self.tag(cursor)),
            0xEF if self.base == 0
                && cursor.at == 0
                && cursor.rest().starts_with(b"\xEF\xBB\xBF") =>
            {
                cursor.at += 3;
                return Ok(Step::Go);
            }
            b'(' => {
                // The bracket of a call, if a name stands right before it.
                self.frame.prose = self.gap || !is_key_byte(self.frame.last);
                self.frame.last = byte;
                cursor.at += 1;
                return Ok(Step::Go);
            }
            _ => {}
        }
        if self.root == Root::Any && !self.frame.prose {
            if byte == b'"' {
                self.state = State::Value;
                return Ok(Step::Go);
            }
            if Scalar::Start.step(byte).is_some() {
                self.state = State::RootScalar;
                return Ok(Step::Go);
            }
        }
        Ok(self.prose(byte, cursor))
    }

    /// A run of prose: one step for all that can't begin anything.
    fn prose(&mut self, byte: u8, cursor: &mut Cursor<'_>) -> Step {
        // A quote around the whole document is no prose before it.
        if !matches!(byte, b'"' | b'\'') || self.frame.prose {
            self.frame.prose = true;
        }
        let rest = cursor.rest();
        let stops = |byte: &u8| matches!(byte, b'{' | b'[' | b'`' | b'<' | b'\n' | b'(');
        let run = rest
            .iter()
            .skip(1)
            .position(stops)
            .map_or(rest.len(), |run| run + 1);
        let run = if self.frame.prose { run } else { 1 };
        self.frame.last = rest.get(run - 1).copied().unwrap_or(byte);
        cursor.at += run;
        Step::Go
    }

    /// Three backticks and the name of a language.
    fn fence_begin(&mut self, cursor: &mut Cursor<'_>) -> Step {
        let rest = cursor.rest();
        let ticks = rest.iter().take_while(|&&byte| byte == b'`').count();
        let name = rest
            .iter()
            .skip(ticks)
            .take_while(|&&byte| is_key_byte(byte) || byte == b'+')
            .count();
        if ticks + name == rest.len() && rest.len() < TAG && !self.ended {
            return Step::Wait;
        }
        cursor.at += ticks + if ticks >= 3 { name } else { 0 };
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
        let name = rest
            .iter()
            .skip(1)
            .take_while(|&&byte| is_key_byte(byte) || byte == b'|' || byte == b'/')
            .count();
        if name + 1 == rest.len() && name < TAG && !self.ended {
            return Step::Wait;
        }
        if rest.get(name + 1) != Some(&b'>') {
            self.frame.prose = true;
            cursor.at += 1;
            return Step::Go;
        }
        let tag = rest
            .get(1..name + 1)
            .unwrap_or_default()
            .to_ascii_lowercase();
        cursor.at += name + 2;
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
            cursor.at += found;
            let rest = cursor.rest();
            let length = name.len() + 3;
            let front = rest
                .get(..length.min(rest.len()))
                .unwrap_or_default()
                .to_ascii_lowercase();
            let tag = [b"</", name, b">"].concat();
            if front == tag {
                cursor.at += length;
                self.frame.until = None;
                self.frame.prose = false;
                self.state = State::Seek;
                return Step::Go;
            }
            if tag.starts_with(&front) && !self.ended {
                return Step::Wait;
            }
            cursor.at += 1;
        }
    }

    /// A bracket that may begin the document.
    fn candidate(&mut self, byte: u8, cursor: &mut Cursor<'_>) -> Stepped {
        if self.root != Root::Any && !self.fits_root(byte) {
            self.frame.inside = true;
            self.frame.prose = false;
            cursor.at += 1;
            return Ok(Step::Go);
        }
        let mut begin = self.frame.begin;
        let credible = !self.frame.prose || self.frame.inside;
        let belief = begin.decide(
            byte,
            cursor.rest(),
            credible,
            self.limits.look_ahead,
            self.ended,
        );
        self.frame.begin = begin;
        let Some(belief) = belief else {
            return Ok(Step::Wait);
        };
        self.frame.begin = Begin::default();
        match belief {
            Belief::Yes => {
                self.state = State::Value;
                Ok(Step::Go)
            }
            Belief::No => {
                cursor.at += 1;
                Ok(Step::Go)
            }
            Belief::Escaped => {
                self.record(Rule::EscapedDocument, cursor.at);
                self.start_filter(cursor);
                Ok(Step::Again)
            }
        }
    }

    /// After the document.
    pub(super) fn done(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        match self.skip_space(cursor)? {
            None => Ok(Step::Wait),
            Some(byte) if self.repair => self.after_document(byte, cursor),
            Some(_) => Err(self.error(Kind::TrailingText, cursor.at)),
        }
    }

    /// A number or a literal that may be the whole document: its end is the end of the text, or of
    /// the fence around it. Anything else behind it makes it prose.
    pub(super) fn root_scalar<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Step {
        let rest = cursor.rest();
        let end = rest
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'`' | b'<'));
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let mut scalar = Scalar::Start;
        let fits = word
            .iter()
            .all(|&byte| scalar.step(byte).map(|next| scalar = next).is_some());
        let after = rest
            .iter()
            .skip(word.len())
            .find(|byte| !byte.is_ascii_whitespace());
        let prose = !fits || rest.len() > self.limits.digits + self.limits.white_space;
        if prose || after.is_some_and(|&byte| byte != b'`') || end.is_some() && !scalar.is_whole() {
            self.frame.prose = true;
            self.state = State::Seek;
            cursor.at += word.len().max(1);
            return Step::Go;
        }
        if (self.ended || after.is_some()) && scalar.is_whole() {
            self.token = word.to_vec();
            cursor.at += word.len();
            self.say_token(sink);
            return Step::Go;
        }
        Step::Wait
    }
}

impl Begin {
    /// Does the bracket begin the document? `None`: more is needed.
    ///
    /// An object counts when a key and a colon follow; where it is credible, an end or a value
    /// without a colon is enough. An array counts with a string, a bracket, or a scalar and a comma;
    /// where it is credible, with whatever begins a value.
    fn decide(
        &mut self,
        bracket: u8,
        text: &[u8],
        credible: bool,
        limit: usize,
        ended: bool,
    ) -> Option<Belief> {
        if self.at == 0 {
            self.at = 1;
        }
        loop {
            if self.at > limit {
                return Some(if credible { Belief::Yes } else { Belief::No });
            }
            let before = (self.phase, self.at);
            let found = match self.phase {
                Phase::First if bracket == b'{' => self.first_in_object(text, credible),
                Phase::First => self.first_in_array(text, credible),
                Phase::Key(mark) => self.key(text, mark),
                Phase::KeyEnd => self.key_end(text, credible),
                Phase::Bare => self.bare(text, bracket),
                Phase::Second => self.second(text),
                Phase::BareEnd => self.bare_end(text, bracket, credible),
            };
            if found.is_some() {
                return found;
            }
            if before == (self.phase, self.at) {
                // Cut off: what may become a document is the beginning of one.
                let belief = if credible { Belief::Yes } else { Belief::No };
                return ended.then_some(belief);
            }
        }
    }

    fn space(&mut self, text: &[u8]) -> Option<u8> {
        while text.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        text.get(self.at).copied()
    }

    fn go(&mut self, phase: Phase, by: usize) -> Option<Belief> {
        self.phase = phase;
        self.at += by;
        None
    }

    fn first_in_object(&mut self, text: &[u8], credible: bool) -> Option<Belief> {
        let byte = self.space(text)?;
        if let Some((mark, length)) = mark_at(text, self.at) {
            if mark != Mark::Escaped {
                self.from = self.at + length;
                return self.go(Phase::Key(mark), length);
            }
        }
        match byte {
            b'}' => Some(if credible { Belief::Yes } else { Belief::No }),
            b'\\' => escaped(text, self.at),
            b'/' | b'#' | b',' if credible => Some(Belief::Yes),
            _ if is_key_byte(byte) => {
                self.from = self.at;
                self.go(Phase::Bare, 0)
            }
            _ => Some(Belief::No),
        }
    }

    fn first_in_array(&mut self, text: &[u8], credible: bool) -> Option<Belief> {
        let byte = self.space(text)?;
        if byte != b'\\' && mark_at(text, self.at).is_some() {
            return Some(Belief::Yes);
        }
        match byte {
            b'\\' => escaped(text, self.at),
            b'[' => {
                self.at += 1;
                None
            }
            b'{' => self.nested_object(text, credible),
            b']' | b'/' | b'#' | b'(' | b',' | b'.' if credible => Some(Belief::Yes),
            b'-' | b'+' | b'0'..=b'9' if credible => Some(Belief::Yes),
            _ if is_key_byte(byte) || byte == b'+' => {
                self.from = self.at;
                self.go(Phase::Bare, 1)
            }
            _ => Some(Belief::No),
        }
    }

    /// `[{`: as an object in prose; `[{}` is enough.
    fn nested_object(&mut self, text: &[u8], credible: bool) -> Option<Belief> {
        let mut at = self.at + 1;
        while text.get(at)?.is_ascii_whitespace() {
            at += 1;
        }
        let byte = *text.get(at)?;
        let begins = credible || mark_at(text, at).is_some() || byte == b'}' || is_key_byte(byte);
        Some(match byte {
            b'\\' => return escaped(text, at),
            _ if begins => Belief::Yes,
            _ => Belief::No,
        })
    }

    fn key(&mut self, text: &[u8], open: Mark) -> Option<Belief> {
        loop {
            match *text.get(self.at)? {
                b'\\' => {
                    text.get(self.at + 1)?;
                    self.at += 2;
                }
                b'{' => {
                    self.brace = true;
                    self.at += 1;
                }
                b':' => {
                    let name = text.get(self.from..self.at).unwrap_or_default();
                    let named = |byte: &u8| is_key_byte(*byte) || *byte == b' ';
                    self.colon |= !name.is_empty() && name.iter().all(named);
                    self.at += 1;
                }
                _ => match mark_at(text, self.at) {
                    Some((mark, length)) if open.closes_with(mark) => {
                        return self.go(Phase::KeyEnd, length);
                    }
                    _ => self.at += 1,
                },
            }
        }
    }

    fn key_end(&mut self, text: &[u8], credible: bool) -> Option<Belief> {
        let byte = self.space(text)?;
        if let Some((mark, length)) = mark_at(text, self.at) {
            // `""name"": 1`
            if self.at > 1
                && mark_at(text, self.at - length).is_some_and(|(before, _)| before == mark)
            {
                return self.go(Phase::KeyEnd, length);
            }
        }
        let value =
            mark_at(text, self.at).is_some() || matches!(byte, b'{' | b'[' | b'-' | b'0'..=b'9');
        match byte {
            b':' | b'=' => Some(Belief::Yes),
            _ if self.brace => Some(Belief::No),
            b',' | b'}' if credible => Some(Belief::Yes),
            _ if value && credible => Some(Belief::Yes),
            _ if (is_key_byte(byte) || self.colon) && credible => Some(Belief::Yes),
            _ => Some(Belief::No),
        }
    }

    fn bare(&mut self, text: &[u8], _: u8) -> Option<Belief> {
        while is_key_byte(*text.get(self.at)?) && mark_at(text, self.at).is_none() {
            self.at += 1;
        }
        self.end = self.at;
        self.go(Phase::BareEnd, 0)
    }

    /// In prose, the second item must be as plain as the first one: `[2, p. 5]` is none.
    fn second(&mut self, text: &[u8]) -> Option<Belief> {
        let byte = self.space(text)?;
        let word = text.get(self.from..self.end).unwrap_or_default();
        let plain = matches!(byte, b'{' | b'[' | b'-' | b'0'..=b'9');
        let literal = matches!(byte, b't' | b'f' | b'n' | b'T' | b'F' | b'N');
        let begins = plain || literal || mark_at(text, self.at).is_some();
        Some(if is_scalar(word) && begins {
            Belief::Yes
        } else {
            Belief::No
        })
    }

    fn bare_end(&mut self, text: &[u8], bracket: u8, credible: bool) -> Option<Belief> {
        let byte = self.space(text)?;
        let quote = mark_at(text, self.at).is_some();
        let word = text.get(self.from..self.end).unwrap_or_default();
        Some(match byte {
            b':' | b'=' if bracket == b'{' => Belief::Yes,
            b',' if bracket == b'[' && !credible => return self.go(Phase::Second, 1),
            b',' | b'(' if credible => Belief::Yes,
            b']' if credible && is_scalar(word) => Belief::Yes,
            _ if quote && credible => Belief::Yes,
            _ => Belief::No,
        })
    }
}

/// `\"` after a bracket: the whole document is escaped. Other white space may be escaped before it.
fn escaped(text: &[u8], at: usize) -> Option<Belief> {
    let mut at = at;
    loop {
        match (text.get(at)?, text.get(at + 1)?) {
            (b'\\', b'"') => return Some(Belief::Escaped),
            (b'\\', b'n' | b't' | b'r') => at += 2,
            (b' ', _) => at += 1,
            _ => return Some(Belief::No),
        }
    }
}
