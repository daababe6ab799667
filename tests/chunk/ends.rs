//! How a stream ends: errors, and what is no error.

use crate::support::*;
use serde_json::json;
use wholejson::chunk::{ChunkOptions, Code};
use wholejson::{Kind, Limits};

/// The stream so far, then one error event with this code, and nothing behind it.
fn ends_with(outcome: &Outcome, code: &str) {
    assert_eq!(
        vec![code.to_owned()],
        outcome.errors(),
        "{}",
        outcome.text()
    );
    let last = outcome.events().pop().unwrap();
    let error = last["error"].as_object().unwrap();
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty())
    );
    assert!(error["type"].is_string() && error["param"].is_null());
    assert!(outcome.text().ends_with("\n\n"));
    assert!(!outcome.text().contains("[DONE]"));
    assert_eq!(Some(code), outcome.report.error.map(Code::name));
    assert!(!outcome.report.complete);
}

#[test]
fn rule_8_prose_is_no_json_and_the_error_shows_what_came_instead() {
    let prose = "{\"I can't \\\"do\\\" that \u{1F680}";
    let stream = [
        role(),
        text(&prose[..9]),
        text(&prose[9..]),
        stop(),
        DONE.into(),
    ]
    .concat();
    let outcome = run(stream);
    ends_with(&outcome, "no_json");
    let events = outcome.events();
    assert_eq!(json!(prose), events.last().unwrap()["error"]["text"]);
    let last = &events[events.len() - 2]["choices"][0];
    assert_eq!(json!(null), last["delta"]["content"]);
    assert_eq!(json!("stop"), last["finish_reason"]);
    let status = json!({"complete": false, "repairs": 0, "error": "no_json"});
    assert_eq!(status, last["json_status"]);
}

#[test]
fn rule_8_the_text_that_came_instead_is_cut_at_64_kib_between_characters() {
    let long = "\u{e9}a".repeat(40_000);
    let outcome = once(
        ChunkOptions::default(),
        &[[text("{\""), text(&long), text(&long), stop()]
            .concat()
            .as_bytes()],
        End::Closed,
    );
    let shown = outcome.events().pop().unwrap()["error"]["text"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        shown.len() <= 65_536 && shown.len() > 65_500,
        "{}",
        shown.len()
    );
    assert!(format!("{{\"{long}").starts_with(&shown));
}

