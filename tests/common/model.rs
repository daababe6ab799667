//! What is visible after a prefix of a document, in strict mode: the obvious, slow version.
//!
//! Reads the prefix from its first byte, by recursive descent, every time. It is written from the
//! promises and shares nothing with the reader under test.

use wholejson::{Kind, Limits, Root, Style};

/// What a reader has to say after a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visible {
    pub(crate) snapshot: Option<String>,
    pub(crate) complete: bool,
    pub(crate) error: Option<Kind>,
}

/// A question to the model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) root: Root,
    pub(crate) style: Style,
    pub(crate) limits: Limits,
    /// No more text will come.
    pub(crate) ended: bool,
    /// Half a surrogate pair may stand in the text as three bytes.
    pub(crate) halves: bool,
}

impl Default for Question {
    fn default() -> Self {
        Self {
            root: Root::Auto,
            style: Style::Spaced,
            limits: Limits::DEFAULT,
            ended: false,
            halves: false,
        }
    }
}

/// What is visible after `text`.
pub(crate) fn visible(text: &[u8], question: Question) -> Visible {
    let (whole, spoiled) = if question.halves {
        decode(&join_halves(text), question)
    } else {
        decode(text, question)
    };
    let mut prefix = Prefix {
        text: whole.as_bytes(),
        at: 0,
        question,
        last_token: LastToken::Other,
    };
    let mut node = Node::Missing;
    let mut error = match prefix.document(&mut node) {
        Stop::Bad(kind) => Some(kind),
        Stop::End => spoiled,
    };
    if question.ended && error.is_none() {
        let alone = matches!(node, Node::Atom { .. });
        node.decide_at_end(prefix.last_token, alone);
        if node.shown(question.style).is_none() {
            error = Some(Kind::NoJson);
        }
    }
    let snapshot = node.shown(question.style);
    let closed = match node {
        Node::Atom { decided, .. } => question.ended && decided,
        _ => node.is_closed(),
    };
    Visible {
        complete: closed && snapshot.is_some() && error.is_none(),
        snapshot: snapshot.map(|bytes| String::from_utf8(bytes).unwrap()),
        error,
    }
}

/// A value as far as it has been read.
#[derive(Debug)]
enum Node {
    Missing,
    /// A number or a literal.
    Atom {
        text: Vec<u8>,
        decided: bool,
    },
    Text {
        inside: Vec<u8>,
        closed: bool,
        decided: bool,
    },
    Array {
        items: Vec<Node>,
        closed: bool,
    },
    Object {
        members: Vec<(Vec<u8>, Node)>,
        closed: bool,
    },
}

/// The token at the end of the prefix, if it is one whose end may be in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastToken {
    /// A number that is one by the grammar, with nothing after it.
    Number,
    /// A literal, or a number and white space, or a string and its quote.
    Ended,
    Other,
}

impl Node {
    fn shown(&self, style: Style) -> Option<Vec<u8>> {
        let (comma, colon): (&[u8], &[u8]) = match style {
            Style::Spaced => (b", ", b": "),
            Style::Compact => (b",", b":"),
        };
        match self {
            Self::Missing => None,
            Self::Atom { text, decided } => decided.then(|| text.clone()),
            Self::Text {
                inside, decided, ..
            } => {
                (*decided || !inside.is_empty()).then(|| [b"\"", inside.as_slice(), b"\""].concat())
            }
            Self::Array { items, closed } => {
                let shown: Vec<_> = items.iter().filter_map(|item| item.shown(style)).collect();
                (*closed || !shown.is_empty())
                    .then(|| [b"[", shown.join(comma).as_slice(), b"]"].concat())
            }
            Self::Object { members, closed } => {
                let shown: Vec<_> = members
                    .iter()
                    .filter_map(|(key, value)| {
                        let value = value.shown(style)?;
                        Some([b"\"", key.as_slice(), b"\"", colon, value.as_slice()].concat())
                    })
                    .collect();
                (*closed || !shown.is_empty())
                    .then(|| [b"{", shown.join(comma).as_slice(), b"}"].concat())
            }
        }
    }

