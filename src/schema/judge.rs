//! The verdict at the end: is the document valid by its schema?
//!
//! The validator is that of a crate beside this one. What a verdict may cost is counted before
//! ([`cost`](super::cost)).

use std::thread;

use serde_json::{Value, json};
use wholejson_validator::Validator;

use super::cost::Cost;
use crate::gate::Graph;

/// So many errors are told.
const ERRORS: usize = 10;
/// A longer document is not validated.
const DOCUMENT: usize = 8 << 20;
/// Validating may cost so many looks at a value by a schema.
const LOOKS: u64 = 1 << 21;
/// And the telling of errors so many, each counted for all the levels that it may stand in.
const TELLING: u64 = 1 << 23;
/// The validator uses the call stack: for a document as deep as the parser of it takes, and a
/// schema as deep as `Cost` takes, a few mebibytes.
const STACK: usize = 64 << 20;

/// One departure of a document from its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where in the document, as a JSON Pointer (RFC 6901).
    pub path: String,
    /// What is wrong, for people; shortened where it is long.
    pub message: String,
}

/// The verdict on a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// Is it valid? `None`: no verdict, and `warning` says why.
    pub valid: Option<bool>,
    /// What is wrong with it: the first ten.
    pub errors: Vec<Fault>,
    /// What was not done.
    pub warning: Option<String>,
}

impl Judged {
    /// No verdict.
    pub(crate) fn none(why: impl Into<String>) -> Self {
        Self {
            warning: Some(why.into()),
            ..Self::default()
        }
    }

    /// The verdict on a document that was not closed: whatever came may be missing its end.
    pub(crate) fn incomplete() -> Self {
        Self {
            valid: Some(false),
            errors: vec![Fault {
                path: String::new(),
                message: "the document is incomplete".into(),
            }],
            warning: None,
        }
    }

    /// About how many bytes it has as JSON.
    pub(crate) fn len(&self) -> usize {
        let warning = self.warning.as_ref().map_or(0, String::len);
        self.errors.iter().fold(warning, |length, fault| {
            let text = fault.path.len().saturating_add(fault.message.len());
            length.saturating_add(text).saturating_add(32)
        })
    }

    /// Writes its members as JSON, each with a comma in front.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        let Some(valid) = self.valid else { return };
        out.extend_from_slice(format!(", \"valid\": {valid}").as_bytes());
        if self.errors.is_empty() {
            return;
        }
        let each = self.errors.iter().map(|fault| {
            let (path, message) = (json!(fault.path), json!(fault.message));
            format!("{{\"path\": {path}, \"message\": {message}}}")
        });
        let each: Vec<_> = each.collect();
        out.extend_from_slice(format!(", \"errors\": [{}]", each.join(", ")).as_bytes());
    }
}

/// A schema that documents can be validated by.
#[derive(Debug)]
pub(super) struct Judge {
    validator: Validator,
    cost: Cost,
}

impl Judge {
    /// Reads a schema.
    ///
    /// # Errors
    /// Why documents can't be validated by it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let schema: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut graph = Graph::new();
        graph.add_schema(&schema)?;
        let cost = Cost::of(graph)?;
        let validator = on_a_stack(|| Validator::new(&schema))??;
        Ok(Self { validator, cost })
    }

    /// The verdict on a whole document.
    pub(super) fn judge(&self, document: &[u8]) -> Judged {
        if document.len() > DOCUMENT {
            return Judged::none(format!(
                "documents longer than {DOCUMENT} bytes are not validated"
            ));
        }
        let document: Value = match serde_json::from_slice(document) {
            Ok(document) => document,
            Err(error) => return Judged::none(format!("the document can't be validated: {error}")),
        };
        let price = match self.cost.price(&document) {
            Some(price) if price.looks <= LOOKS => price,
            _ => {
                return Judged::none(
                    "the document was not validated: by this schema it costs too much",
                );
            }
        };
        let telling = price.looks.saturating_mul(price.levels) <= TELLING;
        on_a_stack(|| self.verdict(&document, telling)).unwrap_or_else(Judged::none)
    }

    fn verdict(&self, document: &Value, telling: bool) -> Judged {
        let valid = self.validator.is_valid(document);
        let mut judged = Judged {
            valid: Some(valid),
            ..Judged::default()
        };
        if !valid && telling {
            let errors = self.validator.errors(document, ERRORS).into_iter();
            judged.errors = errors
                .map(|(path, message)| Fault { path, message })
                .collect();
        } else if !valid {
            judged.warning =
                Some("what is wrong is not told: by this schema it costs too much".into());
        }
        judged
    }
}

/// Does something on a call stack that is large enough, wherever it is called.
fn on_a_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, work);
        let done = thread.map(thread::ScopedJoinHandle::join);
        match done {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err("the validator broke off".into()),
            Err(error) => Err(format!("there is no thread to validate on: {error}")),
        }
    })
}
