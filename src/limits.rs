//! What a stream may cost at most.

/// Bounds on one stream. Passing one is an [`Error`](crate::Error) of category
/// [`Category::Limit`](crate::Category::Limit); what was shown before stays readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Containers open at once.
    pub depth: usize,
    /// Bytes of text that are read in all, framing included.
    pub document: usize,
    /// Digits of one number.
    pub digits: usize,
    /// Bytes of white space between two tokens.
    pub white_space: usize,
    /// Bytes that a repair may look ahead, white space not counted; four at least.
    pub look_ahead: usize,
    /// Bytes of one line of an event stream.
    pub line: usize,
    /// Bytes of one event of an event stream.
    pub event: usize,
}

impl Limits {
    /// The documented defaults.
    pub const DEFAULT: Self = Self {
        depth: 256,
        document: 64 << 20,
        digits: 4_300,
        white_space: 1 << 20,
        look_ahead: 1_024,
        line: 16 << 20,
        event: 16 << 20,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
