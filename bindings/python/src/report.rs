//! What a stream's report and the end of a document look like in Python: plain dicts.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use wholejson::chunk::{Report, Status};

/// What happened in a stream.
pub(crate) fn report(py: Python<'_>, report: Report) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("updates", report.updates)?;
    dict.set_item("repairs", report.repairs)?;
    dict.set_item("trailing", report.trailing)?;
    dict.set_item("events_in", report.events_in)?;
    dict.set_item("events_out", report.events_out)?;
    dict.set_item("bytes_in", report.bytes_in)?;
    dict.set_item("bytes_out", report.bytes_out)?;
    dict.set_item("error", report.error.map(|code| code.name()))?;
    dict.set_item("upstream_error", report.upstream_error)?;
    dict.set_item("complete", report.complete)?;
    Ok(dict)
}

/// `json_status`, as it stands in a choice.
pub(crate) fn status<'py>(py: Python<'py>, status: &Status) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("complete", status.complete)?;
    dict.set_item("repairs", status.repairs)?;
    if let Some(code) = status.error {
        dict.set_item("error", code.name())?;
    }
    if let Some((judged, valid)) = status.judged.as_ref().and_then(|it| Some((it, it.valid?))) {
        dict.set_item("valid", valid)?;
        if !judged.errors.is_empty() {
            let errors = PyList::empty(py);
            for fault in &judged.errors {
                let error = PyDict::new(py);
                error.set_item("path", &fault.path)?;
                error.set_item("message", &fault.message)?;
                errors.append(error)?;
            }
            dict.set_item("errors", errors)?;
        }
    }
    if let Some(warning) = &status.warning {
        dict.set_item("warning", warning)?;
    }
    Ok(dict)
}

/// A boolean as Python writes it.
pub(crate) fn python_bool(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
