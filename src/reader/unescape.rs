//! A document that is itself escaped: one filter in front of the machine.

use super::text::{Escape, escape};
use crate::text::unescape;

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
                    unescape(tail.split_at(length).0, &mut out);
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
