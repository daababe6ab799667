//! Events → what a user sees. Knows nothing of malformed text.

mod snapshot;

pub use snapshot::{Form, SnapshotView, Style};
