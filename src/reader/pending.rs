//! What was read and is not visible yet: containers in which nothing stands, keys without a value.

use crate::event::{Container, Event, Sink};

/// Openings and keys in order, one byte string: control characters mark what a key, whose text is
/// the inside of a JSON string, can't hold.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    text: Vec<u8>,
    /// Where the last key begins.
    key_from: usize,
    /// How much of it was searched for a colon, in vain.
    searched: usize,
}

const OBJECT: u8 = 1;
const ARRAY: u8 = 2;
const KEY_END: u8 = 0;

impl Pending {
    pub(crate) fn open(&mut self, container: Container) {
        self.text.push(match container {
            Container::Object => OBJECT,
            Container::Array => ARRAY,
        });
    }

    #[inline]
    pub(crate) fn begin_key(&mut self) {
        self.key_from = self.text.len();
        self.searched = 0;
    }

    /// More of the key that was begun: the inside of a JSON string.
    #[inline]
    pub(crate) fn key(&mut self, raw: &[u8]) {
        self.text.extend_from_slice(raw);
    }

    #[inline]
    pub(crate) fn end_key(&mut self) {
        self.text.push(KEY_END);
    }

    /// The key that was begun last, ended or not.
    pub(crate) fn last_key(&self) -> &[u8] {
        let key = self.text.get(self.key_from..).unwrap_or_default();
        key.strip_suffix(&[KEY_END]).unwrap_or(key)
    }

    /// Where the first colon in it is. What was searched in vain is not searched again.
    pub(crate) fn colon_in_key(&mut self) -> Option<usize> {
        let key = self.last_key();
        let rest = key.get(self.searched..).unwrap_or_default();
        let found = memchr::memchr(b':', rest);
        let found = found.map(|colon| self.searched.saturating_add(colon));
        self.searched = found.unwrap_or(key.len());
        found
    }

    /// Takes the end of the last key back.
    pub(crate) fn reopen_key(&mut self) {
        self.text.pop();
    }

    /// Takes the last key back.
    pub(crate) fn drop_key(&mut self) {
        self.text.truncate(self.key_from);
    }

    /// Makes another container of the one that was opened last; false if that one was said.
    pub(crate) fn reopen_as(&mut self, container: Container) -> bool {
        let last = matches!(self.text.last(), Some(&(OBJECT | ARRAY)));
        if last {
            self.text.pop();
            self.open(container);
        }
        last
    }

    /// Takes everything back.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Says it all, since something in it has become visible.
    #[inline]
    pub(crate) fn flush<S: Sink>(&mut self, sink: &mut S) {
        if self.text.is_empty() {
            return;
        }
        let mut rest = self.text.as_slice();
        while let Some((&first, tail)) = rest.split_first() {
            rest = match first {
                OBJECT => said(sink, Container::Object, tail),
                ARRAY => said(sink, Container::Array, tail),
                _ => {
                    let end = memchr::memchr(KEY_END, rest).unwrap_or(rest.len());
                    let (key, tail) = rest.split_at(end);
                    sink.event(Event::Key(key));
                    tail.split_first().map_or(tail, |(_, tail)| tail)
                }
            };
        }
        self.text.clear();
        // A key may have been long; what it took is not needed again.
        if self.text.capacity() > 4096 {
            self.text.shrink_to(256);
        }
    }
}

fn said<'a, S: Sink>(sink: &mut S, container: Container, tail: &'a [u8]) -> &'a [u8] {
    sink.event(Event::Open(container));
    tail
}
