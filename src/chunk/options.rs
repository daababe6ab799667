//! The options of a request, read and checked once.

use std::fmt;

use serde_json::{Map, Value};

use crate::aggregator::Root;
use crate::view::Style;

/// Where the flag stands in a request.
const FLAG: &str = "stream_options.valid_json_chunks";
/// Every option, in the order of their documentation, with what it may be.
const ALLOWED: &[(&str, &str)] = &[
    ("repair", "true or false"),
    ("root", r#""auto", "object", "array" or "any""#),
    ("style", r#""spaced" or "compact""#),
];
/// Bytes of an unknown option's name that an error repeats.
const NAME_SHOWN: usize = 64;

/// What a request says of how its stream is to be read and shown. What it is silent about is
/// left to the defaults of whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamOptions {
    /// What the document may be.
    pub root: Option<Root>,
    /// Malformed text is repaired; without it, refused.
    pub repair: Option<bool>,
    /// How snapshots separate their items.
    pub style: Option<Style>,
}

/// A flag or an option that a request got wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionError {
    param: String,
    message: String,
    unknown: bool,
}

impl OptionError {
    #[cold]
    pub(super) fn flag() -> Self {
        Self {
            param: FLAG.into(),
            message: format!(
                "{FLAG} must be true, false or an object of options ({})",
                allowed()
            ),
            unknown: false,
        }
    }

    #[cold]
    fn unknown(name: &str) -> Self {
        let mut end = name.len().min(NAME_SHOWN);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        let param = format!("{FLAG}.{}", &name[..end]);
        Self {
            message: format!("{param} is not an option; allowed are {}", allowed()),
            param,
            unknown: true,
        }
    }

    #[cold]
    fn value(name: &str) -> Self {
        let what = ALLOWED.iter().find(|(known, _)| *known == name);
        let param = format!("{FLAG}.{name}");
        Self {
            message: format!(
                "{param} must be {}",
                what.map_or("left out", |(_, what)| *what)
            ),
            param,
            unknown: false,
        }
    }

    /// The path of the parameter, as OpenAI's errors name it.
    pub fn param(&self) -> &str {
        &self.param
    }

    /// Is there no option of this name?
    pub fn is_unknown(&self) -> bool {
        self.unknown
    }
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for OptionError {}

fn allowed() -> String {
    let each: Vec<_> = ALLOWED
        .iter()
        .map(|(name, what)| format!("{name}: {what}"))
        .collect();
    each.join("; ")
}

/// Reads the flag's value, a JSON text: `None` where it asks for nothing (`false`, `null`).
///
/// # Errors
/// [`OptionError`] for anything but a boolean, `null` or an object, an option that does not
/// exist, or an option's value that is not allowed.
pub(super) fn read_flag(text: &str) -> Result<Option<StreamOptions>, OptionError> {
    match text {
        "true" => return Ok(Some(StreamOptions::default())),
        "false" | "null" => return Ok(None),
        _ if !text.starts_with('{') => return Err(OptionError::flag()),
        _ => {}
    }
    let given: Map<String, Value> = serde_json::from_str(text).map_err(|_| OptionError::flag())?;
    let mut options = StreamOptions::default();
    for (name, value) in &given {
        match name.as_str() {
            "repair" => {
                options.repair = Some(value.as_bool().ok_or_else(|| OptionError::value(name))?)
            }
            "root" => {
                options.root = Some(match value.as_str() {
                    Some("auto") => Root::Auto,
                    Some("object") => Root::Object,
                    Some("array") => Root::Array,
                    Some("any") => Root::Any,
                    _ => return Err(OptionError::value(name)),
                });
            }
            "style" => {
                options.style = Some(match value.as_str() {
                    Some("spaced") => Style::Spaced,
                    Some("compact") => Style::Compact,
                    _ => return Err(OptionError::value(name)),
                });
            }
            _ => return Err(OptionError::unknown(name)),
        }
    }
    Ok(Some(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boolean_or_null_switches_the_flag() {
        assert_eq!(Ok(Some(StreamOptions::default())), read_flag("true"));
        assert_eq!(Ok(None), read_flag("false"));
        assert_eq!(Ok(None), read_flag("null"));
    }

    #[test]
    fn an_object_switches_it_on_with_its_options() {
        let expected = StreamOptions {
            root: Some(Root::Array),
            repair: Some(false),
            style: Some(Style::Compact),
        };
        let text = r#"{"repair": false, "root": "array", "style": "compact"}"#;
        assert_eq!(Ok(Some(expected)), read_flag(text));
        assert_eq!(Ok(Some(StreamOptions::default())), read_flag("{}"));
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for text in ["1", "\"true\"", "[]", "0"] {
            let error = read_flag(text).unwrap_err();
            assert_eq!(FLAG, error.param(), "{text}");
            assert!(
                error.to_string().contains("repair: true or false"),
                "{error}"
            );
        }
        let error = read_flag(r#"{"rapair": true}"#).unwrap_err();
        assert_eq!("stream_options.valid_json_chunks.rapair", error.param());
        assert!(error.is_unknown());
        assert!(
            error
                .to_string()
                .contains("style: \"spaced\" or \"compact\""),
            "{error}"
        );
        let error = read_flag(r#"{"root": "tree"}"#).unwrap_err();
        assert!(!error.is_unknown());
        assert_eq!(
            r#"stream_options.valid_json_chunks.root must be "auto", "object", "array" or "any""#,
            error.to_string()
        );
    }

    #[test]
    fn a_long_name_is_not_repeated_whole() {
        let text = format!(r#"{{"{}": 1}}"#, "é".repeat(1000));
        assert!(read_flag(&text).unwrap_err().to_string().len() < 400);
    }

    #[test]
    fn depth_is_an_error_and_no_stack() {
        let text = format!(r#"{{"repair": {}}}"#, "[".repeat(100_000));
        assert_eq!(FLAG, read_flag(&text).unwrap_err().param());
    }
}
