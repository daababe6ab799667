//! `ChunkTransformer`: one response, server-sent events in and out.

use std::cell::Cell;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use wholejson::Error;
use wholejson::chunk::Transformer;

use crate::error::to_python;
use crate::limits::time;
use crate::options::{chunk_options, failure_code};
use crate::report::{python_bool, report};
use crate::text::with_bytes;
use crate::turns::{Turns, is_long};

/// A buffer that has grown beyond this is given back after use.
const KEPT: usize = 64 << 10;

thread_local! {
    /// What a call writes, before it becomes `bytes`. It is the thread's and not the stream's:
    /// thousands of streams that wait keep none.
    static OUT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// One response, bytes in, bytes out. Threads that share one take turns.
#[pyclass(module = "wholejson", frozen)]
pub(crate) struct ChunkTransformer {
    core: Turns<Transformer>,
    /// A call may give a verdict.
    validates: bool,
}

impl ChunkTransformer {
    /// One call and what it wrote, in one turn.
    fn run<'py>(
        &self,
        py: Python<'py>,
        call: impl FnOnce(&mut Transformer, &mut Vec<u8>) -> Result<(), Error> + Send,
    ) -> PyResult<Bound<'py, PyBytes>> {
        if self.validates {
            let (outcome, out) = self.core.work(py, |transformer| {
                let mut out = Vec::new();
                (call(transformer, &mut out), out)
            })?;
            outcome.map_err(|error| to_python(py, error))?;
            return Ok(PyBytes::new(py, &out));
        }
        let mut out = OUT.take();
        let outcome = self.core.lock(py).map(|mut core| call(&mut core, &mut out));
        let written = PyBytes::new(py, &out);
        out.clear();
        out.shrink_to(KEPT);
        OUT.set(out);
        outcome?.map_err(|error| to_python(py, error))?;
        Ok(written)
    }
}

#[pymethods]
impl ChunkTransformer {
    #[new]
    #[pyo3(
        signature = (**options),
        text_signature = "(*, root=\"auto\", repair=None, style=\"spaced\", limits=None, choices=1, \
                          max_amplification=None, every_ms=None, mode=\"snapshot\", final=True, \
                          schema=None, whole=(), validate=False, tool_calls=False)"
    )]
    fn new(options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let options = chunk_options("ChunkTransformer", options)?;
        let validates = options.validate;
        Ok(Self {
            core: Turns::working(Transformer::new(options), validates),
            validates,
        })
    }

    #[pyo3(signature = (part, /))]
    fn feed<'py>(
        &self,
        py: Python<'py>,
        part: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        with_bytes(part, |bytes| {
            if !is_long(bytes) {
                return self.run(py, |transformer, out| transformer.feed(bytes, out));
            }
            let (outcome, out) = self.core.read(py, bytes, |transformer, bytes| {
                let mut out = Vec::new();
                (transformer.feed(bytes, &mut out), out)
            })?;
            outcome.map_err(|error| to_python(py, error))?;
            Ok(PyBytes::new(py, &out))
        })
    }

    #[pyo3(signature = (part, /))]
    fn push(&self, py: Python<'_>, part: &Bound<'_, PyAny>) -> PyResult<()> {
        with_bytes(part, |bytes| {
            let outcome = self.core.work(py, |transformer| transformer.push(bytes))?;
            outcome.map_err(|error| to_python(py, error))
        })
    }

    fn pull<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.run(py, |transformer, out| {
            transformer.pull(out);
            Ok(())
        })
    }

    #[getter]
    fn pending(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.core.lock(py)?.is_pending())
    }

    #[getter]
    fn waiting(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.core.lock(py)?.waiting())
    }

    #[getter]
    fn held(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.core.lock(py)?.held())
    }

    #[pyo3(signature = (milliseconds, /))]
    fn set_time(&self, py: Python<'_>, milliseconds: &Bound<'_, PyAny>) -> PyResult<()> {
        let milliseconds = time(milliseconds)?;
        self.core.lock(py)?.set_time(milliseconds);
        Ok(())
    }

    fn flush_due<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.run(py, |transformer, out| {
            transformer.flush_due(out);
            Ok(())
        })
    }

    #[getter]
    fn due_at(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        Ok(self.core.lock(py)?.due_at())
    }

    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.run(py, |transformer, out| {
            transformer.finish(out);
            Ok(())
        })
    }

    #[pyo3(signature = (code, message=None))]
    fn fail<'py>(
        &self,
        py: Python<'py>,
        code: &str,
        message: Option<&str>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let code = failure_code(code)?;
        self.run(py, |transformer, out| {
            transformer.fail(code, message, out);
            Ok(())
        })
    }

    #[getter]
    fn ended(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.core.lock(py)?.is_ended())
    }

    #[getter]
    fn validates(&self) -> bool {
        self.validates
    }

    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let so_far = self.core.lock(py)?.report();
        report(py, so_far)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let core = self.core.lock(py)?;
        let report = core.report();
        Ok(format!(
            "<ChunkTransformer {} events in, {} out, ended={}>",
            report.events_in,
            report.events_out,
            python_bool(core.is_ended())
        ))
    }
}