#[test]
fn rule_8_usage_after_the_finish_reason_arrives_before_the_error() {
    let usage = event(r#"{"choices":[],"usage":{"total_tokens":3}}"#);
    let stream = [text("["), stop(), usage.clone(), DONE.into()].concat();
    let outcome = run(stream);
    ends_with(&outcome, "no_json");
    assert!(outcome.text().contains(&usage));
}

#[test]
fn rule_8_malformed_text_ends_a_strict_stream_at_once_and_keeps_the_update_before_it() {
    let stream = [
        text("{\"a\": \"b"),
        text("c\" oops"),
        text("never"),
        stop(),
        DONE.into(),
    ]
    .concat();
    let outcome = strict(stream);
    ends_with(&outcome, "invalid_json");
    assert_eq!(
        vec![json!("{\"a\": \"b\"}"), json!("{\"a\": \"bc\"}")],
        outcome.contents()
    );
    let message = outcome.events().pop().unwrap()["error"]["message"].to_string();
    assert!(message.contains("offset"), "{message}");
}

#[test]
fn rule_8_a_limit_ends_the_stream() {
    let deep = strict([text(&"[".repeat(300)), stop()].concat());
    ends_with(&deep, "limit_exceeded");
    let options = ChunkOptions {
        limits: Limits {
            line: 200,
            ..Limits::DEFAULT
        },
        ..ChunkOptions::default()
    };
    let long = text(&"1".repeat(300));
    let line = with(options, [text("[1,"), long].concat(), End::Closed);
    ends_with(&line, "limit_exceeded");
    assert_eq!(vec![json!("[1]")], line.contents());
}

#[test]
fn what_the_end_of_the_text_shows_before_a_limit_is_shown() {
    let options = ChunkOptions {
        limits: Limits {
            depth: 1,
            ..Limits::DEFAULT
        },
        ..ChunkOptions::default()
    };
    let undecided = r#"{'ex":1,"djson_:{"h_r"#.to_owned() + "\n\nd/ostnk}inink>}]}";
    let outcome = with(
        options,
        [text(&undecided), DONE.into()].concat(),
        End::Closed,
    );
    ends_with(&outcome, "limit_exceeded");
    assert_eq!(vec![json!("{\"ex\\\"\": 1}")], outcome.contents());
}

#[test]
fn rule_8_a_document_limit_counts_for_all_choices_together() {
    let options = ChunkOptions {
        limits: Limits {
            document: 40,
            ..Limits::DEFAULT
        },
        ..ChunkOptions::default()
    };
    let piece = format!("[\"{}", "x".repeat(18));
    let stream = [
        text_of(0, &piece),
        text_of(1, &piece),
        text_of(1, "y"),
        stop_of(0),
        stop_of(1),
    ];
    let outcome = with(options, stream.concat(), End::Closed);
    assert!(outcome.errors().is_empty(), "choice 0 succeeded");
    let last = outcome.events().pop().unwrap();
    assert_eq!(
        json!("limit_exceeded"),
        last["choices"][0]["json_status"]["error"]
    );
}

#[test]
fn rule_8_a_stream_that_broke_off_ends_with_an_error() {
    for stream in [
        [role(), text("{\"a\": \"b")].concat(),
        [role(), text("{\"a\": \"b\"}")].concat(),
        role(),
        chunk(r#"{"role":"assistant"}"#, ""),
        chunk(r#"{"tool_calls":[{"index":0}]}"#, ""),
        event(r#"{"choices":[]}"#),
        ": ping\n\n".into(),
        String::new(),
    ] {
        ends_with(&run(&stream), "upstream_closed");
        let options = ChunkOptions::default();
        let timeout = with(options, &stream, End::Failed(Code::UpstreamTimeout));
        ends_with(&timeout, "upstream_timeout");
    }
}

#[test]
fn rule_8_a_finish_reason_without_done_and_done_without_a_finish_reason_are_no_errors() {
    let finished = [text("[1]"), stop()].concat();
    for end in [End::Closed, End::Failed(Code::UpstreamTimeout)] {
        let outcome = with(ChunkOptions::default(), &finished, end);
        assert!(outcome.errors().is_empty());
        assert!(outcome.report.complete);
        assert_eq!(2, outcome.events().len());
    }
    let outcome = run([text("[1]"), DONE.into()].concat());
    assert_eq!(
        vec![json!("[1]"), json!(null)],
        [outcome.contents(), vec![json!(null)]].concat()
    );
    assert!(outcome.text().ends_with(DONE));
    ends_with(&run([text("["), DONE.into()].concat()), "no_json");
}

#[test]
fn done_without_a_finish_reason_shows_what_only_the_end_decides() {
    let options = ChunkOptions {
        root: wholejson::Root::Any,
        ..ChunkOptions::default()
    };
    let outcome = with(
        options,
        [role(), text("12"), DONE.into()].concat(),
        End::Closed,
    );
    let events = outcome.events();
    assert_eq!(2, events.len(), "{}", outcome.text());
    let expected = json!({
        "id": "c1", "object": "chat.completion.chunk",
        "choices": [{
            "index": 0, "delta": {"role": "assistant", "content": "12"}, "finish_reason": null,
            "json_status": {"complete": true, "repairs": 0},
        }],
    });
    assert_eq!(expected, events[0]);
}

#[test]
fn rule_8_an_upstreams_error_event_passes_as_it_came_and_is_the_one_error() {
    for error in [
        "data: {\"error\":{\"message\":\"overloaded\",\"code\":529}}\n\n",
        "event: error\ndata: {\"error\": {\"message\": \"no\"}}\n\n",
        "event: error\ndata: overloaded\n\n",
        "data: {\"id\":\"c1\",\"error\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n",
    ] {
        for before in [String::new(), role(), [role(), text("[1,")].concat()] {
            let stream = [before.clone(), error.into(), text("2,"), DONE.into()].concat();
            let outcome = run(&stream);
            assert!(outcome.text().ends_with(error), "{}", outcome.text());
            assert!(!outcome.text().contains("[DONE]"));
            assert!(outcome.report.upstream_error);
            assert_eq!(None, outcome.report.error);
            if error.contains("data: {") {
                let unfinished = run([before, error.trim_end().to_owned()].concat());
                assert!(unfinished.text().ends_with(error), "with its blank line");
            }
        }
    }
    let nothing = event(r#"{"error":null,"choices":[{"index":0,"delta":{"content":"[1,"}}]}"#);
    assert!(run([nothing, stop()].concat()).errors().is_empty());
}

#[test]
fn an_error_that_clients_do_not_see_passes_and_is_told_by_our_own() {
    let field = "error: {\"code\":500,\"message\":\"out of slots\"}\n\n";
    let outcome = run([role(), field.into(), text("[1,")].concat());
    ends_with(&outcome, "upstream_closed");
    assert!(outcome.text().contains(field));
    assert!(outcome.text().contains("out of slots\""));

    let body = "{\"error\": {\"message\": \"no such model\"}}";
    let outcome = run(body);
    ends_with(&outcome, "upstream_closed");
    assert!(
        outcome
            .text()
            .starts_with(&format!("{body}\n\ndata: {{\"error\""))
    );
    assert_eq!(2, outcome.text().matches("no such model").count());
}

#[test]
fn rule_8_with_several_choices_one_that_failed_waits_for_the_others() {
    let stream = [
        text_of(0, "{\"a\": \"b"),
        text_of(1, "["),
        text_of(0, "\" oops"),
        text_of(1, "1,"),
        text_of(0, "more"),
        stop_of(0),
        text_of(1, "2]"),
        stop_of(1),
        DONE.into(),
    ]
    .concat();
    let outcome = strict(stream);
    assert!(outcome.errors().is_empty());
    let status: Vec<_> = outcome
        .events()
        .iter()
        .filter_map(|event| event["choices"][0].get("json_status").cloned())
        .collect();
    let expected = vec![
        json!({"complete": false, "repairs": 0, "error": "invalid_json"}),
        json!({"complete": true, "repairs": 0}),
    ];
    assert_eq!(expected, status);
    assert!(outcome.text().ends_with(DONE));
}

#[test]
fn rule_8_the_error_event_comes_if_no_choice_succeeded() {
    let stream = [
        text_of(0, "no"),
        text_of(1, "[ "),
        stop_of(0),
        stop_of(1),
        DONE.into(),
    ]
    .concat();
    ends_with(&run(stream), "no_json");
    let stream = [text_of(0, "[ oops"), text_of(1, "[ no"), text_of(0, "x")].concat();
    ends_with(&strict(stream), "invalid_json");
}

#[test]
fn rule_8_a_choice_that_was_asked_for_and_has_not_come_is_waited_for() {
    let options = ChunkOptions {
        choices: 2,
        repair: false,
        ..ChunkOptions::default()
    };
    let stream = [
        text_of(0, "oops"),
        text_of(1, "[1]"),
        stop_of(0),
        stop_of(1),
    ]
    .concat();
    assert!(with(options, stream, End::Closed).errors().is_empty());
}

#[test]
fn rule_8_a_choice_that_broke_off_beside_one_that_succeeded_says_so_in_a_chunk_of_its_own() {
    let stream = [text_of(0, "[1]"), text_of(1, "[2,"), stop_of(0)].concat();
    let outcome = run(stream);
    assert!(outcome.errors().is_empty());
    let last = outcome.events().pop().unwrap();
    let expected = json!([{
        "index": 1, "delta": {"content": "[2]"}, "finish_reason": null,
        "json_status": {"complete": false, "repairs": 0, "error": "upstream_closed"},
    }]);
    assert_eq!(expected, last["choices"]);
}

#[test]
fn a_held_role_goes_out_before_an_end() {
    let stream = [role(), DONE.into()].concat();
    let outcome = run(stream);
    ends_with(&outcome, "no_json");
    assert!(outcome.text().starts_with(&role()));
}

#[test]
fn a_chunk_without_its_blank_line_at_the_end_is_read_and_written_with_it() {
    let last = stop();
    for cut in 0..=2 {
        let stream = [text("[1]"), last[..last.len() - cut].to_owned()].concat();
        let outcome = run(&stream);
        assert_eq!(2, outcome.events().len());
        assert!(outcome.text().ends_with("}\n\n"), "{:?}", outcome.text());
        assert!(outcome.report.complete);
    }
    let carriage = [text("[1]"), last].concat().replace('\n', "\r\n");
    let outcome = run(&carriage[..carriage.len() - 4]);
    assert!(outcome.text().ends_with("}\r\n\r\n"));
}

#[test]
fn anything_else_without_its_blank_line_passes_as_it_is() {
    let finished = [text("[1]"), stop()].concat();
    for rest in [
        ": pin",
        "data: [DONE]",
        "data: [DONE]\n",
        "event: x\n",
        "dat",
        "data: {\"choi",
    ] {
        let outcome = run([finished.clone(), rest.into()].concat());
        assert!(
            outcome.text().ends_with(&format!("\n\n{rest}")),
            "{:?}",
            outcome.text()
        );
        assert!(outcome.errors().is_empty());
    }
}

#[test]
fn before_an_error_event_an_unfinished_line_is_ended() {
    for rest in [": pin", "event: x\n", "dat"] {
        let outcome = run([text("[1,"), rest.into()].concat());
        let ended = format!("\n\n{}\n\ndata: {{\"error\"", rest.trim_end());
        assert!(outcome.text().contains(&ended), "{:?}", outcome.text());
        ends_with(&outcome, "upstream_closed");
    }
    let stream = [text("[1,"), text("2,")].concat();
    for cut in text("[1,").len() + 1..stream.len() - 2 {
        let outcome = once(
            ChunkOptions::default(),
            &[&stream.as_bytes()[..cut]],
            End::Closed,
        );
        ends_with(&outcome, "upstream_closed");
        let events = outcome.events();
        assert!(
            events.iter().all(serde_json::Value::is_object),
            "cut at {cut}: {events:?}"
        );
    }
}

#[test]
fn after_done_everything_passes_and_after_an_error_nothing() {
    let late = [text("{late"), ": x\n\n".into(), event("{\"error\":{}}")].concat();
    let outcome = run([text("[1]"), stop(), DONE.into(), late.clone()].concat());
    assert!(outcome.text().ends_with(&format!("{DONE}{late}")));
    let failed = strict([text("oops"), late.clone(), DONE.into()].concat());
    ends_with(&failed, "invalid_json");
}

#[test]
fn an_error_after_a_crlf_is_the_same_at_every_cut() {
    let crlf = |stream: String| stream.replace('\n', "\r\n");
    let field = "error: {\"message\":\"x\"}\n\n".to_owned();
    ends_with(&run(crlf([text("[1,"), field].concat())), "upstream_closed");
    ends_with(
        &strict(crlf([text("[1,"), text("2 oops"), text("3")].concat())),
        "invalid_json",
    );
    let own = crlf(event("{\"error\":{\"message\":\"x\"}}"));
    let outcome = run([crlf(text("[1,")), own.clone(), crlf(text("2,"))].concat());
    assert!(outcome.text().ends_with(&own), "as it came");
    let options = ChunkOptions {
        limits: Limits {
            line: 150,
            ..Limits::DEFAULT
        },
        ..ChunkOptions::default()
    };
    let long = crlf([text("[1,"), text(&"2".repeat(150))].concat());
    ends_with(&with(options, long, End::Closed), "limit_exceeded");
}

#[test]
fn feeding_after_the_end_is_a_usage_error() {
    let mut transformer = wholejson::chunk::Transformer::new(ChunkOptions::default());
    let mut out = Vec::new();
    transformer.finish(&mut out);
    let error = transformer.feed(b"data: x\n\n", &mut out).unwrap_err();
    assert_eq!(Kind::Finished, error.kind());
}

#[test]
fn too_many_choices_are_a_limit() {
    let choices: Vec<String> = (0..100_000)
        .map(|at| format!("{{\"index\":{at},\"delta\":{{\"content\":\"[\"}}}}"))
        .collect();
    let stream = event(&format!("{{\"choices\":[{}]}}", choices.join(",")));
    let outcome = once(ChunkOptions::default(), &[stream.as_bytes()], End::Closed);
    ends_with(&outcome, "limit_exceeded");
    let stream: String = (0..2_000).map(|at| text_of(at, "[1,")).collect();
    let outcome = once(ChunkOptions::default(), &[stream.as_bytes()], End::Closed);
    ends_with(&outcome, "limit_exceeded");
    assert_eq!(1_024, outcome.contents().len());
}

#[test]
fn other_apis_are_not_judged() {
    for stream in [
        "event: response.created\ndata: {\"type\":\"response.created\"}\n\n",
        "event: message_start\ndata: {\"type\":\"message_start\"}\n\nevent: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded\"}}\n\nevent: x\ndata: 1\n\n",
        "data: {\"object\":\"text_completion\",\"choices\":[{\"index\":0,\"text\":\"{\"}]}\n\ndata: [DONE]\n\n",
        "data: {\"a\":1}\n\ndata: {\"cut",
    ] {
        let outcome = run(stream);
        assert_eq!(stream, outcome.text());
    }
}
