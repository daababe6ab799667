//! Characters by what they may be part of.

/// A letter, a digit, or what stands in names.
pub(crate) fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-' | b'.' | b'@') || byte >= 0x80
}

/// Three backticks? `None` if that is not decided.
pub(crate) fn fence_at(text: &[u8], at: usize) -> Option<bool> {
    let rest = text.get(at..)?;
    if rest.starts_with(b"```") {
        return Some(true);
    }
    (rest.len() >= 3 || !b"```".starts_with(rest)).then_some(false)
}

/// The length of a white-space character that JSON does not know; 0 if there is none: a form feed, a
/// no-break space, the spaces of other scripts, a byte-order mark.
#[inline]
pub(crate) fn odd_space(text: &[u8], at: usize) -> usize {
    match text.get(at..).unwrap_or_default() {
        [0x0B | 0x0C, ..] => 1,
        [0xC2, 0xA0, ..] => 2,
        [0xE2, 0x80, 0x80..=0x8B | 0xA8 | 0xA9 | 0xAF, ..] => 3,
        [0xE2, 0x81, 0x9F | 0xA0, ..] => 3,
        [0xE3, 0x80, 0x80, ..] => 3,
        [0xEF, 0xBB, 0xBF, ..] => 3,
        _ => 0,
    }
}
