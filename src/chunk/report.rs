//! What happened in a stream, for whoever counts.

use super::failure::Code;

/// What happened in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// How often a value changed, in all choices.
    pub updates: u64,
    /// Repairs in all documents.
    pub repairs: u64,
    /// Bytes after the ends of documents that are neither white space nor a fence.
    pub trailing: u64,
    /// Events with data that came.
    pub events_in: u64,
    /// Events with data that went out.
    pub events_out: u64,
    /// Bytes that came.
    pub bytes_in: u64,
    /// Bytes that went out.
    pub bytes_out: u64,
    /// The code of the one error event; the upstream's own is not one of ours.
    pub error: Option<Code>,
    /// Did the upstream send an error event of its own?
    pub upstream_error: bool,
    /// Was there a document, and was every one closed?
    pub complete: bool,
}
