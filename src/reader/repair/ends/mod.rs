//! Does the value end here? Asked at a quote that may close a string, and at a comma, a bracket or
//! a space in a text without quotes.
//!
//! The answer comes from what follows. A look can be taken up again when more text has come, so
//! that each byte is looked at once for each question.

mod bytes;
mod member;
mod plain;

pub(crate) use bytes::{fence_at, is_key_byte, odd_space};
pub(crate) use plain::Plain;

use super::quotes::{Mark, mark_at};
use crate::count::Count;
use crate::reader::stack::{Bracket, innermost_with};

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The value ends here.
    Close,
    /// The value ends here; the quote that follows at once is one too many.
    CloseTwo,
    /// What stands here is text.
    Text,
    /// The string ended before; this quote opens a key.
    Opens,
    /// Another string, whose quote is at this distance, is joined to this one.
    Joins(usize),
}

/// What is known of the place where the question is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'s> {
    pub(crate) stack: &'s [Bracket],
    /// Is a quote open inside the string?
    pub(crate) inner: bool,
    /// Is the string well formed so far, read as if it ended here?
    pub(crate) clean: bool,
    /// The quote in question; none in a text without quotes.
    pub(crate) mark: Option<Mark>,
    /// The two bytes before the place, the nearer one last.
    pub(crate) before: [u8; 2],
    /// Is it a number or a literal whose end is in question?
    pub(crate) scalar: bool,
    /// Bytes that may be looked at, white space not counted.
    pub(crate) limit: usize,
    /// White space that may be looked over.
    pub(crate) white_space: usize,
    /// No more text will come.
    pub(crate) ended: bool,
}

impl Place<'_> {
    fn top(&self) -> Bracket {
        self.stack.last().copied().unwrap_or(Bracket::Array)
    }
    /// Well formed so far, or at least with no quote open inside.
    fn calm(&self) -> bool {
        !self.inner
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// Right after the place.
    #[default]
    After,
    /// After a comma.
    Comma,
    /// After a bracket that may close, and a comma perhaps.
    Closer,
    /// In a quoted key.
    Key(Mark, Wants),
    /// After a quoted key.
    KeyEnd(Wants),
    /// In a key without quotes.
    BareKey,
    /// After a key without quotes.
    BareKeyEnd,
    /// After a colon: a value must begin.
    Value(Then),
    /// In a number or a word after a colon.
    ValueWord(Then),
    /// After such a word: what may follow one?
    ValueWordEnd(Then),
    /// In a quoted text after a colon.
    ValueText(Mark),
    /// After a quoted text after a colon.
    ValueEnd(Mark),
    /// In an ellipsis.
    Dots,
    /// After an ellipsis.
    DotsEnd,
    /// After a bracket that does not fit.
    Landing,
    /// After a plus sign.
    Plus,
    /// After a quote that follows the one in question at once.
    Adjacent,
}

/// What a key has to be followed by to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    /// A colon, or whatever may follow a key in a document that is otherwise well formed.
    Any,
    /// A colon.
    Colon,
    /// A colon and the beginning of a value; then the quote in question opens the key.
    Opening,
    /// A comma or a bracket: it is an item.
    Item,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Close,
    Opens,
}

/// A look ahead that can be taken up again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ends {
    phase: Phase,
    /// Where the look has come, from the beginning of the text it is given.
    at: usize,
    spaces: usize,
    /// How much white space it may pass.
    most_spaces: usize,
    gap: bool,
    line: bool,
    /// Does the key that is looked at hold a colon after a name?
    colon: bool,
    /// Does it begin with two quotes?
    doubled: bool,
    /// Where the key or word that is looked at begins.
    from: usize,
    /// How many of the open brackets are closed before the place looked at.
    closed: usize,
}

impl Then {
    fn verdict(self) -> Verdict {
        match self {
            Self::Close => Verdict::Close,
            Self::Opens => Verdict::Opens,
        }
    }
}

type Answer = Option<Verdict>;

impl Ends {
    /// A look that begins at a distance.
    pub(crate) fn new(at: usize) -> Self {
        Self {
            at,
            ..Self::default()
        }
    }

    /// A look at a key without quotes, which a colon must follow.
    pub(crate) fn bare_member() -> Self {
        Self {
            phase: Phase::BareKey,
            ..Self::default()
        }
    }

    /// A look behind a bracket: do a comma and a member follow?
    pub(crate) fn landing() -> Self {
        Self {
            at: 1,
            phase: Phase::Landing,
            ..Self::default()
        }
    }

