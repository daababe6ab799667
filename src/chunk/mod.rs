//! A stream of chat completion chunks, and the request that asks for it.
//!
//! - [`Transformer`]: one response, bytes in, bytes out. It finds events ([`crate::sse`]) and
//!   spans in them, asks the session, and writes.
//! - [`Session`]: the decisions for one response. The object form of a stream drives it directly.
//! - [`Channel`]: the decisions for one JSON text.
//! - [`ChunkOptions`], [`Code`] and [`Failure`]: what is asked for, and what can go wrong.

mod carry;
mod channel;
mod closing;
mod edit;
mod envelope;
mod failure;
mod machine;
mod options;
mod pace;
mod pending;
mod report;
mod request;
mod rewriter;
mod scan;
mod session;
mod settings;
mod text;
mod transformer;

pub use channel::{Action, Channel, Content, Facts, Finish, Held, Status, Verdict};
pub use failure::{Code, Failure};
pub use options::{OptionError, StreamOptions};
pub use pace::Pace;
pub use report::Report;
pub use request::{Request, read_request};
pub use session::{End, Ending, Final, MAX_CHOICES, Phase, Session};
pub use settings::ChunkOptions;
pub use transformer::Transformer;
