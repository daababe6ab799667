//! Values without quotes: words of other languages, odd numbers, and text.

use super::Rule;
use super::ends::{Ends, Verdict, is_key_byte, odd_space};
use super::literals::{Word, classify, is_beginning, is_scalar};
use super::quotes::{Mark, Open, mark_at};
use super::strings::push_text;
use crate::count::Count;
use crate::event::{Container, Sink};
use crate::reader::stack::Bracket;
use crate::reader::text::{Escape, escape};
use crate::reader::{Cursor, Reader, State, Step, Stepped};

/// Bytes after the bracket of a call in which its argument must begin.
const CALL: usize = 64;

fn stops_word(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || byte < 0x20
        || matches!(
            byte,
            b',' | b';'
                | b'}'
                | b']'
                | b')'
                | b'('
                | b':'
                | b'"'
                | b'\''
                | b'`'
                | b'{'
                | b'['
                | b'\\'
        )
}

/// Does the sign of a comment at `end` follow a scalar? No scalar holds such a sign, so that it is
/// asked of the first one only: a word of nothing else would be read anew for each of them.
fn ends_scalar(text: &[u8], end: usize) -> bool {
    let word = text.get(..end).unwrap_or_default();
    memchr::memchr2(b'/', b'#', word).is_none() && is_scalar(word)
}

impl Reader {
    /// Begins a value without quotes.
    pub(in crate::reader) fn begin_word(&mut self) {
        self.looked = 0;
        self.state = State::Word;
        self.open = Open {
            before: b' ',
            times: 1,
            ..Open::default()
        };
    }

