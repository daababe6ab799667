//! The snapshot: append-only text, and the closers that make it whole.

use crate::count::Count;
use crate::event::{Event, Sink};

/// How a snapshot separates its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// `", "` and `": "`, as Python's `json.dumps` writes them.
    #[default]
    Spaced,
    /// `","` and `":"`.
    Compact,
}

/// Where a snapshot will stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// By itself.
    #[default]
    Plain,
    /// Inside a JSON string: quotes and backslashes are escaped once more as they are written, so
    /// that a snapshot goes into an envelope as one copy.
    Embedded,
}

/// The text of what is visible. A snapshot is one copy of it, plus the closers.
#[derive(Debug)]
pub struct SnapshotView {
    text: Vec<u8>,
    /// The closing brackets of the open containers, outermost first.
    closers: Vec<u8>,
    string_open: bool,
    /// What comes after this is written, and not shown yet.
    held: Option<Horizon>,
    /// True until the innermost container has an item.
    fresh: bool,
    /// True between a key and its value.
    keyed: bool,
    style: Style,
    form: Form,
}

/// A place in the text between two values, where no string is open.
#[derive(Debug, Clone, Copy)]
struct Horizon {
    /// The length of the text.
    length: usize,
    /// How many containers are open. They stay so while what comes after is held back.
    depth: usize,
}

impl SnapshotView {
    /// An empty view.
    pub fn new(style: Style, form: Form) -> Self {
        Self {
            text: Vec::new(),
            closers: Vec::new(),
            string_open: false,
            held: None,
            fresh: true,
            keyed: false,
            style,
            form,
        }
    }

    /// From here on what is told is written and not shown, until [`show`](Self::show). No string
    /// is open, and no key waits for its value.
    #[inline]
    pub fn hold(&mut self) {
        if self.held.is_none() {
            self.held = Some(Horizon {
                length: self.text.len(),
                depth: self.closers.len(),
            });
        }
    }

    /// Shows what was held back; says whether anything was.
    #[inline]
    pub fn show(&mut self) -> bool {
        self.held.take().is_some()
    }

    /// Is there anything to show?
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// The length in bytes of the snapshot as it would be written now.
    pub fn len(&self) -> usize {
        let closers = self.open_quote().len().saturating_add(self.open().len());
        self.text().len().saturating_add(closers)
    }

    /// Appends the snapshot. Cost: one copy.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.reserve(self.len());
        out.extend_from_slice(self.text());
        self.write_closers(out);
    }

    /// The snapshot as it would stand by itself.
    pub fn plain_snapshot(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        match self.form {
            Form::Plain => out,
            Form::Embedded => self.plain(&out).collect(),
        }
    }

    /// The text that is shown, without its closers: bytes that will never change.
    #[inline]
    pub fn text(&self) -> &[u8] {
        match self.held {
            None => &self.text,
            Some(Horizon { length, .. }) => self.text.get(..length).unwrap_or_default(),
        }
    }

    /// Appends what makes [`text`](Self::text) whole.
    pub fn write_closers(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.open_quote());
        out.extend(self.open().iter().rev());
    }

    /// The closing brackets of the containers that are open in what is shown.
    fn open(&self) -> &[u8] {
        let depth = self.held.map_or(usize::MAX, |held| held.depth);
        self.closers.get(..depth).unwrap_or(&self.closers)
    }

    /// The quote that closes the string that is open in what is shown.
    fn open_quote(&self) -> &'static [u8] {
        if self.string_open && self.held.is_none() {
            self.quote()
        } else {
            b""
        }
    }

    fn quote(&self) -> &'static [u8] {
        match self.form {
            Form::Plain => b"\"",
            Form::Embedded => b"\\\"",
        }
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        // Doubling would break the memory bound for large documents.
        let needed = self.text.len().saturating_add(bytes.len());
        if needed > self.text.capacity() {
            let spare = (self.text.len() / 4).max(64).max(bytes.len());
            self.text.reserve_exact(spare);
        }
        self.text.extend_from_slice(bytes);
    }

    #[inline]
    fn inside(&mut self, raw: &[u8]) {
        match self.form {
            Form::Plain => self.push(raw),
            Form::Embedded => self.inside_embedded(raw),
        }
    }

    /// Raw string content holds no bare quote, so only backslashes and escaped quotes grow.
    fn inside_embedded(&mut self, raw: &[u8]) {
        let mut rest = raw;
        while let Some(at) = memchr::memchr2(b'\\', b'"', rest) {
            let (plain, tail) = rest.split_at(at);
            self.push(plain);
            self.push(b"\\");
            let (special, tail) = tail.split_at(1);
            self.push(special);
            rest = tail;
        }
        self.push(rest);
    }

    #[inline]
    fn separate(&mut self) {
        if self.keyed {
            self.keyed = false;
        } else if self.fresh {
            self.fresh = false;
        } else {
            self.push(match self.style {
                Style::Spaced => b", ",
                Style::Compact => b",",
            });
        }
    }
}

