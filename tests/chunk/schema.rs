//! Streams with a schema: what is shown whole, and the verdict at the end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wholejson::chunk::{ChunkOptions, Mode};
use wholejson::{Root, Schema};

use crate::seeded::Random;
use crate::support::*;

fn options(schema: &Value, validate: bool) -> ChunkOptions {
    let schema = Schema::read::<&str>(Some(&schema.to_string()), &[]).unwrap();
    ChunkOptions {
        schema: Some(schema),
        validate,
        ..ChunkOptions::default()
    }
}

fn stream(pieces: &[&str]) -> String {
    let texts: String = pieces.iter().map(|piece| text(piece)).collect();
    [role(), texts, stop(), DONE.into()].concat()
}

/// The contents, and the status at the end.
fn shown(outcome: &Outcome) -> (Vec<Value>, Value) {
    let events = outcome.events();
    let mut chunks = events.iter().filter(|event| event["choices"].is_array());
    let status = chunks.next_back().unwrap()["choices"][0]["json_status"].clone();
    (outcome.contents(), status)
}

/// Cut at every byte.
fn outcome(options: ChunkOptions, pieces: &[&str]) -> (Vec<Value>, Value) {
    shown(&with(options, stream(pieces), End::Closed))
}

/// In one piece, where a verdict takes its time.
fn at_once(options: ChunkOptions, pieces: &[&str]) -> (Vec<Value>, Value) {
    shown(&once(options, &[stream(pieces).as_bytes()], End::Closed))
}

fn user() -> Value {
    json!({
        "type": "object",
        "properties": {
            "status": {"enum": ["active", "gone"]},
            "age": {"type": "integer", "minimum": 0},
            "born": {"type": "string", "format": "date"},
            "name": {"type": "string"}
        },
        "required": ["status", "age"]
    })
}

#[test]
fn a_value_shown_whole_is_no_update_before() {
    let pieces = [
        "{\"name\": \"Jo",
        "hn\", \"status\": \"ac",
        "tive",
        "\", \"age\": 3",
        "}",
    ];
    let (contents, status) = outcome(options(&user(), false), &pieces);
    let expected = [
        r#"{"name": "Jo"}"#,
        r#"{"name": "John"}"#,
        r#"{"name": "John", "status": "active"}"#,
        r#"{"name": "John", "status": "active", "age": 3}"#,
        r#"{"name": "John", "status": "active", "age": 3}"#,
    ];
    assert_eq!(json!(expected), json!(contents));
    assert_eq!(json!({"complete": true, "repairs": 0}), status);
}

#[test]
fn in_patch_mode_it_comes_in_one_operation() {
    let options = ChunkOptions {
        mode: Mode::Patch,
        ..options(&user(), true)
    };
    let (contents, status) = outcome(
        options,
        &[
            "{\"name\": \"Jo",
            "hn\", \"status\": \"ac",
            "tive\", \"age\": 3}",
        ],
    );
    let contents: Vec<Value> = contents
        .iter()
        .map(|content| serde_json::from_str(content.as_str().unwrap()).unwrap())
        .collect();
    let added: Vec<_> = contents
        .iter()
        .flat_map(|each| each.as_array().unwrap())
        .collect();
    assert!(
        added.contains(&&json!({"op": "add", "path": "/status", "value": "active"})),
        "{added:?}"
    );
    assert_eq!(json!(true), status["valid"]);
    assert_eq!(json!("active"), status["document"]["status"]);
}

