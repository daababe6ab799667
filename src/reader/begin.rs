//! Does this bracket begin the document?
//!
//! An object counts when a key and a colon follow its bracket; where the bracket is credible, the end
//! of an empty object, or a key without a colon, is enough. An array counts with a string, a bracket,
//! or a scalar and a comma; where it is credible, with whatever begins a value.

use super::repair::ends::is_key_byte;
use super::repair::literals::is_scalar;
use super::repair::quotes::{Mark, mark_at};
use crate::count::Count;

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belief {
    Yes,
    No,
    /// The document is escaped once more.
    Escaped,
}

/// What is known of the place.
pub(super) struct Scene {
    pub(super) bracket: u8,
    /// Does it stand at the beginning of the text, or right after a fence or a think block?
    pub(super) credible: bool,
    /// Does a colon stand before it?
    pub(super) announced: bool,
    /// Bytes that may be looked at.
    pub(super) limit: usize,
    /// White space that may be looked over.
    pub(super) white_space: usize,
    /// No more text will come.
    pub(super) ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    First,
    /// In a quoted key.
    Key(Mark),
    /// After it.
    KeyEnd,
    /// In a word without quotes.
    Bare,
    /// After it.
    BareEnd,
    /// In prose, after a scalar and its comma.
    Second,
    /// In prose, in a list of scalars.
    Scalars,
    /// In prose, after a list of scalars.
    ScalarsEnd,
}

/// A look that can be taken up again when more text has come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Begin {
    at: usize,
    spaces: usize,
    /// How much white space it may pass.
    most_spaces: usize,
    phase: Phase,
    /// Where the key or the word begins and ends.
    from: usize,
    end: usize,
    /// Does the key hold a bracket that may begin another document?
    brace: bool,
    /// Does the key hold a colon after a name?
    colon: bool,
}

type Answer = Option<Belief>;

fn yes_if(condition: bool) -> Answer {
    Some(if condition { Belief::Yes } else { Belief::No })
}

impl Begin {
    /// Goes on with the text from the bracket on; `None`: more is needed.
    pub(super) fn decide(&mut self, text: &[u8], scene: &Scene) -> Answer {
        self.at = self.at.max(1);
        self.most_spaces = scene.white_space;
        loop {
            if self.is_beyond(scene) || self.spaces > scene.white_space {
                return yes_if(scene.credible || self.phase == Phase::Scalars);
            }
            let before = (self.phase, self.at);
            let answer = match self.phase {
                Phase::First if scene.bracket == b'{' => self.first_in_object(text, scene),
                Phase::First => self.first_in_array(text, scene),
                Phase::Key(mark) => self.key(text, mark, scene),
                Phase::KeyEnd => self.key_end(text, scene),
                Phase::Bare => self.bare(text, scene),
                Phase::BareEnd => self.bare_end(text, scene),
                Phase::Second => self.second(text, scene),
                Phase::Scalars => self.scalars(text, scene),
                Phase::ScalarsEnd => self.scalars_end(text),
            };
            if answer.is_some() {
                return answer;
            }
            if before == (self.phase, self.at) {
                // Cut off: what may become a document is the beginning of one.
                let belief = yes_if(scene.credible || self.phase == Phase::ScalarsEnd);
                return if scene.ended { belief } else { None };
            }
        }
    }

    /// Has it looked at as much as it may, white space not counted?
    fn is_beyond(&self, scene: &Scene) -> bool {
        self.at.saturating_sub(self.spaces) > scene.limit
    }

    fn read(&mut self, length: usize) {
        self.at.raise(length);
    }

    fn read_space(&mut self) {
        self.read(1);
        self.spaces.raise(1);
    }

    /// The byte after the one it has come to.
    fn next(&self, text: &[u8]) -> Option<u8> {
        text.get(self.at.saturating_add(1)).copied()
    }

    fn space(&mut self, text: &[u8]) -> Option<u8> {
        while text.get(self.at)?.is_ascii_whitespace() {
            self.read_space();
            if self.spaces > self.most_spaces {
                return None;
            }
        }
        text.get(self.at).copied()
    }

    fn go(&mut self, phase: Phase, by: usize) -> Answer {
        self.phase = phase;
        self.read(by);
        None
    }

