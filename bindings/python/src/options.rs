//! The options that every class takes, checked once.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString};
use wholejson::chunk::{ChunkOptions, Code};
use wholejson::{Options, Root, Style};

use crate::limits::{Limits, whole_number};

const ROOTS: &[(&str, Root)] = &[
    ("auto", Root::Auto),
    ("object", Root::Object),
    ("array", Root::Array),
    ("any", Root::Any),
];

const STYLES: &[(&str, Style)] = &[("spaced", Style::Spaced), ("compact", Style::Compact)];

/// The name of a root.
pub(crate) fn root_name(root: Root) -> &'static str {
    name(ROOTS, root)
}

/// The name of a style.
pub(crate) fn style_name(style: Style) -> &'static str {
    name(STYLES, style)
}

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
    if let Some(given) = limits.filter(|given| !given.is_none()) {
        let Ok(given) = given.cast::<Limits>() else {
            return wrong_type("limits", "wholejson.Limits or None", given);
        };
        options.limits = given.get().into();
    }
    Ok(options)
}

/// As [`options`], for a stream of chunks. `choices` is how many were asked for.
pub(crate) fn chunk_options(
    root: Option<&Bound<'_, PyAny>>,
    repair: Option<&Bound<'_, PyAny>>,
    style: Option<&Bound<'_, PyAny>>,
    limits: Option<&Bound<'_, PyAny>>,
    choices: Option<&Bound<'_, PyAny>>,
) -> PyResult<ChunkOptions> {
    let document = options(root, repair, style, limits)?;
    Ok(ChunkOptions {
        root: document.root,
        repair: document.repair,
        style: document.style,
        limits: document.limits,
        choices: whole_number("choices", choices, ChunkOptions::default().choices)?,
        ..ChunkOptions::default()
    })
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
