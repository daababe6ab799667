//! The core from outside: what the promises say, at every cut.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;

mod conformance;
mod cost;
mod errors;
mod gated;
mod malformed;
mod properties;
mod repaired;
mod tables;
