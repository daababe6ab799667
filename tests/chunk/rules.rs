//! The numbered rules of a stream of chunks.

use crate::support::*;
use serde_json::json;
use wholejson::chunk::ChunkOptions;

#[test]
fn the_smallest_stream_becomes_snapshots_and_a_final_one_with_its_status() {
    let stream = [
        role(),
        text("{\"name"),
        text("\":\""),
        text("John"),
        text(" Doe"),
        text("\"}"),
        stop(),
        DONE.into(),
    ]
    .concat();
    let expected = concat!(
        r#"data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"{\"name\": \"John\"}","role":"assistant"}}]}"#,
        "\n\n",
        r#"data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"{\"name\": \"John Doe\"}"}}]}"#,
        "\n\n",
        r#"data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"{\"name\": \"John Doe\"}"},"finish_reason":"stop","json_status":{"complete": true, "repairs": 0}}]}"#,
        "\n\ndata: [DONE]\n\n",
    );
    let outcome = run(stream);
    assert_eq!(expected, outcome.text());
    assert_eq!(8, outcome.report.events_in);
    assert_eq!(4, outcome.report.events_out);
    assert_eq!(2, outcome.report.updates);
    assert!(outcome.report.complete);
}

#[test]
fn rule_1_a_stream_without_string_content_passes_as_it_came() {
    let stream = [
        chunk(
            r#"{"role":"assistant","content":null}"#,
            r#","finish_reason":null"#,
        ),
        chunk("{}", ""),
        chunk(
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}"#,
            "",
        ),
        chunk(r#"{"content":null}"#, ""),
        chunk(
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}"#,
            "",
        ),
        chunk("{}", r#","finish_reason":"tool_calls""#),
        DONE.into(),
    ]
    .concat();
    let outcome = run(&stream);
    assert_eq!(stream, outcome.text());
    assert_eq!(7, outcome.report.events_out);
}

