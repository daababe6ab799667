//! A stream of chat completion chunks, and the request that asks for it.

mod options;
mod request;

pub use options::{OptionError, StreamOptions};
pub use request::{Request, read_request};
