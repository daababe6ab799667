//! Which updates are worth sending. Nothing here reads a clock: who paces by time passes it in.

/// Sent before a budget is asked for.
const FREE: u64 = 1 << 20;
/// After this many milliseconds without a snapshot the next one goes out, whatever the budget.
const PATIENCE: u64 = 1_000;

/// How a stream is thinned. By default it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace {
    /// A snapshot goes out if those sent for its choice stay under 1 MiB and so many times the
    /// bytes of its text, or if the last one went out a second ago or more.
    pub max_amplification: Option<u64>,
    /// At most one snapshot of a choice in so many milliseconds. Counts only where time is told.
    pub every_ms: Option<u64>,
}

/// What was sent of one choice.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    bytes: u64,
    /// When the last snapshot went out.
    at: Option<u64>,
}

impl Pace {
    /// May a snapshot of this length go out? `text`: the bytes of the choice's text so far;
    /// `now`: milliseconds of any clock that does not go back.
    pub(super) fn allows(&self, sent: &Sent, length: usize, text: u64, now: Option<u64>) -> bool {
        let ago = match (now, sent.at) {
            (Some(now), Some(at)) => Some(now.saturating_sub(at)),
            _ => None,
        };
        let rested = |least: u64| ago.is_none_or(|ago| ago >= least);
        if self.every_ms.is_some_and(|every| !rested(every)) {
            return false;
        }
        self.affords(sent, length, text) || ago.is_some_and(|ago| ago >= PATIENCE)
    }

    /// When a snapshot that may not go out now may do so by the passing of time alone; `None`
    /// where no time was told.
    pub(super) fn due_at(&self, sent: &Sent, length: usize, text: u64) -> Option<u64> {
        let at = sent.at?;
        let interval = at.saturating_add(self.every_ms.unwrap_or(0));
        let patience = at.saturating_add(PATIENCE);
        Some(if self.affords(sent, length, text) {
            interval
        } else {
            interval.max(patience)
        })
    }

    /// Is the snapshot within the budget?
    fn affords(&self, sent: &Sent, length: usize, text: u64) -> bool {
        self.max_amplification.is_none_or(|times| {
            let budget = FREE.saturating_add(times.saturating_mul(text));
            sent.bytes.saturating_add(length as u64) <= budget
        })
    }
}

impl Sent {
    pub(super) fn add(&mut self, length: usize, now: Option<u64>) {
        self.bytes = self.bytes.saturating_add(length as u64);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_options_everything_may_go_out() {
        let mut sent = Sent::default();
        sent.add(usize::MAX, Some(5));
        assert!(Pace::default().allows(&sent, usize::MAX, 0, Some(5)));
    }

    #[test]
    fn a_budget_grows_with_the_text_and_patience_ends() {
        let pace = Pace {
            max_amplification: Some(2),
            every_ms: None,
        };
        let mut sent = Sent::default();
        assert!(pace.allows(&sent, 1 << 20, 0, None));
        sent.add(1 << 20, Some(100));
        assert!(!pace.allows(&sent, 1, 0, Some(1_099)));
        assert!(pace.allows(&sent, 1, 0, Some(1_100)));
        assert!(
            !pace.allows(&sent, 1, 0, None),
            "without a clock only the budget counts"
        );
        assert!(pace.allows(&sent, 200, 100, None));
        assert!(!pace.allows(&sent, 201, 100, None));
    }

    #[test]
    fn an_interval_counts_from_the_last_snapshot() {
        let pace = Pace {
            max_amplification: None,
            every_ms: Some(50),
        };
        let mut sent = Sent::default();
        assert!(pace.allows(&sent, 1, 1, Some(7)));
        sent.add(1, Some(7));
        assert!(!pace.allows(&sent, 1, 1, Some(56)));
        assert!(pace.allows(&sent, 1, 1, Some(57)));
        assert!(pace.allows(&sent, 1, 1, None));
    }
}
