//! What stands where in a chunk: spans, so that every other byte can be kept.

use super::calls::Piece;
use super::guess::Guess;
use super::scan::{Member, Scanner, Span, is_empty, says_nothing};
use super::session::MAX_CHOICES;
use super::verdict::{Facts, Finish};
use crate::text::unescape;
use std::borrow::Cow;
use std::ops::Range;

/// What an event's data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// No chat completion chunk, or no JSON.
    Foreign,
    /// `choices` is empty.
    Empty,
    /// A chunk with choices.
    Chunk,
    /// More choices than a stream may have.
    TooMany,
}

/// An element of a `content` list. `text` is the string of a text part, or no place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) whole: Span,
    pub(super) text: Span,
}

/// One element of `choices`. Spans are of values; no place where the member is missing.
#[derive(Debug, Clone, Default)]
pub(super) struct Choice {
    pub(super) whole: Span,
    pub(super) index: Span,
    pub(super) finish: Span,
    pub(super) logprobs: Span,
    pub(super) delta: Span,
    pub(super) role: Span,
    pub(super) content: Span,
    /// The elements of `content`, if it is a list.
    pub(super) parts: Range<usize>,
    /// The list of tool calls, and its elements, where these are read.
    pub(super) calls: Span,
    pub(super) pieces: Range<usize>,
    /// The members that are none of the above, nor `delta`.
    pub(super) members: Range<usize>,
    pub(super) facts: Facts,
    /// Has `text` beside or instead of a delta, as the older completions have.
    plain: bool,
}

/// The spans of one chunk. Made once and used for every event of a stream.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    /// The object itself.
    pub(super) whole: Span,
    /// Its members, except `choices`.
    pub(super) members: Vec<Member>,
    pub(super) choices: Vec<Choice>,
    /// The members of choices, one choice after the other.
    pub(super) choice_members: Vec<Member>,
    pub(super) parts: Vec<Part>,
    /// The elements of lists of tool calls, if these are read.
    pub(super) pieces: Vec<Piece>,
    /// Tool calls are read.
    calls: bool,
    /// The value of `error`, if it says anything.
    pub(super) error: Span,
    object: Span,
    has_choices: bool,
    listed: Listed,
    guess: Guess,
    stack: Vec<u8>,
}

/// What was known where `choices` ended.
#[derive(Debug, Default)]
struct Listed {
    end: usize,
    /// How many members stood before.
    members: usize,
    error: Span,
    object: Span,
}

/// A buffer that has grown beyond this many items is given back.
const KEEP: usize = 256;

impl Envelope {
    /// `calls`: tool calls are read.
    pub(super) fn new(calls: bool) -> Self {
        Self {
            calls,
            ..Self::default()
        }
    }

    /// Reads an event's data.
    pub(super) fn scan(&mut self, text: &[u8]) -> Shape {
        let mut stack = std::mem::take(&mut self.stack);
        let mut scanner = Scanner::new(text, &mut stack);
        let guessed = self.guess.fits(text, &mut scanner);
        let read = match guessed {
            Some(end) => {
                self.go_on_from(end);
                self.rest(text, &mut scanner)
            }
            None => {
                self.reset();
                self.chunk(text, &mut scanner)
            }
        };
        self.stack = stack;
        let shape = self.shape(read, text);
        match self.only_text(text).filter(|_| shape == Shape::Chunk) {
            Some(content) => {
                let fitted = guessed.is_some();
                self.guess.learn(text, content, self.listed.end, fitted);
            }
            None => self.guess.forget(),
        }
        shape
    }

    /// Everything that was found, for comparing.
    #[cfg(test)]
    pub(super) fn found(&self) -> String {
        let Self {
            whole,
            members,
            choices,
            choice_members,
            parts,
            error,
            object,
            ..
        } = self;
        format!(
            "{:?}",
            (
                whole,
                members,
                choices,
                choice_members,
                parts,
                error,
                object
            )
        )
    }