    /// A look at a comma that must lead to a member.
    pub(crate) fn member() -> Self {
        Self {
            at: 1,
            phase: Phase::Comma,
            ..Self::default()
        }
    }

    /// How far it has looked.
    pub(crate) fn reach(&self) -> usize {
        self.at
    }

    /// Goes on with the text that is there; `None`: more is needed.
    pub(crate) fn decide(&mut self, text: &[u8], place: &Place<'_>) -> Answer {
        self.most_spaces = place.white_space;
        loop {
            if self.is_beyond(place) || self.spaces > place.white_space {
                return Some(self.beyond(place));
            }
            let before = (self.phase, self.at);
            let answer = match self.phase {
                Phase::After => self.after(text, place),
                Phase::Comma => self.comma(text, place),
                Phase::Closer => self.closer(text, place),
                Phase::Key(mark, wants) => self.key(text, place, mark, wants),
                Phase::KeyEnd(wants) => self.key_end(text, place, wants),
                Phase::BareKey => self.bare_key(text, place),
                Phase::BareKeyEnd => self.bare_key_end(text, place),
                Phase::Value(then) => self.value(text, then),
                Phase::ValueWord(then) => self.value_word(text, place, then),
                Phase::ValueWordEnd(then) => self.value_word_end(text, place, then),
                Phase::ValueText(mark) => self.value_text(text, place, mark),
                Phase::ValueEnd(mark) => self.value_end(text, mark),
                Phase::Dots => self.dots(text, place),
                Phase::DotsEnd => self.dots_end(text),
                Phase::Landing => self.behind_bracket(text),
                Phase::Plus => self.plus(text, place),
                Phase::Adjacent => self.adjacent(text, place),
            };
            if answer.is_some() {
                return answer;
            }
            if before == (self.phase, self.at) {
                return place.ended.then(|| self.at_the_end(place));
            }
        }
    }

    /// Has it looked at as much as it may, white space not counted?
    fn is_beyond(&self, place: &Place<'_>) -> bool {
        self.at.saturating_sub(self.spaces) > place.limit
    }

    fn read(&mut self, length: usize) {
        self.at.raise(length);
    }

    /// The byte at a distance from where it has come to.
    fn ahead(&self, text: &[u8], distance: usize) -> Option<u8> {
        text.get(self.at.saturating_add(distance)).copied()
    }

    /// Beyond the limit, and at the end of the input: the reading in which the text is well formed.
    fn beyond(&self, place: &Place<'_>) -> Verdict {
        if place.clean {
            Verdict::Close
        } else {
            Verdict::Text
        }
    }

    fn at_the_end(&self, place: &Place<'_>) -> Verdict {
        match self.phase {
            Phase::After | Phase::Comma | Phase::Closer | Phase::Plus => Verdict::Close,
            Phase::Adjacent | Phase::Landing => Verdict::Text,
            Phase::ValueText(_) | Phase::ValueEnd(_) => Verdict::Opens,
            Phase::BareKey | Phase::BareKeyEnd | Phase::Key(_, Wants::Opening) => Verdict::Text,
            _ => self.beyond(place),
        }
    }

    /// Skips white space; the byte after it. Stops where there is too much of it.
    fn space(&mut self, text: &[u8]) -> Option<u8> {
        while self.spaces <= self.most_spaces {
            let width = match text.get(self.at)? {
                b' ' | b'\t' | b'\r' => 1,
                b'\n' => {
                    self.line = true;
                    1
                }
                &other => match odd_space(text, self.at) {
                    0 => return Some(other),
                    width => width,
                },
            };
            self.gap = true;
            self.read(width);
            self.spaces.raise(width);
        }
        None
    }

    fn go(&mut self, phase: Phase, by: usize) -> Answer {
        self.phase = phase;
        self.read(by);
        None
    }

    /// A bracket that may close a container: from here on, the place is in the one around it.
    fn close(&mut self, place: &Place<'_>, byte: u8) -> Answer {
        if place.inner && innermost_with(place.stack, byte).is_none() {
            return Some(Verdict::Text);
        }
        let open = place.stack.len().saturating_sub(self.closed);
        let inside = place.stack.get(..open).unwrap_or_default();
        let level = innermost_with(inside, byte);
        let kept = level.unwrap_or(open.saturating_sub(1));
        self.closed = place.stack.len().saturating_sub(kept);
        self.line = false;
        self.go(Phase::Closer, 1)
    }

