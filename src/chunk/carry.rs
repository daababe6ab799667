//! What dropped chunks said, on its way to the next one that is given out.

use std::cell::RefCell;

use super::scan::{Member, Scanner, Span, is_empty};
use crate::count::{Count, total};

/// Members with these names are padding: nobody misses them.
pub(super) const PADDING: &[&[u8]] = &[b"obfuscation", b"padding", b"p"];

/// No more names than this are carried. They are compared one by one, so that more of them would
/// cost more than a stream may.
const MAX_NAMES: usize = 64;
/// More bytes than any limit allows, and few enough to be added up.
const OVER: usize = usize::MAX >> 16;

/// So many buffers are kept for whoever needs some next.
const SPARES: usize = 64;

thread_local! {
    /// The buffers of members that were cleared. They are the thread's: streams that carry nothing,
    /// mostly thousands at a time, keep none.
    static SPARE: RefCell<Vec<Vec<Entry>>> = const { RefCell::new(Vec::new()) };
}

/// Members of an object, by name. What was said last stands, in whatever order it is taken.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// The first `used` ones count; the others have buffers to be used again.
    entries: Vec<Entry>,
    used: usize,
    /// There were more than may be carried.
    over: bool,
}

#[derive(Debug, Default)]
struct Entry {
    key: Vec<u8>,
    value: Vec<u8>,
    /// The number of the chunk that said it.
    at: u64,
}

impl Members {
    pub(super) fn is_empty(&self) -> bool {
        self.used == 0
    }

    pub(super) fn clear(&mut self) {
        self.used = 0;
        if self.entries.capacity() == 0 {
            return;
        }
        // A buffer that a long text has grown is given back.
        let short = |text: &Vec<u8>| text.capacity() <= 1 << 10;
        self.entries
            .retain(|entry| short(&entry.key) && short(&entry.value));
        self.entries.truncate(16);
        let entries = std::mem::take(&mut self.entries);
        // Without a thread, which is ending, there is nobody to keep them for.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < SPARES {
                spare.push(entries);
            }
        });
    }

    /// The names and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.until(u64::MAX)
    }

    /// Those that were said by this chunk or an older one.
    pub(super) fn until(&self, chunk: u64) -> impl Iterator<Item = (&[u8], &[u8])> {
        let used = self.entries.iter().take(self.used);
        let old = used.filter(move |entry| entry.at <= chunk);
        old.map(|entry| (&entry.key[..], &entry.value[..]))
    }

    /// Sets a member that the chunk `at` said; one of this name that is newer stands.
    fn set(&mut self, hint: usize, key: &[u8], value: &[u8], at: u64) {
        if let Some(found) = self.find(hint, key) {
            let entry = &mut self.entries[found];
            if at < entry.at {
                return;
            }
            entry.at = at;
            if entry.value != value {
                entry.value.clear();
                entry.value.extend_from_slice(value);
            }
            return;
        }
        if self.used == MAX_NAMES {
            self.over = true;
            return;
        }
        if self.entries.capacity() == 0 {
            let spare = SPARE.try_with(|spare| spare.borrow_mut().pop());
            self.entries = spare.ok().flatten().unwrap_or_default();
        }
        if self.used == self.entries.len() {
            self.entries.push(Entry::default());
        }
        let entry = &mut self.entries[self.used];
        entry.key.clear();
        entry.key.extend_from_slice(key);
        entry.value.clear();
        entry.value.extend_from_slice(value);
        entry.at = at;
        self.used.raise(1);
    }

    /// Chunks have their members in the same order: look at the same place first.
    #[inline]
    fn find(&self, hint: usize, key: &[u8]) -> Option<usize> {
        let used = &self.entries[..self.used];
        match used.get(hint) {
            Some(entry) if entry.key == key => Some(hint),
            _ => used.iter().position(|entry| entry.key == key),
        }
    }

    /// Takes over what these members of the chunk `at` say.
    pub(super) fn take(&mut self, text: &[u8], members: &[Member], at: u64) {
        let mut hint = 0_usize;
        for member in members {
            let (key, value) = (member.key.of(text), member.value.of(text));
            if !is_empty(value) && !PADDING.contains(&key) {
                self.set(hint, key, value, at);
                hint.raise(1);
            }
        }
    }

    /// The chunk `at` says these members itself: where they say something, what is older is not
    /// needed any more.
    pub(super) fn forget(&mut self, text: &[u8], members: &[Member], at: u64) {
        for member in members {
            if is_empty(member.value.of(text)) {
                continue;
            }
            let found = self.find(0, member.key.of(text));
            if let Some(found) = found.filter(|found| self.entries[*found].at <= at) {
                self.used.lower(1);
                self.entries.swap(found, self.used);
            }
        }
    }

    /// What is older than what others say is not needed any more.
    pub(super) fn forget_older(&mut self, others: &Self) {
        for other in others.entries.iter().take(others.used) {
            let found = self.find(0, &other.key);
            if let Some(found) = found.filter(|at| self.entries[*at].at <= other.at) {
                self.used.lower(1);
                self.entries.swap(found, self.used);
            }
        }
    }

    /// Takes over what others say.
    pub(super) fn join(&mut self, other: &Self) {
        for (hint, entry) in other.entries.iter().take(other.used).enumerate() {
            self.set(hint, &entry.key, &entry.value, entry.at);
        }
        self.over |= other.over;
    }

    /// What was said by the chunk `at` or an older one is not needed any more.
    pub(super) fn forget_until(&mut self, at: u64) {
        let mut kept = 0_usize;
        for found in 0..self.used {
            if self.entries[found].at > at {
                self.entries.swap(kept, found);
                kept.raise(1);
            }
        }
        match kept {
            0 => self.clear(),
            _ => self.used = kept,
        }
    }

    /// Bytes held; as many as there can't be, if there were more names than may be carried.
    pub(super) fn size(&self) -> usize {
        if self.over {
            return OVER;
        }
        self.iter().fold(0, |size, (key, value)| {
            total([size, key.len(), value.len()])
        })
    }
}

