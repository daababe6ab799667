//! Reader, views, and "did it change?": the one object that the rest of the world holds.

use crate::error::Error;
use crate::event::Sink;
use crate::limits::Limits;
use crate::view::{Form, SnapshotView, Style};

/// What the document may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Root {
    /// The first object or array.
    #[default]
    Auto,
    /// The first object.
    Object,
    /// The first array.
    Array,
    /// A scalar too, where nothing but white space, a fence or a think block surrounds it.
    Any,
}

/// How a document is read and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What the document may be.
    pub root: Root,
    /// Malformed text is repaired; without it, refused.
    pub repair: bool,
    /// How snapshots separate their items.
    pub style: Style,
    /// Where snapshots will stand.
    pub form: Form,
    /// What the stream may cost.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            root: Root::Auto,
            repair: true,
            style: Style::Spaced,
            form: Form::Plain,
            limits: Limits::DEFAULT,
        }
    }
}

/// One departure from the document as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repair {
    /// The stable name of the rule.
    pub kind: &'static str,
    /// One line for people.
    pub description: &'static str,
    /// Bytes of UTF-8 from the beginning of the text.
    pub offset: u64,
}

/// One document, read as it arrives.
#[derive(Debug)]
pub struct Aggregator {
    view: SnapshotView,
}

impl Aggregator {
    /// A new document.
    pub fn new(options: Options) -> Self {
        Self {
            view: SnapshotView::new(options.style, options.form),
        }
    }
    /// Reads bytes, cut anywhere; says whether the value changed.
    pub fn feed(&mut self, delta: &[u8]) -> Result<bool, Error> {
        self.feed_with(delta, &mut ())
    }
    /// As `feed`, for text that may hold surrogates, each written as three bytes (WTF-8).
    /// A low half joins a high half at the end of the delta before.
    pub fn feed_wtf8(&mut self, _delta: &[u8]) -> Result<bool, Error> {
        Ok(false)
    }
    /// As `feed`, and tells the events to another sink as well.
    pub fn feed_with<S: Sink>(&mut self, _delta: &[u8], _sink: &mut S) -> Result<bool, Error> {
        Ok(false)
    }
    /// The input has ended; says whether the value changed.
    pub fn finish(&mut self) -> Result<bool, Error> {
        Ok(false)
    }
    /// Is there anything to show?
    pub fn has_value(&self) -> bool {
        !self.view.is_empty()
    }
    /// Appends the snapshot; false if nothing is visible yet. Cost: one copy.
    pub fn write_snapshot(&self, out: &mut Vec<u8>) -> bool {
        self.view.write(out);
        self.has_value()
    }
    /// The view that snapshots are written from.
    pub fn view(&self) -> &SnapshotView {
        &self.view
    }
    /// Was the document itself closed? Final after `finish`; false after an error.
    pub fn is_complete(&self) -> bool {
        false
    }
    /// Has the document ended, so that nothing more can become visible?
    pub fn is_closed(&self) -> bool {
        false
    }
    /// What was repaired: a bounded list.
    pub fn repairs(&self) -> &[Repair] {
        &[]
    }
    /// How many repairs there were, the unlisted ones too.
    pub fn repair_count(&self) -> u64 {
        0
    }
    /// Bytes after the end of the document that are neither white space nor a fence.
    pub fn trailing(&self) -> u64 {
        0
    }
    /// The error that ended the reading.
    pub fn error(&self) -> Option<Error> {
        None
    }
}
