//! Events → what a user sees. Knows nothing of malformed text.
//!
//! - [`SnapshotView`]: the text of what is visible. It grows with every delta.
//! - [`Operations`], [`Patch`] (the same as text), [`Settled`], and whoever builds objects of a language: they read that text
//!   with a [`Tail`] when somebody looks at them, and nobody else pays for them.

mod names;
mod operations;
mod patch;
mod place;
mod settled;
mod snapshot;
mod tail;

pub use crate::text::unescape;
pub use operations::{Change, Operation, Operations};
pub use patch::Patch;
pub use settled::Settled;
pub use snapshot::{Form, SnapshotView, Style};
pub use tail::Tail;
pub(crate) use tail::inside_length;
