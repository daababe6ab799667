use super::*;

fn read(body: &str) -> Request {
    read_request(body.as_bytes()).unwrap().unwrap()
}

/// The body that goes on, for a body that came in.
fn rewritten(body: &str) -> String {
    let request = read(body);
    String::from_utf8(request.rewritten.unwrap_or_else(|| body.into())).unwrap()
}

#[test]
fn our_key_is_cut_out_and_every_other_byte_stays() {
    for (body, expected) in [
        (
            r#"{"a" : 1 , "stream_options" : { "valid_json_chunks" : true } }"#,
            r#"{"a" : 1 }"#,
        ),
        (
            r#"{"stream_options":{"valid_json_chunks":true},"a":1.10}"#,
            r#"{"a":1.10}"#,
        ),
        (
            r#"{ "stream_options":{"valid_json_chunks":true} }"#,
            r#"{ }"#,
        ),
        (
            r#"{"stream_options":{"include_usage":true,"valid_json_chunks":false},"n":2}"#,
            r#"{"stream_options":{"include_usage":true},"n":2}"#,
        ),
        (
            r#"{"stream_options":{"valid_json_chunks":null , "include_usage": true}}"#,
            r#"{"stream_options":{ "include_usage": true}}"#,
        ),
        (
            r#"{"stream_options":{"x":1,"valid_json_chunks":{"repair":true},"y":2},"é":"\u00e9"}"#,
            r#"{"stream_options":{"x":1,"y":2},"é":"\u00e9"}"#,
        ),
        (
            r#"{"stream":false,"stream_options":{"valid_json_chunks":true}}"#,
            r#"{"stream":false}"#,
        ),
    ] {
        assert_eq!(expected, rewritten(body), "{body}");
    }
}

#[test]
fn a_body_without_our_key_is_not_rewritten() {
    for body in [
        "{}",
        r#"{"stream":true}"#,
        r#"{"stream_options":{}}"#,
        r#"{"stream_options":null}"#,
        r#"{"stream_options":[{"valid_json_chunks":true}]}"#,
        r#"{"valid_json_chunks":true,"metadata":{"valid_json_chunks":true}}"#,
    ] {
        assert_eq!(None, read(body).rewritten, "{body}");
        assert_eq!(None, read(body).flag, "{body}");
    }
}

#[test]
fn escaped_keys_are_the_same_keys() {
    let body = r#"{"stream\u005foptions":{"valid\u005Fjson_chunks":true,"a":1}}"#;
    assert_eq!(r#"{"stream\u005foptions":{"a":1}}"#, rewritten(body));
    assert_eq!(Some(StreamOptions::default()), read(body).flag);
}

#[test]
fn of_repeated_keys_the_last_counts_and_none_is_left() {
    let body = concat!(
        r#"{"stream_options":{"valid_json_chunks":true},"stream":false,"#,
        r#""stream_options":{"valid_json_chunks":1,"valid_json_chunks":false,"b":2},"stream":true}"#
    );
    assert_eq!(
        r#"{"stream":false,"stream_options":{"b":2},"stream":true}"#,
        rewritten(body)
    );
    assert_eq!((None, true), (read(body).flag, read(body).stream));
    let body = r#"{"stream_options":{"valid_json_chunks":true},"stream_options":{"valid_json_chunks":false}}"#;
    assert_eq!("{}", rewritten(body));
    let body = r#"{"stream_options":{"valid_json_chunks":true},"stream_options":{"b":1}}"#;
    assert_eq!(None, read(body).flag);
}

#[test]
fn only_a_stream_that_may_be_json_is_turned() {
    let flag = r#""stream_options":{"valid_json_chunks":true}"#;
    for (rest, expected) in [
        (r#""stream":true"#, true),
        (r#""stream":false"#, false),
        (r#""stream":null"#, false),
        (r#""model":"m""#, false),
        (r#""stream":true,"response_format":{"type":"text"}"#, false),
        (
            r#""stream":true,"response_format":{"type":"json_object"}"#,
            true,
        ),
        (r#""stream":true,"response_format":null"#, true),
    ] {
        let request = read(&format!("{{{flag},{rest}}}"));
        assert_eq!(expected, request.transform().is_some(), "{rest}");
    }
}

#[test]
fn what_is_not_one_json_object_is_none_of_our_business() {
    for body in [
        &b""[..],
        b"[]",
        b"null",
        b"{",
        b"{} {}",
        br#"{"stream_options":{"valid_json_chunks":true},}"#,
        br#"{'stream_options':{"valid_json_chunks":true}}"#,
        b"{\"a\":\"\xff\",\"stream_options\":{\"valid_json_chunks\":true}}",
    ] {
        assert_eq!(
            Ok(None),
            read_request(body),
            "{}",
            String::from_utf8_lossy(body)
        );
    }
}

#[test]
fn depth_costs_no_stack() {
    let deep = format!("{}1{}", "[".repeat(500_000), "]".repeat(500_000));
    let body = format!(r#"{{"x":{deep},"stream_options":{{"valid_json_chunks":true}}}}"#);
    assert_eq!(format!(r#"{{"x":{deep}}}"#), rewritten(&body));
}

#[test]
fn half_a_surrogate_pair_in_another_key_or_value_does_not_matter() {
    let body = r#"{"\ud800":"\udc00","stream_options":{"valid_json_chunks":true}}"#;
    assert_eq!(r#"{"\ud800":"\udc00"}"#, rewritten(body));
}

#[test]
fn a_wrong_flag_is_an_error_even_where_nothing_is_streamed() {
    let error = read_request(br#"{"stream_options":{"valid_json_chunks":"yes"}}"#).unwrap_err();
    assert_eq!("stream_options.valid_json_chunks", error.param());
}

#[test]
fn the_agent_is_named_and_bounded() {
    assert_eq!(
        Some("my-agent"),
        read(r#"{"metadata":{"agent_id":"my-agent"}}"#)
            .agent_id
            .as_deref()
    );
    assert_eq!(None, read(r#"{"metadata":{"agent_id":7}}"#).agent_id);
    let long = read(&format!(
        r#"{{"metadata":{{"agent_id":"{}"}}}}"#,
        "é".repeat(1000)
    ));
    assert_eq!(Some(AGENT_ID), long.agent_id.map(|id| id.len()));
}

#[test]
fn the_choices_are_counted() {
    for (body, expected) in [
        (r#"{"n":3}"#, 3),
        (r#"{"n":null}"#, 1),
        ("{}", 1),
        (r#"{"n":0}"#, 1),
        (r#"{"n":-1}"#, 1),
        (r#"{"n":99999999999}"#, 1),
    ] {
        assert_eq!(expected, read(body).choices, "{body}");
    }
}