    /// The first word of a value without quotes: held to its end, and until what follows says
    /// whether it is the whole value.
    pub(in crate::reader) fn word<S: Sink>(
        &mut self,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Stepped {
        let Some(end) = self.word_end(cursor) else {
            return Ok(Step::Wait);
        };
        let rest = cursor.rest();
        let word = rest.get(..end).unwrap_or_default();
        if end == rest.len() && self.ended {
            return Ok(self.last_word(cursor, sink));
        }
        if word.len() > self.look_limit(cursor).max(self.limits.digits) {
            return Ok(self.begin_bare(cursor, end, sink));
        }
        let stop = rest.get(end).copied().unwrap_or(b' ');
        if word.is_empty() {
            return Ok(self.odd_word(stop, cursor, sink));
        }
        if matches!(
            word,
            b"u" | b"b" | b"r" | b"f" | b"U" | b"B" | b"R" | b"F" | b"rb" | b"br"
        ) {
            if let Some((mark, length)) = mark_at(rest, end) {
                self.record(Rule::StringPrefix, cursor.at);
                cursor.advance(end);
                self.looked = 0;
                self.open_string(mark, length, cursor);
                return Ok(Step::Go);
            }
        }
        if stop == b'(' {
            match self.is_call(rest, end) {
                None => return Ok(Step::Wait),
                Some(true) => return self.call(cursor, end),
                Some(false) => {}
            }
        }
        let found = classify(word);
        if self.ends.reach() < end {
            self.ends = Ends::new(end);
        }
        let Some(verdict) = self.look(cursor, None, found != Word::Text) else {
            return Ok(Step::Wait);
        };
        match (verdict, found) {
            (Verdict::Close, Word::Text) => {
                self.begin_bare(cursor, end, sink);
                self.end_text(sink);
            }
            (Verdict::Close, found) => {
                self.take_word(found, end, cursor)?;
                self.say_token(sink);
            }
            _ => {
                self.begin_bare(cursor, end, sink);
            }
        }
        Ok(Step::Go)
    }

    fn word_end(&mut self, cursor: &Cursor<'_>) -> Option<usize> {
        let rest = cursor.rest();
        let mut end = self.looked;
        while let Some(&byte) = rest.get(end) {
            let wide = byte >= 0xC2 && (mark_at(rest, end).is_some() || odd_space(rest, end) > 0);
            if stops_word(byte) || wide {
                return Some(end);
            }
            if byte == b'#' && ends_scalar(rest, end) {
                return Some(end);
            }
            if byte == b'/' && !self.ended {
                // A comment may follow a scalar at once; a path or an address goes on.
                let next = rest.get(end.saturating_add(1));
                if next.is_none() {
                    break;
                }
                if matches!(next, Some(b'/' | b'*')) && ends_scalar(rest, end) {
                    return Some(end);
                }
            }
            end.raise(1);
        }
        self.looked = end;
        (self.ended || end > self.look_limit(cursor).max(self.limits.digits)).then_some(end)
    }

    /// A value that begins with what no word begins with.
    fn odd_word<S: Sink>(&mut self, stop: u8, cursor: &mut Cursor<'_>, sink: &mut S) -> Step {
        if matches!(stop, b'(') {
            return self.begin_bare(cursor, 1, sink);
        }
        self.state = self.back;
        self.drop_byte(cursor)
    }

    /// The token for a word that is a scalar.
    fn take_word(
        &mut self,
        found: Word,
        end: usize,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), crate::Error> {
        self.token.clear();
        match found {
            Word::Json | Word::Text => self.token.extend_from_slice(cursor.front(end)),
            Word::Literal(json) => {
                self.record(Rule::Literal, cursor.at);
                self.token.extend_from_slice(json);
            }
            Word::Number(json) => {
                self.record(Rule::NumberForm, cursor.at);
                self.token = json;
            }
        }
        self.looked = end;
        if end > self.limits.digits {
            self.count_digits(cursor)?;
        }
        self.looked = 0;
        cursor.advance(end);
        Ok(())
    }

    /// The token for a scalar that may be the whole document.
    pub(in crate::reader) fn root_word(
        &mut self,
        end: usize,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), crate::Error> {
        let found = classify(cursor.front(end));
        self.take_word(found, end, cursor)
    }

    /// A word at the end of the input. What may have become another value is dropped.
    fn last_word<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Step {
        let end = cursor.rest().len();
        let word = cursor.rest();
        let whole = matches!(classify(word), Word::Literal(_));
        if whole && !is_beginning(word) {
            let found = classify(word);
            if self.take_word(found, end, cursor).is_ok() {
                self.say_token(sink);
            }
        } else if !is_beginning(word)
            && !word.is_empty()
            && !matches!(classify(word), Word::Json | Word::Number(_))
        {
            self.begin_bare(cursor, end, sink);
        }
        Step::Wait
    }

    /// `ObjectId("x")`: the name of a call, and its argument.
    fn is_call(&self, rest: &[u8], end: usize) -> Option<bool> {
        let name = rest.get(..end)?;
        let proper = name
            .iter()
            .all(|&byte| byte.is_ascii() && is_key_byte(byte) && byte != b'-');
        if !proper || name.first().is_some_and(u8::is_ascii_digit) {
            return Some(false);
        }
        let mut near = rest.iter().skip(end).skip(1).take(CALL);
        match near.find(|byte| !byte.is_ascii_whitespace()) {
            None if rest.len().saturating_sub(end) <= CALL && !self.ended => None,
            None => Some(false),
            Some(byte) => Some(matches!(
                byte,
                b'"' | b'\'' | b'{' | b'[' | b'-' | b'0'..=b'9'
            )),
        }
    }

    fn call(&mut self, cursor: &mut Cursor<'_>, end: usize) -> Stepped {
        self.record(Rule::FunctionCall, cursor.at);
        self.looked = 0;
        cursor.advance(end);
        self.open(Bracket::Call, cursor)?;
        self.state = State::Value;
        Ok(Step::Go)
    }

    /// Text without quotes begins; its first word is known.
    fn begin_bare<S: Sink>(&mut self, cursor: &mut Cursor<'_>, end: usize, sink: &mut S) -> Step {
        self.record(Rule::UnquotedValue, cursor.at);
        self.looked = 0;
        self.open = Open {
            before: b' ',
            times: 1,
            ..Open::default()
        };
        self.state = State::Bare;
        self.say_plain(cursor, end, sink);
        Step::Go
    }

    /// Says text that has to be escaped first.
    fn say_plain<S: Sink>(&mut self, cursor: &mut Cursor<'_>, length: usize, sink: &mut S) {
        if length == 0 {
            return;
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let piece = cursor.front(length);
        push_text(&mut scratch, piece);
        self.say(&scratch, sink);
        self.scratch = scratch;
        self.open.before = piece.last().copied().unwrap_or(b' ');
        cursor.advance(length);
    }

    /// Text without quotes: shown as it comes, but for what may end it.
    pub(in crate::reader) fn bare<S: Sink>(
        &mut self,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Stepped {
        let rest = cursor.rest();
        let stops = |at: usize, byte: u8| {
            byte.is_ascii_whitespace()
                || matches!(byte, b',' | b';' | b'}' | b']' | b')' | b'"' | b'\\')
                || byte >= 0xC2 && matches!(mark_at(rest, at), Some((Mark::Curly, _)))
        };
        let run = rest
            .iter()
            .enumerate()
            .position(|(at, &byte)| stops(at, byte))
            .unwrap_or(rest.len());
        if run > 0 {
            self.say_plain(cursor, run, sink);
            return Ok(Step::Go);
        }
        let Some(byte) = cursor.peek() else {
            return Ok(Step::Wait);
        };
        let quote = mark_at(rest, 0).map_or(0, |(_, length)| length);
        if byte == b'\\' && quote == 0 {
            return Ok(self.bare_escape(cursor, sink));
        }
        if self.ends.reach() < quote {
            self.ends = Ends::new(quote);
        }
        match self.look(cursor, None, false) {
            None => Ok(Step::Wait),
            Some(Verdict::Close) => {
                if quote > 0 {
                    self.record(Rule::MissingOpenQuote, cursor.at);
                    cursor.advance(quote);
                }
                self.end_text(sink);
                Ok(Step::Go)
            }
            Some(_) => {
                let space = rest
                    .iter()
                    .position(|byte| !byte.is_ascii_whitespace())
                    .unwrap_or(rest.len());
                let length = if byte.is_ascii_whitespace() {
                    space
                } else {
                    quote.max(1)
                };
                self.say_plain(cursor, length, sink);
                Ok(Step::Go)
            }
        }
    }

    /// An escape in a text without quotes: as in a string.
    fn bare_escape<S: Sink>(&mut self, cursor: &mut Cursor<'_>, sink: &mut S) -> Step {
        match escape(cursor.rest()) {
            Escape::More => return Step::Wait,
            Escape::Valid(length) => {
                self.say(cursor.front(length), sink);
                cursor.advance(length);
            }
            odd => {
                if !self.bad_escape(cursor, odd) {
                    return Step::Wait;
                }
                self.say_scratch(sink);
                self.state = State::Bare;
            }
        }
        Step::Go
    }

    /// Where a value must come: nothing that begins one.
    pub(in crate::reader) fn odd_value<S: Sink>(
        &mut self,
        byte: u8,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Stepped {
        if self.skip_odd_space(cursor) {
            return Ok(Step::Go);
        }
        let in_object = self.in_object();
        self.back = self.state;
        if byte == b'`' && super::ends::fence_at(cursor.text, cursor.at) != Some(false) {
            return self.fence_end(cursor);
        }
        if let Some((mark, length)) = mark_at(cursor.text, cursor.at) {
            self.open_string(mark, length, cursor);
            return Ok(Step::Go);
        }
        match byte {
            b',' | b';' if !in_object => Ok(self.extra_comma(cursor)),
            b',' | b';' | b'}' | b']' | b')' => {
                self.value_missing(byte, cursor, sink);
                Ok(Step::Go)
            }
            b':' | b'=' | b'>' if in_object => {
                self.record(Rule::WrongColon, cursor.at);
                cursor.advance(1);
                Ok(Step::Go)
            }
            b'/' if cursor.rest().len() == 1 && !self.ended => Ok(Step::Wait),
            b'/' if !matches!(cursor.rest().get(1), Some(b'/' | b'*')) => {
                self.begin_word();
                Ok(Step::Go)
            }
            b'/' | b'#' => self.comment(cursor),
            b'(' => {
                self.record(Rule::Tuple, cursor.at);
                self.open(Bracket::Tuple, cursor)?;
                Ok(Step::Go)
            }
            b'.' | 0xE2 => match self.ellipsis(cursor) {
                Some(Step::Go) => {
                    if !in_object {
                        self.state = State::Between;
                    }
                    Ok(Step::Go)
                }
                Some(step) => Ok(step),
                None => {
                    self.begin_word();
                    Ok(Step::Go)
                }
            },
            _ => {
                self.begin_word();
                Ok(Step::Go)
            }
        }
    }

    /// A comma or a bracket where a value must come.
    fn value_missing<S: Sink>(&mut self, byte: u8, cursor: &Cursor<'_>, sink: &mut S) {
        if self.stack.last().and_then(|top| top.container()) == Some(Container::Object) {
            self.missing_value(cursor, sink);
            return;
        }
        if self.state == State::Value && byte != b',' && self.stack.last() != Some(&Bracket::Call) {
            self.record(Rule::TrailingComma, cursor.at);
        }
        self.state = State::Between;
    }
}
