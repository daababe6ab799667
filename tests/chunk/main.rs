//! A stream of chat completion chunks, rule by rule, cut at every byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may panic

mod calls;
mod calls_random;
mod ends;
mod hostile;
mod kept;
mod pace;
mod patch;
mod random;
mod recorded;
mod reference;
mod rules;
mod said;
mod said_random;
mod schema;
#[path = "../common/random.rs"]
#[allow(
    dead_code,
    reason = "one source for all tests; here a part of it is used"
)]
mod seeded;
mod support;
