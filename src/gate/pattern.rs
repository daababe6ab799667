//! How large a pattern is, before anybody compiles it.
//!
//! What a pattern costs, in time for each byte of a text and in memory, goes by the number of its
//! states. `a{1000}` has a thousand, and `(a{1000}){1000}` a million.

/// A pattern of more states is compiled by nobody, so it counts no more than this.
const MOST: u64 = 1 << 11;

/// A group that is open: the states in it so far, and those of what stands last in it.
#[derive(Default)]
struct Group {
    states: u64,
    last: u64,
}

impl Group {
    fn add(&mut self, states: u64) {
        self.states = self.states.saturating_add(states);
        self.last = states;
    }

    /// What stands last is there so many times.
    fn repeat(&mut self, times: u64) {
        let more = self.last.saturating_mul(times.saturating_sub(1));
        self.states = self.states.saturating_add(more);
        self.last = self.last.saturating_add(more);
    }
}

/// About how many states a pattern has at most; classes count one. Cost: O(pattern).
pub(super) fn states(pattern: &str) -> u64 {
    let mut open: Vec<Group> = Vec::new();
    let mut group = Group::default();
    let mut rest = pattern.chars();
    while let Some(next) = rest.next() {
        match next {
            '(' => open.push(std::mem::take(&mut group)),
            ')' => {
                let states = group.states.saturating_add(1);
                group = open.pop().unwrap_or_default();
                group.add(states);
            }
            '[' => {
                class(&mut rest);
                group.add(1);
            }
            '{' => match repetitions(rest.as_str()) {
                Some((times, length)) => {
                    group.repeat(times);
                    rest = rest.as_str().get(length..).unwrap_or_default().chars();
                }
                None => group.add(1),
            },
            '\\' => {
                rest.next();
                group.add(1);
            }
            '*' | '+' | '?' => group.states = group.states.saturating_add(1),
            _ => group.add(1),
        }
    }
    // A group that is not closed is in no pattern that can be compiled.
    let inner = open.iter().map(|group| group.states);
    inner.fold(group.states, u64::saturating_add).min(MOST)
}

/// Reads to the end of a class.
fn class(rest: &mut std::str::Chars<'_>) {
    while let Some(next) = rest.next() {
        match next {
            '\\' => _ = rest.next(),
            ']' => return,
            _ => {}
        }
    }
}

/// `3}`, `3,}` or `3,7}`: how many times at most, each counted, and how long it is.
fn repetitions(rest: &str) -> Option<(u64, usize)> {
    // Longer numbers are in no pattern that can be compiled; and each brace is looked at once.
    let end = rest.bytes().take(48).position(|byte| byte == b'}')?;
    let inside = rest.get(..end)?;
    let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
    let number = |text: &str| match text.trim() {
        "" => Some(0),
        text if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(text.parse().unwrap_or(u64::MAX))
        }
        _ => None,
    };
    let times = number(least)?.saturating_add(1).max(number(most)?);
    Some((times, inside.len().saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_about_as_many_states_as_it_repeats_characters() {
        for (pattern, least, most) in [
            ("", 0, 0),
            ("abc", 3, 3),
            ("^[a-z\\]]+$", 3, 5),
            ("a{900}", 900, 902),
            ("a{2,900}b", 901, 903),
            ("a{900,}", 900, 902),
            ("(ab|c){10}", 30, 60),
            ("((a{10}){10}){10}", 1_000, 1_700),
            ("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{12}$", 26, 32),
            ("\\d{3}\\{2\\}", 6, 8),
            ("\\p{L}+", 4, 6),
            ("a{", 2, 2),
            ("a{x}", 2, 5),
            ("a{ 5 }", 5, 6),
            ("((((", 0, 0),
            ("))))", 4, 8),
            ("(a{1000}){1000}", MOST, MOST),
            ("a{99999999999999999999999}", MOST, MOST),
        ] {
            let states = states(pattern);
            assert!((least..=most).contains(&states), "{pattern}: {states}");
        }
    }

    #[test]
    fn a_long_pattern_takes_linear_time_and_no_call_stack() {
        let began = std::time::Instant::now();
        for unit in ["(", "[", "{", "a{9", "\\", "(a{2}", "a{,", "{{{{}"] {
            let _ = states(&unit.repeat(200_000));
        }
        assert!(began.elapsed().as_secs() < 10);
    }
}
