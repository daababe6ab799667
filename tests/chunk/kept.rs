//! What is kept as it was written, and what is read whatever way it was written.

use crate::support::*;
use serde_json::json;
use wholejson::chunk::ChunkOptions;

#[test]
fn rule_10_all_other_bytes_arrive_as_they_were_written() {
    let odd = concat!(
        "event: message\r\n: why\r\ndata:{ \"choices\" :\t[ { \"x\\u0041\":1.0e5 , \"delta\":{ \"y\" : null,",
        "\"content\"  :  \"[\\u0031,\" , \"z\":\"\\ud800\" } , \"index\":0 } ] , \"created\": 1E2,\"é\":\"\u{1F680}\" }\r\n\r\n",
    );
    let expected = odd.replace("\"[\\u0031,\"", "\"[1]\"");
    let outcome = run([odd.to_owned(), stop()].concat());
    assert_eq!(expected, outcome.text()[..expected.len()]);
}

#[test]
fn rule_10_data_on_several_lines_stays_on_several_lines() {
    let pretty = "id: 3\ndata: {\"choices\": [\ndata:   {\"index\": 0, \"delta\":\ndata: {\"content\": \"[1,\"}}]}\n: end\n\n";
    let expected = pretty.replace("[1,\"", "[1]\"");
    let outcome = run([pretty.to_owned(), stop()].concat());
    assert_eq!(expected, outcome.text()[..expected.len()]);
}

#[test]
fn bytes_that_are_not_utf8_become_replacement_characters_and_end_nothing() {
    let mut stream = text("[\"a").into_bytes();
    stream.extend_from_slice(b"data: {\"\xFF\":\"\xC0\x8A\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\xED\xA0\x80\xE4\xBD\"}}]}\n\n");
    stream.extend_from_slice(text("\"]").as_bytes());
    stream.extend_from_slice(stop().as_bytes());
    let outcome = run(&stream);
    let shown = String::from_utf8_lossy(&outcome.bytes).into_owned();
    let contents: Vec<_> = events(&shown)
        .iter()
        .map(|event| event["choices"][0]["delta"]["content"].clone())
        .collect();
    let last = "[\"ab\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\"]";
    assert_eq!(vec![json!("[\"a\"]"), json!(last), json!(last)], contents);
}

