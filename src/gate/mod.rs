//! Which values are shown only whole.
//!
//! A gate listens to what the reader says and answers one question after each event: may all that
//! was said so far be shown? What may not is written into the view's text behind a horizon, so
//! that repairs see it, nothing is copied when it is shown, and every view has the same. It knows
//! the events and nothing else: no text, no snapshot.
//!
//! - [`graph`]: what a schema and JSON Pointers say, as nodes; [`pattern`]: how large a pattern is.
//! - [`rules`]: the same as states, with one look-up for each key or element.

mod graph;
mod pattern;
mod rules;

use std::sync::Arc;

use crate::count::Count;
use crate::event::{Container, Event};
pub use graph::PointerError;
pub(crate) use graph::{Graph, Node};
pub(crate) use rules::Rules;
use rules::{FREE, Kinds};

/// A container that is open, and in which something may have to be shown whole.
#[derive(Debug)]
struct Level {
    state: u32,
    /// Elements that have begun.
    count: u32,
}

/// The gate of one document.
///
/// Invariant: what is held back ends where its outermost value ends, so no container that is shown
/// closes while anything is held back.
#[derive(Debug)]
pub(crate) struct Gate {
    rules: Arc<Rules>,
    /// The innermost containers are not in it: those in a value that is shown whole (`inside`),
    /// or under which everything is shown as it comes (`free`).
    levels: Vec<Level>,
    inside: usize,
    free: usize,
    /// The state of the value that follows a key.
    next: Option<u32>,
    /// The string that is open is shown whole.
    string: bool,
}

impl Gate {
    pub(crate) fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            levels: Vec::new(),
            inside: 0,
            free: 0,
            next: None,
            string: false,
        }
    }

    /// The root's bracket closed: may all that was said be shown? An empty root by this only.
    pub(crate) fn shows_root(&self) -> bool {
        self.inside == 0
    }

    /// May all that was said be shown, this included? Cost: one look-up at most.
    pub(crate) fn shows(&mut self, event: &Event<'_>) -> bool {
        if self.inside > 0 {
            match event {
                Event::Open(_) => self.inside.raise(1),
                Event::Close => self.inside.lower(1),
                _ => {}
            }
            return self.inside == 0;
        }
        match event {
            Event::Key(raw) => {
                if let (0, Some(level)) = (self.free, self.levels.last()) {
                    self.next = Some(self.rules.member(level.state, raw));
                }
                false
            }
            Event::Begin => {
                let state = self.value();
                self.string = self.rules.whole(state).has(Kinds::STRING);
                false
            }
            Event::Text(_) => !self.string,
            Event::End => {
                self.string = false;
                true
            }
            Event::Scalar(_) => {
                self.value();
                true
            }
            Event::Open(container) => {
                self.open(*container);
                false
            }
            Event::Close => {
                if self.free > 0 {
                    self.free.lower(1);
                } else {
                    self.levels.pop();
                }
                true
            }
        }
    }

    fn open(&mut self, container: Container) {
        let state = self.value();
        let kind = match container {
            Container::Object => Kinds::OBJECT,
            Container::Array => Kinds::ARRAY,
        };
        if self.rules.whole(state).has(kind) {
            self.inside = 1;
        } else if state == FREE {
            self.free.raise(1);
        } else {
            self.levels.push(Level { state, count: 0 });
        }
    }

    /// The state of the value that begins.
    fn value(&mut self) -> u32 {
        if self.free > 0 {
            return FREE;
        }
        if let Some(state) = self.next.take() {
            return state;
        }
        let Some(level) = self.levels.last_mut() else {
            return self.rules.root();
        };
        let index = level.count;
        level.count = index.saturating_add(1);
        self.rules.element(level.state, index)
    }
}
