//! Cases as data.

use std::path::PathBuf;

use serde_json::Value;
use wholejson::{Root, Style};

/// The lines of a file under `tests/data`.
pub(crate) fn lines(name: &str) -> Vec<Value> {
    let path = folder().join(name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// One case of the grammar.
#[derive(Debug, Clone)]
pub(crate) struct Conformance {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// `accept`, `reject` or `incomplete`.
    pub(crate) verdict: String,
    pub(crate) root: Root,
}

/// Every case of the grammar.
pub(crate) fn conformance() -> Vec<Conformance> {
    const FILES: &[&str] = &[
        "numbers",
        "literals",
        "strings",
        "escapes",
        "utf8",
        "white_space",
        "structure",
        "roots",
    ];
    let mut cases = Vec::new();
    for file in FILES {
        for row in lines(&format!("conformance/{file}.jsonl")) {
            let bytes = match row["hex"].as_str() {
                Some(hex) => from_hex(hex),
                None => text(&row, "text").into_bytes(),
            };
            let verdict = match row["here"].as_str() {
                Some(here) => here.to_owned(),
                None => text(&row, "verdict"),
            };
            cases.push(Conformance {
                name: text(&row, "name"),
                bytes,
                verdict,
                root: root(row["root"].as_str().unwrap_or("any")),
            });
        }
    }
    cases
}

/// A member that has to be a string.
pub(crate) fn text(row: &Value, member: &str) -> String {
    match row[member].as_str() {
        Some(text) => text.to_owned(),
        None => panic!("no {member} in {row}"),
    }
}

/// The option of this name.
pub(crate) fn root(name: &str) -> Root {
    match name {
        "auto" => Root::Auto,
        "object" => Root::Object,
        "array" => Root::Array,
        "any" => Root::Any,
        other => panic!("no such root: {other}"),
    }
}

/// The option of this name.
pub(crate) fn style(name: &str) -> Style {
    match name {
        "spaced" => Style::Spaced,
        "compact" => Style::Compact,
        other => panic!("no such style: {other}"),
    }
}

fn from_hex(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}
