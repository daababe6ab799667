//! Tool calls: which piece belongs to which call, and what goes out of each.

use crate::support::*;
use serde_json::{Value, json};
use wholejson::chunk::{ChunkOptions, MAX_CALLS, Mode, Pace, Transformer};

fn options() -> ChunkOptions {
    ChunkOptions {
        tool_calls: true,
        ..ChunkOptions::default()
    }
}

fn read(stream: impl AsRef<[u8]>) -> Outcome {
    with(options(), stream, End::Closed)
}

/// A chunk with these elements in `tool_calls`.
fn calls(pieces: &Value) -> String {
    chunk(&json!({"tool_calls": pieces}).to_string(), "")
}

/// A piece with text only.
fn more(index: u64, text: &str) -> String {
    calls(&json!([{"index": index, "function": {"arguments": text}}]))
}

fn begin(index: u64, id: &str, name: &str, text: &str) -> String {
    calls(&json!([{"index": index, "id": id, "type": "function",
        "function": {"name": name, "arguments": text}}]))
}

fn end() -> String {
    chunk("{}", r#","finish_reason":"tool_calls""#)
}

/// The lists of tool calls that go out.
fn given(outcome: &Outcome) -> Vec<Value> {
    let events = outcome.events();
    let choices = events
        .iter()
        .filter_map(|event| event["choices"].as_array());
    let lists = choices
        .flatten()
        .map(|choice| choice["delta"]["tool_calls"].clone());
    lists.filter(|list| !list.is_null()).collect()
}

/// What each call says at the end: index, id, name, arguments, and whether they are complete.
fn ends(outcome: &Outcome) -> Vec<Value> {
    let lists = given(outcome);
    let last = lists.last().and_then(Value::as_array).unwrap();
    last.iter()
        .map(|call| {
            let function = &call["function"];
            json!([
                call["index"],
                call["id"],
                function["name"],
                function["arguments"],
                call["json_status"]["complete"]
            ])
        })
        .collect()
}

#[test]
fn arguments_become_snapshots_and_the_last_chunk_has_every_call_whole() {
    let stream = [
        chunk(r#"{"role":"assistant","content":null}"#, ""),
        begin(0, "call_1", "weather", ""),
        more(0, "{\"ci"),
        more(0, "ty\":\"Ro"),
        more(0, "me\"}"),
        end(),
        DONE.into(),
    ]
    .concat();
    let outcome = read(&stream);
    let function = |arguments: Value| json!({"arguments": arguments});
    let expected = vec![
        json!([{"index": 0, "id": "call_1", "type": "function",
            "function": {"name": "weather", "arguments": null}}]),
        json!([{"index": 0, "function": function(json!("{\"city\": \"Ro\"}"))}]),
        json!([{"index": 0, "function": function(json!("{\"city\": \"Rome\"}"))}]),
        json!([{"index": 0, "id": "call_1", "type": "function",
            "function": {"name": "weather", "arguments": "{\"city\": \"Rome\"}"},
            "json_status": {"complete": true, "repairs": 0}}]),
    ];
    assert_eq!(expected, given(&outcome));
    assert!(outcome.text().ends_with(DONE));
    assert_eq!((2, true), (outcome.report.updates, outcome.report.complete));
    let last = &outcome.events()[4]["choices"][0];
    assert_eq!(json!("tool_calls"), last["finish_reason"]);
    assert!(last.get("json_status").is_none(), "there was no text");
}

/// A piece, and what each call is at the end, for each habit of a provider.
fn habit(name: &str, chunks: &[Value], expected: &Value) {
    let stream: String = chunks.iter().map(calls).collect();
    let outcome = read(stream + &end() + DONE);
    assert_eq!(
        expected,
        &json!(ends(&outcome)),
        "{name}: {}",
        outcome.text()
    );
    assert!(outcome.report.error.is_none(), "{name}");
    for call in given(&outcome)
        .iter()
        .flat_map(|list| list.as_array().unwrap())
    {
        let number = call["index"].as_u64();
        assert!(
            number.is_some(),
            "{name}: each piece says an index of its own: {call}"
        );
        if let Some(arguments) = call["function"]["arguments"].as_str() {
            let value: Value = serde_json::from_str(arguments).unwrap();
            assert!(value.is_object(), "{name}: {arguments}");
        }
    }
}

#[test]
fn pieces_find_their_calls_by_index() {
    let two = json!([
        [0, "a", "f", "{\"x\": 1}", true],
        [1, "b", "g", "{\"y\": 2}", true]
    ]);
    let a = json!({"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}});
    let b = json!({"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": ""}});
    let piece = |index: u64, text: &str| json!({"index": index, "function": {"arguments": text}});
    habit(
        "one after the other",
        &[
            json!([a]),
            json!([piece(0, "{\"x\":1}")]),
            json!([b]),
            json!([piece(1, "{\"y\":2}")]),
        ],
        &two,
    );
    habit(
        "interleaved",
        &[
            json!([a]),
            json!([b]),
            json!([piece(0, "{\"x\":")]),
            json!([piece(1, "{\"y\":")]),
            json!([piece(0, "1}")]),
            json!([piece(1, "2}")]),
        ],
        &two,
    );
    habit(
        "several in one chunk",
        &[
            json!([a, b]),
            json!([piece(0, "{\"x\":1}"), piece(1, "{\"y\":2}")]),
        ],
        &two,
    );
    habit(
        "several pieces of a call in one chunk",
        &[
            json!([a, piece(0, "{\"x\""), piece(0, ":1}")]),
            json!([b, piece(1, "{\"y\":2}")]),
        ],
        &two,
    );
    let whole = |index: u64, id: &str, name: &str, text: &str| {
        json!({"index": index, "id": id, "type": "function",
            "function": {"name": name, "arguments": text}})
    };
    habit(
        "whole at once",
        &[
            json!([whole(0, "a", "f", "{\"x\":1}")]),
            json!([whole(1, "b", "g", "{\"y\":2}")]),
        ],
        &two,
    );
    habit(
        "id and name on each piece",
        &[
            json!([whole(0, "a", "f", "{\"x\"")]),
            json!([whole(0, "a", "f", ":1}")]),
            json!([whole(1, "b", "g", "{\"y\"")]),
            json!([whole(1, "b", "g", ":2}")]),
        ],
        &two,
    );
    habit(
        "a new id on each piece",
        &[
            json!([whole(0, "a", "f", "{\"x\"")]),
            json!([{"index": 0, "id": "r1", "function": {"arguments": ":1}"}}]),
            json!([{"index": 0, "id": "r2", "function": {"arguments": ""}}]),
            json!([whole(1, "b", "g", "{\"y\"")]),
            json!([{"index": 1, "id": "r3", "function": {"arguments": ":2}"}}]),
        ],
        &two,
    );
    habit(
        "null and empty where nothing is said",
        &[
            json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": null}}]),
            json!([{"index": 0, "id": null, "type": null, "function": {"name": null, "arguments": "{\"x\":1}"}}]),
            json!([{"index": 1, "id": "b", "type": "function", "function": {"name": "g"}}]),
            json!([{"index": 1, "id": "", "type": "", "function": {"name": "", "arguments": "{\"y\":2}"}}]),
        ],
        &two,
    );
    habit(
        "an empty object before the real arguments",
        &[
            json!([whole(0, "a", "f", "{}")]),
            json!([piece(0, " ")]),
            json!([piece(0, "{\"x\"")]),
            json!([piece(0, ":1}")]),
            json!([whole(1, "b", "g", "{ }{}{\"y\":2}")]),
        ],
        &two,
    );
    habit(
        "the index as text",
        &[json!([{"index": "0", "id": "a", "function": {"name": "f", "arguments": "{\"x\":1}"}}])],
        &json!([[0, "a", "f", "{\"x\": 1}", true]]),
    );
}

#[test]
fn pieces_find_their_calls_by_id_where_the_index_lies() {
    let two = json!([
        [0, "a", "f", "{\"x\": 1}", true],
        [1, "b", "g", "{\"y\": 2}", true]
    ]);
    let piece = |id: &str, name: &str, text: &str| json!({"index": 0, "id": id, "type": "function", "function": {"name": name, "arguments": text}});
    let text = |text: &str| json!({"index": 0, "function": {"arguments": text}});
    habit(
        "the same index for all",
        &[
            json!([piece("a", "f", "{\"x\":1}")]),
            json!([piece("b", "g", "{\"y\":2}")]),
        ],
        &two,
    );
    habit(
        "the same index for all, in pieces",
        &[
            json!([piece("a", "f", "")]),
            json!([text("{\"x\":1}")]),
            json!([piece("b", "g", "")]),
            json!([text("{\"y\":")]),
            json!([text("2}")]),
        ],
        &two,
    );
    habit(
        "the same index for all, interleaved by id",
        &[
            json!([piece("a", "f", "{\"x\"")]),
            json!([piece("b", "g", "{\"y\"")]),
            json!([{"index": 0, "id": "a", "function": {"arguments": ":1}"}}]),
            json!([{"index": 0, "id": "b", "function": {"arguments": ":2}"}}]),
        ],
        &two,
    );
    let without = |piece: &Value| {
        let mut piece = piece.clone();
        piece.as_object_mut().unwrap().remove("index");
        piece
    };
    habit(
        "no index",
        &[
            json!([without(&piece("a", "f", ""))]),
            json!([without(&text("{\"x\":1}"))]),
            json!([without(&piece("b", "g", ""))]),
            json!([without(&text("{\"y\":2}"))]),
        ],
        &two,
    );
    habit(
        "no index, both in each list",
        &[
            json!([without(&piece("a", "f", "")), without(&piece("b", "g", ""))]),
            json!([without(&text("{\"x\":1}")), without(&text("{\"y\":2}"))]),
        ],
        &two,
    );
    habit(
        "an index that grows with each piece",
        &[
            json!([piece("a", "f", "{\"x\"")]),
            json!([{"index": 1, "id": "a", "function": {"arguments": ":1"}}]),
            json!([{"index": 2, "id": "a", "function": {"arguments": "}"}}]),
            json!([{"index": 3, "id": "b", "function": {"name": "g", "arguments": "{\"y\":2}"}}]),
        ],
        &json!([
            [0, "a", "f", "{\"x\": 1}", true],
            [3, "b", "g", "{\"y\": 2}", true]
        ]),
    );
    for id in ["", "null"] {
        let expected = json!([
            [0, id, "f", "{\"x\": 1}", true],
            [1, id, "f", "{\"y\": 2}", true]
        ]);
        habit(
            "no ids, the same index, whole at once",
            &[
                json!([piece(id, "f", "{\"x\":1}")]),
                json!([piece(id, "f", "{\"y\":2}")]),
                json!([{}]),
            ],
            &drop_ids(&expected, id),
        );
    }
    habit(
        "no ids, the same index, no arguments",
        &[
            json!([piece("", "f", "")]),
            json!([piece("", "g", "{\"y\":2}")]),
        ],
        &json!([
            [0, null, "f", null, false],
            [1, null, "g", "{\"y\": 2}", true]
        ]),
    );
    habit(
        "the same id for all",
        &[
            json!([piece("call", "f", "{\"x\":1}")]),
            json!([{"index": 1, "id": "call", "function": {"name": "g", "arguments": "{\"y\":2}"}}]),
        ],
        &json!([
            [0, "call", "f", "{\"x\": 1}", true],
            [1, "call", "g", "{\"y\": 2}", true]
        ]),
    );
    habit(
        "an id that comes late, a name in pieces",
        &[
            json!([{"index": 4, "function": {"name": "we", "arguments": ""}}]),
            json!([{"index": 4, "id": "a"}]),
            json!([{"index": 4, "function": {"name": "ather"}}]),
            json!([{"index": 4, "function": {"arguments": "{\"x\":1}"}}]),
        ],
        &json!([[4, "a", "weather", "{\"x\": 1}", true]]),
    );
}

/// At the end there is no id where it was none.
fn drop_ids(ends: &Value, id: &str) -> Value {
    let mut ends = ends.clone();
    for end in ends.as_array_mut().unwrap() {
        assert_eq!(json!(id), end[1]);
        end[1] = Value::Null;
    }
    ends
}

#[test]
fn arguments_are_not_repaired_unless_that_is_asked_for() {
    let stream = [
        begin(0, "a", "f", "{'x': 1, \"y\": Tr"),
        begin(1, "b", "g", "{\"x\": 1, \"y\": tru"),
        more(0, "ue}"),
        more(1, "e, }"),
        begin(2, "c", "h", "{\"z\": \"cut"),
        begin(3, "d", "i", "Sure! {\"z\": 1}"),
        end(),
        DONE.into(),
    ]
    .concat();
    let strict = read(&stream);
    let expected = json!([
        [0, "a", "f", null, false],
        [1, "b", "g", "{\"x\": 1, \"y\": true}", false],
        [2, "c", "h", "{\"z\": \"cut\"}", false],
        [3, "d", "i", null, false]
    ]);
    assert_eq!(expected, json!(ends(&strict)));
    let statuses: Vec<Value> = given(&strict)
        .last()
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["json_status"]["error"].clone())
        .collect();
    assert_eq!(
        json!(["invalid_json", "invalid_json", null, "invalid_json"]),
        json!(statuses)
    );
    assert_eq!(
        (None, false),
        (strict.report.error, strict.report.complete),
        "the stream goes on"
    );
    assert!(strict.text().ends_with(DONE));

    let repaired = with(
        ChunkOptions {
            repair_arguments: true,
            ..options()
        },
        &stream,
        End::Closed,
    );
    let expected = json!([
        [0, "a", "f", "{\"x\": 1, \"y\": true}", true],
        [1, "b", "g", "{\"x\": 1, \"y\": true}", true],
        [2, "c", "h", "{\"z\": \"cut\"}", false],
        [3, "d", "i", "{\"z\": 1}", true]
    ]);
    assert_eq!(expected, json!(ends(&repaired)));
    let last = given(&repaired).pop().unwrap();
    assert_eq!(
        json!({"complete": true, "repairs": 2}),
        last[0]["json_status"]
    );
}

#[test]
fn a_call_without_arguments_is_no_error_and_not_complete() {
    for arguments in [
        r#","arguments":"""#,
        r#","arguments":null"#,
        "",
        r#","arguments":" ""#,
    ] {
        let piece = format!(
            r#"{{"tool_calls":[{{"index":0,"id":"a","type":"function","function":{{"name":"now"{arguments}}}}}]}}"#
        );
        let outcome = read(chunk(&piece, "") + &end() + DONE);
        assert_eq!(json!([[0, "a", "now", null, false]]), json!(ends(&outcome)));
        let last = given(&outcome).pop().unwrap();
        assert_eq!(
            json!({"complete": false, "repairs": 0}),
            last[0]["json_status"]
        );
        assert_eq!(None, outcome.report.error);
    }
}

#[test]
fn pieces_that_say_nothing_new_are_left_out_and_what_is_said_once_is_kept() {
    let stream = [
        begin(0, "a", "f", "{\"x"),
        begin(0, "a", "f", "\": "),
        calls(&json!([{"index": 0, "function": {"arguments": "[1"}}, {"index": 1, "id": "b", "function": {"name": "g"}}])),
        calls(&json!([{"index": 0, "function": {"arguments": ","}}, {"index": 1, "function": {"arguments": "{"}}])),
        calls(&json!([{"index": 1, "function": {"arguments": ""}, "extra_content": {"signature": "s"}}])),
        chunk(r#"{"tool_calls":[{"index":1,"function":{"arguments":"}"}}],"reasoning":"hm"}"#, ""),
        chunk(r#"{"tool_calls":[{"index":1,"function":{"arguments":" "}}],"reasoning":"hm"}"#, ""),
        event(r#"{"choices":[],"usage":{"t":1}}"#),
        chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"2]}"}}]}"#, r#","finish_reason":"tool_calls""#),
    ]
    .concat();
    let outcome = read(&stream);
    let expected = [
        json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": null}}]),
        json!([{"index": 1, "id": "b", "function": {"name": "g"}}]),
        json!([{"index": 0, "function": {"arguments": "{\"x\": [1]}"}}]),
        json!([{"index": 1, "function": {"arguments": null}, "extra_content": {"signature": "s"}}]),
        json!([
            {"index": 0, "function": {"arguments": "{\"x\": [1, 2]}", "name": "f"}, "id": "a", "type": "function",
                "json_status": {"complete": true, "repairs": 0}},
            {"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"},
                "json_status": {"complete": true, "repairs": 0}}
        ]),
    ];
    assert_eq!(expected.to_vec(), given(&outcome));
    let reasoning = outcome.text().matches("\"reasoning\":\"hm\"").count();
    assert_eq!(2, reasoning);
    assert!(outcome.text().contains("\"tool_calls\":null,\"reasoning\""));
}