    fn begin_word(&mut self) -> Answer {
        self.from = self.at;
        self.go(Phase::Bare, 1)
    }

    fn first_in_object(&mut self, text: &[u8], scene: &Scene) -> Answer {
        let byte = self.space(text)?;
        match byte {
            b'\\' => return escaped(text, self.at, scene.limit),
            b'}' | b']' => return yes_if(scene.credible),
            b'/' | b'#' | b',' if scene.credible => return Some(Belief::Yes),
            _ => {}
        }
        if let Some((mark, length)) = mark_at(text, self.at) {
            self.from = self.at.saturating_add(length);
            return self.go(Phase::Key(mark), length);
        }
        if is_key_byte(byte) {
            self.begin_word()
        } else {
            Some(Belief::No)
        }
    }

    fn first_in_array(&mut self, text: &[u8], scene: &Scene) -> Answer {
        let byte = self.space(text)?;
        match byte {
            b'\\' => escaped(text, self.at, scene.limit),
            b'[' => self.go(Phase::First, 1),
            b'{' => self.nested_object(text, scene),
            _ if mark_at(text, self.at).is_some() => Some(Belief::Yes),
            b']' | b'}' | b'/' | b'#' | b'(' | b',' | b'.' if scene.credible => Some(Belief::Yes),
            b'-' | b'+' | b'0'..=b'9' | b'.' => self.begin_word(),
            _ if is_key_byte(byte) => self.begin_word(),
            _ => yes_if(
                scene.credible && text.get(1..self.at).is_some_and(|gap| gap.contains(&b'\n')),
            ),
        }
    }

    /// `[{`: as an object in prose; `[{}` is enough.
    fn nested_object(&mut self, text: &[u8], scene: &Scene) -> Answer {
        let inside = text.get(self.at..)?.get(1..)?;
        let near = inside.iter().take(scene.limit);
        let gap = near.take_while(|byte| byte.is_ascii_whitespace()).count();
        if gap == scene.limit {
            return yes_if(scene.credible);
        }
        let byte = *inside.get(gap)?;
        if byte == b'\\' {
            return escaped(inside, gap, scene.limit);
        }
        let begins = mark_at(inside, gap).is_some() || byte == b'}' || is_key_byte(byte);
        yes_if(begins || scene.credible)
    }

    fn key(&mut self, text: &[u8], open: Mark, scene: &Scene) -> Answer {
        loop {
            if self.is_beyond(scene) {
                return None;
            }
            match *text.get(self.at)? {
                b'\\' => {
                    self.next(text)?;
                    self.read(2);
                }
                b'{' => {
                    self.brace |= !self.colon;
                    self.read(1);
                }
                b':' => {
                    let name = text.get(self.from..self.at).unwrap_or_default();
                    let named = |byte: &u8| is_key_byte(*byte) || *byte == b' ';
                    self.colon |= !name.is_empty() && name.iter().all(named);
                    self.read(1);
                }
                _ => match mark_at(text, self.at) {
                    Some((mark, length)) if open.closes_with(mark) => {
                        return self.go(Phase::KeyEnd, length);
                    }
                    _ => self.read(1),
                },
            }
        }
    }

    fn key_end(&mut self, text: &[u8], scene: &Scene) -> Answer {
        let byte = self.space(text)?;
        let quote = mark_at(text, self.at);
        if let Some((mark, length)) = quote {
            // `""name"": 1`
            let before = self.at.checked_sub(length).and_then(|at| mark_at(text, at));
            if before.is_some_and(|(before, _)| before == mark) {
                return self.go(Phase::KeyEnd, length);
            }
        }
        if matches!(byte, b':' | b'=') {
            return Some(Belief::Yes);
        }
        if self.brace || !scene.credible {
            return Some(Belief::No);
        }
        let value = matches!(byte, b'{' | b'[' | b'-' | b'0'..=b'9') || is_key_byte(byte);
        let goes_on = matches!(byte, b',' | b'}' | b'/' | b'#');
        yes_if(goes_on || value || quote.is_some() || self.colon)
    }

