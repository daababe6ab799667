//! `schema` and `whole`, as every class takes them.

use std::sync::Arc;

use pyo3::exceptions::{PyRecursionError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PySequence, PyString};
use wholejson::Schema;

/// Nested deeper than any schema that is read.
const TOO_DEEP: usize = 1 << 10;

/// What was given, not yet read.
#[derive(Default)]
pub(crate) struct Given {
    text: Option<String>,
    whole: Vec<String>,
}

impl Given {
    /// Takes a schema: an object as `json.loads` gives it, JSON text, or `None` or `False` for none.
    pub(crate) fn set_schema(&mut self, given: &Bound<'_, PyAny>) -> PyResult<()> {
        self.text = if given.is_none() || given.cast::<PyBool>().is_ok_and(|it| !it.is_true()) {
            None
        } else if let Ok(text) = given.cast::<PyString>() {
            Some(text.to_string_lossy().into_owned())
        } else if let Ok(text) = given.cast::<PyBytes>() {
            Some(String::from_utf8_lossy(text.as_bytes()).into_owned())
        } else if given.hasattr("keys")? {
            let py = given.py();
            let dict = py.get_type::<pyo3::types::PyDict>().call1((given,))?;
            let text = py.import("json")?.call_method1("dumps", (dict,));
            Some(match text {
                // As any that is nested deeper than is read.
                Err(error) if error.is_instance_of::<PyRecursionError>(py) => "[".repeat(TOO_DEEP),
                text => text?.extract()?,
            })
        } else {
            return Err(PyTypeError::new_err(format!(
                "schema must be a JSON Schema as a dict or as JSON text, or None, not {}",
                given.get_type().name()?
            )));
        };
        Ok(())
    }

    /// Takes JSON Pointers.
    pub(crate) fn set_whole(&mut self, given: &Bound<'_, PyAny>) -> PyResult<()> {
        if given.is_none() {
            return Ok(());
        }
        let wrong = |what: String| {
            Err(PyTypeError::new_err(format!(
                "whole must be a list of JSON Pointers (str), such as [\"/price\"], not {what}"
            )))
        };
        let Ok(list) = given.cast::<PySequence>() else {
            return wrong(given.get_type().name()?.to_string());
        };
        if given.is_instance_of::<PyString>() {
            return wrong("one str".into());
        }
        let mut pointers = Vec::new();
        for at in 0..list.len()? {
            let each = list.get_item(at)?;
            match each.extract() {
                Ok(pointer) => pointers.push(pointer),
                Err(_) => return wrong(format!("{} at {at}", each.get_type().name()?)),
            }
        }
        self.whole = pointers;
        Ok(())
    }

    /// What is known by it; `None`: nothing.
    pub(crate) fn read(self, py: Python<'_>) -> PyResult<Option<Arc<Schema>>> {
        if self.text.is_none() && self.whole.is_empty() {
            return Ok(None);
        }
        let read = py.detach(|| Schema::read(self.text.as_deref(), &self.whole));
        read.map(Some)
            .map_err(|error| PyValueError::new_err(format!("whole: {error}")))
    }
}