#[test]
fn a_verdict_says_whether_the_document_is_valid_and_what_is_wrong() {
    let valid = ["{\"status\": \"gone\", \"age\": 3}"];
    let (_, status) = outcome(options(&user(), true), &valid);
    assert_eq!(
        json!({"complete": true, "repairs": 0, "valid": true}),
        status
    );
    let invalid = ["{\"status\": \"no \\\"one\\\"\", \"age\": -1, \"born\": \"2024-13-01\"}"];
    let (_, status) = outcome(options(&user(), true), &invalid);
    assert_eq!(json!(false), status["valid"]);
    let paths: Vec<_> = status["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["path"].as_str().unwrap())
        .collect();
    assert_eq!(["/age", "/born", "/status"], *paths);
    assert!(
        status["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("-1")
    );
}

#[test]
fn at_most_ten_errors_are_told_and_each_is_short() {
    let schema = json!({"items": {"type": "integer"}});
    let document = format!(
        "[{}\"x\"]",
        format!("\"{}\", ", "é".repeat(5_000)).repeat(20)
    );
    let (_, status) = at_once(options(&schema, true), &[&document]);
    let errors = status["errors"].as_array().unwrap();
    assert_eq!(10, errors.len());
    assert!(
        errors
            .iter()
            .all(|error| error["message"].as_str().unwrap().len() < 310)
    );
}

#[test]
fn a_place_that_is_long_is_that_of_a_container_around_it() {
    let schema = json!({"additionalProperties": {"additionalProperties": {"type": "integer"}}});
    let document = json!({"a": {"k".repeat(5_000): "x"}}).to_string();
    let (_, status) = at_once(options(&schema, true), &[&document]);
    assert_eq!(json!("/a"), status["errors"][0]["path"]);
}

#[test]
fn a_document_that_was_cut_off_is_not_valid() {
    let (_, status) = outcome(options(&json!({"type": "object"}), true), &["{\"a\": \"b"]);
    let error = json!({"path": "", "message": "the document is incomplete"});
    let expected = json!({"complete": false, "repairs": 0, "valid": false, "errors": [error]});
    assert_eq!(expected, status);
}

#[test]
fn what_can_not_be_judged_gets_no_verdict_and_a_warning() {
    let document = ["{\"a\": \"aaaa\"}"];
    for (schema, why) in [
        (
            json!({"properties": {"a": {"pattern": "^(?=a)a+$"}}}),
            "is no regular expression",
        ),
        (
            json!({"$ref": "https://example.com/a.json"}),
            "nothing is fetched",
        ),
        (
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}}),
            "without end",
        ),
        (json!([1]), "neither an object nor a boolean"),
    ] {
        let (contents, status) = outcome(options(&schema, true), &document);
        assert_eq!(
            json!("{\"a\": \"aaaa\"}"),
            *contents.last().unwrap(),
            "{schema}"
        );
        assert_eq!(Value::Null, status["valid"], "{status}");
        assert!(
            status["warning"].as_str().unwrap().contains(why),
            "{status}"
        );
    }
    let none = ChunkOptions {
        validate: true,
        ..ChunkOptions::default()
    };
    let (_, status) = outcome(none, &document);
    assert_eq!(
        json!("there is no schema to validate by"),
        status["warning"]
    );
}

