//! What the reader says of a document: only what is visible, each thing once, in order.

/// An object or an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
}

impl Container {
    /// The bracket that opens it.
    pub const fn opener(self) -> u8 {
        match self {
            Self::Object => b'{',
            Self::Array => b'[',
        }
    }
    /// The bracket that closes it.
    pub const fn closer(self) -> u8 {
        match self {
            Self::Object => b'}',
            Self::Array => b']',
        }
    }
}

/// One step of a document.
///
/// Nothing is said before it is visible: a key comes with its value, a container with the first
/// thing in it (or with its end), a string with its first character (or with its end).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// The key of the value that follows: the inside of a JSON string, as the document wrote it.
    Key(&'a [u8]),
    /// A container begins.
    Open(Container),
    /// The innermost container ends. That the root ends is said when the input has ended, since a
    /// repair may go on with it before.
    Close,
    /// A string begins.
    Begin,
    /// More of the string that is open: the inside of a JSON string, valid by itself. An escape,
    /// a surrogate pair or a code point is never divided.
    Text(&'a [u8]),
    /// The string that is open ends.
    End,
    /// A number, `true`, `false` or `null`, whole.
    Scalar(&'a [u8]),
}

/// Somebody who takes events.
pub trait Sink {
    /// Takes the next event.
    fn event(&mut self, event: Event<'_>);

    /// The root's bracket closed. A repair may still go on with it: its end is said later.
    fn root_closed(&mut self) {}

    /// Visits the names in the innermost open container, as the inside of JSON strings, if its text
    /// is no longer than `most`; says how long it is. Cost: twice the smaller of the two.
    fn names(&self, _most: usize, _visit: &mut dyn FnMut(&[u8])) -> usize {
        0
    }
}

/// Nobody.
impl Sink for () {
    fn event(&mut self, _: Event<'_>) {}
}

/// Both, the left one first.
impl<A: Sink, B: Sink> Sink for (&mut A, &mut B) {
    #[inline]
    fn event(&mut self, event: Event<'_>) {
        self.0.event(event);
        self.1.event(event);
    }

    fn root_closed(&mut self) {
        self.0.root_closed();
        self.1.root_closed();
    }

    fn names(&self, most: usize, visit: &mut dyn FnMut(&[u8])) -> usize {
        self.0.names(most, visit)
    }
}
