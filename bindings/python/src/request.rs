//! `Request`: what the body of a request asks of us.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use wholejson::chunk;

use crate::error::option_to_python;
use crate::options::{root_name, style_name};
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

/// What a request says of the options of a transformer, by their names.
fn given(py: Python<'_>, asked: chunk::StreamOptions, choices: u32) -> PyResult<Bound<'_, PyDict>> {
    let options = PyDict::new(py);
    if choices > 1 {
        options.set_item("choices", choices)?;
    }
    if let Some(root) = asked.root {
        options.set_item("root", root_name(root))?;
    }
    if let Some(repair) = asked.repair {
        options.set_item("repair", repair)?;
    }
    if let Some(style) = asked.style {
        options.set_item("style", style_name(style))?;
    }
    Ok(options)
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
        .map(|asked| given(py, asked, read.choices))
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
