//! Why a stream of chunks ended without a document: a closed set of codes.

use crate::error::{Category, Error};
use crate::text::write_json_string;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident, $code:literal;)*) => {
        /// The codes of the error event that ends a stream. The set is closed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The code as it stands in the error event.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

codes! {
    /// The text ended and held no JSON that could be shown; `text` holds what came instead.
    NoJson, "no_json";
    /// The text is malformed, and repair was off.
    InvalidJson, "invalid_json";
    /// A limit was passed: by the document, or by a line or an event of the stream.
    LimitExceeded, "limit_exceeded";
    /// The upstream broke off, or ended with neither `finish_reason` nor `[DONE]`.
    UpstreamClosed, "upstream_closed";
    /// The upstream did not go on in time.
    UpstreamTimeout, "upstream_timeout";
}

impl Code {
    /// The code with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
    /// One sentence: what happened, and what to do.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoJson => "the answer holds no JSON; what came instead is in `text`",
            Self::InvalidJson => "the answer is not valid JSON; turn repair on to read it",
            Self::LimitExceeded => "the stream passed a limit; raise it if this is expected",
            Self::UpstreamClosed => {
                "the upstream broke off before the answer ended; whatever was shown is true"
            }
            Self::UpstreamTimeout => {
                "the upstream did not go on in time; whatever was shown is true"
            }
        }
    }
}

/// What ended a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its code.
    pub code: Code,
    /// One sentence for people.
    pub message: String,
    /// For [`Code::NoJson`]: the text that came instead, up to 64 KiB.
    pub text: Option<String>,
}

impl Failure {
    /// A failure with this code, and with its usual message if none is given.
    pub fn new(code: Code, message: Option<&str>) -> Self {
        Self {
            code,
            message: message.unwrap_or(code.message()).to_owned(),
            text: None,
        }
    }
    /// Writes the data of the error event: `{"error": {"message", "type", "param", "code"}}`.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"error\": {\"message\": ");
        write_json_string(&self.message, out);
        out.extend_from_slice(
            b", \"type\": \"valid_json_chunks_error\", \"param\": null, \"code\": \"",
        );
        out.extend_from_slice(self.code.name().as_bytes());
        out.push(b'"');
        if let Some(text) = &self.text {
            out.extend_from_slice(b", \"text\": ");
            write_json_string(text, out);
        }
        out.extend_from_slice(b"}}");
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error.category() {
            Category::Limit => Code::LimitExceeded,
            Category::NoJson => Code::NoJson,
            Category::Invalid | Category::Usage => Code::InvalidJson,
        };
        let message = match (code, error.expected()) {
            (Code::NoJson, "") => code.message().to_owned(),
            (Code::NoJson, expected) => {
                format!("the answer holds no {expected}; what came instead is in `text`")
            }
            _ => error.to_string(),
        };
        Self {
            code,
            message,
            text: None,
        }
    }
}

/// Characters of an upstream's own words that an error repeats.
const SAID: usize = 1 << 10;

/// What is said of an upstream that sent something else than events: the `message` in it, or else
/// all of it. `error`: it called that an error itself; otherwise it must look like one.
pub(super) fn complaint(said: &[u8], error: bool) -> String {
    let said = &said[..said.len().min(64 << 10)];
    let parsed: serde_json::Value = serde_json::from_slice(said).unwrap_or_default();
    let looks = |name: &&str| parsed.get(name).is_some();
    let what = if error || ["error", "message", "detail"].iter().any(looks) {
        "the upstream reported an error"
    } else {
        "what came is no stream of events, but this"
    };
    let error = parsed.get("error").unwrap_or(&parsed);
    let message = error.get("message").unwrap_or(error).as_str();
    let text = message.map_or_else(|| String::from_utf8_lossy(said), Into::into);
    let text: String = text.chars().take(SAID).collect();
    format!("{what}: {text}")
}
