//! `Repeats`: events that repeat an earlier one but for its text.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};
use wholejson::chunk::{self, Event};

use crate::text::with_bytes;

/// A stream of events, compared.
#[pyclass(module = "wholejson._core")]
pub(crate) struct Repeats(chunk::Repeats);

#[pymethods]
impl Repeats {
    #[new]
    fn new() -> Self {
        Self(chunk::Repeats::default())
    }

    #[pyo3(signature = (part, /))]
    fn feed(&mut self, part: &Bound<'_, PyAny>) -> PyResult<bool> {
        with_bytes(part, |bytes| Ok(self.0.feed(bytes)))
    }

    fn next_event<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(match self.0.next_event() {
            None => None,
            Some(Event::Other(event)) => Some(PyBytes::new(py, event).into_any()),
            Some(Event::Repeated(strings)) => {
                let content = PyString::new(py, &strings.content);
                let padding = strings.obfuscation.map(|text| PyString::new(py, &text));
                Some(PyTuple::new(py, [Some(content), padding])?.into_any())
            }
        })
    }

    #[pyo3(signature = (event, /))]
    fn learn(&mut self, event: &Bound<'_, PyAny>) -> PyResult<bool> {
        with_bytes(event, |bytes| Ok(self.0.learn(bytes)))
    }

    fn rest<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.rest())
    }
}
