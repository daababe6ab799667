//! Random streams of chunks, with something of everything that decisions depend on.

use proptest::prelude::*;
use serde_json::{Value, json};

fn maybe(values: Vec<Option<Value>>) -> impl Strategy<Value = Option<Value>> {
    prop::sample::select(values)
}

/// One choice of a chunk; the text is put in afterwards. `None`: no member of that name.
fn choice() -> impl Strategy<Value = (Option<Value>, Value)> {
    let content = maybe(vec![
        Some(json!("text")),
        Some(json!("text")),
        Some(json!("text")),
        Some(json!("")),
        Some(json!(null)),
        None,
    ]);
    let role = maybe(vec![
        None,
        None,
        Some(json!("assistant")),
        Some(json!(null)),
    ]);
    let other = maybe(vec![None, None, None, Some(json!("")), Some(json!("hm"))]);
    let calls = maybe(vec![
        None,
        None,
        None,
        None,
        Some(json!([])),
        Some(json!([{"index": 0}])),
    ]);
    let finish = maybe(vec![
        None,
        Some(json!(null)),
        Some(json!(null)),
        Some(json!("")),
        Some(json!(null)),
        Some(json!("stop")),
    ]);
    let logprobs = maybe(vec![
        None,
        Some(json!(null)),
        Some(json!({"content": [1]})),
        Some(json!({"content": [2, 3]})),
    ]);
    let member = maybe(vec![
        None,
        None,
        Some(json!(null)),
        Some(json!([7])),
        Some(json!([8])),
    ]);
    (content, role, other, calls, finish, logprobs, member).prop_map(
        |(content, role, reasoning, calls, finish, logprobs, member)| {
            let mut delta = json!({});
            let mut choice = json!({});
            let put = |object: &mut Value, key: &str, value: Option<Value>| {
                if let Some(value) = value {
                    object[key] = value;
                }
            };
            put(&mut delta, "role", role);
            put(&mut delta, "reasoning", reasoning);
            put(&mut delta, "tool_calls", calls);
            put(&mut choice, "finish_reason", finish);
            put(&mut choice, "logprobs", logprobs);
            put(&mut choice, "token_ids", member);
            choice["delta"] = delta;
            (content, choice)
        },
    )
}

/// Chunks, and whether `[DONE]` follows.
pub(crate) fn stream() -> impl Strategy<Value = (Vec<Value>, bool)> {
    let documents = vec![
        "{\"a\": \"bcd\", \"e\": [1, 20, {\"f\": null}], \"g\": \"\"}",
        "[[], \"x\\ny\", 1.5e3 ]",
        "{ ",
        "{\"k\": \"cut",
        " ",
    ];
    let chunk = (
        prop::collection::vec((0u64..2, choice(), 1usize..6), 0..3),
        maybe(vec![
            None,
            None,
            Some(json!(null)),
            Some(json!({"t": 1})),
            Some(json!({"t": 2})),
        ]),
        maybe(vec![None, None, None, Some(json!("x1")), Some(json!("x2"))]),
        any::<bool>(),
    );
    let texts = prop::collection::vec(prop::sample::select(documents), 2);
    (
        texts,
        prop::collection::vec(chunk, 0..14),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(texts, chunks, single, done)| {
            let mut rest: Vec<Vec<char>> =
                texts.iter().map(|text| text.chars().collect()).collect();
            let built = chunks.into_iter().map(|(choices, usage, x, padding)| {
                let mut event = json!({"id": "c", "object": "chat.completion.chunk"});
                let mut list = Vec::new();
                for (index, (content, mut choice), length) in choices {
                    let index = if single { 0 } else { index };
                    if let Some(mut content) = content {
                        if content == "text" {
                            let rest = &mut rest[usize::try_from(index).unwrap()];
                            let length = length.min(rest.len());
                            content = json!(rest.drain(..length).collect::<String>());
                        }
                        choice["delta"]["content"] = content;
                    }
                    choice["index"] = json!(index);
                    list.push(choice);
                }
                event["choices"] = json!(list);
                if let Some(usage) = usage {
                    event["usage"] = usage;
                }
                if let Some(x) = x {
                    event["x"] = x;
                }
                if padding {
                    event["obfuscation"] = json!("pad");
                }
                event
            });
            (built.collect(), done)
        })
}
