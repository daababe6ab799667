//! Streams with a schema: what is shown whole, and the verdict at the end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wholejson::Schema;
use wholejson::chunk::{ChunkOptions, Mode};

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
            "is not a \"regex\"",
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