    /// The content, if it is a string and there is only one choice.
    pub(super) fn only_text(&self, text: &[u8]) -> Option<Span> {
        match &self.choices[..] {
            [only] if only.pieces.is_empty() => only.has_string(text).then_some(only.content),
            _ => None,
        }
    }

    /// The chunk is as the last one up to the end of `choices`, but that the string ends here.
    /// Everything else that was learnt of the last one holds; places behind the string move.
    fn go_on_from(&mut self, end: usize) {
        self.members.truncate(self.listed.members);
        self.error = self.listed.error;
        self.object = self.listed.object;
        let Some(choice) = self.choices.first_mut() else {
            return;
        };
        let before = choice.content.end;
        let moved = |place: &mut usize| {
            if *place >= before {
                *place = place.saturating_sub(before).saturating_add(end);
            }
        };
        let each = |span: &mut Span| {
            moved(&mut span.start);
            moved(&mut span.end);
        };
        // Whoever adds a span to a choice must move it here.
        let Choice {
            whole,
            index,
            finish,
            logprobs,
            delta,
            role,
            content,
            parts: _,
            calls,
            pieces: _,
            members: _,
            facts: _,
            plain: _,
        } = choice;
        for span in [whole, index, finish, logprobs, delta, role, content, calls] {
            each(span);
        }
        for Member { key, value } in &mut self.choice_members {
            each(key);
            each(value);
        }
        moved(&mut self.listed.end);
    }

    fn shape(&mut self, read: Option<()>, text: &[u8]) -> Shape {
        match read {
            _ if self.choices.len() > MAX_CHOICES => Shape::TooMany,
            None => {
                self.reset();
                Shape::Foreign
            }
            Some(()) if !self.has_choices => Shape::Foreign,
            Some(()) if self.choices.is_empty() => Shape::Empty,
            Some(()) if self.is_chat(text) => Shape::Chunk,
            Some(()) => Shape::Foreign,
        }
    }

    fn reset(&mut self) {
        fn clear<T>(items: &mut Vec<T>) {
            items.clear();
            if items.capacity() > KEEP {
                *items = Vec::new();
            }
        }
        clear(&mut self.members);
        clear(&mut self.choices);
        clear(&mut self.choice_members);
        clear(&mut self.parts);
        clear(&mut self.pieces);
        clear(&mut self.stack);
        self.whole = Span::NONE;
        self.error = Span::NONE;
        self.object = Span::NONE;
        self.has_choices = false;
    }

    /// Is it of a chat, and not of the older completions, whose choices have `text` alone?
    fn is_chat(&self, text: &[u8]) -> bool {
        if self.choices.iter().any(|choice| !choice.delta.is_none()) {
            return true;
        }
        match self.object.of(text) {
            b"" | b"null" | b"\"\"" => !self.choices.iter().any(|choice| choice.plain),
            object => object.starts_with(b"\"chat.completion"),
        }
    }

    fn chunk(&mut self, text: &[u8], scanner: &mut Scanner<'_, '_>) -> Option<()> {
        scanner.white();
        let start = scanner.at();
        if scanner.peek() != b'{' {
            return None;
        }
        self.whole = Span::new(start, start);
        let more = scanner.open(b'}')?;
        self.members(text, scanner, more)
    }

    /// What follows `choices`.
    fn rest(&mut self, text: &[u8], scanner: &mut Scanner<'_, '_>) -> Option<()> {
        let more = scanner.more(b'}')?;
        self.members(text, scanner, more)
    }

