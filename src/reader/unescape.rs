//! A document that is itself escaped: one filter in front of the machine.

use super::repair::strings::push_character;
use super::text::{Escape, escape, hex};

/// Takes one level of escapes away, at any cut.
#[derive(Debug, Default)]
pub(crate) struct Unescape {
    carry: Vec<u8>,
}

impl Unescape {
    /// The text with its escapes resolved. What is no escape of JSON stays as it is.
    pub(crate) fn push(&mut self, text: &[u8]) -> Vec<u8> {
        let mut whole = std::mem::take(&mut self.carry);
        whole.extend_from_slice(text);
        let mut out = Vec::with_capacity(whole.len());
        let mut rest = whole.as_slice();
        while let Some(at) = memchr::memchr(b'\\', rest) {
            let (plain, tail) = rest.split_at(at);
            out.extend_from_slice(plain);
            let used = match escape(tail) {
                Escape::More => {
                    self.carry = tail.to_vec();
                    return out;
                }
                Escape::Valid(length) => {
                    resolve(tail.split_at(length).0, &mut out);
                    length
                }
                Escape::Lone | Escape::Unknown(_) => {
                    out.push(b'\\');
                    1
                }
            };
            rest = tail.split_at(used).1;
        }
        out.extend_from_slice(rest);
        out
    }
}

fn resolve(escape: &[u8], out: &mut Vec<u8>) {
    let unit = |from: usize| {
        let digits = escape.iter().skip(from).take(4);
        digits.fold(0, |value, &byte| value << 4 | hex(byte).unwrap_or(0))
    };
    match (escape.get(1), escape.len()) {
        (Some(b'n'), _) => out.push(b'\n'),
        (Some(b't'), _) => out.push(b'\t'),
        (Some(b'r'), _) => out.push(b'\r'),
        (Some(b'b'), _) => out.push(8),
        (Some(b'f'), _) => out.push(12),
        (Some(b'u'), 6) => push_character(out, unit(2)),
        (Some(b'u'), _) => {
            push_character(out, 0x10000 + ((unit(2) & 0x3FF) << 10 | unit(8) & 0x3FF))
        }
        (Some(&byte), _) => out.push(byte),
        (None, _) => {}
    }
}
