//! A guess at how the next chunk looks: as the last one, but for the text of its one choice.
//!
//! Most chunks of a stream differ in their text only, and in members behind `choices`. What stands
//! before the text and between it and the end of `choices` is compared as bytes; if it is the same
//! and what stands between them is one string, the scanner would find what it found in the last
//! chunk, moved by the difference in length. If not, the chunk is scanned as any other.

use super::scan::{Scanner, Span};
use crate::count::total;

/// Chunks with more bytes around their text are always scanned.
const MAX: usize = 4 << 10;

/// What stood around the text of the last chunk.
#[derive(Debug, Default)]
pub(super) struct Guess {
    /// From the chunk's first byte to the string.
    head: Vec<u8>,
    /// From the string to the end of `choices`.
    tail: Vec<u8>,
    usable: bool,
}

impl Guess {
    /// Is this chunk as the last one? Then the scanner stands behind `choices`, and the end of
    /// the string is given; else the scanner stands where it stood.
    #[inline]
    pub(super) fn fits(&self, text: &[u8], scanner: &mut Scanner<'_, '_>) -> Option<usize> {
        if !self.usable || !text.starts_with(&self.head) {
            return None;
        }
        let start = scanner.at();
        scanner.go_to(self.head.len());
        let string = scanner.string();
        let fits = |end: &usize| text[*end..].starts_with(&self.tail);
        let end = string.map(|string| string.end).filter(fits);
        scanner.go_to(end.map_or(start, |end| total([end, self.tail.len()])));
        end
    }

    /// A chunk was read whose text is the string at `content`; its `choices` end at `end`.
    #[inline]
    pub(super) fn learn(&mut self, text: &[u8], content: Span, end: usize, fitted: bool) {
        let (head, tail) = (content.start, end.saturating_sub(content.end));
        // It may have a second `choices` behind those that fitted, which counts instead.
        if fitted && head == self.head.len() && tail == self.tail.len() {
            return;
        }
        self.usable = total([head, tail]) <= MAX;
        self.head.clear();
        self.tail.clear();
        if self.usable {
            self.head.extend_from_slice(&text[..head]);
            self.tail.extend_from_slice(&text[content.end..end]);
        }
    }

    /// The last chunk was none of that kind.
    pub(super) fn forget(&mut self) {
        self.usable = false;
    }
}

#[cfg(test)]
mod tests {
    use super::super::envelope::Envelope;
    use proptest::prelude::*;

    const PIECES: &[&str] = &[
        r#"{"id":"a","#,
        r#"{"id":"b","#,
        "{ ",
        r#""error":null,"#,
        r#""error":{"m":1},"#,
        r#""object":"chat.completion.chunk","#,
        r#""choices":[{"index":0,"delta":{"content":"#,
        r#""choices":[{"delta":{"content":"#,
        r#""choices":[{"x":{},"delta":{"role":"r","content":[{"type":"text","text":"t"}],"content":"#,
        r#""a""#,
        r#""other text""#,
        r#""\u00e9""#,
        "null",
        r#"},"finish_reason":null}]"#,
        r#"},"finish_reason":"stop","logprobs":{"content":[1]}}]"#,
        r#"},"y":[1]} , {"delta":{}}]"#,
        "}",
        r#","usage":null}"#,
        r#","obfuscation":"xyz"}"#,
        r#","error":{"m":2},"object":"x"}"#,
        r#","choices":[]}"#,
        r#","choices":[{"delta":{"content":"a"},"finish_reason":null}]}"#,
        " ",
        "]",
    ];

    proptest! {
        // Any chunks one after the other, whole or not: what is found does not depend on what
        // was read before.
        #[test]
        fn what_is_found_does_not_depend_on_what_came_before(
            kinds in prop::collection::vec(
                (0..6usize, 6..9usize, 13..16usize, prop::collection::vec((9..13usize, 16..24usize, 0..8usize), 1..5)),
                1..6,
            ),
        ) {
            let mut used = Envelope::default();
            for (head, choices, tail, chunks) in kinds {
                let brace = if head < 3 { "" } else { "{" };
                for (content, end, odd) in chunks {
                    let odd = if odd == 0 { "," } else { "" };
                    let text = [
                        brace, PIECES[head], PIECES[choices], PIECES[content], PIECES[tail], odd, PIECES[end],
                    ]
                    .concat();
                    let mut fresh = Envelope::default();
                    let expected = fresh.scan(text.as_bytes());
                    prop_assert_eq!(expected, used.scan(text.as_bytes()), "{}", text);
                    prop_assert_eq!(fresh.found(), used.found(), "{}", text);
                }
            }
        }
    }
}
