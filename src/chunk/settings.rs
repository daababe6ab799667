//! How a stream of chunks is transformed.

use std::sync::Arc;

use super::options::{Asked, StreamOptions};
use super::pace::Pace;
use crate::aggregator::{Options, Root};
use crate::limits::Limits;
use crate::schema::Schema;
use crate::view::{Form, Style};

/// What the content of a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// The whole document so far.
    #[default]
    Snapshot,
    /// What changed since the chunk before, as a JSON array of operations. They are compact.
    Patch,
}

/// How a stream of chunks is transformed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkOptions {
    /// What a document may be; for [`Root::Auto`] the schema may say.
    pub root: Root,
    /// Malformed text is repaired; without it, refused. Arguments of tool calls have their own.
    pub repair: bool,
    /// Arguments of tool calls are shown as snapshots too; without it, chunks that have tool calls
    /// pass with these as they came.
    pub tool_calls: bool,
    /// Malformed arguments are repaired. They get executed, so this is only where it was asked
    /// for.
    pub repair_arguments: bool,
    /// How snapshots separate their items.
    pub style: Style,
    /// What the stream may cost. `document` counts for all choices together.
    pub limits: Limits,
    /// The number of choices that were asked for (`n`). A choice that failed waits for at least
    /// as many; a stream may have more.
    pub choices: usize,
    /// Which updates are left out.
    pub pace: Pace,
    /// What the content of a chunk is.
    pub mode: Mode,
    /// In [`Mode::Patch`], the last chunk of a choice has the whole document in its status.
    pub final_document: bool,
    /// What is known of a document before it comes.
    pub schema: Option<Arc<Schema>>,
    /// Whether a verdict by the schema is given at the end.
    pub validate: bool,
}

impl Default for ChunkOptions {
    fn default() -> Self {
        Self {
            root: Root::Auto,
            repair: true,
            tool_calls: false,
            repair_arguments: false,
            style: Style::Spaced,
            limits: Limits::DEFAULT,
            choices: 1,
            pace: Pace::default(),
            mode: Mode::default(),
            final_document: true,
            schema: None,
            validate: false,
        }
    }
}

impl ChunkOptions {
    /// What a request asks for, over `self` as the defaults.
    pub fn with(self, asked: StreamOptions) -> Self {
        Self {
            root: asked.root.unwrap_or(self.root),
            repair: asked.repair.unwrap_or(self.repair),
            tool_calls: asked.tool_calls.unwrap_or(self.tool_calls),
            repair_arguments: asked.repair.unwrap_or(self.repair_arguments),
            style: asked.style.unwrap_or(self.style),
            pace: Pace {
                max_amplification: asked
                    .max_amplification
                    .unwrap_or(self.pace.max_amplification),
                every_ms: asked.every_ms.unwrap_or(self.pace.every_ms),
            },
            mode: asked.mode.unwrap_or(self.mode),
            final_document: asked.final_document.unwrap_or(self.final_document),
            schema: self.asked_schema(&asked.schema, asked.whole.as_deref()),
            validate: asked.validate.unwrap_or(self.validate),
            ..self
        }
    }

    fn asked_schema(&self, asked: &Asked, whole: Option<&[String]>) -> Option<Arc<Schema>> {
        let usual = self.schema.as_deref();
        let text = match asked {
            Asked::Usual => usual.and_then(Schema::text),
            Asked::Off => None,
            Asked::Given(text) => Some(text.as_str()),
        };
        let whole = whole.or(usual.map(Schema::whole)).unwrap_or_default();
        // Pointers that are none were refused when the request was read.
        Schema::read(text, whole).ok()
    }

    /// The options of one document in the stream. Operations are read from its plain text.
    pub(super) fn document(&self, form: Form) -> Options {
        let (style, form) = match self.mode {
            Mode::Snapshot => (self.style, form),
            Mode::Patch => (Style::Compact, Form::Plain),
        };
        Options {
            root: match &self.schema {
                Some(schema) => schema.root_or(self.root),
                None => self.root,
            },
            repair: self.repair,
            style,
            form,
            limits: self.limits,
        }
    }

    /// The options of the arguments of one tool call: the API knows objects only.
    pub(super) fn arguments(&self, form: Form) -> Options {
        Options {
            root: Root::Object,
            repair: self.repair_arguments,
            ..self.document(form)
        }
    }
}
