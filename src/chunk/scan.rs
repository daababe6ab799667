//! A strict scanner: it checks RFC 8259's grammar and finds spans. It builds nothing, and depth
//! never uses the call stack. Bytes outside ASCII are not looked at within strings: whether they
//! are UTF-8 is a question for whoever reads the text.

use crate::count::Count;
use crate::view::inside_length;

/// A place in a text; `Span::NONE` is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    pub(super) const NONE: Self = Self { start: 0, end: 0 };

    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
    pub(super) fn is_none(self) -> bool {
        self.end == 0
    }
    /// What stands there; empty for no place.
    #[inline]
    pub(super) fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }
    /// Without the first and the last byte: of a string its inside.
    pub(super) fn inside(self) -> Self {
        let start = self.start.saturating_add(1);
        Self::new(start, self.end.saturating_sub(1).max(start))
    }
    /// The place before its last byte: in a list or an object, behind all that is in it.
    pub(super) fn before_end(self) -> Self {
        let end = self.end.saturating_sub(1);
        Self::new(end, end)
    }
}

/// A member of an object: its key without quotes, its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) key: Span,
    pub(super) value: Span,
}

/// A position in a text. Every method gives `None` where the text is not JSON.
#[derive(Debug)]
pub(super) struct Scanner<'t, 's> {
    text: &'t [u8],
    at: usize,
    /// The closing brackets of what is open, within one value that is skipped.
    stack: &'s mut Vec<u8>,
}

/// One bit at the top of each byte.
const TOP: u64 = 0x8080_8080_8080_8080;

/// This byte eight times.
#[inline]
const fn eight(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Marks, at the top of each byte, a quote, a backslash or a control character. Above the first
/// mark there may be wrong ones.
#[inline]
fn specials(bytes: u64) -> u64 {
    let below = |limit: u8, bytes: u64| bytes.wrapping_sub(eight(limit)) & !bytes;
    let quote = below(1, bytes ^ eight(b'"'));
    let backslash = below(1, bytes ^ eight(b'\\'));
    (below(0x20, bytes) | quote | backslash) & TOP
}

impl<'t, 's> Scanner<'t, 's> {
    pub(super) fn new(text: &'t [u8], stack: &'s mut Vec<u8>) -> Self {
        Self { text, at: 0, stack }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes to another place.
    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// The byte here; 0, which begins nothing, at the end.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn white(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at.raise(1);
        }
    }

    #[inline]
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek() == byte).then(|| self.at.raise(1))
    }

    /// Into an object or array: is there something in it?
    #[inline]
    pub(super) fn open(&mut self, closer: u8) -> Option<bool> {
        self.at.raise(1);
        self.white();
        Some(self.take(closer).is_none())
    }

    /// After an item: is there one more?
    #[inline]
    pub(super) fn more(&mut self, closer: u8) -> Option<bool> {
        self.white();
        if self.take(b',').is_some() {
            self.white();
            return Some(true);
        }
        self.take(closer).map(|()| false)
    }

    /// A key and its colon.
    #[inline]
    pub(super) fn key(&mut self) -> Option<Span> {
        let key = self.string()?.inside();
        self.white();
        self.take(b':')?;
        self.white();
        Some(key)
    }

    /// A string, its quotes included.
    #[inline]
    pub(super) fn string(&mut self) -> Option<Span> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            self.plain();
            match self.peek() {
                b'"' => {
                    self.at.raise(1);
                    return Some(Span::new(start, self.at));
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    /// Over the characters of a string that need no look, eight at a time.
    #[inline]
    fn plain(&mut self) {
        let mut rest = self.text.get(self.at..).unwrap_or_default();
        while let Some((block, behind)) = rest.split_first_chunk::<8>() {
            let marks = specials(u64::from_le_bytes(*block));
            if marks != 0 {
                self.at.raise(marks.trailing_zeros() as usize / 8);
                return;
            }
            self.at.raise(8);
            rest = behind;
        }
        while !matches!(self.peek(), 0..0x20 | b'"' | b'\\') {
            self.at.raise(1);
        }
    }

    fn escape(&mut self) -> Option<()> {
        let length = match self.text.get(self.at..)? {
            [
                _,
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                ..,
            ] => 2,
            [_, b'u', digits @ ..] => {
                let mut digits = digits.get(..4)?.iter();
                digits.all(u8::is_ascii_hexdigit).then_some(6)?
            }
            _ => return None,
        };
        self.at.raise(length);
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at.raise(1);
        }
        (self.at > start).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.take(b'-');
        if self.take(b'0').is_none() {
            self.digits()?;
        }
        if self.take(b'.').is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at.raise(1);
            if matches!(self.peek(), b'+' | b'-') {
                self.at.raise(1);
            }
            self.digits()?;
        }
        Some(())
    }

    fn literal(&mut self, literal: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(literal).then_some(())?;
        self.at.raise(literal.len());
        Some(())
    }

    /// Any value, whatever its depth.
    pub(super) fn value(&mut self) -> Option<Span> {
        let start = self.at;
        self.stack.clear();
        loop {
            match self.peek() {
                b'"' => {
                    self.string()?;
                }
                b'{' => {
                    if self.open(b'}')? {
                        self.key()?;
                        self.stack.push(b'}');
                        continue;
                    }
                }
                b'[' => {
                    if self.open(b']')? {
                        self.stack.push(b']');
                        continue;
                    }
                }
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                _ => self.number()?,
            }
            loop {
                let Some(closer) = self.stack.last().copied() else {
                    return Some(Span::new(start, self.at));
                };
                if self.more(closer)? {
                    if closer == b'}' {
                        self.key()?;
                    }
                    break;
                }
                self.stack.pop();
            }
        }
    }

    /// The members of the object that begins here, appended.
    pub(super) fn members(&mut self, out: &mut Vec<Member>) -> Option<Span> {
        let start = self.at;
        let mut more = self.open(b'}')?;
        while more {
            let key = self.key()?;
            let value = self.value()?;
            out.push(Member { key, value });
            more = self.more(b'}')?;
        }
        Some(Span::new(start, self.at))
    }
}

