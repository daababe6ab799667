//! Every chunk is whole JSON: streamed JSON text in, complete and valid partial documents out.

#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::string_slice)]
// Tests may count as they like: what overflows in them fails.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod aggregator;
pub mod chunk;
mod count;
mod error;
mod event;
mod gate;
mod limits;
mod reader;
mod schema;
pub mod sse;
mod text;
pub mod view;

pub use aggregator::{Aggregator, Options, Repair, Root};
pub use error::{Category, Error, Kind};
pub use event::{Container, Event, Sink};
pub use limits::Limits;
pub use schema::{Fault, Judged, PointerError, Schema};
pub use view::{Form, Style};
