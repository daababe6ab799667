//! Chunks that are due at the end of a stream and that the upstream did not send.

use super::carry::PADDING;
use super::rewriter::Rewriter;
use super::scan::{Member, is_empty};
use super::session::{Final, Session};
use crate::sse;

/// What every chunk of a stream says: the names it goes by.
const NAMES: &[&[u8]] = &[
    b"id",
    b"object",
    b"created",
    b"model",
    b"system_fingerprint",
    b"service_tier",
    b"provider",
];
/// Names longer than this are left out.
const MAX_NAME: usize = 1 << 10;

/// The names a stream began with, as members of an object.
#[derive(Debug, Default)]
pub(super) struct Template {
    members: Vec<u8>,
    learnt: bool,
}

impl Template {
    /// Takes the names from the first chunk that has choices.
    #[inline]
    pub(super) fn learn(&mut self, text: &[u8], members: &[Member]) {
        if !self.learnt {
            self.learnt = true;
            self.read(text, members);
        }
    }

    fn read(&mut self, text: &[u8], members: &[Member]) {
        for Member { key, value } in members {
            let (key, value) = (key.of(text), value.of(text));
            if NAMES.contains(&key) && value.len() <= MAX_NAME && !is_empty(value) {
                member(&mut self.members, key, value);
            }
        }
    }

    /// Writes an event for each choice that is due or for which something is still carried, and
    /// one without choices for what is carried for none; says how many.
    pub(super) fn close(
        &self,
        session: &Session,
        rewriter: &Rewriter,
        finals: &[Final],
        out: &mut Vec<u8>,
    ) -> u64 {
        let mut top = self.members.clone();
        let said = |key: &[u8]| NAMES.contains(&key) || PADDING.contains(&key);
        let mut rest = rewriter
            .top()
            .iter()
            .filter(|(key, _)| !said(key))
            .peekable();
        let mut due = rest.peek().is_some();
        rest.for_each(|(key, value)| member(&mut top, key, value));
        let mut events = 0;
        for (place, (index, _)) in session.channels().enumerate() {
            let last = finals.iter().find(|last| last.index == index);
            let carry = rewriter.carry(place);
            let carried =
                carry.is_some_and(|carry| !carry.members.is_empty() || !carry.logprobs.is_empty());
            if last.is_none() && !carried {
                continue;
            }
            let mut data = object(if due { &top } else { &self.members });
            due = false;
            data.extend_from_slice(
                format!("\"choices\":[{{\"index\":{index},\"delta\":{{").as_bytes(),
            );
            write_delta(session, rewriter, place, &mut data);
            data.extend_from_slice(b"}");
            if let Some(carry) = carry {
                if !carry.logprobs.is_empty() {
                    data.extend_from_slice(b",\"logprobs\":");
                    carry.logprobs.write(b"", &mut data);
                }
                carry.members.iter().for_each(|(key, value)| {
                    data.push(b',');
                    member(&mut data, key, value);
                    data.pop();
                });
            }
            data.extend_from_slice(b",\"finish_reason\":null");
            if let Some(last) = last {
                data.extend_from_slice(b",\"json_status\":");
                last.status.write_json(&mut data);
            }
            data.extend_from_slice(b"}]}");
            sse::write_event(&data, out);
            events += 1;
        }
        if due {
            let mut data = object(&top);
            data.extend_from_slice(b"\"choices\":[]}");
            sse::write_event(&data, out);
            events += 1;
        }
        events
    }
}

fn write_delta(session: &Session, rewriter: &Rewriter, place: usize, data: &mut Vec<u8>) {
    if let Some(carry) = rewriter.carry(place).filter(|carry| !carry.role.is_empty()) {
        member(data, b"role", &carry.role);
    }
    data.extend_from_slice(b"\"content\":\"");
    if session.write_snapshot(place, data) {
        data.push(b'"');
    } else {
        data.pop();
        data.extend_from_slice(b"null");
    }
}

fn object(members: &[u8]) -> Vec<u8> {
    [b"{", members].concat()
}

/// Writes a member and the comma behind it.
fn member(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(key);
    out.extend_from_slice(b"\":");
    out.extend_from_slice(value);
    out.push(b',');
}
