//! Bytes ⇄ server-sent events, by the rules of the WHATWG ("9.2.6 Interpreting an event stream").
//!
//! [`Framer`] finds the blocks of an event stream at any cut, in linear time. A [`Block`] knows
//! both what a client would dispatch (event type, data) and the bytes it was written as, so that
//! one that passes is passed byte for byte. No JSON is known here.
//!
//! - A line ends at LF, CRLF or CR, and at nothing else. A CR at the end of a read ends its line
//!   at once; an LF that follows belongs to it and comes out as [`Frame::LineFeed`].
//! - One BOM at the beginning of the stream is a frame of its own, so that no block carries it to
//!   a place where it would be text.
//! - Data is cut out before it is decoded, so an overlong line feed is no line end. [`decode`]
//!   replaces invalid UTF-8 as the WHATWG says.
//! - Lines and blocks have limits; memory is at most one unfinished block, and none where blocks
//!   arrive whole.

#![allow(
    clippy::indexing_slicing,
    reason = "lines and blocks were found in the same bytes a moment ago; the relation `sse` tries any bytes"
)]

mod block;
mod framer;
mod write;

pub use block::{Block, Line, Lines, decode};
pub use framer::{Frame, Framer, Reader};
pub use write::{
    line_end, write_blank, write_comment, write_event, write_with_data, write_without_data,
};
