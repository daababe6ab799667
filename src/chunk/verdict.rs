//! What a chunk says of a choice, what is to be done with it, and how its document ended: what the
//! decisions take and give.

use std::sync::Arc;

use super::failure::Code;
use crate::schema::Judged;

/// Why a choice ended, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Finish {
    /// It has not: `finish_reason` is missing, null or `""`.
    #[default]
    None,
    /// `content_filter`.
    Filtered,
    /// Any other reason.
    Other,
}

/// What one chunk says of a choice, beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// Its delta has a `role`, neither null nor empty.
    pub role: bool,
    /// Its delta has anything else that is neither null nor empty: tool calls, a refusal, audio,
    /// reasoning, parts of a `content` list that are not text, unknown members.
    pub others: bool,
    /// Among these are tool calls, a function call, a refusal or audio.
    pub otherwise: bool,
    /// Its `finish_reason`.
    pub finish: Finish,
}

/// What is to be done with a choice of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Leave it out; what it says once is carried to the next one that is given out.
    Drop,
    /// As `Drop`, and its role too is carried.
    DropWithRole,
    /// Keep it aside: it says nothing but a role.
    Hold,
    /// Give it out.
    Emit,
}

/// What becomes of the text in a choice that is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A string becomes null, text parts of a list are taken out; nothing else changes.
    Null,
    /// The snapshot.
    Snapshot,
}

/// What becomes of the chunk that was held for this choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// There is none.
    None,
    /// Its role goes into the delta of this one; what else it says is carried as from a dropped
    /// one.
    Merge,
    /// It goes out before this one, as it was.
    Before,
}

/// What is to be done with a choice of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Leave out, keep aside, or give out.
    pub action: Action,
    /// If given out: its text.
    pub content: Content,
    /// If given out: the chunk that was held before it.
    pub held: Held,
    /// If given out: it gets a `json_status`.
    pub status: bool,
}

impl Verdict {
    /// Leave it out.
    pub const DROP: Self = Self::aside(Action::Drop);

    pub(super) const fn aside(action: Action) -> Self {
        Self {
            action,
            content: Content::Null,
            held: Held::None,
            status: false,
        }
    }
}

/// `json_status`: how the document ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The document itself was closed.
    pub complete: bool,
    /// How many repairs were made.
    pub repairs: u64,
    /// Why this choice failed.
    pub error: Option<Code>,
    /// What the schema's verdict is, where one was asked for.
    pub judged: Option<Arc<Judged>>,
    /// What was ignored, for people.
    pub warning: Option<String>,
}

impl Status {
    /// Writes it as JSON.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let Self {
            complete, repairs, ..
        } = self;
        let text = format!("{{\"complete\": {complete}, \"repairs\": {repairs}");
        out.extend_from_slice(text.as_bytes());
        if let Some(code) = self.error {
            out.extend_from_slice(b", \"error\": \"");
            out.extend_from_slice(code.name().as_bytes());
            out.push(b'"');
        }
        if let Some(judged) = &self.judged {
            judged.write_json(out);
        }
        if let Some(warning) = &self.warning {
            out.extend_from_slice(b", \"warning\": ");
            out.extend_from_slice(
                serde_json::Value::from(warning.as_str())
                    .to_string()
                    .as_bytes(),
            );
        }
        out.push(b'}');
    }
}
