//! The validator of JSON Schema that `wholejson` uses: the `jsonschema` crate, with an engine for
//! patterns that does not go back, and without a way to fetch anything.
//!
//! A crate of its own, because the validator is generic: it is compiled here once, for size, and not
//! each time that the core is.

#![forbid(unsafe_code)]
#![deny(clippy::arithmetic_side_effects)]

use std::fmt::{self, Write as _};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError};
use serde_json::Value;

/// Of a pattern, compiled: bytes.
const PATTERN: usize = 64 << 10;
/// What a pattern may keep of the ways that it went through texts: bytes.
const STATES: usize = 128 << 10;
/// The text of an error is cut after so many bytes.
const MESSAGE: usize = 300;
/// A longer path is cut to that of a container.
const PATH: usize = 1_000;

/// A schema that documents can be validated by.
#[derive(Debug)]
pub struct Validator(jsonschema::Validator);

impl Validator {
    /// Reads a schema. `format` is checked too. It uses the call stack, by the schema's depth.
    ///
    /// # Errors
    /// Why documents can't be validated by it, for people.
    pub fn new(schema: &Value) -> Result<Self, String> {
        let patterns = PatternOptions::regex();
        let patterns = patterns.size_limit(PATTERN).dfa_size_limit(STATES);
        jsonschema::options()
            .with_pattern_options(patterns)
            .should_validate_formats(true)
            .build(schema)
            .map(Self)
            .map_err(|error| unusable(&error))
    }

    /// Is the document valid? It uses the call stack, by the depth of both. What it costs is as
    /// the schema wants it.
    pub fn is_valid(&self, document: &Value) -> bool {
        self.0.is_valid(document)
    }

    /// What is wrong with the document, the first so many: where, as a JSON Pointer (RFC 6901),
    /// and what, for people. Both are shortened where they are long.
    pub fn errors(&self, document: &Value, most: usize) -> Vec<(String, String)> {
        let told = |error: ValidationError<'_>| {
            let path = near(error.instance_path().as_str());
            (path, shortened(&error))
        };
        self.0.iter_errors(document).take(most).map(told).collect()
    }
}

/// A JSON Pointer; that of the nearest container that can be named in short, where it is long.
fn near(path: &str) -> String {
    if path.len() <= PATH {
        return path.to_owned();
    }
    let mut near = path.bytes().take(PATH + 1);
    let end = near.rposition(|byte| byte == b'/');
    path.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

/// The beginning of a text that is written, and no more of it.
struct Short(String);

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = text.len().min(MESSAGE.saturating_sub(self.0.len()));
        let shown = (0..=room).rev().find_map(|end| text.get(..end));
        let shown = shown.unwrap_or_default();
        self.0.push_str(shown);
        if shown.len() < text.len() {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

/// Why a schema can't be used. The validator calls every pattern that it does not know "not a
/// regex"; to its author it may well be one.
fn unusable(error: &ValidationError<'_>) -> String {
    match error.kind() {
        ValidationErrorKind::Format { format } if format == "regex" => shortened(&format_args!(
            "the pattern {} is no regular expression, or one that is not supported: it looks ahead \
             or behind, refers back, or is too large",
            error.instance()
        )),
        _ => shortened(error),
    }
}

fn shortened(what: &impl fmt::Display) -> String {
    let mut short = Short(String::new());
    if write!(short, "{what}").is_err() {
        short.0.push('…');
    }
    short.0
}