    fn is_closed(&self) -> bool {
        match self {
            Self::Text { closed, .. }
            | Self::Array { closed, .. }
            | Self::Object { closed, .. } => *closed,
            Self::Missing | Self::Atom { .. } => false,
        }
    }

    /// The end of input decides the value that was read last, if that value had ended.
    fn decide_at_end(&mut self, last: LastToken, alone: bool) {
        match self {
            Self::Missing => {}
            Self::Atom { text, decided } => {
                *decided |= last == LastToken::Ended
                    || (last == LastToken::Number && alone && !text.is_empty());
            }
            Self::Text {
                closed, decided, ..
            } => *decided |= *closed,
            Self::Array { items, .. } => {
                if let Some(item) = items.last_mut() {
                    item.decide_at_end(last, alone);
                }
            }
            Self::Object { members, .. } => {
                if let Some((_, value)) = members.last_mut() {
                    value.decide_at_end(last, alone);
                }
            }
        }
    }
}

/// Why the reading stopped.
#[derive(Debug, Clone, Copy)]
enum Stop {
    End,
    Bad(Kind),
}

type Read<T> = Result<T, Stop>;

const HEX: &str = "0123456789abcdefABCDEF";

fn bad<T>(kind: Kind) -> Read<T> {
    Err(Stop::Bad(kind))
}

struct Prefix<'a> {
    text: &'a [u8],
    at: usize,
    question: Question,
    last_token: LastToken,
}