#[test]
fn patterns_and_schemas_made_to_take_forever_do_not() {
    let before = Instant::now();
    let text = format!("{{\"a\": \"{}!\"}}", "a".repeat(50_000));
    let pattern = json!({"properties": {"a": {"pattern": "^(a+)+$"}}});
    let (_, status) = at_once(options(&pattern, true), &[&text]);
    assert_eq!(json!(false), status["valid"]);
    // A bounded repetition of bounded repetitions would be a program of a gigabyte.
    let program = json!({"properties": {"a": {"pattern": "((a{1000}){1000}){1000}"}}});
    let (_, status) = at_once(options(&program, true), &[&text]);
    assert!(status["warning"].is_string(), "{status}");
    // Each of thirty schemas refers to the next one twice: a billion looks at one value.
    let twice =
        |to: usize| json!([{"$ref": format!("#/$defs/n{to}")}, {"$ref": format!("#/$defs/n{to}")}]);
    let mut defs = json!({"n30": {"type": "object"}});
    for at in 0..30 {
        defs[format!("n{at}")] = json!({"allOf": twice(at + 1)});
    }
    let laughs = json!({"$ref": "#/$defs/n0", "$defs": defs});
    let (_, status) = at_once(options(&laughs, true), &["{}"]);
    assert!(
        status["warning"]
            .as_str()
            .unwrap()
            .contains("costs too much"),
        "{status}"
    );
    // Who asks what is left over asks all that is in it again: four times at each level.
    let mut left_over = json!({"type": "object"});
    for _ in 0..30 {
        left_over = json!({"anyOf": [left_over], "unevaluatedProperties": {"type": "integer"}});
    }
    let (_, status) = at_once(options(&left_over, true), &["{\"a\": 1}"]);
    assert!(status["warning"].is_string(), "{status}");
    // The same along the depth of the document.
    let tree = json!({"allOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]});
    let deep = format!("{}{}", "[".repeat(60), "]".repeat(60));
    let (_, status) = at_once(options(&tree, true), &[&deep]);
    assert!(
        status["warning"]
            .as_str()
            .unwrap()
            .contains("costs too much"),
        "{status}"
    );
    assert!(before.elapsed() < Duration::from_secs(20));
}

/// Asks for a verdict; gives it, or why there is none.
fn judged(schema: &Value, document: &str) -> Result<bool, String> {
    let (_, status) = at_once(options(schema, true), &[document]);
    match status["valid"].as_bool() {
        Some(valid) => Ok(valid),
        None => Err(status["warning"].as_str().unwrap().into()),
    }
}

#[test]
fn a_pattern_of_many_states_is_paid_for_by_each_byte_that_it_reads() {
    let before = Instant::now();
    let mut random = Random(5);
    let text: String = (0..200_000).map(|_| random.pick(&["a", "b"])).collect();
    // The next fifty characters decide whether it matches: as many states at each byte.
    let pattern = "a[ab]{50}c";
    let costs = Err("the document was not validated: by this schema it costs too much".to_owned());
    for (schema, document) in [
        (json!({"items": {"pattern": pattern}}), json!([text])),
        (
            json!({"patternProperties": {pattern: {}}}),
            json!({&text: 1}),
        ),
        (
            json!({"propertyNames": {"pattern": pattern}}),
            json!({&text: 1}),
        ),
        (
            json!({"propertyNames": {"allOf": [{"pattern": pattern}]}}),
            json!({&text: 1}),
        ),
        (
            json!({"items": {"format": "regex"}}),
            json!(["\\w".repeat(500_000)]),
        ),
        (
            json!({"items": {"multipleOf": 1e-300}}),
            json!(vec![1e300; 200_000]),
        ),
    ] {
        assert_eq!(costs, judged(&schema, &document.to_string()), "{schema}");
    }
    assert!(before.elapsed() < Duration::from_secs(60));
    // What people write costs little.
    let uuid = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
    let schema = json!({"items": {"pattern": uuid}});
    let each = "01234567-89ab-cdef-0123-456789abcdef";
    assert_eq!(
        Ok(true),
        judged(&schema, &json!(vec![each; 1_000]).to_string())
    );
    let schema = json!({"items": {"pattern": "^[A-Za-z0-9+/]*={0,2}$"}});
    assert_eq!(
        Ok(true),
        judged(&schema, &json!(["QUJD".repeat(25_000)]).to_string())
    );
}

#[test]
fn the_patterns_of_a_schema_are_bounded_together_before_any_is_compiled() {
    let before = Instant::now();
    let named = |pattern: &dyn Fn(usize) -> String, count: usize| {
        let each = (0..count).map(|at| (format!("k{at}"), json!({"pattern": pattern(at)})));
        json!({"properties": each.collect::<serde_json::Map<_, _>>()})
    };
    let large = named(&|at| format!("a{{900}}{at}"), 20_000);
    let many = named(&|at| at.to_string(), 20_000);
    let keys: serde_json::Map<_, _> = (0..20_000)
        .map(|at| (format!("a{{900}}{at}"), json!({"const": 1})))
        .collect();
    for schema in [large, many, json!({"patternProperties": keys})] {
        let why = judged(&schema, "{\"a\": 1}").unwrap_err();
        assert!(why.contains("patterns are too many, or too large"), "{why}");
    }
    assert!(before.elapsed() < Duration::from_secs(20));
    let usual = named(&|at| format!("^[a-z]{{1,64}}{at}$"), 300);
    assert_eq!(Ok(true), judged(&usual, "{\"k7\": \"ab7\"}"));
    assert_eq!(Ok(false), judged(&usual, "{\"k7\": \"ab8\"}"));
}

#[test]
fn names_that_many_schemas_share_and_many_refer_to_do_not_multiply() {
    let before = Instant::now();
    let named = vec![json!({"$dynamicAnchor": "x", "const": "a"}); 15_000];
    let referring = vec![json!({"$dynamicRef": "#x"}); 15_000];
    let schema = json!({"properties": {"a": {"anyOf": named}, "b": {"allOf": referring}}});
    let why = judged(&schema, "{\"c\": 1}").unwrap_err();
    assert!(why.contains("lead to more than"), "{why}");
    assert!(before.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_deep_document_and_a_long_way_through_the_schema_use_no_more_than_their_stack() {
    let mut defs = json!({"n59": {"items": {"$ref": "#"}, "type": "array"}});
    for at in 0..59 {
        defs[format!("n{at}")] = json!({"anyOf": [{"$ref": format!("#/$defs/n{}", at + 1)}]});
    }
    let schema = json!({"$ref": "#/$defs/n0", "$defs": defs});
    let deep = format!("{}{}", "[".repeat(120), "]".repeat(120));
    let (_, status) = at_once(options(&schema, true), &[&deep]);
    assert_eq!(json!(true), status["valid"], "{status}");
    let wrong = format!("{}1{}", "[".repeat(120), "]".repeat(120));
    let (_, status) = at_once(options(&schema, true), &[&wrong]);
    assert_eq!(json!(false), status["valid"], "{status}");
    let chain: Value = (0..4_000)
        .map(|at| {
            let next = json!({"items": {"$ref": format!("#/$defs/n{}", at + 1)}});
            (format!("n{at}"), if at == 3_999 { json!({}) } else { next })
        })
        .collect::<serde_json::Map<_, _>>()
        .into();
    let schema = json!({"$ref": "#/$defs/n0", "$defs": chain});
    let (_, status) = at_once(options(&schema, true), &["[[]]"]);
    assert_eq!(json!(true), status["valid"], "{status}");
}

#[test]
fn each_choice_gets_its_own_verdict() {
    let chunk = |index: u32, text: &str, reason: &str| {
        let choice = json!({"index": index, "delta": {"content": text}, "finish_reason": reason});
        format!("data: {}\n\n", json!({"choices": [choice]}))
    };
    let stream = [
        chunk(0, "{\"status\": \"gone\", \"age\": 1}", "stop"),
        chunk(1, "{\"age\": 1}", "stop"),
        DONE.into(),
    ]
    .concat();
    let options = ChunkOptions {
        choices: 2,
        ..options(&user(), true)
    };
    let outcome = with(options, stream, End::Closed);
    let valid: Vec<_> = outcome
        .events()
        .iter()
        .filter_map(|event| event["choices"][0]["json_status"]["valid"].as_bool())
        .collect();
    assert_eq!([true, false], *valid);
}

#[test]
fn a_choice_without_text_gets_no_verdict() {
    let call = chunk(
        r#"{"content": "", "tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#,
        "",
    );
    let stream = [
        call,
        chunk("{}", r#","finish_reason":"tool_calls""#),
        DONE.into(),
    ]
    .concat();
    let outcome = with(options(&user(), true), stream, End::Closed);
    assert!(!outcome.text().contains("valid"), "{}", outcome.text());
}

const LISTS: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
const NAMED: &[&str] = &[
    "$defs",
    "definitions",
    "dependentSchemas",
    "patternProperties",
    "properties",
];
const ONES: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
const OTHERS: &[(&str, &[&str])] = &[
    ("$anchor", &[r#""a""#]),
    ("$dynamicRef", &[r##""#a""##]),
    ("$id", &[r#""https://example.com/a""#, r##""#a""##]),
    (
        "$ref",
        &[
            r##""#""##,
            r##""#/$defs/a""##,
            r##""#/properties/a""##,
            r##""#a""##,
        ],
    ),
    (
        "$schema",
        &[r#""https://json-schema.org/draft/2020-12/schema""#],
    ),
    ("const", &[r#""a""#, "[]", "{}", "null"]),
    ("contentEncoding", &[r#""base64""#]),
    ("dependentRequired", &[r#"{"a": ["b"]}"#]),
    ("enum", &[r#"["a", {}]"#, "[1]", "[]"]),
    (
        "format",
        &[
            r#""date""#,
            r#""email""#,
            r#""regex""#,
            r#""uri""#,
            r#""x""#,
        ],
    ),
    ("maxLength", &["0", "3"]),
    ("minContains", &["0", "2"]),
    ("minItems", &["1"]),
    ("minimum", &["-1", "1e300"]),
    ("multipleOf", &["0.1", "3", "1e-300"]),
    (
        "pattern",
        &[r#""^(a+)+$""#, r#""(""#, r#""\\p{L}""#, r#""(?=a)""#],
    ),
    ("required", &["[]", r#"["a"]"#]),
    (
        "type",
        &[r#""object""#, r#"["string", "array"]"#, r#""integer""#],
    ),
    ("uniqueItems", &["true", "false"]),
];

/// A schema of all that there is, now and then with a keyword that is used as none is.
fn odd(random: &mut Random, depth: usize) -> Value {
    let mut schema = serde_json::Map::new();
    if depth > 3 || random.below(12) == 0 {
        return json!(random.below(6) > 0);
    }
    for _ in 0..1 + random.below(3) {
        let inner = |random: &mut Random| odd(random, depth + 1);
        let (keyword, value) = match random.below(8) {
            0 => (random.pick(LISTS), json!([inner(random), inner(random)])),
            1 | 2 => (
                random.pick(NAMED),
                json!({"a": inner(random), "b": inner(random)}),
            ),
            3 => (random.pick(ONES), inner(random)),
            _ => {
                let (keyword, values) = random.pick(OTHERS);
                (keyword, serde_json::from_str(random.pick(values)).unwrap())
            }
        };
        let wrong = random.below(60) == 0;
        schema.insert(keyword.into(), if wrong { json!([3, null]) } else { value });
    }
    schema.into()
}

fn any_value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth > 2 { 4 } else { 7 }) {
        0 => json!("a"),
        1 => json!("2024-01-02"),
        2 => json!(random.below(7)),
        3 => json!(null),
        4 => (0..random.below(4))
            .map(|_| any_value(random, depth + 1))
            .collect(),
        _ => json!({"a": any_value(random, depth + 1), "b": any_value(random, depth + 1)}),
    }
}

#[test]
fn no_schema_and_no_document_stop_the_stream_and_each_gets_a_verdict_or_a_warning() {
    let mut random = Random(14);
    let (mut valid, mut invalid, mut warnings) = (0, 0, 0);
    for _ in 0..1_500 {
        let schema = odd(&mut random, 0);
        let document = json!({"a": any_value(&mut random, 0)}).to_string();
        let options = ChunkOptions {
            root: Root::Object,
            ..options(&schema, true)
        };
        let (contents, status) = at_once(options, &[&document]);
        assert_eq!(json!(true), status["complete"], "{schema} {document}");
        let last: Value = serde_json::from_str(contents.last().unwrap().as_str().unwrap()).unwrap();
        assert_eq!(document, last.to_string());
        assert!(
            status["valid"].is_boolean() || status["warning"].is_string(),
            "{schema}"
        );
        valid += usize::from(status["valid"] == true);
        invalid += usize::from(status["valid"] == false);
        warnings += usize::from(status["warning"].is_string());
    }
    assert!(
        valid > 100 && invalid > 100 && warnings > 100,
        "{valid}, {invalid}, {warnings}"
    );
}