#[test]
fn a_surrogate_pair_and_an_escape_cut_between_two_chunks_join() {
    let raw = |content: &str| chunk(&format!("{{\"content\":\"{content}\"}}"), "");
    let stream = [
        raw(r#"[\"a\ud83d"#),
        raw(r#"\ude80\\"#),
        raw(r#"u00"#),
        raw(r#"e9\\ud83d"#),
        raw(r#"\\ude80\"]"#),
        stop(),
    ]
    .concat();
    let expected = vec![
        json!("[\"a\"]"),
        json!("[\"a\u{1F680}\"]"),
        json!("[\"a\u{1F680}\\u00e9\"]"),
        json!("[\"a\u{1F680}\\u00e9\\ud83d\\ude80\"]"),
        json!("[\"a\u{1F680}\\u00e9\\ud83d\\ude80\"]"),
    ];
    assert_eq!(expected, run(stream).contents());
}

#[test]
fn no_event_of_ours_can_be_split_by_what_stands_in_the_text() {
    let nasty = "{\"a\": \"x\\n\\r\\u0000\\u2028y\",\r\n\n\r \"data: b\": \"\u{2028}\u{85}\"}";
    let outcome = run([text(nasty), stop()].concat());
    assert_eq!(2, outcome.events().len());
    let value: serde_json::Value =
        serde_json::from_str(outcome.contents()[1].as_str().unwrap()).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(nasty).unwrap(),
        value
    );
}

#[test]
fn an_index_that_is_missing_or_no_index_is_the_place_among_the_choices() {
    for index in [
        "",
        r#""index":null,"#,
        r#""index":"x","#,
        r#""index":-1,"#,
        r#""index":1.5,"#,
    ] {
        let pair = |one: &str, two: &str| {
            event(&format!(
                r#"{{"choices":[{{{index}"delta":{{"content":{}}}}},{{{index}"delta":{{"content":{}}}}}]}}"#,
                json!(one),
                json!(two)
            ))
        };
        let outcome = run([pair("[1,", "[2,"), pair("3,", "4,")].concat());
        let expected = vec![json!("[1]"), json!("[2]"), json!("[1, 3]"), json!("[2, 4]")];
        assert_eq!(expected, outcome.contents()[..4], "{index}");
    }
    let quoted = event(r#"{"choices":[{"index":"1","delta":{"content":"[1,"}}]}"#);
    assert_eq!(
        vec![json!("[1]"), json!("[1, 2]")],
        run([quoted, text_of(1, "2,")].concat()).contents()
    );
}

#[test]
fn the_same_index_twice_in_one_event_is_the_same_text_twice() {
    let twice = event(
        r#"{"choices":[{"index":0,"delta":{"content":"[1,"}},{"index":0,"delta":{"content":"2,"}}]}"#,
    );
    let outcome = run([twice, stop()].concat());
    assert_eq!(
        vec![json!("[1]"), json!("[1, 2]"), json!("[1, 2]")],
        outcome.contents()
    );
}

#[test]
fn escaped_repeated_and_deeply_nested_members_are_read_as_a_parser_reads_them() {
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let escaped = r#"{"\u0063hoices":[{"delta":{"cont\u0065nt":"[1,"}}]}"#;
    let repeated = r#"{"choices":[{"delta":{"content":"no","content":"2,"}}],"x":1,"x":2}"#;
    let nested = format!(r#"{{"x":{deep},"choices":[{{"y":{deep},"delta":{{"content":"3,"}}}}]}}"#);
    let outcome = run([event(escaped), event(repeated), event(&nested), stop()].concat());
    for (at, expected) in ["[1]", "[1, 2]", "[1, 2, 3]", "[1, 2, 3]"]
        .iter()
        .enumerate()
    {
        let written = format!("\"{expected}\"");
        let line = outcome.text().split("\n\n").nth(at).unwrap();
        assert!(line.contains(&written), "{at}");
    }
}

#[test]
fn other_members_that_repeat_the_text_pass_as_written() {
    let both = event(
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"[1,"},"text":"[1,","delta":{"content":"[1,"}}]}"#,
    );
    let expected = both.replace(
        r#""delta":{"content":"[1,"}"#,
        r#""delta":{"content":"[1]"}"#,
    );
    assert_eq!(
        expected,
        run([both, stop()].concat()).text()[..expected.len()]
    );
}

#[test]
fn what_is_no_chunk_passes_unchanged() {
    let stream = [
        "data: : keepalive\n\n",
        "data: {\"a\": 1, \"choices\": null}\n\n",
        "data: {\"choices\": [1]}\n\n",
        "data: {\"choices\": [{\"delta\": \"x\"}]}\n\n",
        "data: {\"choices\": [{\"index\":0,\"delta\":{\"content\":\"x\"}]}\n\n",
        "data: {\"object\":\"text_completion\",\"choices\":[{\"index\":0,\"text\":\"{\"}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"text\":\"{\"}]}\n\n",
        "data: plain text\n\n",
        "data: [1, 2]\n\n",
        "data:\n\n",
        "event: ping\ndata: {\"type\": \"ping\"}\n\n",
        "retry: 5\n\nid: 4\n\n\n\n",
    ]
    .concat();
    assert_eq!(stream, run(&stream).text());
    let within = [text("[1,"), stream.clone(), stop()].concat();
    assert!(
        run(within).text().contains(&stream),
        "in the middle of a chat too"
    );
}

#[test]
fn line_ends_and_a_byte_order_mark_are_kept() {
    for end in ["\r\n", "\r"] {
        let stream = [
            "\u{FEFF}".to_owned(),
            role(),
            text("[1,"),
            text(" "),
            stop(),
            DONE.into(),
        ]
        .concat()
        .replace('\n', end);
        let outcome = run(stream);
        assert!(outcome.text().starts_with("\u{FEFF}data: {"));
        assert_eq!(3, outcome.text().matches(&format!("{end}{end}")).count());
        assert!(!outcome.text().replace(end, "").contains(['\r', '\n']));
    }
}

#[test]
fn a_compact_style_is_written_compactly() {
    let options = ChunkOptions {
        style: wholejson::Style::Compact,
        ..ChunkOptions::default()
    };
    let outcome = with(
        options,
        [text("{\"a\" : [1 , 2 ]}"), stop()].concat(),
        End::Closed,
    );
    assert_eq!(json!("{\"a\":[1,2]}"), outcome.contents()[0]);
}

#[test]
fn prose_fences_and_think_blocks_around_the_document_are_left_out_and_repairs_are_counted() {
    let stream = [
        role(),
        text("<think>{\"no\": 1}</think>Here it is:\n"),
        text("```json\n{'a': "),
        text("\"b\",}\n```\nDone."),
        stop(),
        DONE.into(),
    ]
    .concat();
    let outcome = run(stream);
    assert_eq!(
        vec![json!("{\"a\": \"b\"}"), json!("{\"a\": \"b\"}")],
        outcome.contents()
    );
    let status = &outcome.events()[1]["choices"][0]["json_status"];
    assert_eq!(json!(true), status["complete"]);
    assert!(status["repairs"].as_u64().unwrap() > 0);
    assert_eq!(status["repairs"].as_u64().unwrap(), outcome.report.repairs);
}
