//! Text → events, at any cut, with an explicit stack.
//!
//! The machine is the grammar of RFC 8259. Each state reads what it can of the text that is there
//! and leaves the rest, which comes again with the next delta in front. Whatever the grammar has no
//! place for goes to one of the `odd_…` functions: an error in strict mode, a rule of `repair`
//! otherwise. Invariant: a step consumes text, changes the state, or waits.

mod begin;
mod expected;
mod frame;
mod hold;
mod input;
mod pending;
pub(crate) mod repair;
mod scalar;
mod stack;
mod string;
mod structure;
mod text;
mod unescape;
mod utf8;

use crate::aggregator::Root;
use crate::count::Count;
use crate::error::{Error, Kind};
use crate::event::Sink;
use crate::limits::Limits;
use frame::Frame;
use pending::Pending;
use repair::Log;
use repair::ends::{Ends, Plain};
use repair::members::Members;
use repair::quotes::Open;
use scalar::Scalar;
use stack::Bracket;
use unescape::Unescape;
use utf8::Decoder;

/// A delta is read in pieces of this length where it has to be copied.
const BLOCK: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the document.
    Seek,
    /// A value must come.
    Value,
    /// A value, or the end of the array that was just opened.
    FirstValue,
    /// A key must come.
    Key,
    /// A key, or the end of the object that was just opened.
    FirstKey,
    /// In a key.
    KeyText,
    /// After a key.
    Colon,
    /// In a string.
    Text,
    /// After a string without a character in it.
    Empty,
    /// In a number or a literal.
    Scalar,
    /// After a number or a literal.
    ScalarEnd,
    /// After a value.
    Between,
    /// After the document.
    Done,
    /// In a think block before the document.
    Think,
    /// In a number or a literal that may be the whole document.
    RootScalar,
    /// After it.
    RootEnd,
    /// At a quote that may close the string.
    Quote,
    /// In the first word of a value without quotes.
    Word,
    /// In a value without quotes.
    Bare,
    /// In a key without quotes.
    BareKey,
    /// In a word that is left out where a key should be.
    DropWord,
    /// In a comment to the end of the line.
    LineComment,
    /// In a comment to `*/`.
    BlockComment,
    /// In the text after the document.
    Trailing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Text was read, or the state changed.
    Go,
    /// More text is needed.
    Wait,
    /// Text that was read comes again in another form: it stands in `Reader::again`.
    Again,
}

type Stepped = Result<Step, Error>;

/// The text that a step may read: from `at` on.
struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Cursor<'t> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
    #[inline]
    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }
    #[inline]
    fn peek_at(&self, distance: usize) -> Option<u8> {
        self.text.get(self.at.saturating_add(distance)).copied()
    }
    #[inline]
    fn slice(&self, end: usize) -> &'t [u8] {
        self.text.get(self.at..end).unwrap_or_default()
    }
    /// The next bytes, so many.
    #[inline]
    fn front(&self, length: usize) -> &'t [u8] {
        self.slice(self.at.saturating_add(length))
    }
    /// Reads so many bytes. No text is so long that this would saturate.
    #[inline]
    fn advance(&mut self, length: usize) {
        self.at.raise(length);
    }
}

/// One document's reader.
#[derive(Debug)]
pub(crate) struct Reader {
    root: Root,
    limits: Limits,
    repair: bool,
    state: State,
    /// The state to return to after a comment or a word.
    back: State,
    stack: Vec<Bracket>,
    root_bracket: Bracket,
    root_opened: bool,
    pending: Pending,
    decoder: Decoder,
    frame: Frame,
    filter: Option<Unescape>,
    /// Text that came and was not read, from `held_from` on.
    held: Vec<u8>,
    held_from: usize,
    /// Bytes of text that came.
    taken: usize,
    /// The offset of the first byte that was not read.
    base: u64,
    /// How much of the unread text a step has looked at already.
    looked: usize,
    scalar: Scalar,
    /// A number or a literal that has ended, until what follows shows it.
    token: Vec<u8>,
    /// The string that is open.
    open: Open,
    /// The look that is under way; at 0 if there is none.
    ends: Ends,
    /// The same, as long as the text is well formed.
    plain: Plain,
    /// Bytes that all looks together have looked at.
    spent: u64,
    /// What a rule makes of a piece of text.
    scratch: Vec<u8>,
    /// Text to be read before what follows.
    again: Vec<u8>,
    /// The offset of its beginning. In a document that was escaped once more, offsets count its text
    /// without these escapes.
    again_from: u64,
    /// What `wide` is there.
    again_wide: u64,
    log: Log,
    members: Members,
    /// The bracket that closed last, and where it ended.
    last_closer: (u8, u64),
    /// Where the last run of dropped text ended.
    dropped_to: Option<u64>,
    /// Length of the text after the document.
    after: u64,
    /// No more text will come.
    ended: bool,
    /// Length of the white space before the cursor.
    spaces: usize,
    /// Was there white space before the last token?
    gap: bool,
    /// The offset of that token.
    gap_at: u64,
    lines_skipped: bool,
    line: u64,
    line_from: u64,
    /// Continuation bytes of this line before `base`: columns count code points.
    wide: u64,
    /// Has any text come that is not ASCII?
    wide_text: bool,
    changed: bool,
    closed: bool,
}