#[test]
fn every_call_is_told_again_with_every_finish_reason() {
    let stream = [
        begin(0, "a", "f", "{\"x\":1}"),
        end(),
        chunk(r#"{"content":""}"#, r#","finish_reason":"tool_calls""#),
        chunk("null", r#","finish_reason":"tool_calls""#),
        event(r#"{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"finish_reason":"tool_calls"}]}"#),
        chunk(r#"{"tool_calls":null}"#, r#","finish_reason":"tool_calls""#),
        chunk(r#"{"tool_calls":[]}"#, r#","finish_reason":"tool_calls""#),
    ]
    .concat();
    let outcome = read(&stream);
    let lists = given(&outcome);
    assert_eq!(7, lists.len(), "{}", outcome.text());
    for list in &lists[1..] {
        assert_eq!(json!(true), list[0]["json_status"]["complete"]);
        assert_eq!(json!("{\"x\": 1}"), list[0]["function"]["arguments"]);
        assert_eq!(json!("a"), list[0]["id"]);
    }
}

#[test]
fn text_beside_calls_is_read_as_ever_and_its_failure_waits_for_the_calls() {
    let talk = text("Let me see. ");
    let call = begin(0, "a", "f", "{\"x\":1}");
    let outcome = read([role(), talk.clone(), call.clone(), end(), DONE.into()].concat());
    let last = &outcome.events()[2]["choices"][0];
    assert_eq!(
        json!({"complete": false, "repairs": 0, "error": "no_json"}),
        last["json_status"]
    );
    assert_eq!(
        json!([[0, "a", "f", "{\"x\": 1}", true]]),
        json!(ends(&outcome))
    );
    assert_eq!(None, outcome.report.error);

    let strict = ChunkOptions {
        repair: false,
        ..options()
    };
    let stream = [role(), talk.clone(), call, end(), DONE.into()].concat();
    let outcome = with(strict, &stream, End::Closed);
    assert_eq!(
        None, outcome.report.error,
        "the call came after the text had failed"
    );

    let bad = begin(0, "a", "f", "{x}");
    let outcome = read([role(), talk, bad, end(), DONE.into()].concat());
    assert_eq!(vec!["no_json"], outcome.errors(), "neither succeeded");

    let both = [
        role(),
        text("{\"a\":1,"),
        begin(0, "a", "f", "{\"x\":1}"),
        text("\"b\":2}"),
        end(),
    ]
    .concat();
    let outcome = read(both);
    let last = &outcome.events().pop().unwrap()["choices"][0];
    assert_eq!(json!("{\"a\": 1, \"b\": 2}"), last["delta"]["content"]);
    assert_eq!(json!({"complete": true, "repairs": 0}), last["json_status"]);
    assert_eq!(
        json!("{\"x\": 1}"),
        last["delta"]["tool_calls"][0]["function"]["arguments"]
    );
}

#[test]
fn choices_have_calls_of_their_own() {
    let of_choice = |index: u64, id: &str, text: &str| {
        of(index, &json!({"tool_calls": [{"index": 0, "id": id, "function": {"name": "f", "arguments": text}}]}).to_string(), "")
    };
    let stream = [
        of_choice(0, "a", "{\"x\":"),
        of_choice(1, "b", "{\"y\":"),
        of_choice(0, "a", "1}"),
        of_choice(1, "b", "2}"),
        of(1, "{}", r#","finish_reason":"tool_calls""#),
        of(0, "{}", r#","finish_reason":"tool_calls""#),
    ]
    .concat();
    let outcome = read(&stream);
    let lists = given(&outcome);
    assert_eq!(
        json!("{\"y\": 2}"),
        lists[lists.len() - 2][0]["function"]["arguments"]
    );
    assert_eq!(
        json!("{\"x\": 1}"),
        lists[lists.len() - 1][0]["function"]["arguments"]
    );
}

#[test]
fn a_stream_that_ends_without_a_finish_reason_tells_of_its_calls() {
    let stream = begin(0, "a", "f", "{\"x\": 12 ");
    let done = read(stream.clone() + DONE);
    assert_eq!(
        json!([[0, "a", "f", "{\"x\": 12}", false]]),
        json!(ends(&done))
    );
    assert!(done.text().ends_with(DONE));
    let made = &done.events()[1];
    assert_eq!(json!("c1"), made["id"]);
    assert!(made["choices"][0].get("json_status").is_none());

    let broken = read(&stream);
    assert_eq!(vec!["upstream_closed"], broken.errors());
    assert_eq!(1, given(&broken).len(), "the error event says it for all");

    let other = [stream.clone(), text_of(1, "{\"a\":1}"), stop_of(1)].concat();
    let outcome = read(other);
    assert_eq!(None, outcome.report.error, "one choice succeeded");
    let last = given(&outcome).pop().unwrap();
    assert_eq!(json!("upstream_closed"), last[0]["json_status"]["error"]);
    assert_eq!(
        json!("{\"x\": 12}").as_str().is_some(),
        last[0]["function"]["arguments"].is_null()
    );

    let own = event(r#"{"error":{"message":"x"}}"#);
    let outcome = read(stream + &own);
    assert!(outcome.text().ends_with(&own));
    assert!(outcome.report.upstream_error);
}

#[test]
fn what_is_no_tool_call_as_we_know_it_passes() {
    for list in [
        r#"{"a":1}"#,
        r#""text""#,
        "[null,7]",
        r#"[[1],{"index":0,"type":"custom","custom":{"name":"n","input":"{\"a\""}}]"#,
    ] {
        let stream = chunk(&format!(r#"{{"tool_calls":{list}}}"#), "") + &end() + DONE;
        assert_eq!(stream, read(&stream).text(), "{list}");
    }
    let alien =
        calls(&json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": {"x": 1}}}]));
    let stream = alien.clone() + &alien + &end() + DONE;
    assert_eq!(stream, read(&stream).text());
    let old = chunk(r#"{"function_call":{"name":"f","arguments":"{\"a"}}"#, "");
    let stream = old.clone() + &old + &end() + DONE;
    assert_eq!(
        stream,
        read(&stream).text(),
        "legacy function calls are left as they came"
    );
    let beside = chunk(
        r#"{"tool_calls":[null,{"index":0,"function":{"arguments":"{\"a\":1,"}},7]}"#,
        "",
    );
    let outcome = read(beside + &end());
    assert_eq!(
        json!([null, {"index": 0, "function": {"arguments": "{\"a\": 1}"}}, 7]),
        given(&outcome)[0]
    );
}

#[test]
fn without_the_option_tool_calls_pass_as_they_came() {
    let stream = [
        begin(0, "a", "f", "{\"x"),
        more(0, "\":1}"),
        end(),
        DONE.into(),
    ]
    .concat();
    assert_eq!(stream, run(&stream).text());
}

#[test]
fn the_number_of_calls_and_their_text_are_bounded() {
    let many: String = (0..=MAX_CALLS as u64)
        .map(|at| begin(at, &format!("id{at}"), "f", "{}"))
        .collect();
    let outcome = once(options(), &[many.as_bytes()], End::Closed);
    assert_eq!(vec!["limit_exceeded"], outcome.errors());
    let last = &outcome.text()[outcome.text().len() - 200..];
    assert!(last.contains("more than 256 tool calls"), "{last}");

    let mut small = options();
    small.limits.document = 40;
    let stream = [
        begin(0, "a", "f", "{\"x\": \"0123456789\"}"),
        begin(1, "b", "g", "{\"x\": \"0123456789\"}"),
        end(),
        DONE.into(),
    ]
    .concat();
    let outcome = with(small.clone(), &stream, End::Closed);
    let last = given(&outcome).pop().unwrap();
    assert_eq!(
        json!({"complete": true, "repairs": 0}),
        last[0]["json_status"]
    );
    assert_eq!(json!("limit_exceeded"), last[1]["json_status"]["error"]);
    let named = begin(0, &"i".repeat(50), "f", "{}");
    let outcome = with(small, named, End::Closed);
    assert_eq!(vec!["limit_exceeded"], outcome.errors());
}

#[test]
fn in_patch_mode_arguments_are_operations_and_an_empty_object_in_front_gives_way() {
    let patch = ChunkOptions {
        mode: Mode::Patch,
        ..options()
    };
    let stream = [
        begin(0, "a", "f", "{}"),
        more(0, "{\"x\":"),
        more(0, "\"y"),
        more(0, "z\"}"),
        end(),
    ]
    .concat();
    let outcome = with(patch.clone(), &stream, End::Closed);
    let lists = given(&outcome);
    assert_eq!(Value::Null, lists[0][0]["function"]["arguments"]);
    let operations: Vec<Value> = lists[1..]
        .iter()
        .map(|list| {
            serde_json::from_str(list[0]["function"]["arguments"].as_str().unwrap()).unwrap()
        })
        .collect();
    let expected = json!([
        [{"op": "add", "path": "", "value": {"x": "y"}}],
        [{"op": "append", "path": "/x", "value": "z"}],
        []
    ]);
    assert_eq!(expected, json!(operations));
    let status = json!({"complete": true, "repairs": 0, "document": {"x": "yz"}});
    assert_eq!(status, lists[3][0]["json_status"]);
    let bare = ChunkOptions {
        final_document: false,
        ..patch
    };
    let outcome = with(bare, &stream, End::Closed);
    let status = json!({"complete": true, "repairs": 0});
    assert_eq!(status, given(&outcome)[3][0]["json_status"]);
}

#[test]
fn an_empty_object_is_shown_once_and_only_at_the_end() {
    for rest in [r#"{"a":1"#, "{", "", "{}"] {
        let (length, mut stream) = (&r#","finish_reason":"length""#, begin(0, "a", "f", "{}"));
        stream += &more(0, rest);
        stream += &chunk("{}", length);
        let lists = given(&read(&stream));
        let arguments = |list: &Value| list[0]["function"]["arguments"].clone();
        let shown: Vec<Value> = lists.iter().map(arguments).collect();
        let last = match rest {
            "" | "{}" => json!("{}"),
            _ => Value::Null,
        };
        assert_eq!(vec![Value::Null, last], shown, "{rest}");
    }
}

#[test]
fn a_pace_counts_for_each_call_by_itself_and_the_last_is_always_sent() {
    for mode in [Mode::Snapshot, Mode::Patch] {
        let mut transformer = Transformer::new(ChunkOptions {
            mode,
            pace: Pace {
                max_amplification: None,
                every_ms: Some(50),
            },
            ..options()
        });
        let mut out = Vec::new();
        transformer.set_time(0);
        let mut feed = |transformer: &mut Transformer, now: u64, event: &str| {
            transformer.set_time(now);
            transformer.feed(event.as_bytes(), &mut out).unwrap();
            transformer.flush_due(&mut out);
            let lists = lists_of(&out);
            out.clear();
            lists
        };
        let mut shown = |now: u64, event: &str| feed(&mut transformer, now, event);
        assert_eq!(1, shown(0, &begin(0, "a", "f", "{\"x\":[1,")).len());
        assert_eq!(1, shown(10, &begin(1, "b", "g", "{\"y\":[1,")).len());
        assert!(shown(20, &more(0, "2,")).is_empty());
        assert!(shown(30, &more(1, "2,")).is_empty());
        assert!(shown(40, "").is_empty());
        let due = shown(50, "");
        assert_eq!(
            vec![json!(0)],
            due.iter()
                .map(|list| list[0]["index"].clone())
                .collect::<Vec<_>>()
        );
        assert!(due[0][0].get("json_status").is_none());
        assert!(shown(51, "").is_empty(), "it was sent");
        // Where another call speaks, one that is due goes with it.
        let both = shown(70, &more(0, "3,"));
        assert_eq!(
            json!([1]),
            both.iter()
                .map(|list| list[0]["index"].clone())
                .collect::<Value>()
        );
        let last = shown(75, &end());
        assert_eq!(2, last[0].as_array().unwrap().len());
        if mode == Mode::Snapshot {
            assert_eq!(
                json!("{\"x\": [1, 2, 3]}"),
                last[0][0]["function"]["arguments"]
            );
            assert_eq!(
                json!("{\"y\": [1, 2]}"),
                last[0][1]["function"]["arguments"]
            );
        } else {
            assert_eq!(
                json!({"x": [1, 2, 3]}),
                last[0][0]["json_status"]["document"]
            );
            assert_eq!(json!({"y": [1, 2]}), last[0][1]["json_status"]["document"]);
        }
    }
}

fn lists_of(out: &[u8]) -> Vec<Value> {
    let events = events(std::str::from_utf8(out).unwrap());
    let choices = events
        .iter()
        .filter_map(|event| event["choices"].as_array());
    let lists = choices
        .flatten()
        .map(|choice| choice["delta"]["tool_calls"].clone());
    lists.filter(|list| !list.is_null()).collect()
}

#[test]
fn a_slow_reader_is_spared_arguments_that_newer_ones_have_overtaken() {
    let mut transformer = Transformer::new(options());
    let mut out = Vec::new();
    for event in [
        begin(0, "a", "f", "{\"x\":[1,"),
        more(0, "2,"),
        text("{\"t\":1,"),
        more(0, "3,"),
        begin(1, "b", "g", "{\"y\":[1,"),
        more(1, "2,"),
        more(0, "4,"),
    ] {
        transformer.push(event.as_bytes()).unwrap();
    }
    transformer.pull(&mut out);
    let shown: Vec<Value> = lists_of(&out);
    // What says a name is never left out; what waited before it went out with its newest state.
    let expected = json!([
        [[0, "f", "{\"x\": [1]}"]],
        [[0, null, "{\"x\": [1, 2, 3]}"]],
        [[1, "g", "{\"y\": [1]}"]],
        [
            [0, null, "{\"x\": [1, 2, 3, 4]}"],
            [1, null, "{\"y\": [1, 2]}"]
        ]
    ]);
    let shown: Vec<Value> = shown
        .iter()
        .map(|list| {
            let calls = list.as_array().unwrap().iter();
            calls
                .map(|call| {
                    json!([
                        call["index"],
                        call["function"]["name"],
                        call["function"]["arguments"]
                    ])
                })
                .collect()
        })
        .collect();
    assert_eq!(expected, json!(shown), "{}", String::from_utf8_lossy(&out));
    assert!(
        String::from_utf8(out)
            .unwrap()
            .contains(r#""content":"{\"t\": 1}""#)
    );
}

#[test]
fn what_is_put_in_stands_where_it_belongs_whatever_the_last_member_was() {
    let finish = r#","finish_reason":"tool_calls""#;
    let start = text("{\"t\":1,") + &begin(0, "a", "f", "{\"x\":1}");
    let deltas = [
        r#"{"tool_calls":[]}"#,
        r#"{"tool_calls":null}"#,
        r#"{"tool_calls":{}}"#,
        r#"{"x":1}"#,
        r#"{"tool_calls":[{"id":"a","function":null}]}"#,
        r#"{"tool_calls":[{"function":{}}]}"#,
        r#"{"tool_calls":[{}]}"#,
        r#"{"tool_calls":[{"index":null}]}"#,
        r#"{"tool_calls":[{"type":null,"id":null,"index":0,"function":{"name":null,"arguments":null}}]}"#,
        "null",
    ];
    for delta in deltas {
        let outcome = read(start.clone() + &chunk(delta, finish) + DONE);
        let last = &outcome.events()[2]["choices"][0];
        let whole = json!([{"index": 0, "id": "a", "type": "function",
            "function": {"name": "f", "arguments": "{\"x\": 1}"},
            "json_status": {"complete": true, "repairs": 0}}]);
        assert_eq!(
            whole,
            last["delta"]["tool_calls"],
            "{delta}: {}",
            outcome.text()
        );
        assert_eq!(json!("{\"t\": 1}"), last["delta"]["content"], "{delta}");
        assert_eq!(json!("tool_calls"), last["finish_reason"], "{delta}");
    }
}
