//! Members that a repaired bracket puts where they may not belong: one of a name that is there
//! already is left out, since it would replace what was shown.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::Rule;
use crate::event::Sink;
use crate::reader::unescape::Unescape;
use crate::reader::{Cursor, Reader};

/// An object that a repaired bracket has gone back to, and the names in it.
#[derive(Debug)]
struct Object {
    /// How many containers were open in it, itself included.
    level: usize,
    /// `None`: there was no budget left to read them. Any member may be one of them.
    names: Option<HashSet<u64>>,
}

/// The objects of this kind, and the member that is left out.
#[derive(Debug, Default)]
pub(in crate::reader) struct Members {
    objects: Vec<Object>,
    hasher: RandomState,
    /// While a member is left out: how many containers are open around it. Otherwise 0.
    left_out: usize,
}

impl Members {
    fn name(&self, raw: &[u8]) -> u64 {
        self.hasher.hash_one(Unescape::default().push(raw))
    }

    /// Is the member that is read left out?
    #[inline]
    pub(in crate::reader) fn is_left_out(&self) -> bool {
        self.left_out > 0
    }

    /// A value has ended, and so many containers are open; true if a left-out member ended with it.
    #[inline]
    pub(in crate::reader) fn value_ended(&mut self, level: usize) -> bool {
        let ended = self.left_out > 0 && self.left_out == level;
        if ended {
            self.left_out = 0;
        }
        ended
    }

    /// A container was closed, and so many are open. The root may be gone on with.
    #[inline]
    pub(in crate::reader) fn closed(&mut self, level: usize) {
        while self
            .objects
            .last()
            .is_some_and(|object| object.level > level.max(1))
        {
            self.objects.pop();
        }
    }
}

impl Reader {
    /// A repaired bracket went back to the innermost object. Its names are read from the text that
    /// is shown, within the budget of all looks; where that is spent, what follows is left out.
    pub(in crate::reader) fn go_back_to_object<S: Sink>(&mut self, cursor: &Cursor<'_>, sink: &S) {
        let level = self.stack.len();
        let known = self
            .members
            .objects
            .last()
            .is_some_and(|object| object.level == level);
        if known || !self.in_object() || self.members.is_left_out() {
            return;
        }
        let budget = self.look_budget(cursor).saturating_sub(self.spent);
        let most = usize::try_from(budget).unwrap_or(usize::MAX);
        let mut names = HashSet::new();
        let length = sink.names(most, &mut |raw| {
            names.insert(self.members.name(raw));
        });
        self.spend(length);
        let names = (length < most).then_some(names);
        self.members.objects.push(Object { level, names });
    }

    /// After a key and its colon: is there a member of that name already?
    pub(in crate::reader) fn begin_member(&mut self, cursor: &Cursor<'_>) {
        let name = self.members.name(self.pending.last_key());
        let level = self.stack.len();
        let Some(object) = self.members.objects.last_mut() else {
            return;
        };
        let is_new = |names: &mut HashSet<u64>| names.insert(name);
        if object.level == level && !object.names.as_mut().is_some_and(is_new) {
            self.record(Rule::RepeatedMember, cursor.at);
            self.pending.drop_key();
            self.members.left_out = level;
        }
    }

    /// Is there an object whose names have to be looked at?
    #[inline]
    pub(in crate::reader) fn watches_members(&self) -> bool {
        !self.members.objects.is_empty() && !self.members.is_left_out()
    }
}