/// Is this value null, or an empty string, array or object?
pub(super) fn is_empty(value: &[u8]) -> bool {
    match value {
        b"" | b"null" | b"\"\"" => true,
        [b'[' | b'{', inside @ .., _] => inside.trim_ascii().is_empty(),
        _ => false,
    }
}

/// Does this value say nothing: is it empty, or an object of nothing but such values?
pub(super) fn says_nothing(value: &[u8]) -> bool {
    let mut rest = value;
    while let Some((byte, tail)) = rest.split_first() {
        rest = match byte {
            b'{' | b'}' | b']' | b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => tail,
            b'[' if tail.trim_ascii_start().first() == Some(&b']') => tail,
            b'n' => tail.get(3..).unwrap_or_default(),
            b'"' => {
                let length = inside_length(tail);
                let Some(behind) = tail[length..].strip_prefix(b"\"") else {
                    return false;
                };
                if length > 0 && behind.trim_ascii_start().first() != Some(&b':') {
                    return false;
                }
                behind
            }
            _ => return false,
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accepts(text: &[u8]) -> bool {
        let mut stack = Vec::new();
        let mut scanner = Scanner::new(text, &mut stack);
        scanner.white();
        let whole = scanner.value();
        scanner.white();
        whole.is_some() && scanner.at() == text.len()
    }

    const SAMPLE: &str = r#" {"a": [1, -0.5e+7, 0, true, false, null, "x\"\\\u00e9\n"], "": {}, "b": [ ], "c" : {"d":[[{}]]}} "#;

    #[test]
    fn takes_json_and_nothing_else() {
        assert!(accepts(SAMPLE.as_bytes()));
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{,}",
            "01",
            "1.",
            "+1",
            "1e",
            "tru",
            "nulll",
            "[1 2]",
            "{\"a\" 1}",
            "\"\t\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "{a:1}",
            "'a'",
            "[1]]",
            "-",
            "\"",
        ] {
            assert!(!accepts(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_string_ends_where_it_must_whatever_stands_around() {
        for before in 0..20 {
            for byte in 0..=255u8 {
                let mut text = vec![b'"'];
                text.extend(std::iter::repeat_n(0x7F, before));
                text.push(byte);
                text.extend_from_slice(b"\x80\xFF\x21\x23\x5B\x5D zzzzzzzzz\"");
                let mut stack = Vec::new();
                let end = Scanner::new(&text, &mut stack)
                    .string()
                    .map(|span| span.end);
                let expected = match byte {
                    0..0x20 | b'\\' => None,
                    b'"' => Some(before + 2),
                    _ => Some(text.len()),
                };
                assert_eq!(expected, end, "{before} {byte}");
            }
        }
    }

    #[test]
    fn depth_costs_no_call_stack() {
        let deep = [vec![b'['; 500_000], vec![b']'; 500_000]].concat();
        assert!(accepts(&deep));
        assert!(!accepts(&deep[..deep.len() - 1]));
    }

    #[test]
    fn empty_values_are_those_that_say_nothing() {
        for value in ["null", "\"\"", "[]", "{}", "[ ]", "{\n}"] {
            assert!(is_empty(value.as_bytes()), "{value}");
            assert!(says_nothing(value.as_bytes()), "{value}");
        }
        for value in [
            r#"{"a": null, "b" : [], "\"c": {"d": "", "e\\": [ ]}}"#,
            "{\"a\": {}}",
        ] {
            assert!(says_nothing(value.as_bytes()), "{value}");
        }
        for value in [
            r#"{"a": null, "b": "\":"}"#,
            "[{}]",
            r#"{"a": [null]}"#,
            r#"["a"]"#,
        ] {
            assert!(!says_nothing(value.as_bytes()), "{value}");
        }
        for value in ["0", "false", "\" \"", "[null]", "\"null\""] {
            assert!(!is_empty(value.as_bytes()), "{value}");
        }
        for value in ["0", "false", "\" \"", "\"null\""] {
            assert!(!says_nothing(value.as_bytes()), "{value}");
        }
    }

    proptest! {
        // Mutants of one document: what serde_json refuses is refused, what it takes is taken.
        #[test]
        fn agrees_with_serde_json(edits in prop::collection::vec((0..SAMPLE.len(), 0u8..128), 1..4)) {
            let mut text = SAMPLE.as_bytes().to_vec();
            for (at, byte) in edits {
                text[at] = byte;
            }
            let expected = serde_json::from_slice::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(expected, accepts(&text));
        }
    }
}
