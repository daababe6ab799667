//! What reading costs.

use std::time::{Duration, Instant};

use wholejson::{Aggregator, Limits, Options};

use super::Input;

/// The length of the shorter text.
const SHORT: usize = 12 << 10;
/// What the longer text may take whatever the shorter one took: below it a clock says nothing.
const ENOUGH: Duration = Duration::from_millis(25);

/// The time that this thread has run, where the system tells it (Linux), so that other work on the
/// machine does not count; else the time of the clock.
fn now(start: Instant) -> Duration {
    std::thread::yield_now();
    let ran = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let ran = ran.and_then(|line| line.split(' ').next()?.parse().ok());
    ran.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// A text: a head, and a unit again and again.
struct Text<'a> {
    head: &'a [u8],
    unit: &'a [u8],
    piece: usize,
    options: Options,
}

impl Text<'_> {
    fn took(&self, length: usize) -> Duration {
        let mut text = self.head.to_vec();
        while text.len() < length {
            text.extend_from_slice(self.unit);
        }
        let start = Instant::now();
        let before = now(start);
        let mut aggregator = Aggregator::new(self.options);
        for delta in text.chunks(self.piece) {
            let _ = aggregator.feed(delta);
        }
        let _ = aggregator.finish();
        // What is shown is no longer than the text written anew: six characters for one at most.
        let shown = aggregator.view().len();
        assert!(shown <= 6 * text.len() + 64, "{shown} of {}", text.len());
        now(start).saturating_sub(before)
    }
}

/// A text that is eight times as long takes no more than twenty times as long (sixty-four times, if
/// reading were quadratic), in small pieces and large ones, and comes to its end.
pub(super) fn each_byte_costs_the_same(data: &[u8]) {
    let Some(mut input) = Input::new(data) else {
        return;
    };
    if input.text.len() < 2 || input.text.len() > 256 {
        return;
    }
    let (head, unit) = input.text.split_at(input.random.below(input.text.len()));
    let limits = Limits {
        depth: usize::MAX,
        digits: usize::MAX,
        white_space: usize::MAX,
        ..Limits::DEFAULT
    };
    let text = Text {
        head,
        unit,
        piece: input.random.pick(&[1, 4, 60, 9000]),
        options: Options {
            limits,
            ..input.options
        },
    };
    // A busy machine may disturb a measurement, but not six in a row.
    let mut worst = (Duration::ZERO, Duration::ZERO);
    for _ in 0..6 {
        let long = text.took(8 * SHORT);
        if long < ENOUGH {
            return;
        }
        let short = text.took(SHORT);
        if long < short * 20 {
            return;
        }
        worst = (short, long);
    }
    panic!("8 × the text: {:?}, then {:?}", worst.0, worst.1);
}