impl Prefix<'_> {
    fn peek(&self) -> Read<u8> {
        self.text.get(self.at).copied().ok_or(Stop::End)
    }

    fn take(&mut self) -> Read<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    /// Goes to the next token.
    fn space(&mut self) -> Read<u8> {
        for passed in 0.. {
            match self.peek()? {
                b' ' | b'\t' | b'\n' | b'\r' if passed == self.question.limits.white_space => {
                    return bad(Kind::WhiteSpace);
                }
                b' ' | b'\t' | b'\n' | b'\r' => {
                    self.at += 1;
                    if self.last_token == LastToken::Number {
                        self.last_token = LastToken::Ended;
                    }
                }
                other => return Ok(other),
            }
        }
        Err(Stop::End)
    }

    fn document(&mut self, node: &mut Node) -> Stop {
        let mut read = |this: &mut Self| -> Read<()> {
            let first = this.space()?;
            let wanted = match this.question.root {
                Root::Auto => first == b'{' || first == b'[',
                Root::Object => first == b'{',
                Root::Array => first == b'[',
                Root::Any => true,
            };
            let begins = matches!(
                first,
                b'{' | b'[' | b'"' | b'-' | b't' | b'f' | b'n' | b'0'..=b'9'
            );
            if !wanted {
                return bad(if begins {
                    Kind::WrongRoot
                } else {
                    Kind::UnexpectedCharacter
                });
            }
            this.value(node, 0)?;
            this.space()?;
            bad(Kind::TrailingText)
        };
        match read(self) {
            Err(stop) => stop,
            Ok(()) => Stop::End,
        }
    }

    /// Reads a value, `around` containers deep, as far as the text goes.
    fn value(&mut self, node: &mut Node, around: usize) -> Read<()> {
        match self.peek()? {
            b'{' | b'[' if around >= self.question.limits.depth => bad(Kind::Depth),
            b'{' => self.object(node, around + 1),
            b'[' => self.array(node, around + 1),
            b'"' => self.string(node),
            b'-' | b'0'..=b'9' => self.number(node),
            b't' => self.literal(node, b"true"),
            b'f' => self.literal(node, b"false"),
            b'n' => self.literal(node, b"null"),
            b'+' => bad(Kind::InvalidNumber),
            byte if byte.is_ascii_alphabetic() => bad(Kind::InvalidLiteral),
            _ => bad(Kind::UnexpectedCharacter),
        }
    }

    fn object(&mut self, node: &mut Node, depth: usize) -> Read<()> {
        *node = Node::Object {
            members: Vec::new(),
            closed: false,
        };
        let Node::Object { members, closed } = node else {
            return Ok(());
        };
        self.take()?;
        self.last_token = LastToken::Other;
        if self.space()? == b'}' {
            *closed = true;
            self.take()?;
            self.last_token = LastToken::Other;
            return Ok(());
        }
        loop {
            if self.peek()? != b'"' {
                return bad(Kind::UnexpectedCharacter);
            }
            let mut key = Node::Missing;
            self.string(&mut key)?;
            if self.space()? != b':' {
                return bad(Kind::UnexpectedCharacter);
            }
            self.take()?;
            self.last_token = LastToken::Other;
            self.space()?;
            let Node::Text { inside, .. } = key else {
                return Ok(());
            };
            members.push((inside, Node::Missing));
            if let Some((_, value)) = members.last_mut() {
                self.value(value, depth)?;
                *closed = self.next(value, b'}')?;
            }
            if *closed {
                return Ok(());
            }
        }
    }

    fn array(&mut self, node: &mut Node, depth: usize) -> Read<()> {
        *node = Node::Array {
            items: Vec::new(),
            closed: false,
        };
        let Node::Array { items, closed } = node else {
            return Ok(());
        };
        self.take()?;
        self.last_token = LastToken::Other;
        if self.space()? == b']' {
            *closed = true;
            self.take()?;
            return Ok(());
        }
        loop {
            items.push(Node::Missing);
            if let Some(value) = items.last_mut() {
                self.value(value, depth)?;
                *closed = self.next(value, b']')?;
            }
            if *closed {
                return Ok(());
            }
        }
    }

    /// Goes to what follows a value; true if that was the closing bracket.
    fn next(&mut self, value: &mut Node, closer: u8) -> Read<bool> {
        let mark = self.space()?;
        if mark != b',' && mark != closer {
            return bad(Kind::UnexpectedCharacter);
        }
        if let Node::Atom { decided, .. } | Node::Text { decided, .. } = value {
            *decided = true;
        }
        self.take()?;
        self.last_token = LastToken::Other;
        if mark == b',' {
            self.space()?;
        }
        Ok(mark == closer)
    }

    fn literal(&mut self, node: &mut Node, word: &[u8]) -> Read<()> {
        *node = Node::Atom {
            text: word.to_vec(),
            decided: false,
        };
        self.last_token = LastToken::Other;
        for expected in word {
            if self.take()? != *expected {
                return bad(Kind::InvalidLiteral);
            }
        }
        self.last_token = LastToken::Ended;
        if self.peek()?.is_ascii_alphanumeric() {
            return bad(Kind::InvalidLiteral);
        }
        Ok(())
    }

    fn number(&mut self, node: &mut Node) -> Read<()> {
        let start = self.at;
        *node = Node::Atom {
            text: Vec::new(),
            decided: false,
        };
        self.last_token = LastToken::Other;
        while matches!(
            self.peek(),
            Ok(b'+' | b'-' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')
        ) {
            self.at += 1;
            let so_far = &self.text[start..self.at];
            if !could_be_number(so_far) {
                return bad(Kind::InvalidNumber);
            }
            let digits = so_far.iter().filter(|byte| byte.is_ascii_digit()).count();
            if digits > self.question.limits.digits {
                return bad(Kind::Digits);
            }
        }
        let all = &self.text[start..self.at];
        let whole = is_number(all);
        if whole {
            self.last_token = LastToken::Number;
        }
        *node = Node::Atom {
            text: if whole { all.to_vec() } else { Vec::new() },
            decided: false,
        };
        self.peek()?;
        if whole {
            Ok(())
        } else {
            bad(Kind::InvalidNumber)
        }
    }

    fn string(&mut self, node: &mut Node) -> Read<()> {
        *node = Node::Text {
            inside: Vec::new(),
            closed: false,
            decided: false,
        };
        let Node::Text { inside, closed, .. } = node else {
            return Ok(());
        };
        self.last_token = LastToken::Other;
        self.take()?;
        loop {
            let start = self.at;
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    *closed = true;
                    return Ok(());
                }
                b'\\' => self.escape()?,
                0x00..0x20 => return bad(Kind::ControlCharacter),
                _ => self.code_point()?,
            }
            inside.extend_from_slice(&self.text[start..self.at]);
        }
    }

    fn escape(&mut self) -> Read<()> {
        self.take()?;
        match self.take()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => return Ok(()),
            b'u' => {}
            _ => return bad(Kind::InvalidEscape),
        }
        match self.four_hex()? {
            0xdc00..=0xdfff => bad(Kind::LoneSurrogate),
            0xd800..=0xdbff => {
                for allowed in ["\\", "u", "dD", "cdefCDEF", HEX, HEX] {
                    if !allowed.as_bytes().contains(&self.take()?) {
                        return bad(Kind::LoneSurrogate);
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn four_hex(&mut self) -> Read<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            match char::from(self.take()?).to_digit(16) {
                Some(digit) => unit = unit * 16 + digit,
                None => return bad(Kind::InvalidEscape),
            }
        }
        Ok(unit)
    }

    /// The text holds only whole ones.
    fn code_point(&mut self) -> Read<()> {
        self.take()?;
        while matches!(self.peek(), Ok(0x80..0xc0)) {
            self.at += 1;
        }
        Ok(())
    }
}

/// The whole code points at the beginning, and what spoils the rest, if anything does: half a code
/// point or half a surrogate pair at the end waits, and spoils nothing.
fn decode(text: &[u8], question: Question) -> (String, Option<Kind>) {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let found =
            (1..=rest.len().min(4)).find_map(|length| match std::str::from_utf8(&rest[..length]) {
                Ok(point) => Some(Ok(point)),
                Err(error) => error.error_len().map(Err),
            });
        match found {
            Some(Ok(point)) if out.len() + point.len() > question.limits.document => {
                return (out, Some(Kind::Document));
            }
            Some(Ok(point)) => {
                out.push_str(point);
                rest = &rest[point.len()..];
            }
            Some(Err(_)) if question.halves => return (out, half(rest)),
            Some(Err(_)) => return (out, Some(Kind::InvalidUtf8)),
            None => return (out, None),
        }
    }
    (out, None)
}

