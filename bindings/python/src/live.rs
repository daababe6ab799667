//! The one value that grows in place.

use pyo3::prelude::*;
use pyo3::types::PyList;
use pyo3::{PyTraverseError, PyVisit};
use wholejson::view::Tail;

use crate::numbers::Numbers;
use crate::value::{Builder, Items, build};

/// How many of the innermost open containers are looked over before each growth.
const LOOKED_OVER: usize = 32;

/// The one value that grows in place. It is in the user's hands, who may change it: whatever is
/// still growing is put back where the text has it, and what is settled stays as it was made.
#[derive(Default)]
pub(crate) struct Live {
    builder: Builder,
    tail: Tail,
    /// How much of the text was read.
    read: usize,
}

impl Live {
    /// How much of the text was read.
    pub(crate) fn read_to(&self) -> usize {
        self.read
    }

    /// Reads what is new of the text, and gives the value. `before` gives the text that was read.
    pub(crate) fn look(
        &mut self,
        py: Python<'_>,
        new: &[u8],
        before: impl Fn(usize) -> PyResult<Vec<u8>>,
        numbers: &Numbers,
    ) -> PyResult<Option<Py<PyAny>>> {
        if let Err(error) = self.advance(py, new, before, numbers) {
            // What was half done can't be gone on with: the next look begins again.
            *self = Self::default();
            return Err(error);
        }
        let root = self.builder.root.as_ref();
        Ok(root.map(|root| root.clone_ref(py)))
    }

    fn advance(
        &mut self,
        py: Python<'_>,
        new: &[u8],
        before: impl Fn(usize) -> PyResult<Vec<u8>>,
        numbers: &Numbers,
    ) -> PyResult<()> {
        if self.read == 0 {
            self.builder.in_place = has_gil(py)?;
        }
        self.restore(py, before, numbers)?;
        self.builder
            .read(py, &mut self.tail, new, self.read, numbers)?;
        self.read = self.read.saturating_add(new.len());
        Ok(())
    }

    /// Puts what is growing back to where it was, if it was changed.
    fn restore(
        &self,
        py: Python<'_>,
        before: impl Fn(usize) -> PyResult<Vec<u8>>,
        numbers: &Numbers,
    ) -> PyResult<()> {
        let stack = &self.builder.stack;
        let first = stack.len().saturating_sub(LOOKED_OVER);
        for (level, frame) in stack.iter().enumerate().skip(first) {
            let child = match (stack.get(level.saturating_add(1)), &self.builder.open) {
                (Some(inner), _) => Some((inner.container.as_any(py), inner.from)),
                (None, Some(open)) => {
                    let object = open.object.as_ref();
                    object.map(|object| (object.bind(py).as_any(), open.from))
                }
                (None, None) => None,
            };
            match &frame.container {
                Items::Dict(dict, key) => {
                    let (Some((child, _)), Some(key)) = (child, key) else {
                        continue;
                    };
                    let there = dict.bind(py).get_item(key)?;
                    if !there.is_some_and(|there| there.is(child)) {
                        dict.bind(py).set_item(key, child)?;
                    }
                }
                Items::List(list, count) => {
                    let list = list.bind(py);
                    let last = || list.get_item(count.saturating_sub(1));
                    let whole = list.len() == *count
                        && child.is_none_or(|(child, _)| last().is_ok_and(|last| last.is(child)));
                    if !whole {
                        let to = child.map_or(self.read, |(_, from)| from);
                        let text = before(to)?;
                        let text = text.get(frame.from..).unwrap_or_default();
                        refill(
                            list,
                            &build(py, text, numbers)?,
                            child.map(|(child, _)| child),
                        )?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What the garbage collector must know.
    pub(crate) fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.builder.root)?;
        for frame in &self.builder.stack {
            match &frame.container {
                Items::List(list, _) => visit.call(list)?,
                Items::Dict(dict, _) => visit.call(dict)?,
            }
        }
        Ok(())
    }
}

/// Gives a list the elements of another one, and then the one that is growing.
fn refill(
    list: &Bound<'_, PyList>,
    elements: &Bound<'_, PyAny>,
    growing: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    list.set_slice(0, list.len(), elements)?;
    growing.map_or(Ok(()), |growing| list.append(growing))
}

/// Does one thread run at a time? A string may be out of its place only where nobody can see it.
fn has_gil(py: Python<'_>) -> PyResult<bool> {
    let sys = py.import("sys")?;
    match sys.getattr_opt("_is_gil_enabled")? {
        Some(enabled) => enabled.call0()?.extract(),
        None => Ok(true),
    }
}
