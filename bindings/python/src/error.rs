//! The one place where errors of the core become Python exceptions.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use wholejson::chunk::{Code, Failure, OptionError};
use wholejson::{Category, Error, Kind};

/// The classes of `wholejson.errors`, looked up once.
struct Classes {
    invalid: Py<PyType>,
    limit: Py<PyType>,
    no_json: Py<PyType>,
    usage: Py<PyType>,
    upstream: Py<PyType>,
    option: Py<PyType>,
}

static CLASSES: PyOnceLock<Classes> = PyOnceLock::new();

fn classes(py: Python<'_>) -> PyResult<&'static Classes> {
    CLASSES.get_or_try_init(py, || {
        let errors = py.import("wholejson.errors")?;
        let class = |name: &str| -> PyResult<Py<PyType>> {
            Ok(errors.getattr(name)?.cast_into::<PyType>()?.unbind())
        };
        Ok(Classes {
            invalid: class("InvalidJSONError")?,
            limit: class("LimitError")?,
            no_json: class("NoJSONError")?,
            usage: class("UsageError")?,
            upstream: class("UpstreamError")?,
            option: class("OptionError")?,
        })
    })
}

fn class_of(py: Python<'_>, category: Category) -> PyResult<Bound<'_, PyType>> {
    let classes = classes(py)?;
    let class = match category {
        Category::Invalid => &classes.invalid,
        Category::Limit => &classes.limit,
        Category::NoJson => &classes.no_json,
        Category::Usage => &classes.usage,
    };
    Ok(class.bind(py).clone())
}

/// An error of the core as the exception that Python code catches.
#[cold]
pub(crate) fn to_python(py: Python<'_>, error: Error) -> PyErr {
    match build(py, error) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    }
}

fn build(py: Python<'_>, error: Error) -> PyResult<Bound<'_, PyAny>> {
    let details = PyDict::new(py);
    details.set_item("kind", error.kind().code())?;
    details.set_item("offset", error.offset())?;
    details.set_item("line", error.line())?;
    details.set_item("column", error.column())?;
    class_of(py, error.category())?.call((error.to_string(),), Some(&details))
}

/// A failure of a stream of chunks: what the bytes form writes as the one error event.
/// `precise` is the error of the document, if it was one.
#[cold]
pub(crate) fn failure_to_python<'py>(
    py: Python<'py>,
    failure: &Failure,
    precise: Option<Error>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(error) = precise.filter(|error| error.kind() != Kind::NoJson) {
        return build(py, error);
    }
    let classes = classes(py)?;
    let class = match failure.code {
        Code::NoJson => &classes.no_json,
        Code::InvalidJson => &classes.invalid,
        Code::LimitExceeded => &classes.limit,
        Code::UpstreamClosed | Code::UpstreamTimeout => &classes.upstream,
    };
    let details = PyDict::new(py);
    details.set_item("kind", failure.code.name())?;
    details.set_item("text", failure.text.as_deref())?;
    class
        .bind(py)
        .call((failure.message.as_str(),), Some(&details))
}

/// An option of a request that is wrong.
#[cold]
pub(crate) fn option_to_python(py: Python<'_>, error: &OptionError) -> PyErr {
    let build = || {
        let details = PyDict::new(py);
        details.set_item("param", error.param())?;
        let class = classes(py)?.option.bind(py);
        class.call((error.to_string(),), Some(&details))
    };
    build().map_or_else(|failure| failure, PyErr::from_value)
}

/// What is raised for an object whose reading ended in a panic: its state means nothing any more.
#[cold]
pub(crate) fn broken() -> PyErr {
    PyRuntimeError::new_err(
        "this object met an internal error in an earlier call and can't be used any more; \
         make a new one, and please report the error",
    )
}

/// Every kind of error that the core knows, with the class of exception that carries it.
#[pyfunction]
pub(crate) fn error_kinds(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let kinds = PyDict::new(py);
    for kind in Kind::ALL {
        kinds.set_item(kind.code(), class_of(py, kind.category())?)?;
    }
    Ok(kinds)
}
