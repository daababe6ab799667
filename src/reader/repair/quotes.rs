//! Quotes of all kinds: which open a string, and whether one closes it.

use super::Rule;
use super::ends::{Ends, Verdict};
use crate::count::Count;
use crate::event::Sink;
use crate::reader::text::find_from;
use crate::reader::{Cursor, Reader, State, Step, Stepped};

/// A kind of quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mark {
    /// `"`
    #[default]
    Double,
    /// `'`
    Single,
    /// A backtick, and the acute accent that some close it with.
    Backtick,
    /// `“` `”` `„` `‟` `«` `»`
    Curly,
    /// `‘` `’` `‚` `‛`
    CurlySingle,
    /// `\"`, where a quote should be.
    Escaped,
}

impl Mark {
    /// The quote, as it stands in a key that is read again or goes on.
    pub(crate) fn written(self) -> &'static [u8] {
        match self {
            Self::Single => b"'",
            Self::Backtick => b"`",
            _ => b"\"",
        }
    }

    /// May a string that this one opened be closed by that one?
    pub(crate) fn closes_with(self, other: Self) -> bool {
        match self {
            Self::Double | Self::Single | Self::Escaped => self == other,
            Self::Backtick => matches!(other, Self::Backtick | Self::Single),
            Self::Curly => matches!(other, Self::Curly | Self::Double),
            Self::CurlySingle => matches!(other, Self::CurlySingle | Self::Single),
        }
    }
}

/// The quote at a place, and its length in bytes.
#[inline]
pub(crate) fn mark_at(text: &[u8], at: usize) -> Option<(Mark, usize)> {
    match text.get(at..)? {
        [b'"', ..] => Some((Mark::Double, 1)),
        [b'\'', ..] => Some((Mark::Single, 1)),
        [b'`', ..] => Some((Mark::Backtick, 1)),
        [b'\\', b'"', ..] => Some((Mark::Escaped, 2)),
        [0xC2, 0xAB | 0xBB, ..] => Some((Mark::Curly, 2)),
        [0xC2, 0xB4, ..] => Some((Mark::Backtick, 2)),
        [0xE2, 0x80, 0x9C..=0x9F, ..] => Some((Mark::Curly, 3)),
        [0xE2, 0x80, 0x98..=0x9B, ..] => Some((Mark::CurlySingle, 3)),
        _ => None,
    }
}

/// The string, or text without quotes, that is open.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Open {
    pub(crate) mark: Mark,
    /// How many quotes opened it: one, two (`""x""`) or three.
    pub(crate) times: usize,
    /// Was its beginning said?
    pub(crate) begun: bool,
    /// Is a quote open inside it?
    pub(crate) inner: bool,
    /// Had it to be repaired?
    pub(crate) dirty: bool,
    /// How many brackets are open in a document that stands in the string, its quotes unescaped.
    pub(crate) nested: usize,
    /// Its first two characters that are no white space, and how many of them there were.
    pub(crate) lead: [u8; 2],
    pub(crate) said: usize,
    /// Its last byte, or the quote that opened it.
    pub(crate) before: u8,
    /// The byte before that one.
    pub(crate) earlier: u8,
}

impl Open {
    /// Notes how the string begins.
    #[cold]
    fn note_beginning(&mut self, raw: &[u8]) {
        for &byte in raw
            .iter()
            .filter(|byte| !byte.is_ascii_whitespace())
            .take(3)
        {
            if let Some(slot) = self.lead.get_mut(self.said) {
                *slot = byte;
            }
            self.said.raise(1);
        }
    }

    /// Was it read without a repair, and is it not empty?
    #[inline]
    fn is_plain(&self) -> bool {
        self.mark == Mark::Double && self.times == 1 && self.begun && !self.dirty && !self.inner
    }

    /// Notes what was said of the string.
    #[inline]
    pub(crate) fn note(&mut self, raw: &[u8]) {
        if self.said < 3 {
            self.note_beginning(raw);
        }
        match raw {
            [.., earlier, last] => (self.earlier, self.before) = (*earlier, *last),
            [last] => (self.earlier, self.before) = (self.before, *last),
            [] => {}
        }
    }
}

