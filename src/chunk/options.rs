//! The options of a request, read and checked once.

use std::fmt;

use serde_json::{Map, Value};

use super::settings::Mode;
use crate::aggregator::Root;
use crate::schema::Schema;
use crate::text::beginning;
use crate::view::Style;

/// Where the flag stands in a request.
const FLAG: &str = "stream_options.valid_json_chunks";
/// One option: its name, what it may be, and how its value is read; `None` if that is wrong.
struct Allowed {
    name: &'static str,
    what: &'static str,
    read: fn(&mut StreamOptions, &Value) -> Option<()>,
}

/// Every option, in the order of their documentation.
const ALLOWED: &[Allowed] = &[
    Allowed {
        name: "repair",
        what: "true or false",
        read: |options, value| set(&mut options.repair, value.as_bool()),
    },
    Allowed {
        name: "root",
        what: r#""auto", "object", "array" or "any""#,
        read: |options, value| {
            let root = match value.as_str()? {
                "auto" => Root::Auto,
                "object" => Root::Object,
                "array" => Root::Array,
                "any" => Root::Any,
                _ => return None,
            };
            set(&mut options.root, Some(root))
        },
    },
    Allowed {
        name: "style",
        what: r#""spaced" or "compact""#,
        read: |options, value| {
            let style = match value.as_str()? {
                "spaced" => Style::Spaced,
                "compact" => Style::Compact,
                _ => return None,
            };
            set(&mut options.style, Some(style))
        },
    },
    Allowed {
        name: "tool_calls",
        what: "true or false",
        read: |options, value| set(&mut options.tool_calls, value.as_bool()),
    },
    Allowed {
        name: "max_amplification",
        what: "a whole number from 1, or null for no limit",
        read: |options, value| set(&mut options.max_amplification, number_or_null(value)),
    },
    Allowed {
        name: "every_ms",
        what: "a whole number of milliseconds from 1, or null for no interval",
        read: |options, value| set(&mut options.every_ms, number_or_null(value)),
    },
    Allowed {
        name: "mode",
        what: r#""snapshot" or "patch""#,
        read: |options, value| {
            let mode = match value.as_str()? {
                "snapshot" => Mode::Snapshot,
                "patch" => Mode::Patch,
                _ => return None,
            };
            set(&mut options.mode, Some(mode))
        },
    },
    Allowed {
        name: "final",
        what: "true or false",
        read: |options, value| set(&mut options.final_document, value.as_bool()),
    },
    Allowed {
        name: "schema",
        what: "true for response_format's, false for none, or a JSON Schema",
        read: |options, value| {
            let schema = match value {
                Value::Bool(true) => Asked::Usual,
                Value::Bool(false) => Asked::Off,
                Value::Object(_) => Asked::Given(value.to_string()),
                _ => return None,
            };
            options.schema = schema;
            Some(())
        },
    },
    Allowed {
        name: "whole",
        what: "a list of JSON Pointers",
        read: |options, value| {
            let pointer = |each: &Value| each.as_str().map(str::to_owned);
            let whole: Option<Vec<_>> = value.as_array()?.iter().map(pointer).collect();
            // What is no JSON Pointer is told with the other wrong values.
            let pointers = whole.filter(|whole| Schema::read(None, whole).is_ok());
            set(&mut options.whole, pointers)
        },
    },
    Allowed {
        name: "validate",
        what: "true or false",
        read: |options, value| set(&mut options.validate, value.as_bool()),
    },
];

/// Sets an option to a value, if it is one.
fn set<T>(option: &mut Option<T>, value: Option<T>) -> Option<()> {
    *option = Some(value?);
    Some(())
}

/// `null` is a value too: it turns off what is on by default.
fn number_or_null(value: &Value) -> Option<Option<u64>> {
    match value {
        Value::Null => Some(None),
        _ => value.as_u64().filter(|number| *number >= 1).map(Some),
    }
}

/// Bytes of an unknown option's name that an error repeats.
const NAME_SHOWN: usize = 64;

/// What a request says of how its stream is to be read and shown. What it is silent about is
/// left to the defaults of whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamOptions {
    /// What the document may be.
    pub root: Option<Root>,
    /// Malformed text is repaired; without it, refused.
    pub repair: Option<bool>,
    /// How snapshots separate their items.
    pub style: Option<Style>,
    /// Arguments of tool calls are shown as snapshots too.
    pub tool_calls: Option<bool>,
    /// How many times the document's bytes its snapshots may have; within, `None` for no limit.
    pub max_amplification: Option<Option<u64>>,
    /// The least time between two snapshots, in milliseconds; within, `None` for none.
    pub every_ms: Option<Option<u64>>,
    /// What the content of a chunk is.
    pub mode: Option<Mode>,
    /// In patch mode, the last chunk of a choice has the whole document in its status.
    pub final_document: Option<bool>,
    /// Which schema the document is read by.
    pub schema: Asked,
    /// JSON Pointers of values that are shown only whole.
    pub whole: Option<Vec<String>>,
    /// Whether a verdict is given at the end.
    pub validate: Option<bool>,
}

