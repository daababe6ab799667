//! Numbers and literals as Python objects.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt};

/// What becomes of the text of a number: `parse_float` and `parse_int` of `json.loads`.
#[derive(Default)]
pub(crate) struct Numbers {
    float: Option<Py<PyAny>>,
    int: Option<Py<PyAny>>,
}

impl Numbers {
    pub(crate) fn new(
        parse_float: Option<&Bound<'_, PyAny>>,
        parse_int: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        Ok(Self {
            float: callable("parse_float", parse_float)?,
            int: callable("parse_int", parse_int)?,
        })
    }

    /// The callables, for the garbage collector.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Py<PyAny>> {
        [&self.float, &self.int].into_iter().flatten()
    }

    /// A number, `true`, `false` or `null`, as the snapshot writes it.
    pub(crate) fn scalar<'py>(&self, py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        match raw {
            b"true" => return Ok(PyBool::new(py, true).to_owned().into_any()),
            b"false" => return Ok(PyBool::new(py, false).to_owned().into_any()),
            b"null" => return Ok(py.None().into_bound(py)),
            _ => {}
        }
        let text = std::str::from_utf8(raw).unwrap_or_default();
        if raw.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            return match (&self.float, text.parse::<f64>()) {
                (None, Ok(number)) => Ok(PyFloat::new(py, number).into_any()),
                (None, Err(_)) => py.get_type::<PyFloat>().call1((text,)),
                (Some(parse), _) => parse.bind(py).call1((text,)),
            };
        }
        match (&self.int, text.parse::<i64>()) {
            (None, Ok(number)) => Ok(number.into_pyobject(py)?.into_any()),
            (None, Err(_)) => py.get_type::<PyInt>().call1((text,)),
            (Some(parse), _) => parse.bind(py).call1((text,)),
        }
    }
}

fn callable(name: &str, given: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Py<PyAny>>> {
    match given.filter(|given| !given.is_none()) {
        None => Ok(None),
        Some(given) if given.is_callable() => Ok(Some(given.clone().unbind())),
        Some(given) => Err(PyTypeError::new_err(format!(
            "{name} must be a callable that takes the text of a number, or None, not {}",
            given.get_type().name()?
        ))),
    }
}
