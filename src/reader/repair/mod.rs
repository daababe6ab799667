//! The rules for malformed text, by family, and the record of what they did.
//!
//! A rule is asked only where the grammar has no place for what comes, or where a quote or a comma
//! may mean two things. It never takes back what was shown, and it looks ahead no further than
//! [`Limits::look_ahead`](crate::Limits) allows.

pub(super) mod brackets;
pub(super) mod comments;
pub(super) mod ends;
pub(super) mod keys;
pub(super) mod literals;
pub(super) mod members;
pub(super) mod quotes;
pub(super) mod strings;
pub(super) mod words;

use crate::aggregator::Repair;
use crate::count::Count;

/// Repairs that are listed; beyond, they are counted.
const LISTED: usize = 256;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $description:literal;)*) => {
        /// The closed set of repairs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Rule { $($(#[$doc])* $name,)* }

        impl Rule {
            /// Every rule.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The stable name.
            pub(crate) const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
            /// One line for people.
            pub(crate) const fn description(self) -> &'static str {
                match self { $(Self::$name => $description,)* }
            }
        }
    };
}

rules! {
    /// `{\"a\": 1}`
    EscapedDocument, "escaped_document", "the whole document was escaped once more";
    /// `[1, 2,]`
    TrailingComma, "trailing_comma", "left out a comma before a closing bracket";
    /// `[1,, 2]`
    ExtraComma, "extra_comma", "left out a comma with nothing between it and the one before";
    /// `[1 2]`
    MissingComma, "missing_comma", "put in a comma between two items";
    /// `[1; 2]`
    WrongComma, "wrong_comma", "took a semicolon for a comma";
    /// `{"a" 1}`
    MissingColon, "missing_colon", "put in a colon between a key and its value";
    /// `{"a" = 1}`, `{"a":: 1}`
    WrongColon, "wrong_colon", "took another sign for the colon between a key and its value";
    /// `{"a":, "b": 1}`
    MissingValue, "missing_value", "put in null for a value that is missing";
    /// `{"a": [1, 2}`
    MissingBracket, "missing_bracket", "closed a container that was left open";
    /// `[1, 2}`
    WrongBracket, "wrong_bracket", "took a bracket of another kind for the one that fits";
    /// `[1, 2]]`
    ExtraBracket, "extra_bracket", "left out a bracket that closes nothing";
    /// `{"a": 1}}, "b": 2}`
    EarlyEnd, "early_end", "went on with the document after a bracket that ended it too early";
    /// `{"a": {"a": 1]}, "a": 2}`
    RepeatedMember, "repeated_member",
        "left out a member that a repaired bracket put next to one of the same name";
    /// `(1, 2)`
    Tuple, "tuple", "took round or curly brackets for a list";
    /// `[1, 2, ...]`
    Ellipsis, "ellipsis", "left out an ellipsis";
    /// `{"a": 1 /* one */}`
    Comment, "comment", "left out a comment";
    /// `{'a': 1}`
    QuoteStyle, "quote_style", "took other quotes for double quotes";
    /// `{"a": ""x""}`, `{"a": """x"""}`
    RepeatedQuotes, "repeated_quotes", "took doubled or tripled quotes for one quote";
    /// `{a: 1}`
    UnquotedKey, "unquoted_key", "put quotes around a key";
    /// `{"a": hello}`
    UnquotedValue, "unquoted_value", "put quotes around a text";
    /// `{"a": x", "b": 1}`
    MissingOpenQuote, "missing_open_quote", "put in a quote at the beginning of a string";
    /// `{"a": "x, "b": 1}`
    MissingCloseQuote, "missing_close_quote", "put in a quote at the end of a string";
    /// `{"a": "say "hi" to me"}`
    UnescapedQuote, "unescaped_quote", "escaped a quote inside a string";
    /// `{"a": "x" + "y"}`
    JoinedStrings, "joined_strings", "joined strings";
    /// `{"a": u'x'}`
    StringPrefix, "string_prefix", "left out letters before a quote";
    /// A raw newline in a string.
    ControlCharacter, "control_character", "escaped a control character";
    /// `"\d"`, `"\x41"`
    BadEscape, "bad_escape", "wrote an escape as JSON knows it, or kept its backslash";
    /// `"\ud83d"`
    LoneSurrogate, "lone_surrogate", "replaced half a surrogate pair by U+FFFD";
    /// Bytes that are no UTF-8.
    InvalidUtf8, "invalid_utf8", "replaced bytes that are not UTF-8 by U+FFFD";
    /// `True`, `None`, `NaN`
    Literal, "literal", "wrote a word of another language as JSON knows it";
    /// `+1`, `.5`, `0x1F`, `1_000`
    NumberForm, "number_form", "wrote a number as JSON knows it";
    /// `ObjectId("x")`
    FunctionCall, "function_call", "took the argument of a call for its value";
    /// A no-break space between two tokens.
    OddSpace, "odd_space", "left out white space that JSON does not know";
    /// Text that has no place.
    DroppedText, "dropped_text", "left out text that has no place in the document";
}

/// What was done: a bounded list, and a count.
#[derive(Debug, Default)]
pub(crate) struct Log {
    listed: Vec<Repair>,
    count: u64,
}

impl Log {
    #[cold]
    pub(crate) fn record(&mut self, rule: Rule, offset: u64) {
        self.count.raise(1);
        if self.listed.len() < LISTED {
            let (kind, description) = (rule.code(), rule.description());
            self.listed.push(Repair {
                kind,
                description,
                offset,
            });
        }
    }

    pub(crate) fn listed(&self) -> &[Repair] {
        &self.listed
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}