/// The schema that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Asked {
    /// That of its `response_format`, if it has one.
    #[default]
    Usual,
    /// None.
    Off,
    /// This one, as JSON text.
    Given(String),
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
        let shown = beginning(name.as_bytes(), NAME_SHOWN).len();
        let param = format!("{FLAG}.{}", &name[..shown]);
        Self {
            message: format!("{param} is not an option; allowed are {}", allowed()),
            param,
            unknown: true,
        }
    }

    #[cold]
    fn value(allowed: &Allowed, value: &Value) -> Self {
        let param = format!("{FLAG}.{}", allowed.name);
        let which = match value {
            Value::Array(list) if allowed.name == "whole" => wrong_pointer(list),
            _ => String::new(),
        };
        Self {
            message: format!("{param} must be {}{which}", allowed.what),
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
        .map(|Allowed { name, what, .. }| format!("{name}: {what}"))
        .collect();
    each.join("; ")
}

/// Says which of these is no JSON Pointer, or that they are too many.
fn wrong_pointer(list: &[Value]) -> String {
    let mut pointers = Vec::new();
    for (at, each) in list.iter().enumerate() {
        match each.as_str() {
            Some(pointer) => pointers.push(pointer),
            None => return format!(", and element {at} is no string"),
        }
    }
    let wrong = Schema::read(None, &pointers).err();
    wrong.map_or_else(String::new, |error| format!(": {error}"))
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
        let Some(allowed) = ALLOWED.iter().find(|allowed| allowed.name == name) else {
            return Err(OptionError::unknown(name));
        };
        (allowed.read)(&mut options, value).ok_or_else(|| OptionError::value(allowed, value))?;
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
            ..StreamOptions::default()
        };
        let text = r#"{"repair": false, "root": "array", "style": "compact"}"#;
        assert_eq!(Ok(Some(expected)), read_flag(text));
        for (text, tool_calls) in [("true", Some(true)), ("false", Some(false))] {
            let expected = StreamOptions {
                tool_calls,
                ..StreamOptions::default()
            };
            let text = format!(r#"{{"tool_calls": {text}}}"#);
            assert_eq!(Ok(Some(expected)), read_flag(&text));
        }
        let expected = StreamOptions {
            max_amplification: Some(None),
            every_ms: Some(Some(50)),
            mode: Some(Mode::Patch),
            final_document: Some(false),
            ..StreamOptions::default()
        };
        let text =
            r#"{"max_amplification": null, "every_ms": 50, "mode": "patch", "final": false}"#;
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
        let error = read_flag(r#"{"tool_calls": "yes"}"#).unwrap_err();
        assert_eq!(
            "stream_options.valid_json_chunks.tool_calls must be true or false",
            error.to_string()
        );
        let error = read_flag(r#"{"root": "tree"}"#).unwrap_err();
        assert!(!error.is_unknown());
        assert_eq!(
            r#"stream_options.valid_json_chunks.root must be "auto", "object", "array" or "any""#,
            error.to_string()
        );
    }

    #[test]
    fn a_pace_is_a_whole_number_of_1_or_more() {
        for name in ["max_amplification", "every_ms"] {
            for value in [
                "0",
                "-1",
                "1.5",
                "\"64\"",
                "true",
                "[]",
                "18446744073709551616",
            ] {
                let error = read_flag(&format!(r#"{{"{name}": {value}}}"#)).unwrap_err();
                assert_eq!(format!("{FLAG}.{name}"), error.param(), "{value}");
                assert!(error.to_string().contains("a whole number"), "{error}");
            }
        }
    }

    #[test]
    fn of_a_list_of_pointers_the_wrong_one_is_named() {
        for (list, said) in [
            (
                r#"["/a", "b"]"#,
                r#"JSON Pointers: "b" is no JSON Pointer: it is"#,
            ),
            (r#"["/a", "/~2"]"#, r#""/~2" is no JSON Pointer"#),
            (r#"["/a", 3]"#, "JSON Pointers, and element 1 is no string"),
            ("3", "whole must be a list of JSON Pointers"),
        ] {
            let error = read_flag(&format!(r#"{{"whole": {list}}}"#)).unwrap_err();
            assert_eq!(format!("{FLAG}.whole"), error.param());
            assert!(error.to_string().contains(said), "{error}");
        }
    }

    #[test]
    fn a_long_name_is_not_repeated_whole() {
        let text = format!(r#"{{"{}": 1}}"#, "é".repeat(1000));
        assert!(read_flag(&text).unwrap_err().to_string().len() < 1_000);
    }

    #[test]
    fn depth_is_an_error_and_no_stack() {
        let text = format!(r#"{{"repair": {}}}"#, "[".repeat(100_000));
        assert_eq!(FLAG, read_flag(&text).unwrap_err().param());
    }
}