    /// Is the place that is looked at in an object?
    fn in_object(&self, place: &Place<'_>) -> bool {
        let open = place.stack.len().saturating_sub(self.closed);
        let top = open.checked_sub(1).and_then(|at| place.stack.get(at));
        top == Some(&Bracket::Object)
    }

    fn after(&mut self, text: &[u8], place: &Place<'_>) -> Answer {
        let byte = self.space(text)?;
        if let Some((mark, length)) = mark_at(text, self.at) {
            return self.after_quote(text, place, mark, length);
        }
        match byte {
            b',' | b';' if !self.in_object(place) && place.calm() => Some(Verdict::Close),
            b',' => self.go(Phase::Comma, 1),
            b';' if place.calm() => self.go(Phase::Comma, 1),
            b'}' | b']' | b')' if place.scalar => Some(Verdict::Close),
            b'}' | b']' | b')' if place.calm() && byte == place.top().closer() => {
                Some(Verdict::Close)
            }
            b'}' | b']' => self.close(place, byte),
            b')' if innermost_with(place.stack, byte).is_some() => self.close(place, byte),
            b'+' if place.mark.is_some() => self.go(Phase::Plus, 1),
            b'/' => self.comment(text, place),
            b'#' if place.scalar || place.mark.is_some() && place.calm() => Some(Verdict::Close),
            b'#' if self.gap && place.mark.is_none() => self.hash(text),
            b'{' | b'[' if !self.in_object(place) && place.calm() && self.gap => {
                Some(Verdict::Close)
            }
            b'0'..=b'9' | b'-'
                if self.gap && place.calm() && !self.in_object(place) && self.may_end(place) =>
            {
                self.number_after(place)
            }
            b'.' if self.gap && place.calm() => self.go(Phase::Dots, 0),
            _ if is_key_byte(byte) || byte == b'\\' => self.after_letter(place),
            _ => Some(Verdict::Text),
        }
    }

    /// In a list without commas: a quoted string or a scalar may end before a space, a text without
    /// quotes only before the end of its line.
    fn may_end(&self, place: &Place<'_>) -> bool {
        place.mark.is_some() || place.scalar || self.line
    }

    /// `["x" 1]`: an item of its own, but for the inch in `5" 3`.
    fn number_after(&mut self, place: &Place<'_>) -> Answer {
        if place.before[1].is_ascii_digit() && !place.scalar && !self.line {
            return Some(Verdict::Text);
        }
        self.from = self.at;
        self.go(Phase::ValueWord(Then::Close), 0)
    }

    /// `hello # note`
    fn hash(&self, text: &[u8]) -> Answer {
        let next = self.ahead(text, 1)?;
        Some(if next == b' ' {
            Verdict::Close
        } else {
            Verdict::Text
        })
    }

    /// `"x" // note`
    fn comment(&mut self, text: &[u8], place: &Place<'_>) -> Answer {
        let next = self.ahead(text, 1)?;
        let comment = matches!(next, b'/' | b'*') && place.calm();
        let apart = place.mark.is_some() || self.gap || place.scalar;
        Some(if comment && apart {
            Verdict::Close
        } else {
            Verdict::Text
        })
    }

    /// A letter after the place: the rest of a text, or a key after a missing comma, or the key
    /// that the quote in question opens.
    fn after_letter(&mut self, place: &Place<'_>) -> Answer {
        if !self.in_object(place) {
            let item = self.gap && place.calm() && self.may_end(place);
            self.from = self.at;
            return if item {
                self.go(Phase::ValueWord(Then::Close), 0)
            } else {
                Some(Verdict::Text)
            };
        }
        if !self.gap {
            let apart = matches!(place.before[1], b' ' | b',' | b'\n' | b'\t');
            return match place.mark {
                Some(mark) if apart => self.begin_key(mark, Wants::Opening, 0),
                _ => Some(Verdict::Text),
            };
        }
        if place.inner {
            return Some(Verdict::Text);
        }
        self.begin_bare_key()
    }

    fn after_quote(&mut self, text: &[u8], place: &Place<'_>, mark: Mark, length: usize) -> Answer {
        if fence_at(text, self.at)? {
            return Some(if place.calm() {
                Verdict::Close
            } else {
                Verdict::Text
            });
        }
        if !self.gap && place.mark.is_none() && !(place.scalar && mark == Mark::Double) {
            return Some(Verdict::Text);
        }
        if !self.gap && place.mark.is_some() {
            let same = place.mark.is_some_and(|open| open.closes_with(mark));
            self.gap = false;
            return if same {
                self.go(Phase::Adjacent, length)
            } else {
                Some(Verdict::Text)
            };
        }
        if self.in_object(place) {
            return self.begin_key(mark, Wants::Colon, length);
        }
        if place.inner || !self.gap {
            return Some(Verdict::Text);
        }
        Some(Verdict::Close)
    }

