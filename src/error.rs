//! What can go wrong: a kind and an offset.

use std::fmt;

/// What an error means to the one who gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// The text is not JSON, and repair was off.
    Invalid,
    /// A limit was passed.
    Limit,
    /// The text ended and nothing was ever visible.
    NoJson,
    /// A method was called in the wrong state.
    Usage,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $category:ident, $message:literal;)*) => {
        /// The closed set of errors.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind, in the order of their documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The stable name, as Python and the command line show it.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
            /// What the kind means to the one who gets it.
            pub const fn category(self) -> Category {
                match self { $(Self::$name => Category::$category,)* }
            }
            /// One sentence: what is wrong, and what to do.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }
        }
    };
}

kinds! {
    /// A byte where the grammar has no place for it.
    UnexpectedCharacter, "unexpected_character", Invalid,
        "unexpected character; turn repair on to read malformed text";
    /// `tru3`, `nul`, `True`.
    InvalidLiteral, "invalid_literal", Invalid,
        "this is none of true, false and null; turn repair on to read malformed text";
    /// `01`, `1.`, `+1`, `1e`.
    InvalidNumber, "invalid_number", Invalid,
        "not a number by RFC 8259; turn repair on to read malformed text";
    /// A backslash followed by something that RFC 8259 does not list.
    InvalidEscape, "invalid_escape", Invalid,
        "no such escape in a JSON string; turn repair on to read malformed text";
    /// A raw control character in a string.
    ControlCharacter, "control_character", Invalid,
        "a control character in a string must be escaped; turn repair on to read malformed text";
    /// Half a surrogate pair without its other half.
    LoneSurrogate, "lone_surrogate", Invalid,
        "half a surrogate pair without its other half; turn repair on to replace it";
    /// Bytes that are not UTF-8.
    InvalidUtf8, "invalid_utf8", Invalid,
        "not valid UTF-8; turn repair on to replace it";
    /// The root is of another kind than asked for.
    WrongRoot, "wrong_root", Invalid,
        "the document does not begin with the root that was asked for; see the option root";
    /// Text after the end of the document.
    TrailingText, "trailing_text", Invalid,
        "text after the end of the document; turn repair on to leave it out";
    /// More containers open than allowed.
    Depth, "depth", Limit, "nested deeper than allowed; raise Limits.depth";
    /// More text than allowed.
    Document, "document", Limit, "more text than allowed; raise Limits.document";
    /// A number with more digits than allowed.
    Digits, "digits", Limit, "a number with more digits than allowed; raise Limits.digits";
    /// More white space between two tokens than allowed.
    WhiteSpace, "white_space", Limit,
        "more white space between two tokens than allowed; raise Limits.white_space";
    /// A line of an event stream that is longer than allowed.
    Line, "line", Limit, "a line of the event stream is longer than allowed; raise Limits.line";
    /// An event that is longer than allowed.
    Event, "event", Limit, "an event is longer than allowed; raise Limits.event";
    /// The input ended and nothing was ever visible.
    NoJson, "no_json", NoJson, "the text ended without a JSON value that could be shown";
    /// `feed` after `finish`.
    Finished, "finished", Usage, "feed() after the end; make a new object for a new document";
}

/// An error: a kind, and where in the text it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    offset: u64,
    line: u64,
    column: u64,
    /// What could have stood there; empty where the kind says all.
    expected: &'static str,
}

impl Error {
    #[cold]
    pub(crate) const fn new(kind: Kind, offset: u64, line: u64, column: u64) -> Self {
        Self {
            kind,
            offset,
            line,
            column,
            expected: "",
        }
    }
    /// The same error with what the grammar has at its place.
    pub(crate) const fn expecting(mut self, expected: &'static str) -> Self {
        self.expected = expected;
        self
    }
    /// The same error with its column counted in another way.
    pub(crate) const fn at_column(mut self, column: u64) -> Self {
        self.column = column;
        self
    }
    /// What could have stood there; empty where the kind says all.
    pub(crate) const fn expected(&self) -> &'static str {
        self.expected
    }
    /// What went wrong.
    pub const fn kind(&self) -> Kind {
        self.kind
    }
    /// Bytes of UTF-8 from the beginning of the text.
    pub const fn offset(&self) -> u64 {
        self.offset
    }
    /// The line, counted from 1; 0 where it is not counted.
    pub const fn line(&self) -> u64 {
        self.line
    }
    /// The column in code points, counted from 1; 0 where it is not counted.
    pub const fn column(&self) -> u64 {
        self.column
    }
    /// What the error means to the one who gets it.
    pub const fn category(&self) -> Category {
        self.kind.category()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = match (self.kind, self.expected) {
            (Kind::NoJson, expected) if !expected.is_empty() => {
                write!(f, "the text ended without a {expected} that could be shown")?;
                ""
            }
            (kind, "") => kind.message(),
            (kind, expected) => {
                write!(f, "expected {expected}: ")?;
                kind.message()
            }
        };
        // A stream of events has no lines to count: there the offset says all.
        if self.line == 0 {
            return write!(f, "{message} (offset {})", self.offset);
        }
        write!(
            f,
            "{message} (line {}, column {}, offset {})",
            self.line, self.column, self.offset
        )
    }
}

impl std::error::Error for Error {}
