//! Inside strings: escapes that JSON does not know, and characters that must be escaped.

use super::Rule;
use super::quotes::mark_at;
use crate::event::Sink;
use crate::reader::text::{Escape, find_from, hex};
use crate::reader::{Cursor, Reader, State, Step, Stepped};

/// What an odd escape becomes.
enum Rewritten {
    /// Not decided by what is there.
    More,
    /// So many bytes become this character.
    Character(usize, char),
    /// So many bytes are left out.
    Nothing(usize),
    /// The backslash is text.
    Backslash,
}

/// Reads the escapes of other languages: `\'`, `\x41`, `\U0001F600`, `\101`, `\0`.
fn rewrite(text: &[u8], ended: bool) -> Rewritten {
    let digits = |from: usize, count: usize| -> Result<Option<u32>, ()> {
        let mut value = 0u32;
        for at in (from..).take(count) {
            match text.get(at).copied().map(hex) {
                None if ended => return Ok(None),
                None => return Err(()),
                Some(None) => return Ok(None),
                Some(Some(digit)) => value = value << 4 | digit,
            }
        }
        Ok(Some(value))
    };
    let found = |length: usize, value: Result<Option<u32>, ()>| match value {
        Err(()) => Rewritten::More,
        Ok(value) => match value.and_then(char::from_u32) {
            Some(character) => Rewritten::Character(length, character),
            None => Rewritten::Backslash,
        },
    };
    match text.get(1) {
        None => Rewritten::More,
        Some(b'\'') => Rewritten::Character(2, '\''),
        Some(b'\n') => Rewritten::Nothing(2),
        Some(b'x') => found(4, digits(2, 2)),
        Some(b'U') => found(10, digits(2, 8)),
        Some(b'0'..=b'3') => octal(text, ended),
        Some(_) => Rewritten::Backslash,
    }
}

/// `\101`: three digits, since fewer are references in regular expressions; and `\0`.
fn octal(text: &[u8], ended: bool) -> Rewritten {
    let mut value = 0u32;
    for at in 1..4 {
        match text.get(at) {
            None if !ended => return Rewritten::More,
            Some(&byte @ b'0'..=b'7') => value = value << 3 | u32::from(byte & 7),
            _ if at == 2 && value == 0 => return Rewritten::Character(2, '\0'),
            _ => return Rewritten::Backslash,
        }
    }
    char::from_u32(value).map_or(Rewritten::Backslash, |character| {
        Rewritten::Character(4, character)
    })
}

/// Appends a character as it stands in a JSON string (RFC 8259, section 7).
pub(in crate::reader) fn push_escaped(out: &mut Vec<u8>, character: char) {
    match character {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\u{8}' => out.extend_from_slice(b"\\b"),
        '\u{c}' => out.extend_from_slice(b"\\f"),
        '\0'..='\u{1f}' => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let value = character as usize;
            out.extend_from_slice(b"\\u00");
            out.extend(
                [value >> 4, value & 15]
                    .iter()
                    .filter_map(|&digit| HEX.get(digit)),
            );
        }
        _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// Appends text as it stands in a JSON string.
pub(in crate::reader) fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some(at) = rest
        .iter()
        .position(|&byte| byte < 0x20 || matches!(byte, b'"' | b'\\'))
    {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((&first, tail)) = tail.split_first() else {
            break;
        };
        push_escaped(out, char::from(first));
        rest = tail;
    }
    out.extend_from_slice(rest);
}

impl Reader {
    /// An escape that JSON does not know, in a string or a key, at the cursor: what it becomes
    /// goes to `scratch`. False: not decided.
    pub(in crate::reader) fn bad_escape(&mut self, cursor: &mut Cursor<'_>, found: Escape) -> bool {
        self.scratch.clear();
        if found == Escape::Lone {
            self.record(Rule::LoneSurrogate, cursor.at);
            self.scratch.extend_from_slice("\u{FFFD}".as_bytes());
            cursor.advance(6);
            return true;
        }
        match rewrite(cursor.rest(), self.ended) {
            Rewritten::More => return false,
            Rewritten::Character(length, character) => {
                push_escaped(&mut self.scratch, character);
                self.record(Rule::BadEscape, cursor.at);
                cursor.advance(length);
            }
            Rewritten::Nothing(length) => {
                self.record(Rule::BadEscape, cursor.at);
                cursor.advance(length);
            }
            Rewritten::Backslash => {
                self.scratch.extend_from_slice(b"\\\\");
                self.record(Rule::BadEscape, cursor.at);
                cursor.advance(1);
            }
        }
        true
    }

