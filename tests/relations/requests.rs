//! The body of a request.

use wholejson::chunk::read_request;

use super::tree::Tree;

/// A body that is one JSON object loses our key and nothing else; any other is none of our
/// business.
pub(super) fn a_body_loses_our_key_alone(data: &[u8]) {
    let text = std::str::from_utf8(data).ok();
    // serde_json ends its recursion at a depth of 128.
    let shallow: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(data);
    let tree = text.and_then(|text| Tree::parse(text).ok());
    let request = match read_request(data) {
        Ok(request) => request,
        Err(error) => {
            assert!(
                error
                    .param()
                    .starts_with("stream_options.valid_json_chunks")
            );
            assert!(error.to_string().len() < 1000);
            return;
        }
    };
    let Some(request) = request else {
        let an_object = matches!(tree, Some(Tree::Object(_)));
        assert!(
            shallow.is_err() || !an_object,
            "an object that was not read"
        );
        return;
    };
    let Some(rewritten) = request.rewritten else {
        assert_eq!(None, request.flag);
        return;
    };
    assert!(rewritten.len() < data.len());
    let (Some(Tree::Object(members)), Ok(rewritten)) = (tree, std::str::from_utf8(&rewritten))
    else {
        return;
    };
    let expected: Vec<_> = members.into_iter().filter_map(without_ours).collect();
    assert_eq!(Tree::Object(expected), Tree::parse(rewritten).unwrap());
}

/// A member without our key; nothing, if nothing else was in it.
fn without_ours((key, value): (String, Tree)) -> Option<(String, Tree)> {
    let Tree::Object(mut options) = value else {
        return Some((key, value));
    };
    if key == "stream_options" {
        let before = options.len();
        options.retain(|(name, _)| name != "valid_json_chunks");
        if options.is_empty() && before > 0 {
            return None;
        }
    }
    Some((key, Tree::Object(options)))
}