/// The log-probabilities of dropped chunks: lists are joined, for other members the last stands.
#[derive(Debug, Default)]
pub(super) struct Logprobs {
    /// Of a list: its elements, without brackets.
    lists: Vec<Entry>,
    others: Members,
    /// What is no object, and can't be joined.
    plain: Vec<u8>,
    size: usize,
}

impl Logprobs {
    pub(super) fn is_empty(&self) -> bool {
        self.lists.is_empty() && self.others.is_empty() && self.plain.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.lists.clear();
        self.others.clear();
        self.plain.clear();
        self.size = 0;
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        total([self.size, self.others.size(), self.plain.len()])
    }

    /// Takes over a chunk's `logprobs`, behind what is there, or before it if it is `older`.
    pub(super) fn take(&mut self, value: &[u8], older: bool) {
        let mut members = Vec::new();
        if !read_object(value, &mut members) {
            if !is_empty(value) && (!older || self.plain.is_empty()) {
                self.plain.clear();
                self.plain.extend_from_slice(value);
            }
            return;
        }
        for Member { key, value: span } in members {
            let (key, item) = (key.of(value), span.of(value));
            let [b'[', elements @ .., b']'] = item else {
                let known = self.others.find(0, key);
                let says = known.is_some_and(|at| !is_empty(&self.others.entries[at].value));
                if !(says && (older || is_empty(item))) {
                    self.others.set(0, key, item, 0);
                }
                continue;
            };
            let elements = elements.trim_ascii();
            self.size = total([self.size, elements.len()]).min(OVER);
            self.join(key, elements, older);
        }
    }

    fn join(&mut self, key: &[u8], elements: &[u8], older: bool) {
        let Some(entry) = self.lists.iter_mut().find(|entry| entry.key == key) else {
            if self.lists.len() == MAX_NAMES {
                self.size = OVER;
                return;
            }
            self.lists.push(Entry {
                key: key.to_vec(),
                value: elements.to_vec(),
                at: 0,
            });
            return;
        };
        if elements.is_empty() {
            return;
        }
        if entry.value.is_empty() {
            entry.value.extend_from_slice(elements);
        } else if older {
            let newer = std::mem::replace(&mut entry.value, elements.to_vec());
            entry.value.push(b',');
            entry.value.extend_from_slice(&newer);
        } else {
            entry.value.push(b',');
            entry.value.extend_from_slice(elements);
        }
    }

