//! `Limits`: what a stream may cost at most.

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyTuple};

/// Bounds on one stream; passing one raises `LimitError`.
#[pyclass(module = "wholejson", frozen, eq, hash, get_all)]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Limits {
    depth: usize,
    document: usize,
    digits: usize,
    white_space: usize,
    look_ahead: usize,
    line: usize,
    event: usize,
}

/// A number: the given one if it is whole and at least 1; the default if none is given. What is
/// larger than the machine can count is refused too, in words: the number would tell nobody much.
pub(crate) fn whole_number(
    name: &str,
    given: Option<&Bound<'_, PyAny>>,
    default: usize,
) -> PyResult<usize> {
    let Some(given) = given else {
        return Ok(default);
    };
    if given.is_instance_of::<PyBool>() || !given.is_instance_of::<PyInt>() {
        return Err(PyTypeError::new_err(format!(
            "{name} must be a whole number, not {}",
            given.get_type().name()?
        )));
    }
    match given.extract::<usize>() {
        Ok(value) if value >= 1 => Ok(value),
        _ if given.lt(1)? => Err(PyValueError::new_err(format!(
            "{name} must be at least 1, not {given}"
        ))),
        _ => Err(PyValueError::new_err(format!(
            "{name} is too large: it must fit into {} bits",
            usize::BITS
        ))),
    }
}

/// A time in milliseconds: a whole number, 0 among them.
pub(crate) fn time(given: &Bound<'_, PyAny>) -> PyResult<u64> {
    let wrong = |what| {
        Err(PyValueError::new_err(format!(
            "milliseconds must be {what}"
        )))
    };
    match given.extract::<u64>() {
        Err(error) if !error.is_instance_of::<PyOverflowError>(given.py()) => Err(error),
        Err(_) if given.lt(0)? => wrong(format!("at least 0, not {given}")),
        Err(_) => wrong("less than 2 to the power of 64".into()),
        known => known,
    }
}

#[pymethods]
impl Limits {
    #[new]
    #[pyo3(
        signature = (*, depth=None, document=None, digits=None, white_space=None,
                     look_ahead=None, line=None, event=None),
        text_signature = "(*, depth=256, document=67108864, digits=4300, white_space=1048576, \
                          look_ahead=1024, line=16777216, event=16777216)"
    )]
    fn new(
        depth: Option<&Bound<'_, PyAny>>,
        document: Option<&Bound<'_, PyAny>>,
        digits: Option<&Bound<'_, PyAny>>,
        white_space: Option<&Bound<'_, PyAny>>,
        look_ahead: Option<&Bound<'_, PyAny>>,
        line: Option<&Bound<'_, PyAny>>,
        event: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let defaults = wholejson::Limits::DEFAULT;
        Ok(Self {
            depth: whole_number("depth", depth, defaults.depth)?,
            document: whole_number("document", document, defaults.document)?,
            digits: whole_number("digits", digits, defaults.digits)?,
            white_space: whole_number("white_space", white_space, defaults.white_space)?,
            look_ahead: whole_number("look_ahead", look_ahead, defaults.look_ahead)?,
            line: whole_number("line", line, defaults.line)?,
            event: whole_number("event", event, defaults.event)?,
        })
    }

    fn __repr__(&self) -> String {
        format!(
            "Limits(depth={}, document={}, digits={}, white_space={}, look_ahead={}, line={}, event={})",
            self.depth,
            self.document,
            self.digits,
            self.white_space,
            self.look_ahead,
            self.line,
            self.event
        )
    }

    fn __getnewargs_ex__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
        let fields = PyDict::new(py);
        fields.set_item("depth", self.depth)?;
        fields.set_item("document", self.document)?;
        fields.set_item("digits", self.digits)?;
        fields.set_item("white_space", self.white_space)?;
        fields.set_item("look_ahead", self.look_ahead)?;
        fields.set_item("line", self.line)?;
        fields.set_item("event", self.event)?;
        Ok((PyTuple::empty(py), fields))
    }
}

impl From<&Limits> for wholejson::Limits {
    fn from(limits: &Limits) -> Self {
        Self {
            depth: limits.depth,
            document: limits.document,
            digits: limits.digits,
            white_space: limits.white_space,
            look_ahead: limits.look_ahead,
            line: limits.line,
            event: limits.event,
        }
    }
}
