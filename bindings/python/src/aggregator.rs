//! `Aggregator`: one document, read as it arrives.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use pyo3::{PyTraverseError, PyVisit, intern};
use wholejson::Schema;
use wholejson::view::{Operations, Settled};

use crate::alone::Alone;
use crate::error::to_python;
use crate::live::Live;
use crate::numbers::Numbers;
use crate::options::options;
use crate::repair::Repair;
use crate::report::python_bool;
use crate::schema::Given;
use crate::shown::Shown;
use crate::text::{Text, with_text};
use crate::turns::Turns;
use crate::value::build;

/// One document, read as it arrives. Threads that share one take turns.
#[pyclass(module = "wholejson", frozen)]
pub(crate) struct Aggregator {
    core: Turns<Document>,
    operations: Turns<Operations>,
    settled: Turns<Settled>,
    live: Alone<Live>,
    numbers: Numbers,
    schema: Option<Arc<Schema>>,
}

struct Document {
    core: wholejson::Aggregator,
    shown: Shown,
}

#[pymethods]
impl Aggregator {
    #[new]
    #[pyo3(
        signature = (
            *, root=None, repair=None, style=None, limits=None, schema=None, whole=None,
            parse_float=None, parse_int=None
        ),
        text_signature = "(*, root=\"auto\", repair=True, style=\"spaced\", limits=None, \
                          schema=None, whole=(), parse_float=None, parse_int=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "the options, by their names")]
    fn new(
        py: Python<'_>,
        root: Option<&Bound<'_, PyAny>>,
        repair: Option<&Bound<'_, PyAny>>,
        style: Option<&Bound<'_, PyAny>>,
        limits: Option<&Bound<'_, PyAny>>,
        schema: Option<&Bound<'_, PyAny>>,
        whole: Option<&Bound<'_, PyAny>>,
        parse_float: Option<&Bound<'_, PyAny>>,
        parse_int: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let mut options = options(root, repair, style, limits)?;
        let mut given = Given::default();
        schema.map_or(Ok(()), |schema| given.set_schema(schema))?;
        whole.map_or(Ok(()), |whole| given.set_whole(whole))?;
        let schema = given.read(py)?;
        if let Some(schema) = &schema {
            options.root = schema.root_or(options.root);
        }
        let core = wholejson::Aggregator::new(options);
        Ok(Self {
            core: Turns::new(Document {
                core: match &schema {
                    Some(schema) => core.gated(schema),
                    None => core,
                },
                shown: Shown::default(),
            }),
            operations: Turns::new(Operations::default()),
            settled: Turns::new(Settled::default()),
            live: Alone::new(Live::default()),
            numbers: Numbers::new(parse_float, parse_int)?,
            schema,
        })
    }

    #[pyo3(signature = (delta, /))]
    fn feed(&self, py: Python<'_>, delta: &Bound<'_, PyAny>) -> PyResult<bool> {
        with_text(delta, |text| {
            match text {
                Text::Bytes(bytes) => self.core.read(py, bytes, |it, bytes| it.core.feed(bytes))?,
                Text::Wtf8(bytes) => self
                    .core
                    .read(py, bytes, |it, bytes| it.core.feed_wtf8(bytes))?,
            }
            .map_err(|error| to_python(py, error))
        })
    }

    fn finish(&self, py: Python<'_>) -> PyResult<bool> {
        let read = self.core.lock(py)?.core.finish();
        read.map_err(|error| to_python(py, error))
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        let mut document = self.core.lock(py)?;
        let Document { core, shown } = &mut *document;
        if !core.has_value() {
            return Ok(None);
        }
        let last = core.is_finished() || core.error().is_some();
        shown.snapshot(py, core.view(), last).map(Some)
    }

    fn snapshot_bytes<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let core = &self.core.lock(py)?.core;
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

    #[pyo3(signature = (*, live=false))]
    fn value(&self, py: Python<'_>, live: bool) -> PyResult<Option<Py<PyAny>>> {
        if live {
            return self.live.with(py, |live| {
                let new = self.text(py, live.read_to(), usize::MAX)?;
                live.look(py, &new, |to| self.text(py, 0, to), &self.numbers)
            });
        }
        if !self.core.lock(py)?.core.has_value() {
            return Ok(None);
        }
        let text = self.text(py, 0, usize::MAX)?;
        build(py, &text, &self.numbers).map(|value| Some(value.unbind()))
    }

    #[pyo3(signature = (*, append=true))]
    fn take_operations<'py>(
        &self,
        py: Python<'py>,
        append: bool,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let mut operations = self.operations.lock(py)?;
        let taken = operations.take(self.core.lock(py)?.core.view(), append);
        drop(operations);
        let dict = |operation: wholejson::view::Operation| {
            let dict = PyDict::new(py);
            dict.set_item(intern!(py, "op"), operation.change.name())?;
            dict.set_item(intern!(py, "path"), operation.path)?;
            let value = build(py, &operation.value, &self.numbers)?;
            dict.set_item(intern!(py, "value"), value)?;
            Ok(dict)
        };
        taken.into_iter().map(dict).collect()
    }

    fn take_settled<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut settled = self.settled.lock(py)?;
        let paths = settled.take(self.core.lock(py)?.core.view());
        drop(settled);
        PyList::new(py, paths)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.numbers.held().try_for_each(|held| visit.call(held))?;
        self.live
            .if_free(|live| live.visit(&visit))
            .unwrap_or(Ok(()))
    }

    fn __clear__(&self) {
        drop(self.live.if_free(std::mem::take));
    }

    #[getter]
    fn complete(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.core.lock(py)?.core.is_complete())
    }

    #[getter]
    fn schema_warning(&self) -> Option<&str> {
        self.schema.as_ref()?.warning()
    }

    #[getter]
    fn repairs(&self, py: Python<'_>) -> PyResult<Vec<Repair>> {
        Ok(self
            .core
            .lock(py)?
            .core
            .repairs()
            .iter()
            .map(Repair::from)
            .collect())
    }

    #[getter]
    fn repair_count(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.core.lock(py)?.core.repair_count())
    }

    #[getter]
    fn trailing(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.core.lock(py)?.core.trailing())
    }

    #[getter]
    fn changed_before_error(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.core.lock(py)?.core.changed_before_error())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let core = &self.core.lock(py)?.core;
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

impl Aggregator {
    /// A copy of a part of the visible text: Python code may run while it is read.
    fn text(&self, py: Python<'_>, from: usize, to: usize) -> PyResult<Vec<u8>> {
        let document = self.core.lock(py)?;
        let text = document.core.view().text();
        let text = text.get(..to).unwrap_or(text);
        Ok(text.get(from..).unwrap_or_default().to_vec())
    }
}
