//! A stream of chat completion chunks, and the request that asks for it.
//!
//! - [`Transformer`]: one response, bytes in, bytes out: `feed`, `finish`, `fail`, `report`; for
//!   who paces itself `push`, `pull`, `is_pending`; for a stream that is thinned by time
//!   `set_time`, `flush_due`. It finds blocks ([`crate::sse`]), a machine asks the session what
//!   becomes of each, a rewriter finds spans in its data and writes.
//! - [`Session`]: the decisions for one response. The object form of a stream drives it directly.
//! - [`Channel`]: the decisions for one JSON text: of a choice's content, of a tool call.
//! - [`Repeats`]: events that repeat an earlier one but for its text, for who builds objects.
//! - [`ChunkOptions`], [`Mode`], [`Pace`], [`Code`] and [`Failure`]: what is asked for, and what can go
//!   wrong.
//!
//! What is carried from dropped chunks, held, or waits, is bounded by `Limits::event` in all.

#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "spans and places were found in the same bytes a moment ago; the relation `chunks` tries any bytes"
)]

mod calls;
mod carry;
mod channel;
mod choice;
mod closing;
mod edit;
mod envelope;
mod failure;
mod guess;
mod held;
mod machine;
mod options;
mod pace;
mod patched;
mod pending;
mod repeats;
mod report;
mod request;
mod rewriter;
mod scan;
mod session;
mod settings;
mod transformer;
mod verdict;

pub use calls::{CallPiece, CallVerdict, CallView, MAX_CALLS, Made};
pub use channel::Channel;
pub use failure::{Code, Failure};
pub use options::{Asked, OptionError, StreamOptions};
pub use pace::Pace;
pub use repeats::{Event, Repeats, Strings};
pub use report::Report;
pub use request::{Request, read_request};
pub use session::{End, Ending, Final, MAX_CHOICES, Phase, Place, Session};
pub use settings::{ChunkOptions, Mode};
pub use transformer::Transformer;
pub use verdict::{Action, Content, Facts, Finish, Held, Status, Verdict};