/// What bytes that are not UTF-8 are, where surrogates may come as three bytes each. Whole pairs
/// have been joined before, so a high half waits only at the end of the text.
fn half(rest: &[u8]) -> Option<Kind> {
    match rest {
        [0xed, 0xa0..=0xbf] => None,
        [0xed, 0xa0..=0xaf, 0x80..=0xbf] | [0xed, 0xa0..=0xaf, 0x80..=0xbf, 0xed] => None,
        [0xed, 0xa0..=0xaf, 0x80..=0xbf, 0xed, 0xb0..=0xbf] => None,
        [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => Some(Kind::LoneSurrogate),
        _ => Some(Kind::InvalidUtf8),
    }
}

/// Two halves of a surrogate pair, one after the other, are one character.
fn join_halves(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((first, more)) = rest.split_first() {
        if let [
            0xed,
            a @ 0xa0..=0xaf,
            b @ 0x80..=0xbf,
            0xed,
            c @ 0xb0..=0xbf,
            d @ 0x80..=0xbf,
            tail @ ..,
        ] = rest
        {
            let high = (u32::from(*a) & 0x0f) << 6 | (u32::from(*b) & 0x3f);
            let low = (u32::from(*c) & 0x0f) << 6 | (u32::from(*d) & 0x3f);
            let point = char::from_u32(0x10000 + (high << 10) + low).unwrap();
            out.extend_from_slice(point.encode_utf8(&mut [0; 4]).as_bytes());
            rest = tail;
        } else {
            out.push(*first);
            rest = more;
        }
    }
    out
}

/// RFC 8259, section 6: `-? int frac? exp?`
fn is_number(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let (int, rest) = split_digits(rest);
    if int.is_empty() || (int.len() > 1 && int[0] == b'0') {
        return false;
    }
    let rest = match rest.strip_prefix(b".") {
        None => rest,
        Some(rest) => match split_digits(rest) {
            ([], _) => return false,
            (_, rest) => rest,
        },
    };
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] => {
            !rest.is_empty() && split_digits(rest).1.is_empty()
        }
        _ => false,
    }
}

/// Could more text make a number of it?
fn could_be_number(text: &[u8]) -> bool {
    is_number(text) || is_number(&[text, b"0"].concat())
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}
