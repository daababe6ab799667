//! One choice of a response: its own text, and its tool calls.

use super::calls::Calls;
use super::channel::Channel;
use super::failure::Failure;
use super::verdict::Status;

#[derive(Debug)]
pub(super) struct Choice {
    pub(super) index: u64,
    pub(super) channel: Channel,
    pub(super) calls: Calls,
}

impl Choice {
    pub(super) fn channels(&self) -> impl Iterator<Item = &Channel> {
        let calls = self.calls.list.iter().map(|call| &call.channel);
        std::iter::once(&self.channel).chain(calls)
    }

    pub(super) fn is_owed(&self) -> bool {
        self.channels().any(Channel::is_owed)
    }

    /// The stream has ended; says whether a chunk is due that tells of it.
    pub(super) fn end(&mut self, broken: Option<&Failure>) -> bool {
        let calls = self.calls.end(broken);
        if self.channel.is_ended() {
            return calls;
        }
        match broken {
            Some(failure) => {
                self.channel.fail(failure.clone());
                true
            }
            None => {
                let due = self.channel.end();
                due || calls || self.channel.failure().is_some()
            }
        }
    }

    /// Its `json_status`, if it has one of its own.
    pub(super) fn status(&self) -> Option<Status> {
        let status = self.channel.status();
        (!self.channel.is_excused() || status.error.is_some()).then_some(status)
    }

    pub(super) fn failure(&self) -> Option<&Failure> {
        self.channel.failure()
    }

    /// Did its text fail, and every tool call?
    pub(super) fn is_failed(&self) -> bool {
        self.failure().is_some() && self.calls.are_failed()
    }
}
