//! `Request`: what the body of a request asks of us.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use wholejson::chunk;

use crate::error::option_to_python;
use crate::options::asked;
use crate::text::with_bytes;

/// The body of a request for a chat completion, read.
#[pyclass(module = "wholejson._core", frozen, get_all)]
pub(crate) struct Request {
    body: Py<PyBytes>,
    asked: bool,
    options: Option<Py<PyDict>>,
    stream: bool,
    text: bool,
    agent_id: Option<String>,
}

#[pyfunction]
#[pyo3(signature = (body, /))]
pub(crate) fn read_request(py: Python<'_>, body: &Bound<'_, PyAny>) -> PyResult<Option<Request>> {
    let read = with_bytes(body, |bytes| {
        chunk::read_request(bytes).map_err(|error| option_to_python(py, &error))
    })?;
    let Some(read) = read else { return Ok(None) };
    let options = read
        .transform()
        .map(|said| {
            let options = asked(py, &said)?;
            if read.choices > 1 {
                options.set_item("choices", read.choices)?;
            }
            PyResult::Ok(options)
        })
        .transpose()?;
    let asked = read.rewritten.is_some();
    let body = match &read.rewritten {
        Some(rewritten) => PyBytes::new(py, rewritten),
        None => with_bytes(body, |bytes| Ok(PyBytes::new(py, bytes)))?,
    };
    Ok(Some(Request {
        body: body.unbind(),
        asked,
        options: options.map(Bound::unbind),
        stream: read.stream,
        text: read.text,
        agent_id: read.agent_id,
    }))
}