    /// Writes what `logprobs` becomes in a chunk that is given out: what is here in front of what
    /// it has itself.
    pub(super) fn write(&self, own: &[u8], out: &mut Vec<u8>) {
        let mut members = Vec::new();
        if !is_empty(own) && !read_object(own, &mut members) {
            out.extend_from_slice(own);
            return;
        }
        if members.is_empty() && self.lists.is_empty() && !self.plain.is_empty() {
            out.extend_from_slice(&self.plain);
            return;
        }
        let mut separator = b'{';
        let mut begin = |key: &[u8], out: &mut Vec<u8>| {
            out.extend_from_slice(&[separator, b'"']);
            out.extend_from_slice(key);
            out.extend_from_slice(b"\":");
            separator = b',';
        };
        for Member { key, value } in &members {
            let (key, item) = (key.of(own), value.of(own));
            begin(key, out);
            let entry = self.lists.iter().find(|entry| entry.key == key);
            match (entry, item) {
                (Some(entry), _) if is_empty(item) => write_list(&entry.value, b"", out),
                (Some(entry), [b'[', elements @ .., b']']) => {
                    write_list(&entry.value, elements.trim_ascii(), out);
                }
                _ => out.extend_from_slice(item),
            }
        }
        let has = |key: &[u8]| members.iter().any(|member| member.key.of(own) == key);
        for entry in self.lists.iter().filter(|entry| !has(&entry.key)) {
            begin(&entry.key, out);
            write_list(&entry.value, b"", out);
        }
        for (key, value) in self.others.iter() {
            if !has(key) && !self.lists.iter().any(|entry| entry.key == key) {
                begin(key, out);
                out.extend_from_slice(value);
            }
        }
        if separator == b'{' {
            out.push(b'{');
        }
        out.push(b'}');
    }
}

fn write_list(first: &[u8], second: &[u8], out: &mut Vec<u8>) {
    out.push(b'[');
    out.extend_from_slice(first);
    if !first.is_empty() && !second.is_empty() {
        out.push(b',');
    }
    out.extend_from_slice(second);
    out.push(b']');
}

/// The members of an object that was scanned before; false if it is none.
fn read_object(value: &[u8], out: &mut Vec<Member>) -> bool {
    let mut stack = Vec::new();
    value.first() == Some(&b'{')
        && Scanner::new(value, &mut stack).members(out) == Some(Span::new(0, value.len()))
}

/// What the dropped chunks of one choice said.
#[derive(Debug, Default)]
pub(super) struct Carry {
    pub(super) members: Members,
    pub(super) logprobs: Logprobs,
    /// A role that has not been said yet, as a JSON string.
    pub(super) role: Vec<u8>,
}

impl Carry {
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.logprobs.is_empty() && self.role.is_empty()
    }
    pub(super) fn clear(&mut self) {
        self.members.clear();
        self.logprobs.clear();
        self.role.clear();
    }
    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        total([self.members.size(), self.logprobs.size(), self.role.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(dropped: &[&str], own: &str) -> serde_json::Value {
        let mut logprobs = Logprobs::default();
        for value in dropped {
            logprobs.take(value.as_bytes(), false);
        }
        let mut out = Vec::new();
        logprobs.write(own.as_bytes(), &mut out);
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn lists_of_log_probabilities_are_joined_in_the_order_of_their_coming() {
        let dropped = [
            r#"{"content": [1, 2], "refusal": null}"#,
            "null",
            r#"{"content": [ ], "refusal": null}"#,
            r#"{"content": [3]}"#,
        ];
        let expected = serde_json::json!({"content": [1, 2, 3, 4], "refusal": null});
        assert_eq!(
            expected,
            joined(&dropped, r#"{"content": [4], "refusal": null}"#)
        );
        let expected = serde_json::json!({"content": [1, 2, 3], "refusal": null});
        for own in ["null", "", "{}"] {
            assert_eq!(expected, joined(&dropped, own));
        }
        let expected = serde_json::json!({"content": [1, 2, 3], "refusal": [5]});
        assert_eq!(
            expected,
            joined(&dropped, r#"{"content": null, "refusal": [5]}"#)
        );
    }

    #[test]
    fn what_is_older_is_put_in_front() {
        let mut logprobs = Logprobs::default();
        logprobs.take(br#"{"content":[2]}"#, false);
        logprobs.take(br#"{"content":[1]}"#, true);
        let mut out = Vec::new();
        logprobs.write(b"null", &mut out);
        assert_eq!(r#"{"content":[1,2]}"#, String::from_utf8(out).unwrap());
    }

    #[test]
    fn log_probabilities_of_a_kind_that_can_not_be_joined_stand() {
        let own = serde_json::json!([0.5]);
        assert_eq!(own, joined(&[r#"{"content": [1]}"#], "[0.5]"));
    }
}
