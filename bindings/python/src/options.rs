//! The options that every class takes, checked once.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};
use wholejson::chunk::{Asked, ChunkOptions, Code, Mode, StreamOptions};
use wholejson::{Options, Root, Style};

use crate::limits::{Limits, whole_number};
use crate::schema::Given;

const ROOTS: &[(&str, Root)] = &[
    ("auto", Root::Auto),
    ("object", Root::Object),
    ("array", Root::Array),
    ("any", Root::Any),
];

const MODES: &[(&str, Mode)] = &[("snapshot", Mode::Snapshot), ("patch", Mode::Patch)];

const STYLES: &[(&str, Style)] = &[("spaced", Style::Spaced), ("compact", Style::Compact)];

fn name<T: PartialEq>(allowed: &[(&'static str, T)], value: T) -> &'static str {
    let found = allowed.iter().find(|(_, each)| *each == value);
    found.map_or("", |(name, _)| name)
}

/// The code of a failure, by its name.
pub(crate) fn failure_code(name: &str) -> PyResult<Code> {
    Code::from_name(name).ok_or_else(|| {
        let names: Vec<_> = Code::ALL
            .iter()
            .map(|code| format!("{:?}", code.name()))
            .collect();
        PyValueError::new_err(format!(
            "code must be one of {}, not {name:?}",
            names.join(", ")
        ))
    })
}

/// The options as they came from Python; what is not given has its default.
pub(crate) fn options(
    root: Option<&Bound<'_, PyAny>>,
    repair: Option<&Bound<'_, PyAny>>,
    style: Option<&Bound<'_, PyAny>>,
    limits: Option<&Bound<'_, PyAny>>,
) -> PyResult<Options> {
    let mut options = Options::default();
    if let Some(root) = root {
        options.root = choice("root", root, ROOTS)?;
    }
    if let Some(repair) = repair {
        options.repair = flag("repair", repair)?;
    }
    if let Some(style) = style {
        options.style = choice("style", style, STYLES)?;
    }
    if let Some(given) = limits {
        options.limits = self::limits(given)?;
    }
    Ok(options)
}

/// What a class for a stream of chunks was called with, by name; what is not given has its
/// default.
///
/// # Errors
/// `TypeError` or `ValueError` for a name or a value that is none; `class` is what they name.
pub(crate) fn chunk_options(
    class: &str,
    given: Option<&Bound<'_, PyDict>>,
) -> PyResult<ChunkOptions> {
    let mut options = ChunkOptions::default();
    let mut schema = Given::default();
    for (name, value) in given.into_iter().flatten() {
        let name = name.cast::<PyString>()?.to_string_lossy();
        match name.as_ref() {
            "root" => options.root = choice(&name, &value, ROOTS)?,
            "repair" if value.is_none() => {}
            "repair" => {
                options.repair = flag(&name, &value)?;
                options.repair_arguments = options.repair;
            }
            "style" => options.style = choice(&name, &value, STYLES)?,
            "tool_calls" => options.tool_calls = flag(&name, &value)?,
            "limits" => options.limits = limits(&value)?,
            "choices" => options.choices = whole_number(&name, Some(&value), 1)?,
            "max_amplification" => options.pace.max_amplification = number_or_none(&name, &value)?,
            "every_ms" => options.pace.every_ms = number_or_none(&name, &value)?,
            "mode" => options.mode = choice(&name, &value, MODES)?,
            "final" => options.final_document = flag(&name, &value)?,
            "schema" => schema.set_schema(&value)?,
            "whole" => schema.set_whole(&value)?,
            "validate" => options.validate = flag(&name, &value)?,
            _ => {
                return Err(PyTypeError::new_err(format!(
                    "{class}() got an unexpected keyword argument {name:?}"
                )));
            }
        }
    }
    if let Some(given) = given {
        options.schema = schema.read(given.py())?;
    }
    Ok(options)
}

/// What a request says of the options of a stream, under the names that they have in Python.
pub(crate) fn asked<'py>(py: Python<'py>, asked: &StreamOptions) -> PyResult<Bound<'py, PyDict>> {
    let options = PyDict::new(py);
    if let Some(root) = asked.root {
        options.set_item("root", name(ROOTS, root))?;
    }
    if let Some(repair) = asked.repair {
        options.set_item("repair", repair)?;
    }
    if let Some(style) = asked.style {
        options.set_item("style", name(STYLES, style))?;
    }
    if let Some(tool_calls) = asked.tool_calls {
        options.set_item("tool_calls", tool_calls)?;
    }
    if let Some(times) = asked.max_amplification {
        options.set_item("max_amplification", times)?;
    }
    if let Some(interval) = asked.every_ms {
        options.set_item("every_ms", interval)?;
    }
    if let Some(mode) = asked.mode {
        options.set_item("mode", name(MODES, mode))?;
    }
    if let Some(whole) = asked.final_document {
        options.set_item("final", whole)?;
    }
    match &asked.schema {
        Asked::Usual => {}
        Asked::Off => options.set_item("schema", false)?,
        Asked::Given(text) => options.set_item("schema", text)?,
    }
    if let Some(whole) = &asked.whole {
        options.set_item("whole", whole)?;
    }
    if let Some(validate) = asked.validate {
        options.set_item("validate", validate)?;
    }
    Ok(options)
}

fn limits(given: &Bound<'_, PyAny>) -> PyResult<wholejson::Limits> {
    if given.is_none() {
        return Ok(wholejson::Limits::DEFAULT);
    }
    match given.cast::<Limits>() {
        Ok(given) => Ok(given.get().into()),
        Err(_) => wrong_type("limits", "wholejson.Limits or None", given),
    }
}

fn number_or_none(name: &str, given: &Bound<'_, PyAny>) -> PyResult<Option<u64>> {
    if given.is_none() {
        return Ok(None);
    }
    whole_number(name, Some(given), 1).map(|number| Some(number as u64))
}

fn flag(name: &str, given: &Bound<'_, PyAny>) -> PyResult<bool> {
    match given.cast::<PyBool>() {
        Ok(given) => Ok(given.is_true()),
        Err(_) => wrong_type(name, "True or False", given),
    }
}

fn choice<T: Copy>(name: &str, given: &Bound<'_, PyAny>, allowed: &[(&str, T)]) -> PyResult<T> {
    let names = || {
        let names: Vec<_> = allowed
            .iter()
            .map(|(name, _)| format!("{name:?}"))
            .collect();
        format!("one of {}", names.join(", "))
    };
    let Ok(text) = given.cast::<PyString>() else {
        return wrong_type(name, &names(), given);
    };
    let text = text.to_string_lossy();
    match allowed.iter().find(|(allowed, _)| *allowed == text) {
        Some((_, value)) => Ok(*value),
        None => Err(PyValueError::new_err(format!(
            "{name} must be {}, not {text:?}",
            names()
        ))),
    }
}

fn wrong_type<T>(name: &str, allowed: &str, given: &Bound<'_, PyAny>) -> PyResult<T> {
    Err(PyTypeError::new_err(format!(
        "{name} must be {allowed}, not {}",
        given.get_type().name()?
    )))
}
