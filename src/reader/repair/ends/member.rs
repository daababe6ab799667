//! The part of a look that reads a member: a key, its colon, and the beginning of its value.

use super::super::literals::is_scalar;
use super::super::quotes::{Mark, mark_at};
use super::{Answer, Ends, Phase, Place, Then, Verdict, Wants, is_key_byte};

impl Ends {
    pub(super) fn begin_key(&mut self, mark: Mark, wants: Wants, by: usize) -> Answer {
        self.from = self.at.saturating_add(by);
        self.colon = false;
        self.doubled = false;
        self.go(Phase::Key(mark, wants), by)
    }

    pub(super) fn key(
        &mut self,
        text: &[u8],
        place: &Place<'_>,
        open: Mark,
        wants: Wants,
    ) -> Answer {
        loop {
            if self.is_beyond(place) {
                return Some(self.beyond(place));
            }
            match *text.get(self.at)? {
                b'\\' if open != Mark::Escaped || mark_at(text, self.at).is_none() => {
                    self.ahead(text, 1)?;
                    self.read(2);
                }
                b'\n' => {
                    let close = self.colon && place.clean;
                    return Some(if close { Verdict::Close } else { Verdict::Text });
                }
                b':' | b',' | b'{' | b'}' if wants == Wants::Opening => return Some(Verdict::Text),
                b':' => {
                    let name = text.get(self.from..self.at).unwrap_or_default();
                    let named = |byte: &u8| is_key_byte(*byte) || *byte == b' ';
                    self.colon |= !name.is_empty() && name.iter().all(named);
                    self.read(1);
                }
                _ => match mark_at(text, self.at) {
                    Some((mark, length)) if open.closes_with(mark) => {
                        if self.at == self.from && !self.doubled {
                            // `""name"": 1`, or an empty key.
                            let next = self.ahead(text, length)?;
                            self.doubled = is_key_byte(next);
                            if self.doubled {
                                self.read(length);
                                continue;
                            }
                        }
                        self.gap = false;
                        return self.go(Phase::KeyEnd(wants), length);
                    }
                    _ => self.read(1),
                },
            }
        }
    }

    pub(super) fn key_end(&mut self, text: &[u8], place: &Place<'_>, wants: Wants) -> Answer {
        let byte = self.space(text)?;
        if let (Some((_, length)), true, false) = (mark_at(text, self.at), self.doubled, self.gap) {
            self.doubled = false;
            return self.go(Phase::KeyEnd(wants), length);
        }
        if self.colon
            && place.clean
            && wants != Wants::Opening
            && !matches!(byte, b':' | b',' | b'}')
        {
            return Some(Verdict::Close);
        }
        match (byte, wants) {
            (b':', Wants::Opening) => self.go(Phase::Value(Then::Opens), 1),
            (b':', Wants::Item) => Some(Verdict::Text),
            (b':', _) if place.inner => self.go(Phase::Value(Then::Close), 1),
            (b':' | b'=', Wants::Any | Wants::Colon) => Some(Verdict::Close),
            (b',' | b'}', Wants::Any) => Some(Verdict::Close),
            (b',' | b']', Wants::Item) => Some(Verdict::Close),
            (b'"' | b'\'' | b'{' | b'[' | b'-' | b'0'..=b'9', Wants::Any) if self.gap => {
                Some(Verdict::Close)
            }
            _ => Some(Verdict::Text),
        }
    }

    pub(super) fn begin_bare_key(&mut self) -> Answer {
        self.from = self.at;
        self.go(Phase::BareKey, 0)
    }

    pub(super) fn bare_key(&mut self, text: &[u8], place: &Place<'_>) -> Answer {
        loop {
            if self.is_beyond(place) {
                return Some(Verdict::Text);
            }
            if !is_key_byte(*text.get(self.at)?) {
                // `x", note": 1`: a quote before the colon is left out.
                let quote = mark_at(text, self.at).map_or(0, |(_, length)| length);
                return self.go(Phase::BareKeyEnd, quote);
            }
            self.read(1);
        }
    }