#[test]
fn rule_1_text_parts_of_lists_add_up_and_parts_that_are_not_text_are_kept() {
    let part = |text: &str| json!({"type": "text", "text": text});
    let list = |parts: serde_json::Value| chunk(&json!({"content": parts}).to_string(), "");
    let think = json!({"type": "thinking", "thinking": [{"type": "text", "text": "{no}"}]});
    let stream = [
        list(json!([think])),
        list(json!([part("{\"a\":"), part(" \"b")])),
        list(json!([think, part("c"), part("d")])),
        list(json!([part("\""), think, part("}")])),
        chunk(
            &json!({"content": [part("")]}).to_string(),
            r#","finish_reason":"stop""#,
        ),
    ]
    .concat();
    let outcome = run(stream);
    let expected = [
        json!([think]),
        json!(r#"{"a": "b"}"#),
        json!([think, part(r#"{"a": "bcd"}"#)]),
        json!([think]),
        json!(r#"{"a": "bcd"}"#),
    ];
    assert_eq!(expected.to_vec(), outcome.contents());
}

#[test]
fn rule_1_a_final_chunk_with_other_parts_carries_the_snapshot_beside_them() {
    let think = json!({"type": "thinking", "thinking": []});
    let stream = [
        text("[1,"),
        chunk(
            &json!({"content": [think]}).to_string(),
            r#","finish_reason":"stop""#,
        ),
    ]
    .concat();
    let last = json!([think, {"type": "text", "text": "[1]"}]);
    assert_eq!(vec![json!("[1]"), last], run(stream).contents());
}

#[test]
fn rule_2_a_chunk_is_given_out_for_an_update_for_other_content_or_for_a_finish_reason() {
    let stream = [
        text("{\"a\": "),
        chunk(r#"{"content":"","reasoning":"hm"}"#, ""),
        chunk(
            r#"{"content":" ","reasoning":"","tool_calls":[],"audio":{},"x":null}"#,
            "",
        ),
        chunk(r#"{"content":"\n","x":0}"#, r#","finish_reason":"""#),
        chunk(r#"{"reasoning_details":[{}]}"#, r#","finish_reason":null"#),
        text("1}"),
        text(" "),
        stop(),
    ]
    .concat();
    let outcome = run(stream);
    let expected = [
        json!(null),
        json!(null),
        json!(null),
        json!("{\"a\": 1}"),
        json!("{\"a\": 1}"),
    ];
    assert_eq!(expected.to_vec(), outcome.contents());
    let events = outcome.events();
    assert_eq!(
        json!({"content": null, "reasoning": "hm"}),
        events[0]["choices"][0]["delta"]
    );
    assert_eq!(
        json!({"content": null, "x": 0}),
        events[1]["choices"][0]["delta"]
    );
    assert_eq!(
        json!({"reasoning_details": [{}]}),
        events[2]["choices"][0]["delta"]
    );
}

#[test]
fn rule_2_an_object_with_nothing_but_nulls_says_nothing() {
    let empty = r#","graph_data":{"sources":null,"status":[]},"tool_calls":null"#;
    let stream = [
        chunk(
            &format!(r#"{{"content":null,"role":"assistant"{empty}}}"#),
            "",
        ),
        chunk(&format!(r#"{{"content":"[1,"{empty}}}"#), ""),
        chunk(&format!(r#"{{"content":" "{empty}}}"#), ""),
        stop(),
    ];
    assert_eq!(
        vec![json!("[1]"), json!("[1]")],
        run(stream.concat()).contents()
    );
}

#[test]
fn rule_3_a_role_is_held_and_goes_into_the_next_snapshot_or_out_before_anything_else() {
    let merged = run([role(), text("{"), text("\"a\":\"b"), stop()].concat());
    let delta = json!({"role": "assistant", "content": "{\"a\": \"b\"}"});
    assert_eq!(delta, merged.events()[0]["choices"][0]["delta"]);
    assert_eq!(2, merged.events().len());

    let call = chunk(r#"{"tool_calls":[{"index":0}]}"#, "");
    let stream = [role(), call, text("[0,"), stop()].concat();
    let before = run(&stream);
    assert_eq!(role(), before.text()[..role().len()], "as it was");
    assert_eq!(4, before.events().len());
}

#[test]
fn rule_3_a_role_that_a_chunk_has_itself_stands_and_is_not_held_again() {
    let each = |content: &str| {
        chunk(
            &json!({"role": "assistant", "content": content}).to_string(),
            "",
        )
    };
    let stream = [
        each(""),
        each("{"),
        each("\"a\":\"b"),
        each(""),
        each("c"),
        stop(),
    ]
    .concat();
    let outcome = run(stream);
    let roles: Vec<_> = outcome
        .events()
        .iter()
        .map(|event| event["choices"][0]["delta"]["role"].clone())
        .collect();
    assert_eq!(
        vec![json!("assistant"), json!("assistant"), json!(null)],
        roles
    );
    let matches = outcome.text().matches("\"role\"").count();
    assert_eq!(2, matches, "no role is doubled");
}

#[test]
fn rule_3_a_role_beside_text_that_is_no_update_is_carried() {
    let stream = [
        chunk(r#"{"role":"assistant","content":"{\"a\""}"#, ""),
        text(":\"b"),
        stop(),
    ]
    .concat();
    let delta = json!({"role": "assistant", "content": "{\"a\": \"b\"}"});
    assert_eq!(delta, run(stream).events()[0]["choices"][0]["delta"]);
}

#[test]
fn rule_4_log_probabilities_of_dropped_chunks_are_put_in_front_of_the_next_ones() {
    let with = |content: &str, number: u64| {
        let logprobs = json!({"content": [{"logprob": number}], "refusal": null});
        chunk(
            &json!({"content": content}).to_string(),
            &format!(",\"logprobs\":{logprobs}"),
        )
    };
    let stream = [
        chunk(
            r#"{"role":"assistant","content":""}"#,
            r#","logprobs":{"content":[{"logprob":0}]}"#,
        ),
        with("{", 1),
        with("\"a", 2),
        with("\":\"b", 3),
        with("c", 4),
        with("\"", 5),
        with("}", 6),
        chunk("{}", r#","logprobs":null,"finish_reason":"stop""#),
    ]
    .concat();
    let outcome = run(stream);
    let numbers: Vec<Vec<u64>> = outcome
        .events()
        .iter()
        .map(|event| {
            let list = event["choices"][0]["logprobs"]["content"]
                .as_array()
                .unwrap();
            list.iter()
                .map(|item| item["logprob"].as_u64().unwrap())
                .collect()
        })
        .collect();
    assert_eq!(vec![vec![0, 1, 2, 3], vec![4], vec![5, 6]], numbers);
    assert!(outcome.text().contains(r#""refusal":null"#));
}

#[test]
fn rule_4_members_of_dropped_chunks_are_carried_unless_the_next_one_has_its_own() {
    let with = |content: &str, choice: &str, top: &str| {
        let delta = json!({"content": content});
        event(&format!(
            r#"{{"id":"c","choices":[{{"index":0,"delta":{delta}{choice}}}]{top}}}"#
        ))
    };
    let stream = [
        with(
            "",
            r#","token_ids":[1]"#,
            r#","usage":{"t":1},"x_groq":{"id":"r"},"obfuscation":"aa","p":"b""#,
        ),
        with(
            "{",
            r#","seen":true,"token_ids":[2]"#,
            r#","usage":{"t":2},"obfuscation":"bb""#,
        ),
        with("\"a\":\"b", r#","token_ids":null"#, r#","usage":null"#),
        with("\"", r#","token_ids":[3]"#, r#","usage":{"t":3}"#),
        with(
            "}",
            r#","finish_reason":"stop","token_ids":[4]"#,
            r#","usage":{"t":4}"#,
        ),
    ]
    .concat();
    let outcome = run(stream);
    let events = outcome.events();
    assert_eq!(2, events.len());
    assert_eq!(json!({"t": 2}), events[0]["usage"]);
    assert_eq!(json!({"id": "r"}), events[0]["x_groq"]);
    assert_eq!(json!([2]), events[0]["choices"][0]["token_ids"]);
    assert_eq!(json!(true), events[0]["choices"][0]["seen"]);
    assert_eq!(json!({"t": 4}), events[1]["usage"]);
    assert_eq!(json!([4]), events[1]["choices"][0]["token_ids"]);
    for padding in ["obfuscation", "\"p\""] {
        assert!(!outcome.text().contains(padding), "padding is not carried");
    }
    assert_eq!(1, outcome.text().matches("x_groq").count());
}

#[test]
fn rule_4_what_is_carried_and_finds_no_chunk_goes_out_by_itself_at_the_end() {
    let late = event(
        r#"{"id":"c1","choices":[{"index":0,"delta":{"content":""}}],"usage":{"total_tokens":9}}"#,
    );
    let stream = [text("[1]"), stop(), late, DONE.into()].concat();
    let outcome = run(stream);
    let events = outcome.events();
    assert_eq!(4, events.len());
    assert_eq!(
        json!({"id": "c1", "object": "chat.completion.chunk", "usage": {"total_tokens": 9}, "choices": []}),
        events[2]
    );
    assert_eq!(json!("[DONE]"), events[3]);
    assert_eq!(4, outcome.report.events_out);
}

#[test]
fn rule_4_what_an_event_without_choices_says_itself_is_not_said_again() {
    let late =
        event(r#"{"id":"c1","choices":[{"index":0,"delta":{"content":""}}],"usage":{"t":8}}"#);
    let usage = event(r#"{"id":"c1","choices":[],"usage":{"t":9}}"#);
    let stream = [text("[1]"), stop(), late, usage, DONE.into()].concat();
    let usages: Vec<_> = run(stream)
        .events()
        .into_iter()
        .filter_map(|event| event.get("usage").cloned())
        .collect();
    assert_eq!(vec![json!({"t": 9})], usages);
}

#[test]
fn rule_5_of_several_choices_in_an_event_those_not_given_out_are_taken_out() {
    let many = |choices: serde_json::Value| event(&json!({"choices": choices, "n": 1}).to_string());
    let say = |index: u64, content: &str| json!({"index": index, "delta": {"content": content}});
    let stream = [
        many(json!([say(0, "{"), say(1, "["), say(2, "[")])),
        many(json!([say(0, "\"a\":\"b"), say(1, "0"), say(2, "1,")])),
        many(json!([say(0, "c"), say(1, ","), say(2, "2")])),
        many(json!([say(0, ""), say(1, "3,"), say(2, "")])),
        many(json!([say(0, "d"), say(1, ""), say(2, "]")])),
        many(json!([say(0, ""), say(1, ""), say(2, "")])),
        stop_of(0),
        stop_of(1),
        stop_of(2),
    ]
    .concat();
    let given: Vec<Vec<(u64, String)>> = run(stream)
        .events()
        .iter()
        .map(|event| {
            let choices = event["choices"].as_array().unwrap();
            let each = choices.iter().map(|choice| {
                let content = choice["delta"]["content"].as_str().unwrap();
                (choice["index"].as_u64().unwrap(), content.to_owned())
            });
            each.collect()
        })
        .collect();
    let of = |index: u64, content: &str| (index, content.to_owned());
    let expected = vec![
        vec![of(0, "{\"a\": \"b\"}"), of(2, "[1]")],
        vec![of(0, "{\"a\": \"bc\"}"), of(1, "[0]")],
        vec![of(1, "[0, 3]")],
        vec![of(0, "{\"a\": \"bcd\"}"), of(2, "[1, 2]")],
        vec![of(0, "{\"a\": \"bcd\"}")],
        vec![of(1, "[0, 3]")],
        vec![of(2, "[1, 2]")],
    ];
    assert_eq!(expected, given);
}

#[test]
fn rule_5_a_choice_without_an_index_stays_itself_where_others_are_taken_out() {
    let say = |content: &str| json!({"delta": {"content": content}});
    let role = json!({"delta": {"role": "assistant"}});
    let nothing = json!({"index": null, "delta": {"content": "{}"}});
    let stream = [
        event(&json!({"choices": [say("{\"a"), role.clone(), say("[1,")]}).to_string()),
        event(&json!({"choices": [say("\":1"), nothing]}).to_string()),
        event(&json!({"choices": [say(","), say("")]}).to_string()),
    ]
    .concat();
    let options = ChunkOptions {
        choices: 3,
        ..ChunkOptions::default()
    };
    let events = with(options, stream, End::Closed).events();
    let expected = [
        json!({"choices": [{"index": 2, "delta": {"content": "[1]"}}]}),
        json!({"choices": [{"index": 1, "delta": {"content": "{}", "role": "assistant"}}]}),
        json!({"choices": [{"delta": {"content": "{\"a\": 1}"}}]}),
    ];
    assert_eq!(expected, events[..3]);
    // One that is held goes out as itself as well.
    let alone = event(&json!({"choices": [say("{"), role]}).to_string());
    let events = run(alone).events();
    let expected = json!({"choices": [{"index": 1, "delta": {"role": "assistant"}}]});
    assert_eq!(expected, events[0]);
}

#[test]
fn what_stands_behind_the_end_of_a_stream_in_one_event_is_not_given_out() {
    let call = json!([{"index": 0, "id": "a long id", "function": {"arguments": "{"}}]);
    let stream = event(
        &json!({"choices": [
            {"index": 0, "delta": {"content": "{\"a\":\"x"}},
            {"index": 1, "delta": {"tool_calls": call}},
            {"index": 2, "delta": {"content": "{\"unread"}},
        ]})
        .to_string(),
    );
    let mut options = ChunkOptions {
        choices: 3,
        tool_calls: true,
        ..ChunkOptions::default()
    };
    options.limits.document = 12;
    let outcome = with(options, stream, End::Closed);
    assert_eq!(["limit_exceeded"], outcome.errors()[..]);
    assert_eq!([json!("{\"a\": \"x\"}")], outcome.contents()[..]);
}

#[test]
fn rule_5_events_without_choices_and_comments_pass_in_their_place() {
    let first = event(r#"{"choices":[],"id":"","prompt_filter_results":[{"a":1}]}"#);
    let usage = event(r#"{"choices": [ ], "usage": {"total_tokens": 3}}"#);
    let stream = [
        ": OPENROUTER PROCESSING\n\n".to_owned(),
        first.clone(),
        role(),
        ": ping\n\n".to_owned(),
        ": in it\nid: 7\n".to_owned() + &text("{"),
        text("}"),
        stop(),
        usage.clone(),
        DONE.to_owned(),
    ]
    .concat();
    let outcome = run(stream);
    let start = format!(": OPENROUTER PROCESSING\n\n{first}: ping\n\n: in it\n\nid: 7\ndata: {{");
    assert!(outcome.text().starts_with(&start), "{}", outcome.text());
    assert!(outcome.text().ends_with(&format!("{usage}{DONE}")));
}

#[test]
fn rule_6_the_first_finish_reason_ends_the_document_after_reading_its_own_text() {
    let stream = [
        text("{\"a\": \"b"),
        chunk(r#"{"content":"c\"}"}"#, r#","finish_reason":"stop""#),
        chunk(r#"{"content":""}"#, r#","finish_reason":"stop""#),
        chunk(r#"{"content":"{\"late\": 1}"}"#, ""),
        DONE.into(),
    ]
    .concat();
    let outcome = run(stream);
    let last = r#"{"a": "bc"}"#;
    let expected = vec![json!(r#"{"a": "b"}"#), json!(last), json!(last)];
    assert_eq!(expected, outcome.contents());
    let events = outcome.events();
    for event in &events[1..3] {
        let status = json!({"complete": true, "repairs": 0});
        assert_eq!(status, event["choices"][0]["json_status"]);
    }
    assert_eq!(json!(null), events[0]["choices"][0]["json_status"]);
}

#[test]
fn rule_6_a_document_that_was_cut_off_says_so_whatever_the_reason() {
    for reason in ["length", "stop", "tool_calls"] {
        let more = format!(r#","finish_reason":"{reason}""#);
        let outcome = run([text("{\"a\": \"b"), chunk("{}", &more)].concat());
        let status = json!({"complete": false, "repairs": 0});
        assert_eq!(status, outcome.events()[1]["choices"][0]["json_status"]);
        assert!(!outcome.report.complete);
        assert!(outcome.errors().is_empty());
    }
}

#[test]
fn rule_6_a_final_chunk_without_delta_or_with_null_gets_one() {
    for delta in [
        "",
        r#""delta":null,"#,
        r#""delta":{},"#,
        r#""delta": { } ,"#,
    ] {
        let last = event(&format!(
            r#"{{"choices":[{{{delta}"index":0,"finish_reason":"stop"}}]}}"#
        ));
        let outcome = run([text("[1,"), last].concat());
        assert_eq!(
            vec![json!("[1]"), json!("[1]")],
            outcome.contents(),
            "{delta}"
        );
    }
}

#[test]
fn rule_7_without_text_tool_calls_a_refusal_audio_and_a_filter_are_no_error() {
    let stop = stop();
    let filtered = chunk(r#"{"content":""}"#, r#","finish_reason":"content_filter""#);
    for (said, last) in [
        (r#"{"content":"","tool_calls":[{"index":0}]}"#, &stop),
        (r#"{"content":"","refusal":"No."}"#, &stop),
        (r#"{"content":"","audio":{"id":"a"}}"#, &stop),
        (r#"{"content":"","function_call":{"name":"f"}}"#, &stop),
        (r#"{"content":""}"#, &filtered),
    ] {
        let outcome = run([role(), chunk(said, ""), last.clone(), DONE.into()].concat());
        assert!(outcome.errors().is_empty(), "{said}");
        assert!(!outcome.text().contains("json_status"), "{said}");
        assert!(outcome.text().ends_with(DONE), "{said}");
    }
}
