//! Bytes → valid UTF-8, at any cut: a code point cut in two waits for its rest.

use crate::count::Count;

/// What a delta turned out to be, piece by piece.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Valid text.
    Text(&'a [u8]),
    /// A code point that was cut in two and is whole now.
    Joined([u8; 4], usize),
    /// One maximal run of bytes that is no code point, to be replaced by one U+FFFD
    /// (Unicode 3.9, "substitution of maximal subparts", as WHATWG's decoder does).
    Invalid,
    /// Half a surrogate pair in WTF-8 text, without its other half.
    LoneSurrogate,
}

/// Holds the beginning of a code point, or of a surrogate pair, until its rest arrives.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    carry: [u8; 8],
    carried: usize,
    /// What waits came as WTF-8.
    wtf8: bool,
}

impl Decoder {
    /// Is nothing waiting for its rest?
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.carried == 0
    }

    /// Takes the next piece off the front of `rest`; `None` when it is used up, with what may
    /// become a code point kept back. With `wtf8`, surrogates written as three bytes may join.
    pub(crate) fn next<'a>(&mut self, rest: &mut &'a [u8], wtf8: bool) -> Option<Piece<'a>> {
        if self.carried > 0 {
            return self.next_carried(rest, wtf8);
        }
        if rest.is_empty() {
            return None;
        }
        let valid = match std::str::from_utf8(rest) {
            Ok(_) => rest.len(),
            Err(error) => error.valid_up_to(),
        };
        if valid > 0 {
            let (text, tail) = rest.split_at(valid);
            *rest = tail;
            return Some(Piece::Text(text));
        }
        let take = rest.len().min(6);
        let (front, _) = rest.split_at(take);
        match look(front, wtf8) {
            Look::More => {
                self.keep(front);
                self.wtf8 = wtf8;
                *rest = &[];
                None
            }
            Look::Is(piece, used) => {
                *rest = rest.split_at(used).1;
                Some(piece)
            }
        }
    }

    /// Forgets what is waiting at the end of the input.
    pub(crate) fn clear(&mut self) {
        self.carried = 0;
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.carried = bytes.len();
        for (slot, byte) in self.carry.iter_mut().zip(bytes) {
            *slot = *byte;
        }
    }

    /// Adds bytes one at a time until the carried ones are decided.
    fn next_carried<'a>(&mut self, rest: &mut &'a [u8], wtf8: bool) -> Option<Piece<'a>> {
        let wtf8 = wtf8 || self.wtf8;
        loop {
            let bytes = self.carry;
            let have = bytes.split_at(self.carried).0;
            match look(have, wtf8) {
                Look::Is(piece, used) => {
                    let piece = match piece {
                        Piece::Text(text) => joined(text),
                        other => owned(other),
                    };
                    let mut left = [0; 8];
                    let tail = have.split_at(used).1;
                    left.split_at_mut(tail.len()).0.copy_from_slice(tail);
                    self.keep(left.split_at(tail.len()).0);
                    return Some(piece);
                }
                Look::More => {
                    let (first, tail) = rest.split_first()?;
                    *rest = tail;
                    if let Some(slot) = self.carry.get_mut(self.carried) {
                        *slot = *first;
                        self.carried.raise(1);
                    }
                }
            }
        }
    }
}

enum Look<'a> {
    More,
    Is(Piece<'a>, usize),
}

/// What at most six bytes begin with.
fn look(bytes: &[u8], wtf8: bool) -> Look<'_> {
    if bytes.is_empty() {
        return Look::More;
    }
    if wtf8 {
        if let Some(found) = look_surrogate(bytes) {
            return found;
        }
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => Look::Is(Piece::Text(bytes), bytes.len()),
        Err(error) if error.valid_up_to() > 0 => {
            let valid = error.valid_up_to();
            Look::Is(Piece::Text(bytes.split_at(valid).0), valid)
        }
        Err(error) => match error.error_len() {
            None => Look::More,
            Some(bad) => Look::Is(Piece::Invalid, bad),
        },
    }
}

/// Surrogates as WTF-8 writes them: ED A0..AF xx (high), ED B0..BF xx (low).
fn look_surrogate(bytes: &[u8]) -> Option<Look<'_>> {
    match *bytes {
        [0xED] => Some(Look::More),
        [0xED, 0xA0..=0xBF] => Some(Look::More),
        [0xED, 0xB0..=0xBF, 0x80..=0xBF, ..] => Some(Look::Is(Piece::LoneSurrogate, 3)),
        [0xED, 0xA0..=0xAF, 0x80..=0xBF] => Some(Look::More),
        [0xED, 0xA0..=0xAF, 0x80..=0xBF, 0xED] => Some(Look::More),
        [0xED, 0xA0..=0xAF, 0x80..=0xBF, 0xED, 0xB0..=0xBF] => Some(Look::More),
        [
            0xED,
            h1 @ 0xA0..=0xAF,
            h2 @ 0x80..=0xBF,
            0xED,
            l1 @ 0xB0..=0xBF,
            l2 @ 0x80..=0xBF,
            ..,
        ] => {
            let half = |a: u8, b: u8| u16::from(a & 0x0F) << 6 | u16::from(b & 0x3F);
            let pair = [0xD800 | half(h1, h2), 0xDC00 | half(l1, l2)];
            let character = char::decode_utf16(pair).next()?.ok()?;
            let mut buffer = [0; 4];
            let length = character.encode_utf8(&mut buffer).len();
            Some(Look::Is(Piece::Joined(buffer, length), 6))
        }
        [0xED, 0xA0..=0xAF, 0x80..=0xBF, ..] => Some(Look::Is(Piece::LoneSurrogate, 3)),
        _ => None,
    }
}

fn joined<'a>(text: &[u8]) -> Piece<'a> {
    let mut buffer = [0; 4];
    let length = text.len().min(4);
    for (slot, byte) in buffer.iter_mut().zip(text) {
        *slot = *byte;
    }
    Piece::Joined(buffer, length)
}

fn owned<'a>(piece: Piece<'_>) -> Piece<'a> {
    match piece {
        Piece::Text(text) => joined(text),
        Piece::Joined(buffer, length) => Piece::Joined(buffer, length),
        Piece::Invalid => Piece::Invalid,
        Piece::LoneSurrogate => Piece::LoneSurrogate,
    }
}
