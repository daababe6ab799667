//! The body of a request: what it asks of us, and the same body without it.
//!
//! Spans are found by a strict scan and cut out; every other byte stays as the client wrote it.

use crate::text::beginning;
use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::options::{Asked, OptionError, StreamOptions, read_flag};

/// Bytes of `metadata.agent_id` that are told on.
const AGENT_ID: usize = 256;

/// The body of a request for a chat completion, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The body without our key; `None` if it was not there.
    pub rewritten: Option<Vec<u8>>,
    /// What the flag asks for: `None` if it is absent, `false` or `null`. The schema of
    /// `response_format` is in it, unless it asks for another or for none.
    pub flag: Option<StreamOptions>,
    /// Was a stream asked for?
    pub stream: bool,
    /// Does `response_format` say in so many words that the answer is text?
    pub text: bool,
    /// How many choices were asked for: 1 where `n` says nothing of use.
    pub choices: u32,
    /// `metadata.agent_id`, if it is a string.
    pub agent_id: Option<String>,
}

impl Request {
    /// What the response is to be turned by: set only for a stream whose answer may be JSON.
    pub fn transform(&self) -> Option<StreamOptions> {
        self.flag.clone().filter(|_| self.stream && !self.text)
    }
}

/// Reads a body. `None`: it is not one JSON object in valid UTF-8, and none of our business.
/// Of a repeated key the last one counts, and ours is taken out wherever it stands.
///
/// # Errors
/// [`OptionError`] for a flag or an option that is wrong.
///
/// Cost: one pass; memory beside the result does not grow with the body.
pub fn read_request(body: &[u8]) -> Result<Option<Request>, OptionError> {
    let mut cuts = Cuts::default();
    let mut request = Request {
        rewritten: None,
        flag: None,
        stream: false,
        text: false,
        choices: 1,
        agent_id: None,
    };
    let mut flag: Option<&str> = None;
    let mut schema: Option<&str> = None;
    let read = members(body, &mut |key, member| match key {
        b"stream" => {
            request.stream = member.text == "true";
            true
        }
        b"response_format" => {
            request.text = string_member(member.text, b"type").as_deref() == Some("text");
            schema = raw_member(member.text, b"json_schema")
                .and_then(|inner| raw_member(inner, b"schema"))
                .filter(|text| *text != "null");
            true
        }
        b"n" => {
            request.choices = member.text.parse().ok().filter(|n| *n > 0).unwrap_or(1);
            true
        }
        b"metadata" => {
            request.agent_id = string_member(member.text, b"agent_id").map(shortened);
            true
        }
        b"stream_options" => {
            let (kept, found) = without_flag(&member, &mut cuts);
            flag = found;
            kept
        }
        _ => true,
    });
    let Some(outcome) = read else { return Ok(None) };
    cuts.extend(outcome.cuts);
    request.flag = flag.map(read_flag).transpose()?.flatten();
    if let (Some(flag), Some(text)) = (&mut request.flag, schema)
        && flag.schema == Asked::Usual
    {
        flag.schema = Asked::Given(text.to_owned());
    }
    request.rewritten = (!cuts.is_empty()).then(|| cut(body, cuts));
    Ok(Some(request))
}

type Cuts = Vec<Range<usize>>;

/// A member of an object: its value's text, and where that stands in the body.
struct Member<'a> {
    text: &'a str,
    start: usize,
}

/// What a walk over an object's members found.
struct Walk {
    /// What to cut, so that the members that were not kept are gone.
    cuts: Cuts,
    /// Was there any member that was kept?
    kept: bool,
}

/// Takes our key out of `stream_options`: is anything left, or was there nothing of ours, and
/// what did the last one say?
fn without_flag<'a>(options: &Member<'a>, cuts: &mut Cuts) -> (bool, Option<&'a str>) {
    let mut flag = None;
    let walk = members(options.text.as_bytes(), &mut |key, member| {
        let ours = key == b"valid_json_chunks";
        if ours {
            flag = Some(member.text);
        }
        !ours
    });
    let Some(walk) = walk else {
        return (true, None);
    };
    if flag.is_none() || walk.kept {
        let from = |at: usize| at.saturating_add(options.start);
        let shift = |range: Range<usize>| from(range.start)..from(range.end);
        cuts.extend(walk.cuts.into_iter().map(shift));
        return (true, flag);
    }
    (false, flag)
}

fn string_member(object: &str, wanted: &[u8]) -> Option<String> {
    serde_json::from_str(raw_member(object, wanted)?).ok()
}

/// The text of a member, if this is an object that has it; of a repeated one the last.
fn raw_member<'a>(object: &'a str, wanted: &[u8]) -> Option<&'a str> {
    let mut found = None;
    members(object.as_bytes(), &mut |key, member| {
        if key == wanted {
            found = Some(member.text);
        }
        true
    })?;
    found
}

fn shortened(mut text: String) -> String {
    text.truncate(beginning(text.as_bytes(), AGENT_ID).len());
    text
}

fn cut(body: &[u8], mut cuts: Cuts) -> Vec<u8> {
    cuts.sort_by_key(|range| range.start);
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    for range in cuts {
        out.extend_from_slice(&body[at..range.start]);
        at = range.end;
    }
    out.extend_from_slice(&body[at..]);
    out
}

/// Walks over the members of a JSON object: `each` takes the decoded key and the value, and says
/// whether the member is to be kept. `None` if the text is not one JSON object.
fn members<'a>(text: &'a [u8], each: &mut dyn FnMut(&[u8], Member<'a>) -> bool) -> Option<Walk> {
    let brace = text.iter().position(|byte| *byte == b'{')?;
    let open = brace.saturating_add(1);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let walk = reader.deserialize_map(Members { text, open, each }).ok()?;
    reader.end().ok()?;
    Some(walk)
}

struct Members<'a, 'f> {
    text: &'a [u8],
    open: usize,
    each: &'f mut dyn FnMut(&[u8], Member<'a>) -> bool,
}

impl<'a> Visitor<'a> for Members<'a, '_> {
    type Value = Walk;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Walk, A::Error> {
        let mut walk = Walk {
            cuts: Vec::new(),
            kept: false,
        };
        // Where the last member ended, and whether all so far are to go.
        let (mut end, mut leading) = (self.open, false);
        while let Some(key) = map.next_key_seed(Key)? {
            let value: &'a RawValue = map.next_value()?;
            let value = value.get();
            // It is a part of the text.
            let start = (value.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
            let value_end = start.saturating_add(value.len());
            let kept = (self.each)(&key, Member { text: value, start });
            if !kept && walk.kept {
                walk.cuts.push(end..value_end);
            } else if !kept {
                leading = true;
            } else if leading {
                // Between two members stands white space and one comma, then the key.
                let comma = self.text[end..start].iter().position(|byte| *byte == b',');
                let length = comma.map_or(0, |at| at.saturating_add(1));
                walk.cuts.push(self.open..end.saturating_add(length));
                leading = false;
            }
            walk.kept |= kept;
            end = value_end;
        }
        if leading {
            walk.cuts.push(self.open..end);
        }
        Ok(walk)
    }
}

/// A key as bytes: half a surrogate pair in some other key is not our business.
struct Key;

impl<'a> DeserializeSeed<'a> for Key {
    type Value = Vec<u8>;

    fn deserialize<D: serde::Deserializer<'a>>(self, from: D) -> Result<Vec<u8>, D::Error> {
        from.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Vec<u8>, E> {
        Ok(key.to_vec())
    }

    fn visit_str<E>(self, key: &str) -> Result<Vec<u8>, E> {
        Ok(key.as_bytes().to_vec())
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