    fn members(
        &mut self,
        text: &[u8],
        scanner: &mut Scanner<'_, '_>,
        mut more: bool,
    ) -> Option<()> {
        while more {
            let key = scanner.key()?;
            match &*name(key.of(text)) {
                b"choices" if scanner.peek() == b'[' => {
                    self.choices(text, scanner)?;
                    self.listed = Listed {
                        end: scanner.at(),
                        members: self.members.len(),
                        error: self.error,
                        object: self.object,
                    };
                }
                other => {
                    let value = scanner.value()?;
                    match other {
                        b"error" if !is_empty(value.of(text)) => self.error = value,
                        b"object" => self.object = value,
                        _ => {}
                    }
                    self.members.push(Member { key, value });
                }
            }
            more = scanner.more(b'}')?;
        }
        self.whole.end = scanner.at();
        scanner.white();
        (scanner.at() == text.len()).then_some(())
    }

    fn choices(&mut self, text: &[u8], scanner: &mut Scanner<'_, '_>) -> Option<()> {
        // Of a repeated key the last one counts, as in `json.loads`.
        self.choices.clear();
        self.choice_members.clear();
        self.parts.clear();
        self.pieces.clear();
        self.has_choices = true;
        let mut more = scanner.open(b']')?;
        while more {
            let choice = match scanner.peek() {
                b'{' => self.choice(text, scanner)?,
                b'n' => Choice {
                    whole: scanner.value()?,
                    ..Choice::default()
                },
                _ => return None,
            };
            if self.choices.capacity() == 0 {
                self.choices.reserve_exact(1); // most streams have one, and are many
            }
            self.choices.push(choice);
            if self.choices.len() > MAX_CHOICES {
                return None;
            }
            more = scanner.more(b']')?;
        }
        Some(())
    }

    fn choice(&mut self, text: &[u8], scanner: &mut Scanner<'_, '_>) -> Option<Choice> {
        let start = scanner.at();
        let first = self.choice_members.len();
        let mut choice = Choice::default();
        let mut more = scanner.open(b'}')?;
        while more {
            let key = scanner.key()?;
            match &*name(key.of(text)) {
                b"delta" if scanner.peek() == b'{' => self.delta(text, scanner, &mut choice)?,
                other => {
                    let value = scanner.value()?;
                    match other {
                        b"delta" if value.of(text) == b"null" => choice.delta = value,
                        b"delta" => return None,
                        b"index" => choice.index = value,
                        b"finish_reason" => choice.finish = value,
                        b"logprobs" => choice.logprobs = value,
                        other => {
                            choice.plain |= other == b"text";
                            self.choice_members.push(Member { key, value });
                        }
                    }
                }
            }
            more = scanner.more(b'}')?;
        }
        choice.facts.finish = match choice.finish.of(text) {
            value if is_empty(value) => Finish::None,
            b"\"content_filter\"" => Finish::Filtered,
            _ => Finish::Other,
        };
        choice.members = first..self.choice_members.len();
        choice.whole = Span::new(start, scanner.at());
        Some(choice)
    }

    fn delta(
        &mut self,
        text: &[u8],
        scanner: &mut Scanner<'_, '_>,
        choice: &mut Choice,
    ) -> Option<()> {
        let start = scanner.at();
        choice.role = Span::NONE;
        choice.content = Span::NONE;
        choice.parts = 0..0;
        choice.calls = Span::NONE;
        choice.pieces = 0..0;
        choice.facts = Facts::default();
        let mut more = scanner.open(b'}')?;
        while more {
            let key = scanner.key()?;
            match &*name(key.of(text)) {
                b"content" => self.content(text, scanner, choice)?,
                b"tool_calls" if self.calls && scanner.peek() == b'[' => {
                    self.tool_calls(text, scanner, choice)?;
                }
                other => {
                    let value = scanner.value()?;
                    if self.calls && other == b"tool_calls" {
                        (choice.calls, choice.pieces) = (value, 0..0);
                    }
                    let says = !says_nothing(value.of(text));
                    match other {
                        b"role" => {
                            choice.role = value;
                            choice.facts.role = says;
                        }
                        b"tool_calls" | b"function_call" | b"refusal" | b"audio" => {
                            choice.facts.others |= says;
                            choice.facts.otherwise |= says;
                        }
                        _ => choice.facts.others |= says,
                    }
                }
            }
            more = scanner.more(b'}')?;
        }
        choice.delta = Span::new(start, scanner.at());
        Some(())
    }

