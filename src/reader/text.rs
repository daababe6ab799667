//! Strings: where plain text ends, and what an escape is.

#![allow(clippy::indexing_slicing, reason = "tables have an item for each byte")]

use crate::count::Count;

/// Bytes that end a run of plain text inside a JSON string.
pub(super) const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

/// Where the first byte stands, from `from` on, that is wanted.
#[inline]
pub(crate) fn find_from(
    text: &[u8],
    from: usize,
    mut wanted: impl FnMut(u8) -> bool,
) -> Option<usize> {
    let run = text.get(from..)?.iter().position(|&byte| wanted(byte));
    run.map(|run| from.saturating_add(run))
}

/// Where the plain text that begins at `from` ends: at a quote, a backslash, a control character
/// or the end of what is there.
#[inline]
pub(crate) fn plain_end(text: &[u8], from: usize) -> usize {
    let Some(rest) = text.get(from..) else {
        return text.len();
    };
    let mut from = from;
    // Short deltas are the rule; a longer rest is worth a vectorised search.
    if rest.len() >= 32 {
        for chunk in rest.chunks(16) {
            if chunk.iter().fold(false, |found, &byte| {
                found | (byte < 0x20) | (byte == b'"') | (byte == b'\\')
            }) {
                break;
            }
            from.raise(chunk.len());
        }
    }
    find_from(text, from, |byte| SPECIAL[usize::from(byte)]).unwrap_or(text.len())
}

/// What begins with a backslash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// Not decided by what is there.
    More,
    /// One or two escapes of RFC 8259 that make one code point, this long.
    Valid(usize),
    /// Six characters that are half a surrogate pair, without the other half.
    Lone,
    /// Nothing that RFC 8259 knows; the offset of the byte that shows it.
    Unknown(usize),
}

/// Reads the escape at the beginning of `text`, which is a backslash.
pub(crate) fn escape(text: &[u8]) -> Escape {
    match text.get(1) {
        None => Escape::More,
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Escape::Valid(2),
        Some(b'u') => unicode_escape(text),
        Some(_) => Escape::Unknown(1),
    }
}

fn unicode_escape(text: &[u8]) -> Escape {
    let mut point = 0;
    for at in 2..6 {
        match text.get(at).copied().map(hex) {
            None => return Escape::More,
            Some(None) => return Escape::Unknown(at),
            Some(Some(digit)) => point = point << 4 | digit,
        }
    }
    match point {
        0xDC00..=0xDFFF => Escape::Lone,
        0xD800..=0xDBFF => low_half(text),
        _ => Escape::Valid(6),
    }
}

/// The six characters after a high half.
fn low_half(text: &[u8]) -> Escape {
    let fits: [fn(u8) -> bool; 6] = [
        |byte| byte == b'\\',
        |byte| byte == b'u',
        |byte| matches!(byte, b'd' | b'D'),
        |byte| matches!(byte, b'c'..=b'f' | b'C'..=b'F'),
        |byte| byte.is_ascii_hexdigit(),
        |byte| byte.is_ascii_hexdigit(),
    ];
    for (at, fits) in (6..).zip(fits) {
        match text.get(at) {
            None => return Escape::More,
            Some(&byte) if !fits(byte) => return Escape::Lone,
            Some(_) => {}
        }
    }
    Escape::Valid(12)
}

/// The value of a hexadecimal digit.
pub(crate) fn hex(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

/// Does the text end in a backslash that is not escaped itself?
#[inline]
pub(crate) fn ends_in_backslash(text: &[u8]) -> bool {
    let run = text.iter().rev().take_while(|&&byte| byte == b'\\').count();
    run % 2 == 1
}