impl Reader {
    /// Opens a string at a quote of any kind.
    pub(in crate::reader) fn open_string(
        &mut self,
        mark: Mark,
        length: usize,
        cursor: &mut Cursor<'_>,
    ) {
        if mark != Mark::Double {
            self.record(Rule::QuoteStyle, cursor.at);
        }
        cursor.advance(length);
        self.open = Open {
            mark,
            times: 1,
            before: b'"',
            ..Open::default()
        };
        self.state = State::Text;
    }

    /// At a quote that may close the string.
    pub(in crate::reader) fn quote<S: Sink>(
        &mut self,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Stepped {
        if self.open.is_plain() {
            match self.look_plainly(cursor) {
                None => return Ok(Step::Wait),
                Some(true) => {
                    cursor.advance(1);
                    self.end_text(sink);
                    return Ok(Step::Go);
                }
                Some(false) => {}
            }
        }
        let text = cursor.rest();
        let Some((mark, length)) = mark_at(text, 0) else {
            self.state = State::Text;
            return Ok(Step::Go);
        };
        let Some((times, width)) = self.run_of_quotes(text, length) else {
            return Ok(Step::Wait);
        };
        if !self.open.begun && self.open.times == 1 {
            cursor.advance(length);
            self.state = State::Empty;
            return Ok(Step::Go);
        }
        if times == 3 {
            cursor.advance(width);
            self.end_text(sink);
            return Ok(Step::Go);
        }
        if times == 0 {
            self.inner_quote(cursor, mark, length, sink);
            return Ok(Step::Go);
        }
        if self.ends.reach() < width {
            self.restart_look(width);
        }
        let Some(verdict) = self.look(cursor, Some(self.open.mark), false) else {
            return Ok(Step::Wait);
        };
        match verdict {
            Verdict::Close => {
                cursor.advance(width);
                self.end_text(sink);
            }
            Verdict::CloseTwo => {
                self.record(Rule::RepeatedQuotes, cursor.at);
                let second = mark_at(text, length).map_or(0, |(_, length)| length);
                cursor.advance(length);
                cursor.advance(second);
                self.end_text(sink);
            }
            Verdict::Opens if mark != self.open.mark => {
                self.inner_quote(cursor, mark, length, sink)
            }
            Verdict::Text => self.inner_quote(cursor, mark, length, sink),
            Verdict::Opens => {
                self.record(Rule::MissingCloseQuote, cursor.at);
                self.end_text(sink);
                self.state = State::Key;
            }
            Verdict::Joins(distance) => self.join_string(distance, cursor),
        }
        Ok(Step::Go)
    }

    /// How many of the quotes here may close the string together, and their length in bytes, which
    /// may differ from one to the next; `None` if that is not decided.
    fn run_of_quotes(&self, text: &[u8], length: usize) -> Option<(usize, usize)> {
        let (mut run, mut width) = (1usize, length);
        while run < self.open.times {
            match mark_at(text, width) {
                Some((mark, length)) if self.open.mark.closes_with(mark) => {
                    run.raise(1);
                    width.raise(length);
                }
                _ if text.len() <= width && !self.ended => return None,
                _ => break,
            }
        }
        // Tripled quotes are closed by three; fewer are text.
        let closes = self.open.times != 3 || run == 3;
        Some((if closes { run } else { 0 }, width))
    }

    /// `"say "hi" to me"`: the quote is text.
    ///
    /// It opens an inner quotation where a space or bracket is before it and something after it; so
    /// the inch in `5" pipe` does not.
    fn inner_quote<S: Sink>(
        &mut self,
        cursor: &mut Cursor<'_>,
        mark: Mark,
        length: usize,
        sink: &mut S,
    ) {
        if self.open.times != 3
            && (mark == self.open.mark || mark == Mark::Double)
            && !self.is_apostrophe(cursor, mark)
        {
            self.record(Rule::UnescapedQuote, cursor.at);
        }
        let next = cursor.peek_at(length).unwrap_or(b' ');
        let opens = matches!(
            self.open.before,
            b' ' | b'('
                | b'['
                | b'{'
                | b'\n'
                | b'\t'
                | b'"'
                | b'\''
                | b'>'
                | b'='
                | b':'
                | b'/'
                | b'-'
        );
        if self.open.inner {
            self.open.inner = self.is_apostrophe(cursor, mark);
        } else {
            self.open.inner =
                opens && !next.is_ascii_whitespace() && !self.is_apostrophe(cursor, mark);
        }
        if !self.open.dirty && mark == Mark::Double {
            self.open.nested = self.brackets_before();
        }
        self.open.dirty |= !self.is_apostrophe(cursor, mark);
        let raw = cursor.front(length);
        let double = matches!(mark, Mark::Double | Mark::Escaped);
        self.say(if double { b"\\\"" } else { raw }, sink);
        cursor.advance(length);
        self.open.earlier = self.open.before;
        self.open.before = b'"';
        self.state = State::Text;
    }

    /// `"{"x": 1}"`, `"[{"x": 1}]"`: a document in a string whose quotes are not escaped. How many
    /// brackets stand before its first quote, which is the first of the string.
    pub(in crate::reader) fn brackets_before(&self) -> usize {
        match (self.open.said, self.open.lead, self.open.before) {
            (2, [b'[', b'{' | b'['], _) => 2,
            (1, [b'{' | b'[', _], _) | (_, _, b'{' | b'[') => 1,
            _ => 0,
        }
    }

    /// In a document that stands in the string: its brackets are counted, its quotes are text.
    pub(in crate::reader) fn nested<S: Sink>(
        &mut self,
        byte: u8,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Step {
        match byte {
            b'{' | b'[' => self.open.nested.raise(1),
            b'}' | b']' => self.open.nested.lower(1),
            _ => {
                self.record(Rule::UnescapedQuote, cursor.at);
                self.say(b"\\\"", sink);
                cursor.advance(1);
                return Step::Go;
            }
        }
        self.open.inner = false;
        self.say_text(cursor, cursor.at.saturating_add(1), sink);
        Step::Go
    }

    /// Where the plain text of such a document ends.
    pub(in crate::reader) fn nested_end(text: &[u8], from: usize) -> usize {
        let stops =
            |byte: u8| matches!(byte, b'{' | b'}' | b'[' | b']' | b'"' | b'\\') || byte < 0x20;
        find_from(text, from, stops).unwrap_or(text.len())
    }

    /// `it's`
    fn is_apostrophe(&self, cursor: &Cursor<'_>, mark: Mark) -> bool {
        let next = cursor.peek_at(1).unwrap_or(b' ');
        mark == Mark::Single
            && self.open.before.is_ascii_alphanumeric()
            && next.is_ascii_alphanumeric()
    }

    /// After two quotes with nothing in between: an empty string, or a string that they open.
    pub(in crate::reader) fn odd_empty<S: Sink>(
        &mut self,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Stepped {
        if let Some((mark, length)) = mark_at(cursor.rest(), 0) {
            if mark == self.open.mark {
                self.record(Rule::RepeatedQuotes, cursor.at);
                cursor.advance(length);
                self.reopen(3);
                return Ok(Step::Go);
            }
        }
        match self.look(cursor, Some(self.open.mark), false) {
            None => return Ok(Step::Wait),
            Some(Verdict::Close | Verdict::Opens | Verdict::CloseTwo) => self.say_empty(sink),
            Some(Verdict::Joins(distance)) => self.join_string(distance, cursor),
            Some(Verdict::Text) => {
                self.record(Rule::RepeatedQuotes, cursor.at);
                self.reopen(2);
            }
        }
        Ok(Step::Go)
    }

    /// `"x" + "y"`: goes on with the string whose quote is at this distance.
    fn join_string(&mut self, distance: usize, cursor: &mut Cursor<'_>) {
        self.record(Rule::JoinedStrings, cursor.at);
        cursor.advance(distance);
        let (mark, length) = mark_at(cursor.rest(), 0).unwrap_or_default();
        cursor.advance(length);
        self.open.mark = mark;
        self.reopen(1);
    }

    fn reopen(&mut self, times: usize) {
        self.open.times = times;
        self.open.dirty = true;
        self.state = State::Text;
    }

    /// Begins a look at a distance from the cursor.
    pub(in crate::reader) fn restart_look(&mut self, at: usize) {
        self.ends = Ends::new(at);
    }
}