    /// `10:31`, which is no key and its value.
    fn is_clock(&self, text: &[u8]) -> Option<bool> {
        let next = self.ahead(text, 1)?;
        let word = text.get(self.from..self.at).unwrap_or_default();
        Some(next.is_ascii_digit() && word.iter().all(u8::is_ascii_digit) && !self.line)
    }

    pub(super) fn bare_key_end(&mut self, text: &[u8], place: &Place<'_>) -> Answer {
        match self.space(text)? {
            b':' if self.is_clock(text)? => Some(Verdict::Text),
            b':' if place.clean => Some(Verdict::Close),
            b':' => self.go(Phase::Value(Then::Close), 1),
            _ => Some(Verdict::Text),
        }
    }

    pub(super) fn value(&mut self, text: &[u8], then: Then) -> Answer {
        let byte = self.space(text)?;
        if let Some((mark, length)) = mark_at(text, self.at) {
            return match then {
                Then::Close => Some(Verdict::Close),
                Then::Opens => self.go(Phase::ValueText(mark), length),
            };
        }
        match byte {
            b'{' | b'[' | b'(' => Some(then.verdict()),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' | b'T' | b'F' | b'N' => {
                self.from = self.at;
                self.go(Phase::ValueWord(then), 0)
            }
            _ if then == Then::Close && self.line => Some(Verdict::Close),
            _ => Some(Verdict::Text),
        }
    }

    /// A number or a literal, and what may follow one.
    pub(super) fn value_word(&mut self, text: &[u8], place: &Place<'_>, then: Then) -> Answer {
        while is_key_byte(*text.get(self.at)?) || text.get(self.at) == Some(&b'+') {
            self.read(1);
            if self.is_beyond(place) {
                return Some(Verdict::Text);
            }
        }
        let word = text.get(self.from..self.at).unwrap_or_default();
        if !is_scalar(word) {
            return Some(Verdict::Text);
        }
        self.line = false;
        self.go(Phase::ValueWordEnd(then), 0)
    }

    pub(super) fn value_word_end(&mut self, text: &[u8], place: &Place<'_>, then: Then) -> Answer {
        let byte = self.space(text)?;
        let ends = matches!(byte, b',' | b'}' | b']' | b'/' | b'#' | b';' | b'"')
            || self.line
            || place.scalar;
        Some(if ends { then.verdict() } else { Verdict::Text })
    }

    /// A quoted text after the key that the quote in question would open: to its next quote.
    pub(super) fn value_text(&mut self, text: &[u8], place: &Place<'_>, open: Mark) -> Answer {
        loop {
            if self.is_beyond(place) {
                let listed = matches!(place.before, [b',', _] | [_, b',' | b'\n']);
                return Some(if listed {
                    Verdict::Opens
                } else {
                    Verdict::Text
                });
            }
            let byte = *text.get(self.at)?;
            match mark_at(text, self.at) {
                Some((mark, length)) if open.closes_with(mark) => {
                    self.line = false;
                    self.gap = false;
                    self.from = self.at.saturating_sub(1);
                    return self.go(Phase::ValueEnd(mark), length);
                }
                _ if byte == b'\\' => {
                    self.ahead(text, 1)?;
                    self.read(2);
                }
                _ => self.read(1),
            }
        }
    }

    /// After it. Where the quote opens a key in its turn, there too a closing quote is missing.
    pub(super) fn value_end(&mut self, text: &[u8], mark: Mark) -> Answer {
        let byte = self.space(text)?;
        let ends = matches!(byte, b',' | b'}' | b']' | b'"' | b'/' | b'`') || self.line;
        if ends {
            return Some(Verdict::Opens);
        }
        let apart = matches!(text.get(self.from), Some(b',' | b' '));
        if apart && !self.gap && is_key_byte(byte) {
            return self.begin_key(mark, Wants::Opening, 0);
        }
        Some(Verdict::Text)
    }
}
