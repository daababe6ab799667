//! The names in an object whose text only grows: a set that keeps no copy of them.

use std::hash::{BuildHasher, RandomState};

use super::tail::inside_length;
use crate::text::unescape;

/// Bits of a slot that say where a name stands; the others are of its hash.
const PLACE: u32 = 40;
const HASH: u32 = 64 - PLACE;
const PLACES: u64 = (1 << PLACE) - 1;

/// A set of names by the places where they stand in a text. A slot is empty, or has the upper bits
/// of a name's hash and one more than its place: so that growing reads no name again, and names
/// are compared only if these bits are the same.
///
/// Memory: 10 to 15 bytes a name. Cost of a name: its length, as long as a hash can't be foreseen.
#[derive(Debug, Default)]
pub(super) struct Names {
    slots: Vec<u64>,
    used: usize,
}

impl Names {
    /// Adds the name of the key whose inside stands at this place of the text; false if it is
    /// there already. `name` is what the key stands for.
    pub(super) fn insert(
        &mut self,
        text: &[u8],
        place: usize,
        name: &[u8],
        hasher: &RandomState,
    ) -> bool {
        let used = self.used.saturating_add(1);
        if used.saturating_mul(5) > self.slots.len().saturating_mul(4) {
            self.grow();
        }
        let hash = hasher.hash_one(name) >> PLACE;
        let mut at = self.first(hash);
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == 0 {
                *slot = hash << PLACE | (place as u64).saturating_add(1);
                self.used = used;
                return true;
            }
            let other = ((*slot & PLACES) as usize).saturating_sub(1);
            if *slot >> PLACE == hash && stands_for(text, other, name) {
                return false;
            }
            at = self.after(at);
        }
        true
    }

    /// Where a name with these bits belongs, if nothing else stands there.
    fn first(&self, hash: u64) -> usize {
        (u128::from(hash).wrapping_mul(self.slots.len() as u128) >> HASH) as usize
    }

    fn after(&self, at: usize) -> usize {
        let next = at.saturating_add(1);
        if next < self.slots.len() { next } else { 0 }
    }

    fn grow(&mut self) {
        let size = self.slots.len();
        let size = size.saturating_add(size / 2).max(4);
        let old = std::mem::take(&mut self.slots);
        self.slots.reserve_exact(size);
        self.slots.resize(size, 0);
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            let mut at = self.first(slot >> PLACE);
            while self.slots.get(at).is_some_and(|taken| *taken != 0) {
                at = self.after(at);
            }
            if let Some(free) = self.slots.get_mut(at) {
                *free = slot;
            }
        }
    }
}

/// Does the inside of a string at this place stand for this name?
fn stands_for(text: &[u8], place: usize, name: &[u8]) -> bool {
    let rest = text.get(place..).unwrap_or_default();
    let raw = rest.get(..inside_length(rest)).unwrap_or_default();
    if memchr::memchr(b'\\', raw).is_none() {
        return raw == name;
    }
    let mut plain = Vec::new();
    unescape(raw, &mut plain);
    plain == name
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Adds keys as they stand in a text; says which were new.
    fn added(keys: &[String]) -> Vec<bool> {
        let (mut names, hasher) = (Names::default(), RandomState::new());
        let mut text = Vec::new();
        let mut add = |key: &String| {
            text.push(b'"');
            let place = text.len();
            text.extend_from_slice(key.as_bytes());
            text.extend_from_slice(b"\":");
            let mut name = Vec::new();
            unescape(key.as_bytes(), &mut name);
            names.insert(&text, place, &name, &hasher)
        };
        keys.iter().map(&mut add).collect()
    }

    #[test]
    fn a_name_is_new_once_however_it_is_written() {
        let keys = [
            "a", "", "\\u0061", "b\\\"", "b\\u0022", "", "b", "\\\\", "aa",
        ];
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let expected = [true, true, false, true, false, false, true, true, true];
        assert_eq!(expected.to_vec(), added(&keys));
    }

    #[test]
    fn many_names_are_what_a_set_makes_of_them() {
        let key = |number: u64| format!("{:x}", number.wrapping_mul(0x9E37_79B9) % 40_000);
        let keys: Vec<String> = (0..60_000).map(key).collect();
        let mut known = HashSet::new();
        let expected: Vec<bool> = keys.iter().map(|key| known.insert(key.clone())).collect();
        assert_eq!(expected, added(&keys));
    }
}