impl SnapshotView {
    /// A text of the view, as it would stand by itself.
    fn plain<'t>(&self, text: &'t [u8]) -> impl Iterator<Item = u8> + use<'t> {
        let form = self.form;
        let mut bytes = text.iter().copied();
        std::iter::from_fn(move || match (bytes.next(), form) {
            (Some(b'\\'), Form::Embedded) => bytes.next(),
            (byte, _) => byte,
        })
    }

    /// Does the quote at this place begin or end a string, and is no part of one?
    fn is_bare_quote(&self, at: usize) -> bool {
        let before = self.text.get(..at).unwrap_or_default();
        let escapes = before
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count();
        match self.form {
            Form::Plain => escapes % 2 == 0,
            Form::Embedded => escapes % 4 == 1,
        }
    }

    /// Where the innermost open container begins, if that is no more than `most` bytes back.
    /// No string is open.
    fn innermost(&self, most: usize) -> Option<usize> {
        let mut in_string = false;
        let mut closed = 0usize;
        for (at, &byte) in self.text.iter().enumerate().rev().take(most) {
            match byte {
                b'"' if self.is_bare_quote(at) => in_string = !in_string,
                _ if in_string => {}
                b'}' | b']' => closed.raise(1),
                b'{' | b'[' if closed == 0 => return Some(at),
                b'{' | b'[' => closed.lower(1),
                _ => {}
            }
        }
        None
    }
}

impl Sink for SnapshotView {
    fn names(&self, most: usize, visit: &mut dyn FnMut(&[u8])) -> usize {
        let Some(from) = self.innermost(most) else {
            return most.min(self.text.len());
        };
        let text = self.text.get(from..).unwrap_or_default();
        let mut depth = 0usize;
        let mut string: Option<Vec<u8>> = None;
        let mut last = Vec::new();
        let mut bytes = self.plain(text);
        while let Some(byte) = bytes.next() {
            if let Some(text) = &mut string {
                match byte {
                    b'"' => last = string.take().unwrap_or_default(),
                    b'\\' => text.extend([Some(byte), bytes.next()].into_iter().flatten()),
                    _ => text.push(byte),
                }
                continue;
            }
            match byte {
                b'"' => string = Some(Vec::new()),
                b'{' | b'[' => depth.raise(1),
                b'}' | b']' => depth.lower(1),
                b':' if depth == 1 => visit(&last),
                _ => {}
            }
        }
        text.len()
    }

    #[inline]
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Text(raw) => self.inside(raw),
            Event::Key(raw) => {
                self.separate();
                self.push(self.quote());
                self.inside(raw);
                self.push(self.quote());
                self.push(match self.style {
                    Style::Spaced => b": ",
                    Style::Compact => b":",
                });
                self.keyed = true;
            }
            Event::Begin => {
                self.separate();
                self.push(self.quote());
                self.string_open = true;
            }
            Event::End => {
                self.push(self.quote());
                self.string_open = false;
            }
            Event::Scalar(raw) => {
                self.separate();
                self.push(raw);
            }
            Event::Open(container) => {
                self.separate();
                self.push(&[container.opener()]);
                self.closers.push(container.closer());
                self.fresh = true;
            }
            Event::Close => {
                if let Some(closer) = self.closers.pop() {
                    self.push(&[closer]);
                }
                self.fresh = false;
            }
        }
    }
}
