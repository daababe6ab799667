//! The inside of JSON strings: unescaped for reading, escaped for writing.

#![allow(
    clippy::indexing_slicing,
    reason = "the insides of strings were accepted by the scanner; the relations `growth` and `operations` try any"
)]

/// Calls `take` with what the inside of a JSON string stands for, piece by piece, as WTF-8: half
/// a surrogate pair becomes three bytes, a whole one four. Invalid UTF-8 is replaced as the
/// WHATWG says. The string must be one that the scanner has accepted. `buffer` is for pieces that
/// are not written as they are meant.
pub(crate) fn unescape_with(raw: &[u8], buffer: &mut Vec<u8>, mut take: impl FnMut(&[u8])) {
    if raw.len() <= PIECE && memchr::memchr(b'\\', raw).is_none() && is_utf8(raw) {
        return take(raw);
    }
    let mut rest = raw;
    while !rest.is_empty() {
        buffer.clear();
        rest = unescape_piece(rest, buffer);
        take(buffer);
    }
}

/// Appends what the inside of a JSON string stands for.
pub fn unescape(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while !rest.is_empty() {
        rest = unescape_piece(rest, out);
    }
}

/// A piece ends when it has this many bytes.
const PIECE: usize = 8 << 10;

/// Appends the beginning of a text that is not empty; gives what was not read of it.
fn unescape_piece<'r>(raw: &'r [u8], out: &mut Vec<u8>) -> &'r [u8] {
    let full = out.len().saturating_add(PIECE);
    let mut rest = raw;
    while !rest.is_empty() && out.len() < full {
        if rest[0] != b'\\' {
            // What lies beyond this piece is not looked at: the next one would do so again.
            let near = &rest[..rest.len().min(PIECE + 1)];
            let mut length = memchr::memchr(b'\\', near).unwrap_or(near.len());
            if length > PIECE {
                // No more than three bytes of a code point follow its first one.
                let mut places = (PIECE - 3..=PIECE).rev();
                let first = places.find(|&at| rest[at] & 0xC0 != 0x80);
                length = first.unwrap_or(PIECE);
            }
            let (plain, behind) = rest.split_at(length);
            push_lossy(plain, out);
            rest = behind;
            continue;
        }
        rest = &rest[unescape_one(rest, out)..];
    }
    rest
}

/// Appends what the escape at the beginning of a text stands for; says how long it is.
#[inline]
fn unescape_one(raw: &[u8], out: &mut Vec<u8>) -> usize {
    out.push(match raw.get(1) {
        Some(b'u') => return unescape_unicode(raw, out).min(raw.len()),
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(plain) => *plain,
        None => return raw.len(),
    });
    2
}

/// What the inside of a JSON string that the scanner has accepted stands for; nothing if that is
/// no text: invalid UTF-8, half a surrogate pair.
pub(crate) fn text_of(raw: &[u8]) -> Option<String> {
    let mut text = Vec::with_capacity(raw.len().saturating_add(8));
    let mut rest = std::str::from_utf8(raw).ok()?.as_bytes();
    loop {
        rest = push_plain(rest, &mut text);
        if rest.is_empty() {
            return String::from_utf8(text).ok();
        }
        rest = &rest[unescape_one(rest, &mut text)..];
    }
}

/// Appends what stands before the first backslash; gives the rest. Made for short runs.
#[inline]
fn push_plain<'r>(raw: &'r [u8], out: &mut Vec<u8>) -> &'r [u8] {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const BACKSLASHES: u64 = ONES * b'\\' as u64;
    let mut rest = raw;
    while let Some((block, behind)) = rest.split_first_chunk::<8>() {
        let differs = u64::from_le_bytes(*block) ^ BACKSLASHES;
        let marks = differs.wrapping_sub(ONES) & !differs & (ONES << 7);
        if marks != 0 {
            let run = marks.trailing_zeros() as usize / 8;
            let length = out.len().saturating_add(run);
            // All of the block is appended first: that is one store, and no loop.
            out.extend_from_slice(block);
            out.truncate(length);
            return &rest[run..];
        }
        out.extend_from_slice(block);
        rest = behind;
    }
    let run = rest.iter().position(|&byte| byte == b'\\');
    let (plain, rest) = rest.split_at(run.unwrap_or(rest.len()));
    out.extend_from_slice(plain);
    rest
}

/// The beginning of a text, so many bytes or fewer: no code point is divided.
pub(crate) fn beginning(text: &[u8], most: usize) -> &[u8] {
    let starts = |at: &usize| text.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80);
    let end = (0..=most.min(text.len())).rev().find(starts);
    text.split_at(end.unwrap_or(0)).0
}

#[inline]
fn is_utf8(raw: &[u8]) -> bool {
    std::str::from_utf8(raw).is_ok()
}

