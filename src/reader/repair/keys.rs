//! Keys without quotes, colons that are missing, values that are missing.

use super::Rule;
use super::ends::is_key_byte;
use super::quotes::{Mark, Open, mark_at};
use super::strings::push_text;
use crate::event::{Container, Sink};
use crate::reader::stack::Bracket;
use crate::reader::text::find_from;
use crate::reader::{Cursor, Reader, State, Step, Stepped};

impl Reader {
    /// Where a key must come: neither a double quote nor the end of an empty object.
    pub(in crate::reader) fn odd_key<S: Sink>(
        &mut self,
        byte: u8,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Stepped {
        if self.skip_odd_space(cursor) {
            return Ok(Step::Go);
        }
        if let Some((mark, length)) = mark_at(cursor.text, cursor.at) {
            if mark == Mark::Backtick
                && super::ends::fence_at(cursor.text, cursor.at) != Some(false)
            {
                return self.fence_end(cursor);
            }
            self.record(Rule::QuoteStyle, cursor.at);
            self.open_key(mark, length, cursor);
            return Ok(Step::Go);
        }
        match byte {
            b'}' | b']' | b')' => {
                if self.state == State::Key {
                    self.record(Rule::TrailingComma, cursor.at);
                }
                self.state = State::Between;
                Ok(Step::Go)
            }
            b',' => Ok(self.extra_comma(cursor)),
            b'/' | b'#' => self.comment(cursor),
            b'{' | b'[' => self.odd_opener(cursor, sink),
            b'.' | 0xE2 => match self.ellipsis(cursor) {
                Some(Step::Go) => {
                    self.state = State::Between;
                    Ok(Step::Go)
                }
                Some(step) => Ok(step),
                None => self.begin_bare_key(byte, cursor),
            },
            _ => self.begin_bare_key(byte, cursor),
        }
    }

    /// `[1,, 2]`
    pub(in crate::reader) fn extra_comma(&mut self, cursor: &mut Cursor<'_>) -> Step {
        self.record(Rule::ExtraComma, cursor.at);
        cursor.advance(1);
        Step::Go
    }

    pub(in crate::reader) fn open_key(
        &mut self,
        mark: Mark,
        length: usize,
        cursor: &mut Cursor<'_>,
    ) {
        cursor.advance(length);
        self.open = Open {
            mark,
            times: 1,
            before: b'"',
            ..Open::default()
        };
        self.pending.begin_key();
        self.state = State::KeyText;
    }

    fn begin_bare_key(&mut self, byte: u8, cursor: &mut Cursor<'_>) -> Stepped {
        if !is_key_byte(byte) {
            return Ok(self.drop_byte(cursor));
        }
        self.back = self.state;
        self.looked = 0;
        self.state = State::BareKey;
        Ok(Step::Go)
    }

    /// `{a: 1}`: held to its end.
    pub(in crate::reader) fn bare_key(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        let rest = cursor.rest();
        let stops = |byte: u8| {
            matches!(
                byte,
                b':' | b'=' | b',' | b'}' | b']' | b')' | b'\n' | b'{' | b'[' | b'"' | b'\'' | b'/'
            )
        };
        let limit = self.look_limit(cursor);
        let near = rest.get(..limit.saturating_add(1)).unwrap_or(rest);
        let end = find_from(near, self.looked, stops);
        if end.is_none() && rest.len() <= limit && !self.ended {
            self.looked = rest.len();
            return Ok(Step::Wait);
        }
        let at_quote = |end: usize| {
            let stop = rest.get(end);
            stop.is_none_or(|byte| matches!(byte, b'"' | b'\''))
        };
        let step = match end {
            None => self.drop_word(cursor),
            Some(end) if at_quote(end) => self.bare_key_at_quote(end, cursor)?,
            Some(end) => self.end_bare_key(end, cursor)?,
        };
        // A look that has to wait is made again: it counts once, however the text is cut.
        if step != Step::Wait {
            self.spend(end.unwrap_or(limit));
        }
        Ok(step)
    }

    fn end_bare_key(&mut self, end: usize, cursor: &mut Cursor<'_>) -> Stepped {
        let rest = cursor.rest();
        let word = rest.get(..end).unwrap_or_default().trim_ascii_end();
        let stop = rest.get(end).copied().unwrap_or(b'}');
        let alone = !word.iter().any(u8::is_ascii_whitespace);
        if self.back == State::FirstKey
            && stop != b':'
            && is_item(word)
            && self.set_of_items(cursor.at)
        {
            return Ok(Step::Go);
        }
        if !matches!(stop, b':' | b'=') && (!alone || matches!(stop, b'\n' | b'/')) {
            return Ok(self.drop_word(cursor));
        }
        self.push_bare_key(word, cursor);
        cursor.advance(end);
        Ok(Step::Go)
    }

    fn push_bare_key(&mut self, word: &[u8], cursor: &Cursor<'_>) {
        self.record(Rule::UnquotedKey, cursor.at);
        self.looked = 0;
        self.scratch.clear();
        push_text(&mut self.scratch, word);
        self.pending.begin_key();
        self.pending.key(&self.scratch);
        self.pending.end_key();
        self.state = State::Colon;
    }

    /// `{name": 1}`: the quote closes a key; `{name "x"}`: it opens a value; otherwise dropped.
    fn bare_key_at_quote(&mut self, end: usize, cursor: &mut Cursor<'_>) -> Stepped {
        let rest = cursor.rest();
        let limit = self.look_limit(cursor);
        let near = rest.get(..limit.saturating_add(1)).unwrap_or(rest);
        let behind = end.saturating_add(1);
        let Some(after) = find_from(near, behind, |byte| !byte.is_ascii_whitespace()) else {
            if self.ended || rest.len() > limit {
                return Ok(self.drop_word(cursor));
            }
            self.looked = end;
            return Ok(Step::Wait);
        };
        if after > limit {
            return Ok(self.drop_word(cursor));
        }
        let word = rest.get(..end).unwrap_or_default();
        if rest.get(after) == Some(&b':') {
            self.record(Rule::MissingOpenQuote, cursor.at);
            self.push_bare_key(word, cursor);
            cursor.advance(behind);
            return Ok(Step::Go);
        }
        let gap = word.last().is_some_and(u8::is_ascii_whitespace);
        let Some(stray) = self.quotes_a_key(end, cursor) else {
            return Ok(Step::Wait);
        };
        if !stray && gap && !word.trim_ascii().iter().any(u8::is_ascii_whitespace) {
            self.push_bare_key(word.trim_ascii(), cursor);
            cursor.advance(end);
            return Ok(Step::Go);
        }
        Ok(self.drop_word(cursor))
    }

    /// `{COMMENT "name": 1}`: is what is quoted after the word a key? `None`: not decided.
    fn quotes_a_key(&self, quote: usize, cursor: &Cursor<'_>) -> Option<bool> {
        let rest = cursor.rest();
        let near = rest
            .get(..self.look_limit(cursor).min(rest.len()))
            .unwrap_or_default();
        let after = near
            .get(quote..)
            .and_then(<[u8]>::split_first)
            .and_then(|(&mark, quoted)| {
                let (_, behind) = quoted.split_at_checked(memchr::memchr(mark, quoted)?)?;
                behind
                    .iter()
                    .skip(1)
                    .find(|byte| !byte.is_ascii_whitespace())
            });
        if after.is_none() && near.len() == rest.len() && !self.ended {
            return None;
        }
        Some(after == Some(&b':'))
    }

    /// Leaves a word out where a key should be.
    fn drop_word(&mut self, cursor: &mut Cursor<'_>) -> Step {
        self.looked = 0;
        self.state = State::DropWord;
        self.drop_byte(cursor)
    }

    /// In a word that is left out.
    pub(in crate::reader) fn rest_of_word(&mut self, cursor: &mut Cursor<'_>) -> Step {
        match cursor.peek() {
            None => Step::Wait,
            Some(byte) if is_key_byte(byte) => self.drop_byte(cursor),
            Some(_) => {
                self.state = self.back;
                Step::Go
            }
        }
    }

    /// `{1, 2}`: the braces stand for a list, if nothing of them was shown.
    fn set_of_items(&mut self, at: usize) -> bool {
        if !self.pending.reopen_as(Container::Array) {
            return false;
        }
        if let Some(top) = self.stack.last_mut() {
            *top = Bracket::Set;
        }
        if self.stack.len() == 1 {
            self.root_bracket = Bracket::Set;
        }
        self.looked = 0;
        self.record(Rule::Tuple, at);
        self.state = State::Value;
        true
    }

    /// After a key: no colon.
    pub(in crate::reader) fn odd_colon<S: Sink>(
        &mut self,
        byte: u8,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Stepped {
        if self.skip_odd_space(cursor) {
            return Ok(Step::Go);
        }
        let gap = self.gap;
        let quote = mark_at(cursor.text, cursor.at);
        if !gap && self.pending.last_key().trim_ascii_end().ends_with(b":") {
            return Ok(self.quote_in_key(cursor));
        }
        match byte {
            b'=' => self.wrong_colon(cursor),
            b',' | b';' | b'}' | b']' => {
                self.missing_value(cursor, sink);
                Ok(Step::Go)
            }
            b'/' | b'#' => self.comment(cursor),
            b'0'..=b'9' | b'-' if !gap && !self.pending.last_key().contains(&b':') => {
                self.record(Rule::MissingColon, cursor.at);
                Ok(self.value_follows(cursor))
            }
            b'"' if !gap && self.open.mark == Mark::Double && self.open.times == 1 => {
                self.quote_after_key(cursor)
            }
            _ if quote.is_some_and(|(mark, _)| {
                !gap && self.open.times == 2 && mark == self.open.mark
            }) =>
            {
                cursor.advance(quote.map_or(1, |(_, length)| length));
                Ok(Step::Go)
            }
            _ if quote.is_some() || gap || matches!(byte, b'{' | b'[' | b'(') => {
                self.record(Rule::MissingColon, cursor.at);
                Ok(self.value_follows(cursor))
            }
            _ if self.pending.last_key().is_empty() => {
                self.record(Rule::RepeatedQuotes, cursor.at);
                self.open.times = 2;
                self.pending.reopen_key();
                self.state = State::KeyText;
                Ok(Step::Go)
            }
            _ => Ok(self.quote_in_key(cursor)),
        }
    }

    /// `{"a"": 1}`: one quote too many, if the colon follows it; otherwise the value begins.
    fn quote_after_key(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        let rest = cursor.rest();
        let limit = self.look_limit(cursor);
        let mut near = rest.iter().skip(1).take(limit);
        let next = near.find(|byte| !byte.is_ascii_whitespace());
        match next {
            None if !self.ended && rest.len() <= limit => Ok(Step::Wait),
            Some(b':') => {
                self.record(Rule::RepeatedQuotes, cursor.at);
                cursor.advance(1);
                Ok(Step::Go)
            }
            _ => {
                self.record(Rule::MissingColon, cursor.at);
                Ok(self.value_follows(cursor))
            }
        }
    }

    /// After a sign that stands for a colon, or where one is missing.
    fn value_follows(&mut self, cursor: &Cursor<'_>) -> Step {
        if self.watches_members() {
            self.begin_member(cursor);
        }
        self.state = State::Value;
        Step::Go
    }

    /// `{"a" = 1}`, `{"a" => 1}`
    fn wrong_colon(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        match cursor.peek_at(1) {
            None if !self.ended => return Ok(Step::Wait),
            next => {
                self.record(Rule::WrongColon, cursor.at);
                cursor.advance(if next == Some(b'>') { 2 } else { 1 });
            }
        }
        Ok(self.value_follows(cursor))
    }

    /// `{"a", "b": 1}`, `{"a":}`: null.
    pub(in crate::reader) fn missing_value<S: Sink>(&mut self, cursor: &Cursor<'_>, sink: &mut S) {
        self.record(Rule::MissingValue, cursor.at);
        if self.watches_members() {
            self.begin_member(cursor);
        }
        self.token.clear();
        self.token.extend_from_slice(b"null");
        self.say_token(sink);
    }

    /// A letter right after the quote of a key. If there is a colon in the key, its closing quote
    /// was missing, and the rest is read again; otherwise the quote is part of the key.
    fn quote_in_key(&mut self, cursor: &Cursor<'_>) -> Step {
        let quote = self.open.mark.written();
        if self.split_key(quote, cursor) {
            return Step::Again;
        }
        self.record(Rule::UnescapedQuote, cursor.at);
        self.pending.reopen_key();
        self.scratch.clear();
        push_text(&mut self.scratch, quote);
        self.pending.key(&self.scratch);
        self.state = State::KeyText;
        Step::Go
    }

    /// `{"a: 1, "b": 2}`: the key ends at its colon. What came after it is read again.
    pub(in crate::reader) fn split_key(&mut self, tail: &[u8], cursor: &Cursor<'_>) -> bool {
        let at = cursor.at;
        let Some(colon) = self.pending.colon_in_key() else {
            return false;
        };
        let key = self.pending.last_key();
        let (name, rest) = key.split_at(colon);
        let (name, mut rest) = (name.trim_ascii().to_vec(), rest.to_vec());
        rest.extend_from_slice(tail);
        self.record(Rule::MissingCloseQuote, at);
        self.pending.drop_key();
        self.pending.begin_key();
        self.pending.key(&name);
        self.pending.end_key();
        self.again_from = self.offset(at).saturating_sub(rest.len() as u64);
        let wide = rest.iter().filter(|&&byte| byte & 0xC0 == 0x80).count() as u64;
        self.again_wide = self.wide_at(cursor.text, at).saturating_sub(wide);
        self.again = rest;
        self.state = State::Colon;
        true
    }

    /// A control character in a key: the end of a line ends a key whose quote is missing.
    pub(in crate::reader) fn control_in_key(&mut self, byte: u8, cursor: &mut Cursor<'_>) -> Step {
        if matches!(byte, b'\n' | b'\r') && self.split_key(b"", cursor) {
            return Step::Again;
        }
        self.record(Rule::ControlCharacter, cursor.at);
        self.scratch.clear();
        push_text(&mut self.scratch, &[byte]);
        self.pending.key(&self.scratch);
        cursor.advance(1);
        Step::Go
    }
}

/// A number or a word that can only be an item.
fn is_item(word: &[u8]) -> bool {
    word.first()
        .is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-')
}