    fn bare(&mut self, text: &[u8], scene: &Scene) -> Answer {
        loop {
            let byte = *text.get(self.at)?;
            let address = scene.bracket == b'[' && matches!(byte, b'/' | b'+')
                || byte == b':' && scene.bracket == b'[' && self.next(text)? == b'/';
            if !address && !is_key_byte(byte) || mark_at(text, self.at).is_some() {
                break;
            }
            self.read(1);
            if self.is_beyond(scene) {
                return None;
            }
        }
        self.end = self.at;
        self.go(Phase::BareEnd, 0)
    }

    fn bare_end(&mut self, text: &[u8], scene: &Scene) -> Answer {
        let byte = self.space(text)?;
        let quote = mark_at(text, self.at).is_some();
        let word = text.get(self.from..self.end).unwrap_or_default();
        let list = scene.bracket == b'[';
        let own_line = || {
            text.get(1..self.from)
                .is_some_and(|gap| gap.contains(&b'\n'))
        };
        match byte {
            // A list on lines of its own may hold whatever text.
            _ if scene.credible && list && own_line() => Some(Belief::Yes),
            b':' | b'=' => yes_if(!list),
            b',' if list && !scene.credible => self.go(Phase::Second, 1),
            b',' => yes_if(scene.credible),
            b']' | b'}' | b'/' | b'#' => {
                let plain = is_scalar(word) || word.first().is_some_and(u8::is_ascii_digit);
                yes_if(scene.credible && list && plain)
            }
            b'(' => yes_if(scene.credible && list && self.at == self.end),
            _ if !scene.credible => Some(Belief::No),
            _ if quote || list && is_scalar(word) => Some(Belief::Yes),
            // `{first name: 1}`, `[hello there, you]`
            _ if is_key_byte(byte) => self.go(Phase::Bare, 1),
            _ => Some(Belief::No),
        }
    }

    /// In prose, the second item must be as plain as the first one: `[2, p. 5]` is none.
    fn second(&mut self, text: &[u8], scene: &Scene) -> Answer {
        let byte = self.space(text)?;
        let word = text.get(self.from..self.end).unwrap_or_default();
        if !is_scalar(word) {
            return Some(Belief::No);
        }
        if matches!(byte, b'{' | b'[') || mark_at(text, self.at).is_some() {
            return Some(Belief::Yes);
        }
        if scene.announced {
            return Some(Belief::Yes);
        }
        self.from = self.at;
        self.go(Phase::Scalars, 0)
    }

    /// A list of scalars in prose, to its end: `Interval [0, 1):` is none.
    fn scalars(&mut self, text: &[u8], scene: &Scene) -> Answer {
        loop {
            if self.is_beyond(scene) {
                return None;
            }
            let byte = *text.get(self.at)?;
            match byte {
                b',' | b']' => {
                    let word = text
                        .get(self.from..self.at)
                        .unwrap_or_default()
                        .trim_ascii();
                    if !word.is_empty() && !is_scalar(word) {
                        return Some(Belief::No);
                    }
                    self.read(1);
                    self.from = self.at;
                    if byte == b']' {
                        return self.go(Phase::ScalarsEnd, 0);
                    }
                }
                b'{' | b'[' => return Some(Belief::Yes),
                b')' | b'}' | b':' | b';' => return Some(Belief::No),
                _ if mark_at(text, self.at).is_some() => return Some(Belief::Yes),
                _ => self.read(1),
            }
        }
    }

    /// `As noted [1, 2]: …` goes on; a list that is the document ends its line.
    fn scalars_end(&mut self, text: &[u8]) -> Answer {
        while matches!(text.get(self.at)?, b' ' | b'\t' | b'\r') {
            self.read_space();
            if self.spaces > self.most_spaces {
                return None;
            }
        }
        yes_if(matches!(text.get(self.at)?, b'\n' | b'`' | b'<'))
    }
}

/// `\"` after a bracket: the whole document is escaped. White space before it may be escaped too.
fn escaped(text: &[u8], from: usize, limit: usize) -> Answer {
    let whole = text.get(from..)?;
    let mut rest = whole;
    loop {
        if whole.len().saturating_sub(rest.len()) > limit {
            return Some(Belief::No);
        }
        rest = match rest {
            [] | [_] => return None,
            [b'\\', b'"', ..] => return Some(Belief::Escaped),
            [b'\\', b'n' | b't' | b'r', rest @ ..] => rest,
            [b' ' | b'{' | b'[', rest @ ..] => rest,
            _ => return Some(Belief::No),
        };
    }
}
