//! The body of a request: what it asks of us, and the same body without it.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use wholejson::chunk::{self, StreamOptions};
use wholejson::{Root, Style};

/// What the body of a request for a chat completion says.
#[pyclass(module = "wholejson._core", frozen, get_all)]
pub(crate) struct Request {
    /// The body that goes on: without our key, every other byte as it came.
    body: Py<PyBytes>,
    /// Was our key in it?
    rewritten: bool,
    /// Options for `ChunkTransformer`, where the answer is to be turned; else `None`.
    transform: Option<Py<PyDict>>,
    /// Does the flag ask for whole JSON, whether or not there is a stream of JSON to turn?
    flag: bool,
    /// Was a stream asked for?
    stream: bool,
    /// `metadata.agent_id`, if it is a string; 256 bytes at most.
    agent_id: Option<String>,
}

/// Reads the body of a request for a chat completion.
///
/// `None` if it is not one JSON object: then it is none of our business. Raises
/// `ValueError(message, param, code)` for a flag or an option that is wrong. One pass.
#[pyfunction]
#[pyo3(signature = (body, /))]
pub(crate) fn read_request(body: &Bound<'_, PyBytes>) -> PyResult<Option<Request>> {
    let py = body.py();
    let bytes = body.as_bytes();
    let read = py
        .detach(|| chunk::read_request(bytes))
        .map_err(|error| {
            let code = if error.is_unknown() { "unknown_parameter" } else { "invalid_value" };
            PyValueError::new_err((error.to_string(), error.param().to_owned(), code))
        })?;
    let Some(read) = read else { return Ok(None) };
    Ok(Some(Request {
        transform: read.transform().map(|options| keywords(py, options)).transpose()?,
        rewritten: read.rewritten.is_some(),
        body: match read.rewritten {
            Some(rewritten) => PyBytes::new(py, &rewritten).unbind(),
            None => body.clone().unbind(),
        },
        flag: read.flag.is_some(),
        stream: read.stream,
        agent_id: read.agent_id,
    }))
}

fn keywords(py: Python<'_>, options: StreamOptions) -> PyResult<Py<PyDict>> {
    let given = PyDict::new(py);
    if let Some(root) = options.root {
        given.set_item("root", match root {
            Root::Auto => "auto",
            Root::Object => "object",
            Root::Array => "array",
            Root::Any => "any",
        })?;
    }
    if let Some(repair) = options.repair {
        given.set_item("repair", repair)?;
    }
    if let Some(style) = options.style {
        given.set_item("style", match style {
            Style::Spaced => "spaced",
            Style::Compact => "compact",
        })?;
    }
    Ok(given.unbind())
}
