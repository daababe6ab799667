//! `Aggregator`: one document, read as it arrives.

use std::sync::{Mutex, MutexGuard};

use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyString};

use crate::error::{broken, to_python};
use crate::options::options;
use crate::repair::Repair;
use crate::text::{Text, with_text};

/// One document, read as it arrives. Threads that share one take turns.
#[pyclass(module = "wholejson", frozen)]
pub(crate) struct Aggregator {
    core: Mutex<wholejson::Aggregator>,
}

impl Aggregator {
    /// No Python code runs while the guard is held: it could call back and wait for itself.
    #[inline]
    fn lock(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, wholejson::Aggregator>> {
        self.core.lock_py_attached(py).map_err(|_| broken())
    }
}

#[pymethods]
impl Aggregator {
    #[new]
    #[pyo3(
        signature = (*, root=None, repair=None, style=None, limits=None),
        text_signature = "(*, root=\"auto\", repair=True, style=\"spaced\", limits=None)"
    )]
    fn new(
        root: Option<&Bound<'_, PyAny>>,
        repair: Option<&Bound<'_, PyAny>>,
        style: Option<&Bound<'_, PyAny>>,
        limits: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let options = options(root, repair, style, limits)?;
        Ok(Self {
            core: Mutex::new(wholejson::Aggregator::new(options)),
        })
    }

    #[pyo3(signature = (delta, /))]
    fn feed(&self, py: Python<'_>, delta: &Bound<'_, PyAny>) -> PyResult<bool> {
        with_text(delta, |text| {
            let mut core = self.lock(py)?;
            let read = match text {
                Text::Bytes(bytes) => core.feed(bytes),
                Text::Wtf8(bytes) => core.feed_wtf8(bytes),
            };
            drop(core);
            read.map_err(|error| to_python(py, error))
        })
    }

    fn finish(&self, py: Python<'_>) -> PyResult<bool> {
        let read = self.lock(py)?.finish();
        read.map_err(|error| to_python(py, error))
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        let mut text = Vec::new();
        if !self.lock(py)?.write_snapshot(&mut text) {
            return Ok(None);
        }
        PyString::from_bytes(py, &text).map(Some)
    }

    fn snapshot_bytes<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let core = self.lock(py)?;
        if !core.has_value() {
            return Ok(None);
        }
        let view = core.view();
        PyBytes::new_with(py, view.len(), |out| {
            let mut closers = Vec::new();
            view.write_closers(&mut closers);
            let (text, end) = out.split_at_mut(view.text().len());
            text.copy_from_slice(view.text());
            end.copy_from_slice(&closers);
            Ok(())
        })
        .map(Some)
    }

    #[getter]
    fn complete(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.lock(py)?.is_complete())
    }

    #[getter]
    fn repairs(&self, py: Python<'_>) -> PyResult<Vec<Repair>> {
        Ok(self.lock(py)?.repairs().iter().map(Repair::from).collect())
    }

    #[getter]
    fn repair_count(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.lock(py)?.repair_count())
    }

    #[getter]
    fn trailing(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.lock(py)?.trailing())
    }

    #[getter]
    fn changed_before_error(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.lock(py)?.changed_before_error())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let core = self.lock(py)?;
        let visible = if core.has_value() {
            core.view().len()
        } else {
            0
        };
        let state = match core.error() {
            Some(error) => format!("error='{}'", error.kind().code()),
            None => format!("complete={}", python_bool(core.is_complete())),
        };
        Ok(format!(
            "<Aggregator {visible} bytes visible, {state}, repairs={}>",
            core.repair_count()
        ))
    }
}

fn python_bool(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