impl Reader {
    pub(crate) fn new(root: Root, repair: bool, limits: Limits) -> Self {
        // A look reaches behind the widest quote, or it would decide before it has begun.
        let look_ahead = limits.look_ahead.max(4);
        Self {
            root,
            limits: Limits {
                look_ahead,
                ..limits
            },
            repair,
            state: State::Seek,
            back: State::Seek,
            stack: Vec::new(),
            root_bracket: Bracket::Object,
            root_opened: false,
            pending: Pending::default(),
            decoder: Decoder::default(),
            frame: Frame::default(),
            filter: None,
            held: Vec::new(),
            held_from: 0,
            taken: 0,
            base: 0,
            looked: 0,
            scalar: Scalar::Start,
            token: Vec::new(),
            open: Open::default(),
            ends: Ends::default(),
            plain: Plain::default(),
            spent: 0,
            scratch: Vec::new(),
            again: Vec::new(),
            again_from: 0,
            again_wide: 0,
            log: Log::default(),
            members: Members::default(),
            last_closer: (0, 0),
            dropped_to: None,
            after: 0,
            ended: false,
            spaces: 0,
            gap: false,
            gap_at: u64::MAX,
            lines_skipped: false,
            line: 1,
            line_from: 0,
            wide: 0,
            wide_text: false,
            changed: false,
            closed: false,
        }
    }

    /// Was the document's root closed? A scalar is, when the input has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed && (self.root_opened || self.ended)
    }

    /// Did the value change since the last call?
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// What was repaired.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// Length of the text after the document, white space and fences not counted.
    pub(crate) fn trailing_length(&self) -> u64 {
        self.after
    }

    /// Takes steps until one waits; says how much was read.
    fn run<S: Sink>(&mut self, text: &[u8], sink: &mut S) -> Result<usize, Error> {
        // A backslash says what it is together with what follows.
        let half = self.repair && !self.ended && text::ends_in_backslash(text);
        let text = text
            .split_at(text.len().saturating_sub(usize::from(half)))
            .0;
        let mut cursor = Cursor { text, at: 0 };
        loop {
            #[cfg(debug_assertions)]
            let before = (self.state, cursor.at);
            let step = match self.state {
                State::Text => self.text(&mut cursor, sink)?,
                State::KeyText => self.key_text(&mut cursor)?,
                State::Between => self.between(&mut cursor, sink)?,
                State::Key | State::FirstKey => self.key(&mut cursor, sink)?,
                State::Colon => self.colon(&mut cursor, sink)?,
                State::Value | State::FirstValue => self.value(&mut cursor, sink)?,
                State::Scalar => self.scalar(&mut cursor)?,
                State::ScalarEnd => self.scalar_end(&mut cursor, sink)?,
                State::Empty => self.empty(&mut cursor, sink)?,
                State::Seek => self.seek(&mut cursor)?,
                State::Done => self.done(&mut cursor, sink)?,
                State::Think => self.think(&mut cursor),
                State::RootScalar => self.root_scalar(&mut cursor, sink)?,
                State::RootEnd => self.root_end(&mut cursor, sink)?,
                State::Quote => self.quote(&mut cursor, sink)?,
                State::Word => self.word(&mut cursor, sink)?,
                State::Bare => self.bare(&mut cursor, sink)?,
                State::BareKey => self.bare_key(&mut cursor)?,
                State::DropWord => self.rest_of_word(&mut cursor),
                State::LineComment => self.line_comment(&mut cursor),
                State::BlockComment => self.block_comment(&mut cursor),
                State::Trailing => self.trailing(&mut cursor),
            };
            if step != Step::Go {
                return Ok(cursor.at.min(text.len()));
            }
            #[cfg(debug_assertions)]
            assert_ne!(
                before,
                (self.state, cursor.at),
                "a step must read, change the state or wait"
            );
        }
    }

    /// Skips white space; the byte after it, if there is one.
    #[inline]
    fn skip_space(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<u8>, Error> {
        loop {
            match cursor.peek() {
                Some(b' ' | b'\t' | b'\r') => {}
                Some(b'\n') => self.new_line(cursor.at),
                Some(byte) => {
                    // A token may be come back to: the space before it stays known.
                    let here = self.offset(cursor.at);
                    if self.spaces > 0 || self.gap_at != here {
                        self.gap = self.spaces > 0;
                        self.gap_at = here;
                        self.spaces = 0;
                    }
                    return Ok(Some(byte));
                }
                None => return Ok(None),
            }
            if self.spaces == self.limits.white_space {
                return Err(self.error(Kind::WhiteSpace, cursor.at));
            }
            self.spaces.raise(1);
            cursor.advance(1);
        }
    }

    fn new_line(&mut self, at: usize) {
        self.line.raise(1);
        self.lines_skipped = true;
        self.wide = 0;
        self.line_from = self.offset(at).saturating_add(1);
    }

    /// The offset in the document of a place in the unread text.
    #[inline]
    fn offset(&self, at: usize) -> u64 {
        self.base.saturating_add(at as u64)
    }

    #[cold]
    fn error(&self, kind: Kind, at: usize) -> Error {
        let offset = self.offset(at);
        let column = offset.saturating_sub(self.line_from).saturating_add(1);
        let error = Error::new(kind, offset, self.line, column);
        match kind {
            Kind::UnexpectedCharacter => error.expecting(self.expected()),
            _ => error,
        }
    }
}
