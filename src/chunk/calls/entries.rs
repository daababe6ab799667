//! Elements of `delta.tool_calls` that are made here, for chunks that have none of a call.

use super::session::{CallView, Made};
use crate::chunk::session::Session;
use crate::text::write_json_string;

/// Writes a text as a JSON string.
pub(super) fn write_text(text: &[u8], out: &mut Vec<u8>) {
    write_json_string(&String::from_utf8_lossy(text), out);
}

/// Writes what stands before the arguments; `whole`: with all that the call said of itself.
pub(super) fn write_head(call: CallView<'_>, whole: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"index\":");
    out.extend_from_slice(call.number.to_string().as_bytes());
    let mut said = |key: &[u8], value: &[u8]| {
        if whole && !value.is_empty() {
            out.extend_from_slice(key);
            write_text(value, out);
        }
    };
    said(b",\"id\":", call.id);
    said(b",\"type\":", call.kind);
    out.extend_from_slice(b",\"function\":{");
    if whole && !call.name.is_empty() {
        out.extend_from_slice(b"\"name\":");
        write_text(call.name, out);
        out.push(b',');
    }
    out.extend_from_slice(b"\"arguments\":");
}

/// Writes the member `tool_calls`, with a comma behind it, for a chunk that the upstream did not
/// send; nothing if there is no call to tell of.
pub(in crate::chunk) fn write_calls(
    session: &mut Session,
    place: usize,
    made: Made,
    out: &mut Vec<u8>,
) {
    let calls: Vec<usize> = session.made_calls(place, made).collect();
    let mut before: &[u8] = b"\"tool_calls\":[";
    for at in calls {
        session.give((place, at));
        let Some(call) = session.call_at(place, at) else {
            continue;
        };
        out.extend_from_slice(before);
        before = b",";
        write_head(call, made == Made::Last, out);
        out.push(b'"');
        if session.write_content((place, at), out) {
            out.push(b'"');
        } else {
            out.pop();
            out.extend_from_slice(b"null");
        }
        out.push(b'}');
        if made == Made::Last {
            out.extend_from_slice(b",\"json_status\":");
            session.write_status((place, at), out);
        }
        out.push(b'}');
    }
    if before == b"," {
        out.extend_from_slice(b"],");
    }
}