    fn content(
        &mut self,
        text: &[u8],
        scanner: &mut Scanner<'_, '_>,
        choice: &mut Choice,
    ) -> Option<()> {
        let start = scanner.at();
        choice.parts = 0..0;
        match scanner.peek() {
            b'"' => {
                scanner.string()?;
            }
            b'[' => {
                let first = self.parts.len();
                let mut more = scanner.open(b']')?;
                while more {
                    let part = part(text, scanner)?;
                    choice.facts.others |= part.text.is_none();
                    self.parts.push(part);
                    more = scanner.more(b']')?;
                }
                choice.parts = first..self.parts.len();
            }
            _ => {
                let value = scanner.value()?;
                choice.facts.others |= !says_nothing(value.of(text));
            }
        }
        choice.content = Span::new(start, scanner.at());
        Some(())
    }
}

/// One element of a `content` list: is it a text part, and where is its text?
fn part(text: &[u8], scanner: &mut Scanner<'_, '_>) -> Option<Part> {
    let start = scanner.at();
    if scanner.peek() != b'{' {
        let whole = scanner.value()?;
        return Some(Part {
            whole,
            text: Span::NONE,
        });
    }
    let (mut is_text, mut found) = (false, Span::NONE);
    let mut more = scanner.open(b'}')?;
    while more {
        let key = scanner.key()?;
        let value = scanner.value()?;
        match &*name(key.of(text)) {
            b"type" => is_text = value.of(text) == b"\"text\"",
            b"text" if value.of(text).starts_with(b"\"") => found = value,
            b"text" => found = Span::NONE,
            _ => {}
        }
        more = scanner.more(b'}')?;
    }
    Some(Part {
        whole: Span::new(start, scanner.at()),
        text: if is_text { found } else { Span::NONE },
    })
}

/// A key as it is meant: escapes in it are undone.
#[inline]
pub(super) fn name(key: &[u8]) -> Cow<'_, [u8]> {
    if !key.contains(&b'\\') {
        return Cow::Borrowed(key);
    }
    let mut plain = Vec::new();
    unescape(key, &mut plain);
    Cow::Owned(plain)
}

/// An index, with quotes or without; `None` if it is missing or no index.
#[inline]
pub(super) fn index_of(value: &[u8]) -> Option<u64> {
    let digits = match value {
        [b'"', inside @ .., b'"'] => inside,
        digits => digits,
    };
    match digits {
        [digit @ b'0'..=b'9'] => Some(u64::from(digit & 0x0F)),
        [b'0'..=b'9', ..] => std::str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    }
}

impl Choice {
    /// Its index; its place in `choices` if that is missing or no index.
    pub(super) fn index(&self, text: &[u8], place: usize) -> u64 {
        index_of(self.index.of(text)).unwrap_or(place as u64)
    }

    /// Is `content` a string?
    pub(super) fn has_string(&self, text: &[u8]) -> bool {
        self.content.of(text).first() == Some(&b'"')
    }

    /// Has it a string `content` or a text part?
    pub(super) fn has_text(&self, text: &[u8], parts: &[Part]) -> bool {
        let parts = &parts[self.parts.clone()];
        self.has_string(text) || parts.iter().any(|part| !part.text.is_none())
    }

    /// Is there text in it that is read: of its own, or of tool calls?
    pub(super) fn is_read(&self, text: &[u8], parts: &[Part]) -> bool {
        self.has_text(text, parts) || !self.pieces.is_empty()
    }

    /// Does it say something that is given out whatever its text?
    pub(super) fn gives(&self) -> bool {
        self.facts.others || self.facts.finish != Finish::None
    }
}
