//! Reader, views, and "did it change?": the one object that the rest of the world holds.

use crate::error::{Error, Kind};
use crate::event::{Event, Sink};
use crate::gate::Gate;
use crate::limits::Limits;
use crate::reader::Reader;
use crate::reader::repair::Rule;
use crate::schema::Schema;
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

impl Repair {
    /// The closed set of kinds, each with its description.
    pub fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
        Rule::ALL
            .iter()
            .map(|rule| (rule.code(), rule.description()))
    }
}

/// One document, read as it arrives.
///
/// Time is O(length of the delta) for each call; memory is at most three times the document.
#[derive(Debug)]
pub struct Aggregator {
    reader: Reader,
    view: SnapshotView,
    gate: Option<Box<Gate>>,
    /// Did what is shown change since the last call? Where nothing is held back, the reader knows.
    changed: bool,
    finished: bool,
    error: Option<Error>,
    changed_before_error: bool,
}

impl Aggregator {
    /// A new document.
    pub fn new(options: Options) -> Self {
        Self {
            reader: Reader::new(options.root, options.repair, options.limits),
            view: SnapshotView::new(options.style, options.form),
            gate: None,
            changed: false,
            finished: false,
            error: None,
            changed_before_error: false,
        }
    }

    /// Shows the values that the schema says so only whole; for a document that has not begun.
    /// The root is that of the options.
    #[must_use]
    pub fn gated(mut self, schema: &Schema) -> Self {
        let rules = schema.rules().cloned();
        self.gate = rules.map(|rules| Box::new(Gate::new(rules)));
        self
    }

    /// Reads bytes, cut anywhere; says whether the value changed.
    pub fn feed(&mut self, delta: &[u8]) -> Result<bool, Error> {
        self.ready()?;
        self.read(delta, false)
    }

    /// As [`feed`](Self::feed), for text that may hold surrogates, each written as three bytes
    /// (WTF-8). A low half joins a high half at the end of the delta before.
    pub fn feed_wtf8(&mut self, delta: &[u8]) -> Result<bool, Error> {
        self.ready()?;
        self.read(delta, true)
    }

    #[inline]
    fn read(&mut self, delta: &[u8], wtf8: bool) -> Result<bool, Error> {
        let outcome = match &mut self.gate {
            None => self.reader.feed(delta, wtf8, &mut self.view),
            Some(gate) => {
                let (view, changed) = (&mut self.view, &mut self.changed);
                let mut sink = Gated {
                    gate,
                    view,
                    changed,
                };
                self.reader.feed(delta, wtf8, &mut sink)
            }
        };
        self.settle(outcome)
    }

    /// As [`feed_wtf8`](Self::feed_wtf8), and tells the events to another sink as well: what the
    /// reader says, before any of it is held back.
    pub fn feed_with<S: Sink>(&mut self, delta: &[u8], sink: &mut S) -> Result<bool, Error> {
        self.ready()?;
        let outcome = match &mut self.gate {
            None => self.reader.feed(delta, true, &mut (&mut self.view, sink)),
            Some(gate) => {
                let (view, changed) = (&mut self.view, &mut self.changed);
                let mut gated = Gated {
                    gate,
                    view,
                    changed,
                };
                self.reader.feed(delta, true, &mut (&mut gated, sink))
            }
        };
        self.settle(outcome)
    }

    /// The input has ended; says whether the value changed. A second call changes nothing.
    pub fn finish(&mut self) -> Result<bool, Error> {
        self.finish_with(&mut ())
    }

    /// As [`finish`](Self::finish), and tells the events to another sink as well.
    pub fn finish_with<S: Sink>(&mut self, sink: &mut S) -> Result<bool, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.finished {
            return Ok(false);
        }
        self.finished = true;
        let mut outcome = match &mut self.gate {
            None => self.reader.finish(&mut (&mut self.view, sink)),
            Some(gate) => {
                let (view, changed) = (&mut self.view, &mut self.changed);
                let mut gated = Gated {
                    gate,
                    view,
                    changed,
                };
                self.reader.finish(&mut (&mut gated, sink))
            }
        };
        if outcome.is_ok() && self.view.is_empty() {
            outcome = Err(self.reader.no_json());
        }
        self.settle(outcome)
    }

    fn ready(&self) -> Result<(), Error> {
        match self.error {
            Some(error) => Err(error),
            None if self.finished => Err(self.reader.at_end(Kind::Finished)),
            None => Ok(()),
        }
    }

    fn settle(&mut self, outcome: Result<(), Error>) -> Result<bool, Error> {
        let read = self.reader.take_changed();
        let changed = match self.gate {
            None => read,
            Some(_) => std::mem::take(&mut self.changed),
        };
        match outcome {
            Ok(()) => Ok(changed),
            Err(error) => {
                self.error = Some(error);
                self.changed_before_error = changed;
                Err(error)
            }
        }
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

    /// Was the document itself closed? Final after [`finish`](Self::finish); false after an error.
    pub fn is_complete(&self) -> bool {
        self.error.is_none() && self.reader.is_closed()
    }

    /// Has [`finish`](Self::finish) been called?
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// What was repaired: a bounded list.
    pub fn repairs(&self) -> &[Repair] {
        self.reader.log().listed()
    }

    /// How many repairs there were, the unlisted ones too.
    pub fn repair_count(&self) -> u64 {
        self.reader.log().count()
    }

    /// Bytes after the end of the document that are neither white space nor a fence.
    pub fn trailing(&self) -> u64 {
        self.reader.trailing_length()
    }

    /// Did the call that failed change the value before it failed? Such an update is kept.
    pub fn changed_before_error(&self) -> bool {
        self.changed_before_error
    }

    /// The error that ended the reading.
    pub fn error(&self) -> Option<Error> {
        self.error
    }
}

/// A view that is told everything, and shows what the gate lets it.
struct Gated<'a> {
    gate: &'a mut Gate,
    view: &'a mut SnapshotView,
    changed: &'a mut bool,
}

impl Sink for Gated<'_> {
    fn event(&mut self, event: Event<'_>) {
        if !self.gate.shows(&event) {
            self.view.hold();
            return self.view.event(event);
        }
        self.view.event(event);
        let held = self.view.show();
        *self.changed |= held || matches!(event, Event::Text(_) | Event::Scalar(_));
    }

    fn root_closed(&mut self) {
        *self.changed |= self.gate.shows_root() && self.view.show();
    }

    fn names(&self, most: usize, visit: &mut dyn FnMut(&[u8])) -> usize {
        self.view.names(most, visit)
    }
}