    fn comma(&mut self, text: &[u8], place: &Place<'_>) -> Answer {
        let byte = self.space(text)?;
        if let Some((mark, length)) = mark_at(text, self.at) {
            let wants = match (self.in_object(place), place.clean) {
                (false, _) => Wants::Item,
                (true, true) => Wants::Any,
                (true, false) => Wants::Colon,
            };
            return self.begin_key(mark, wants, length);
        }
        match byte {
            b',' => self.go(Phase::Comma, 1),
            b'}' | b']' | b')' if place.calm() => Some(Verdict::Close),
            b'}' | b']' => self.close(place, byte),
            b'/' | b'#' if place.calm() => self.comma_comment(text, byte),
            b'.' if text.get(self.at..)?.starts_with(b"...") => Some(Verdict::Close),
            b'.' if b"...".starts_with(text.get(self.at..)?) => None,
            0xE2 if text.get(self.at..)?.starts_with("…".as_bytes()) => Some(Verdict::Close),
            b'{' | b'[' if place.clean => Some(Verdict::Close),
            _ if is_key_byte(byte) && self.in_object(place) && place.calm() => {
                self.begin_bare_key()
            }
            _ => Some(Verdict::Text),
        }
    }

    fn comma_comment(&mut self, text: &[u8], byte: u8) -> Answer {
        let next = self.ahead(text, 1)?;
        let comment = byte == b'#' || matches!(next, b'/' | b'*');
        Some(if comment {
            Verdict::Close
        } else {
            Verdict::Text
        })
    }

    /// After a bracket that does not fit, or that stands after an open inner quote.
    fn closer(&mut self, text: &[u8], place: &Place<'_>) -> Answer {
        let byte = self.space(text)?;
        match byte {
            _ if self.closed == place.stack.len() && place.clean => Some(Verdict::Close),
            b',' => self.go(Phase::Comma, 1),
            b'}' | b']' | b')' => self.close(place, byte),
            b'`' => Some(Verdict::Close),
            _ if self.line && place.calm() => Some(Verdict::Close),
            _ if self.line && self.closed == place.stack.len() && byte != b'"' => {
                Some(Verdict::Close)
            }
            _ if place.clean && !matches!(byte, b'"' | b'\'') => Some(Verdict::Close),
            _ => Some(Verdict::Text),
        }
    }

    fn behind_bracket(&mut self, text: &[u8]) -> Answer {
        match self.space(text)? {
            b',' => self.go(Phase::Comma, 1),
            _ => Some(Verdict::Text),
        }
    }

    /// `"x" ...]`
    fn dots(&mut self, text: &[u8], place: &Place<'_>) -> Answer {
        loop {
            if self.is_beyond(place) {
                return Some(self.beyond(place));
            }
            if *text.get(self.at)? != b'.' {
                return self.go(Phase::DotsEnd, 0);
            }
            self.read(1);
        }
    }

    fn dots_end(&mut self, text: &[u8]) -> Answer {
        let ends = matches!(self.space(text)?, b',' | b'}' | b']');
        Some(if ends { Verdict::Close } else { Verdict::Text })
    }

    fn plus(&mut self, text: &[u8], place: &Place<'_>) -> Answer {
        self.space(text)?;
        let joins = mark_at(text, self.at).is_some() && place.calm();
        Some(if joins {
            Verdict::Joins(self.at)
        } else {
            Verdict::Text
        })
    }

    /// `"say "hi""`, `"5""`: the first of two quotes is text, if the second one may close.
    /// `"x"",`: there is one too many. `"x""b": 1`, `["a""b"]`: a comma is missing.
    fn adjacent(&mut self, text: &[u8], place: &Place<'_>) -> Answer {
        let byte = self.space(text)?;
        let Some(mark) = place.mark else {
            return Some(Verdict::Text);
        };
        if place.inner {
            return Some(Verdict::Text);
        }
        let ends = matches!(byte, b',' | b'}' | b']');
        if ends && mark == Mark::Double && !place.before[1].is_ascii_digit() && place.clean {
            return Some(Verdict::CloseTwo);
        }
        if self.gap || !is_key_byte(byte) {
            return Some(Verdict::Text);
        }
        let wants = if self.in_object(place) {
            Wants::Colon
        } else {
            Wants::Item
        };
        self.begin_key(mark, wants, 0)
    }
}