/// Reads `\uXXXX`, or two of them that make a pair; says how many bytes that took.
fn unescape_unicode(raw: &[u8], out: &mut Vec<u8>) -> usize {
    let unit = hex4(raw);
    if (0xD800..0xDC00).contains(&unit) && raw.get(6..8) == Some(b"\\u") {
        let low = hex4(&raw[6..]);
        if (0xDC00..0xE000).contains(&low) {
            let above = (unit & 0x3FF) << 10 | low & 0x3FF;
            push_code(above.saturating_add(0x10000), out);
            return 12;
        }
    }
    push_code(unit, out);
    6
}

fn hex4(raw: &[u8]) -> u32 {
    let digits = raw.get(2..6).unwrap_or_default();
    digits.iter().fold(0, |sum, digit| {
        sum << 4 | (*digit as char).to_digit(16).unwrap_or(0)
    })
}

/// Appends a code point, a surrogate too, by the pattern of UTF-8.
fn push_code(code: u32, out: &mut Vec<u8>) {
    let tail = |shift: u32| 0x80 | (code >> shift & 0x3F) as u8;
    match code {
        0..0x80 => out.push(code as u8),
        0x80..0x800 => out.extend_from_slice(&[0xC0 | (code >> 6) as u8, tail(0)]),
        0x800..0x10000 => {
            out.extend_from_slice(&[0xE0 | (code >> 12) as u8, tail(6), tail(0)]);
        }
        _ => out.extend_from_slice(&[0xF0 | (code >> 18) as u8, tail(12), tail(6), tail(0)]),
    }
}

#[inline]
fn push_lossy(raw: &[u8], out: &mut Vec<u8>) {
    if is_utf8(raw) {
        out.extend_from_slice(raw);
    } else {
        out.extend_from_slice(String::from_utf8_lossy(raw).as_bytes());
    }
}

/// Appends a JSON string, quotes included, that no line-based reader can split.
pub(crate) fn write_json_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(raw: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        unescape(raw, &mut out);
        out
    }

    #[test]
    fn unescapes_as_serde_json_does() {
        for raw in [
            r#"{\"a\": \"b\\\\c\"}"#,
            r"\u00e9\u20AC\ud83d\ude80 \/\b\f\n\r\t",
            r"",
            r"é漢🚀",
            r"a\u0000b",
        ] {
            let expected: String = serde_json::from_str(&format!("\"{raw}\"")).unwrap();
            assert_eq!(expected.as_bytes(), plain(raw.as_bytes()));
        }
    }

    #[test]
    fn long_strings_come_in_pieces_that_add_up() {
        for unit in [
            "a",
            "é",
            "日",
            "🚀",
            "\\n",
            "x\\u00e9",
            "\\ud83d\\ude80y",
            "ab\\\\",
        ] {
            for shift in 0..4 {
                let raw = ["z".repeat(shift), unit.repeat(9_000)].concat();
                let expected: String = serde_json::from_str(&format!("\"{raw}\"")).unwrap();
                let (mut whole, mut buffer) = (Vec::new(), Vec::new());
                unescape_with(raw.as_bytes(), &mut buffer, |piece| {
                    assert!(std::str::from_utf8(piece).is_ok() && piece.len() <= 2 * PIECE);
                    whole.extend_from_slice(piece);
                });
                assert!(expected.as_bytes() == whole, "{unit}");
            }
        }
        let invalid = [b'\x80'; 20_000];
        assert_eq!("\u{FFFD}".repeat(20_000).as_bytes(), plain(&invalid));
    }

    #[test]
    fn half_a_pair_stays_half_and_a_pair_of_the_wrong_order_two_halves() {
        assert_eq!(b"\xED\xA0\xBD".to_vec(), plain(br"\ud83d"));
        assert_eq!(
            b"\xED\xBA\x80\xED\xA0\xBD".to_vec(),
            plain(br"\ude80\ud83d")
        );
        assert_eq!(b"\xED\xA0\xBDA".to_vec(), plain(br"\ud83d\u0041"));
    }

    #[test]
    fn invalid_utf8_is_replaced() {
        assert_eq!("a\u{FFFD}b".as_bytes(), plain(b"a\xFFb"));
        assert_eq!(
            "\u{FFFD}\u{FFFD}\u{FFFD}".as_bytes(),
            plain(b"\xED\xA0\x80")
        );
    }

    #[test]
    fn a_written_string_reads_back_and_holds_no_control_character() {
        let text: String = (0..0x250).filter_map(char::from_u32).collect();
        let mut out = Vec::new();
        write_json_string(&text, &mut out);
        assert!(out.iter().all(|byte| *byte >= 0x20));
        assert_eq!(text, serde_json::from_slice::<String>(&out).unwrap());
    }
}
