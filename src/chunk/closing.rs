//! Chunks that are due at the end of a stream and that the upstream did not send.

use super::calls::{Made, write_calls};
use super::carry::Carry;
use super::channel::Channel;
use super::rewriter::Rewriter;
use super::scan::{Member, is_empty};
use super::session::{Final, Session};
use crate::count::Count;
use crate::sse;

/// What every chunk of a stream says: the names it goes by.
pub(super) const NAMES: &[&[u8]] = &[
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
        session: &mut Session,
        rewriter: &Rewriter,
        finals: &[Final],
        out: &mut Vec<u8>,
    ) -> u64 {
        let mut rest = self.rest(rewriter);
        let mut events = 0_u64;
        let mut write = |rest: &mut Option<Vec<u8>>, choices: &[u8]| {
            let rest = rest.take().unwrap_or_default();
            let data = [
                b"{",
                &self.members[..],
                &rest,
                b"\"choices\":[",
                choices,
                b"]}",
            ]
            .concat();
            sse::write_event(&data, out);
            events.raise(1);
        };
        let indexes: Vec<u64> = session.channels().map(|(index, _)| index).collect();
        for (place, index) in indexes.into_iter().enumerate() {
            let last = finals.iter().any(|last| last.index == index);
            let carry = rewriter.carry(place).filter(|carry| !carry.is_empty());
            if last || carry.is_some() {
                let mut choice = Vec::new();
                write_choice(
                    session,
                    rewriter.carry(place),
                    (index, place),
                    last.then_some(Made::Last),
                    &mut choice,
                );
                write(&mut rest, &choice);
            }
        }
        if rest.is_some() {
            write(&mut rest, b"");
        }
        events
    }

    /// Writes the snapshot of one choice in a chunk of its own, with all that is carried.
    pub(super) fn update(
        &self,
        session: &mut Session,
        rewriter: &mut Rewriter,
        (index, made): (u64, Made),
        out: &mut Vec<u8>,
    ) {
        let Some(place) = session.place(index) else {
            return;
        };
        rewriter.merge_held(place);
        let rest = self.rest(rewriter).unwrap_or_default();
        let mut choice = Vec::new();
        write_choice(
            session,
            rewriter.carry(place),
            (index, place),
            Some(made),
            &mut choice,
        );
        let data = [
            b"{",
            &self.members[..],
            &rest,
            b"\"choices\":[",
            &choice,
            b"]}",
        ]
        .concat();
        sse::write_event(&data, out);
        rewriter.carried_out(place);
    }

    /// What is still carried for no choice, but for names: as members of an object.
    fn rest(&self, rewriter: &Rewriter) -> Option<Vec<u8>> {
        let mut rest = Vec::new();
        for (key, value) in rewriter
            .top()
            .iter()
            .filter(|(key, _)| !NAMES.contains(key))
        {
            member(&mut rest, key, value);
        }
        (!rest.is_empty()).then_some(rest)
    }
}

fn write_choice(
    session: &mut Session,
    carry: Option<&Carry>,
    (index, place): (u64, usize),
    made: Option<Made>,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(format!("{{\"index\":{index},\"delta\":{{").as_bytes());
    if let Some(carry) = carry.filter(|carry| !carry.role.is_empty()) {
        member(out, b"role", &carry.role);
    }
    out.extend_from_slice(b"\"content\":\"");
    let told = |channel: &Channel| made.is_none_or(|made| made.takes(channel));
    let told = session.text(place).is_some_and(told);
    match made {
        Some(_) if told => session.give(place),
        Some(_) => {}
        None => session.take_content(place),
    }
    if told && session.write_content(place, out) {
        out.extend_from_slice(b"\",");
    } else {
        out.pop();
        out.extend_from_slice(b"null,");
    }
    if let Some(made) = made {
        write_calls(session, place, made, out);
    }
    out.pop();
    out.extend_from_slice(b"},");
    if let Some(carry) = carry {
        if !carry.logprobs.is_empty() {
            out.extend_from_slice(b"\"logprobs\":");
            carry.logprobs.write(b"", out);
            out.push(b',');
        }
        for (key, value) in carry.members.iter() {
            member(out, key, value);
        }
    }
    out.extend_from_slice(b"\"finish_reason\":null");
    if made == Some(Made::Last) && session.has_status(place) {
        out.extend_from_slice(b",\"json_status\":");
        session.write_status(place, out);
    }
    out.push(b'}');
}

/// Writes a member and the comma behind it.
fn member(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(key);
    out.extend_from_slice(b"\":");
    out.extend_from_slice(value);
    out.push(b',');
}
