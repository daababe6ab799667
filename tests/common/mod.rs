//! What the tests of the core share: the slow version, trees of values, documents, and drivers.
#![allow(dead_code, reason = "each test binary uses a part of what they share")]

pub(crate) mod data;
pub(crate) mod documents;
pub(crate) mod drive;
mod grammar;
pub(crate) mod model;
pub(crate) mod random;
pub(crate) mod rebuild;
pub(crate) mod tree;
