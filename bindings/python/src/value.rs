//! The text of a snapshot as Python objects.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use wholejson::view::{Tail, unescape};
use wholejson::{Container, Event};

use crate::numbers::Numbers;
use crate::shown::{appended, joined};

/// Keys that are kept, so that the same key of many records is one `str`.
const NAMES: usize = 1024;

/// Python objects that grow with the text. It reads without recursion.
#[derive(Default)]
pub(crate) struct Builder {
    pub(super) root: Option<Py<PyAny>>,
    pub(super) stack: Vec<Frame>,
    pub(super) open: Option<Open>,
    /// The key of the value that follows.
    key: Option<Py<PyString>>,
    /// What came of the open string and is not in an object yet.
    piece: Vec<u8>,
    names: HashMap<Box<[u8]>, Py<PyString>>,
    /// May an open string be away from its place for a moment? Not where other threads would see.
    pub(super) in_place: bool,
}

/// A container that is open.
pub(super) struct Frame {
    pub(super) container: Items,
    /// Where in the text it begins.
    pub(super) from: usize,
}

pub(super) enum Items {
    /// With the number of its elements.
    List(Py<PyList>, usize),
    /// With the key that came last.
    Dict(Py<PyDict>, Option<Py<PyString>>),
}

/// The string that is open.
pub(super) struct Open {
    pub(super) object: Option<Py<PyString>>,
    /// Where in the text it begins.
    pub(super) from: usize,
}

impl Items {
    pub(super) fn as_any<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        match self {
            Self::List(list, _) => list.bind(py).as_any(),
            Self::Dict(dict, _) => dict.bind(py).as_any(),
        }
    }

    /// Puts another object where the last one is.
    fn put_last(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        match self {
            Self::List(list, count) => list.bind(py).set_item(count.saturating_sub(1), value),
            Self::Dict(dict, key) => dict.bind(py).set_item(key.as_ref(), value),
        }
    }
}

/// The value of a text, which may lack its closers.
pub(crate) fn build<'py>(
    py: Python<'py>,
    text: &[u8],
    numbers: &Numbers,
) -> PyResult<Bound<'py, PyAny>> {
    let mut builder = Builder::default();
    builder.read(py, &mut Tail::default(), text, 0, numbers)?;
    let none = || py.None().into_bound(py);
    Ok(builder.root.map_or_else(none, |root| root.into_bound(py)))
}

impl Builder {
    /// Goes on with what is new of the text, which begins at `base`.
    pub(crate) fn read(
        &mut self,
        py: Python<'_>,
        tail: &mut Tail,
        text: &[u8],
        base: usize,
        numbers: &Numbers,
    ) -> PyResult<()> {
        let mut rest = text;
        while let Some(event) = tail.next(&mut rest) {
            // The byte before what is left: the quote or the bracket that began the value.
            let read = text.len().saturating_sub(rest.len());
            let from = base.saturating_add(read).saturating_sub(1);
            match event {
                Event::Text(raw) => unescape(raw, &mut self.piece),
                Event::Key(raw) => self.key = Some(self.name(py, raw)?),
                Event::Begin => self.open = Some(Open { object: None, from }),
                Event::End => {
                    self.flush(py)?;
                    self.open = None;
                }
                Event::Scalar(raw) => {
                    let value = numbers.scalar(py, raw)?;
                    self.put(&value)?;
                }
                Event::Open(container) => self.open(py, container, from)?,
                Event::Close => {
                    self.stack.pop();
                }
            }
        }
        self.flush(py)
    }

    fn name(&mut self, py: Python<'_>, raw: &[u8]) -> PyResult<Py<PyString>> {
        if let Some(name) = self.names.get(raw) {
            return Ok(name.clone_ref(py));
        }
        let mut text = Vec::new();
        unescape(raw, &mut text);
        let name = PyString::from_bytes(py, &text)?.unbind();
        if self.names.len() < NAMES && raw.len() < 64 {
            self.names.insert(raw.into(), name.clone_ref(py));
        }
        Ok(name)
    }

    fn open(&mut self, py: Python<'_>, container: Container, from: usize) -> PyResult<()> {
        let container = match container {
            Container::Array => Items::List(PyList::empty(py).unbind(), 0),
            Container::Object => Items::Dict(PyDict::new(py).unbind(), None),
        };
        self.put(container.as_any(py))?;
        self.stack.push(Frame { container, from });
        Ok(())
    }

    /// Puts a value that begins into its place.
    fn put(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = value.py();
        match self.stack.last_mut().map(|frame| &mut frame.container) {
            None => self.root = Some(value.clone().unbind()),
            Some(Items::List(list, count)) => {
                *count = count.saturating_add(1);
                list.bind(py).append(value)?;
            }
            Some(Items::Dict(dict, last)) => {
                *last = self.key.take();
                dict.bind(py).set_item(last.as_ref(), value)?;
            }
        }
        Ok(())
    }

    /// Puts what came of the open string into its object.
    fn flush(&mut self, py: Python<'_>) -> PyResult<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let object = open.object.take();
        if self.piece.is_empty() && object.is_some() {
            open.object = object;
            return Ok(());
        }
        let piece = PyString::from_bytes(py, &self.piece)?;
        self.piece.clear();
        self.piece.shrink_to(64 << 10);
        let whole = match object {
            Some(object) => self.grown(object.into_bound(py), &piece)?,
            None => {
                self.put(piece.as_any())?;
                piece
            }
        };
        if let Some(open) = &mut self.open {
            open.object = Some(whole.unbind());
        }
        Ok(())
    }

    /// The open string with more at its end, in its place. While it is out of its place, nobody
    /// but us holds it (unless the user does), so that it can grow without a copy.
    fn grown<'py>(
        &mut self,
        object: Bound<'py, PyString>,
        piece: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyString>> {
        let py = object.py();
        let last = self.stack.last().map(|frame| &frame.container);
        let whole = if self.in_place {
            match last {
                None => self.root = None,
                Some(items) => items.put_last(py, py.None().bind(py))?,
            }
            appended(object, piece)?
        } else {
            joined(&object, piece)?
        };
        match last {
            None => self.root = Some(whole.clone().into_any().unbind()),
            Some(items) => items.put_last(py, whole.as_any())?,
        }
        Ok(whole)
    }
}
