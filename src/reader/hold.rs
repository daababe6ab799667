//! Looking ahead: what is undecided, and the budget for it.

use super::repair::Rule;
use super::repair::ends::{Ends, Place, Plain, Verdict};
use super::repair::quotes::Mark;
use super::{Cursor, Reader};
use crate::count::Count;

impl Reader {
    #[inline]
    pub(super) fn record(&mut self, rule: Rule, at: usize) {
        self.log.record(rule, self.offset(at));
    }

    /// How much all looks together may have looked at when the reading has come to the cursor.
    pub(super) fn look_budget(&self, cursor: &Cursor<'_>) -> u64 {
        let read = self.offset(cursor.at);
        read.saturating_mul(16).saturating_add(65_536)
    }

    /// Counts what a look has looked at.
    #[inline]
    pub(super) fn spend(&mut self, length: usize) {
        self.spent.raise(length as u64);
    }

    /// How far a look may go: less when all looks together have looked at too much.
    pub(super) fn look_limit(&self, cursor: &Cursor<'_>) -> usize {
        if self.spent > self.look_budget(cursor) {
            self.limits.look_ahead.min(32)
        } else {
            self.limits.look_ahead
        }
    }

    /// Looks ahead from a quote behind a string that is well formed so far: does it close the
    /// string, and well-formed text follows? `None`: more text is needed; false: to be looked at.
    #[inline]
    pub(super) fn look_plainly(&mut self, cursor: &Cursor<'_>) -> Option<bool> {
        let limit = self.look_limit(cursor);
        let top = self.stack.last().copied();
        let answer = self.plain.decide(cursor.rest(), top, limit);
        if answer == Some(true) {
            self.spend(self.plain.reach());
            self.plain = Plain::default();
            #[cfg(debug_assertions)]
            assert_eq!(self.look_again(cursor), Some(Verdict::Close));
        }
        if answer.is_none() && self.ended {
            return Some(false);
        }
        answer
    }

    /// What the whole look says that `look_plainly` has answered.
    #[cfg(debug_assertions)]
    fn look_again(&mut self, cursor: &Cursor<'_>) -> Option<Verdict> {
        let spent = self.spent;
        self.ends = Ends::new(1);
        let verdict = self.look(cursor, Some(Mark::Double), false);
        self.spent = spent;
        verdict
    }

    /// Looks ahead from the cursor: does the value end here? `None`: more text is needed.
    pub(super) fn look(
        &mut self,
        cursor: &Cursor<'_>,
        mark: Option<Mark>,
        scalar: bool,
    ) -> Option<Verdict> {
        let place = Place {
            stack: &self.stack,
            inner: self.open.inner,
            clean: !self.open.dirty,
            mark,
            before: [self.open.earlier, self.open.before],
            scalar,
            limit: self.look_limit(cursor),
            white_space: self.limits.white_space,
            ended: self.ended,
        };
        let verdict = self.ends.decide(cursor.rest(), &place)?;
        self.spend(self.ends.reach());
        self.ends = Ends::default();
        self.plain = Plain::default();
        Some(verdict)
    }

    /// As `look`, for a value without quotes that ends before `at`.
    pub(super) fn look_from(&mut self, cursor: &Cursor<'_>, at: usize) -> Option<Verdict> {
        if self.ends.reach() < at {
            self.ends = Ends::new(at);
        }
        self.look(cursor, None, false)
    }
}
