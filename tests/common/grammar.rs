//! The grammar of RFC 8259, read by recursive descent as far as the text goes.

use wholejson::{Kind, Root};

use super::model::{Node, Question};

/// The token at the end of the prefix, if it is one whose end may be in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastToken {
    /// A number that is one by the grammar, with nothing after it.
    Number,
    /// A literal, or a number and white space, or a string and its quote.
    Ended,
    Other,
}

/// Why the reading stopped.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    End,
    Bad(Kind),
}

type Read<T> = Result<T, Stop>;

const HEX: &str = "0123456789abcdefABCDEF";

fn bad<T>(kind: Kind) -> Read<T> {
    Err(Stop::Bad(kind))
}

pub(super) struct Prefix<'a> {
    text: &'a [u8],
    at: usize,
    question: Question,
    pub(super) last_token: LastToken,
}

impl<'a> Prefix<'a> {
    pub(super) fn new(text: &'a [u8], question: Question) -> Self {
        Self {
            text,
            at: 0,
            question,
            last_token: LastToken::Other,
        }
    }

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

    pub(super) fn document(&mut self, node: &mut Node) -> Stop {
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