    /// A raw control character in a string. A line that ends may be the end of a string whose quote
    /// is missing: so it is, where a key or the end of the document follows.
    pub(in crate::reader) fn control<S: Sink>(
        &mut self,
        byte: u8,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Stepped {
        if byte == b'\n' || byte == b'\r' {
            let Some(ends) = self.line_ends_string(cursor) else {
                return Ok(Step::Wait);
            };
            if ends {
                self.record(Rule::MissingCloseQuote, cursor.at);
                self.end_text(sink);
                return Ok(Step::Go);
            }
        }
        self.record(Rule::ControlCharacter, cursor.at);
        // The look at the line's end has seen all the white space after it.
        let rest = cursor.rest();
        let run = if byte == b'\n' || byte == b'\r' {
            let space = rest.iter().position(|byte| !byte.is_ascii_whitespace());
            space.unwrap_or(rest.len())
        } else {
            1
        };
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        push_text(&mut scratch, cursor.front(run));
        self.say(&scratch, sink);
        self.scratch = scratch;
        cursor.advance(run);
        self.open.before = b'\n';
        Ok(Step::Go)
    }

    /// Does the string end with this line? `None`: not decided.
    fn line_ends_string(&mut self, cursor: &Cursor<'_>) -> Option<bool> {
        let embedded = self.open.nested > 0 || self.brackets_before() > 0;
        let rest = cursor.rest();
        let found = find_from(rest, self.looked, |byte| !byte.is_ascii_whitespace());
        let Some(at) = found else {
            if self.ended {
                return Some(true);
            }
            self.looked = rest.len();
            return None;
        };
        let ends = match rest.get(at) {
            _ if embedded => Some(false),
            Some(b'}' | b']') => self.closes_all(rest, at),
            Some(_)
                if mark_at(rest, at).is_some_and(|(mark, _)| self.open.mark.closes_with(mark)) =>
            {
                if !self.in_object() {
                    Some(false)
                } else {
                    // As after a text without quotes: a key and a colon must follow.
                    self.key_follows(cursor, rest, at)
                }
            }
            _ => Some(false),
        };
        if ends.is_some() {
            self.looked = 0;
        }
        ends
    }

    /// After the end of a line: a quote. Does it begin a key? It does not if it may close the string.
    fn key_follows(&mut self, cursor: &Cursor<'_>, rest: &[u8], at: usize) -> Option<bool> {
        let (_, length) = mark_at(rest, at)?;
        let limit = self.limits.look_ahead;
        let mut near = rest.iter().skip(at).skip(length).take(limit);
        let found = near.find(|byte| !byte.is_ascii_whitespace());
        let length = rest.len().saturating_sub(at).saturating_sub(length);
        match found {
            None if length < limit && !self.ended => return None,
            None => return Some(false),
            Some(b',' | b'}' | b']') => return Some(false),
            _ => {}
        }
        let dirty = std::mem::replace(&mut self.open.dirty, true);
        let verdict = self.look_from(cursor, 0);
        self.open.dirty = dirty;
        verdict.map(|verdict| verdict == super::ends::Verdict::Close)
    }

    /// Do the brackets here close all that is open, and nothing but the end or a fence follows?
    fn closes_all(&self, rest: &[u8], at: usize) -> Option<bool> {
        let mut open = self.stack.iter().rev();
        for (read, &byte) in rest.iter().skip(at).enumerate() {
            if read > self.limits.look_ahead {
                return Some(false);
            }
            if byte.is_ascii_whitespace() {
                continue;
            }
            match open.next() {
                Some(bracket) if bracket.closer() == byte => {}
                None => return Some(byte == b'`'),
                Some(_) => return Some(false),
            }
        }
        self.ended.then_some(open.next().is_none())
    }

    pub(in crate::reader) fn in_object(&self) -> bool {
        self.stack.last().is_some_and(|top| {
            top.closer() == b'}' && top.container() == Some(crate::event::Container::Object)
        })
    }

    /// Says what `scratch` holds.
    pub(in crate::reader) fn say_scratch<S: Sink>(&mut self, sink: &mut S) {
        if self.scratch.is_empty() {
            return;
        }
        let scratch = std::mem::take(&mut self.scratch);
        self.say(&scratch, sink);
        self.scratch = scratch;
        self.open.before = b'x';
        self.state = State::Text;
    }
}
