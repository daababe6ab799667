//! What is visible after a prefix of a document, in strict mode: the obvious, slow version.
//!
//! Reads the prefix from its first byte, by recursive descent, every time. It is written from the
//! promises and shares nothing with the reader under test.

use wholejson::{Kind, Limits, Root, Style};

use super::grammar::{LastToken, Prefix, Stop};

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
    let mut prefix = Prefix::new(whole.as_bytes(), question);
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
        Node::Text { closed, .. } => question.ended && closed,
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
pub(super) enum Node {
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
