//! The text of a snapshot as events again, from where it was left.

use crate::count::Count;
use crate::event::{Container, Event};

/// Reads the text of a [`SnapshotView`](super::SnapshotView) in [`Form::Plain`](super::Form::Plain)
/// as it grows: a view that is looked at now and then keeps a place in that text, and nothing has
/// to be told to it in between.
///
/// The text only grows, and ends where an event ended: no token is ever divided. Cost: O(text).
#[derive(Debug, Default)]
pub struct Tail {
    stack: Vec<Container>,
    /// A string is open.
    inside: bool,
    /// A key was read, and its value not yet.
    keyed: bool,
}

impl Tail {
    /// Takes the next event from the front of the text that was not read yet; `None`: it is empty.
    #[inline]
    pub fn next<'t>(&mut self, rest: &mut &'t [u8]) -> Option<Event<'t>> {
        if self.inside {
            return self.inside(rest);
        }
        let separators = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b',' | b':'))
            .count();
        *rest = rest.get(separators..).unwrap_or_default();
        let (&first, after) = rest.split_first()?;
        let container = match first {
            b'"' => return Some(self.string(rest, after)),
            b'{' => Container::Object,
            b'[' => Container::Array,
            b'}' | b']' => {
                *rest = after;
                self.stack.pop();
                self.keyed = false;
                return Some(Event::Close);
            }
            _ => return Some(self.scalar(rest)),
        };
        *rest = after;
        self.stack.push(container);
        self.keyed = false;
        Some(Event::Open(container))
    }

    /// Is a string open?
    pub fn is_inside_string(&self) -> bool {
        self.inside
    }

    /// The containers that are open, outermost first.
    pub fn containers(&self) -> &[Container] {
        &self.stack
    }

    fn inside<'t>(&mut self, rest: &mut &'t [u8]) -> Option<Event<'t>> {
        let length = inside_length(rest);
        let (text, after) = rest.split_at_checked(length)?;
        if !text.is_empty() {
            *rest = after;
            return Some(Event::Text(text));
        }
        let (_quote, after) = rest.split_first()?;
        *rest = after;
        self.inside = false;
        Some(Event::End)
    }

    fn string<'t>(&mut self, rest: &mut &'t [u8], after: &'t [u8]) -> Event<'t> {
        if self.keyed || self.stack.last() != Some(&Container::Object) {
            *rest = after;
            self.inside = true;
            self.keyed = false;
            return Event::Begin;
        }
        let (key, after) = after
            .split_at_checked(inside_length(after))
            .unwrap_or_default();
        *rest = after.get(1..).unwrap_or_default();
        self.keyed = true;
        Event::Key(key)
    }

    fn scalar<'t>(&mut self, rest: &mut &'t [u8]) -> Event<'t> {
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b' ' | b',' | b'}' | b']'))
            .unwrap_or(rest.len());
        let (scalar, after) = rest.split_at_checked(length).unwrap_or_default();
        *rest = after;
        self.keyed = false;
        Event::Scalar(scalar)
    }
}

/// The length of the inside of a string: up to the quote that ends it, or to the end of the text.
#[inline]
pub(crate) fn inside_length(text: &[u8]) -> usize {
    let mut at = 0usize;
    while let Some(found) = memchr::memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        at.raise(found);
        if text.get(at) == Some(&b'"') {
            return at;
        }
        at.raise(2);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Sink;
    use crate::{Aggregator, Options, Style};

    /// Events as text, pieces of one string joined.
    #[derive(Default, PartialEq, Debug)]
    struct Said(String);

    impl Sink for Said {
        fn event(&mut self, event: Event<'_>) {
            let text = |raw| std::str::from_utf8(raw).unwrap();
            match event {
                Event::Text(raw) => self.0 += text(raw),
                Event::Key(raw) => self.0 += &format!("\nkey {}", text(raw)),
                Event::Scalar(raw) => self.0 += &format!("\nscalar {}", text(raw)),
                Event::Begin => self.0 += "\nstring ",
                Event::End => self.0 += "|",
                Event::Open(container) => self.0 += &format!("\nopen {container:?}"),
                Event::Close => self.0 += "\nclose",
            }
        }
    }

    #[test]
    fn says_what_the_reader_said_wherever_it_is_asked() {
        let document =
            r#"{"a": [1, "x\"\\", {}, [], true], "é\u0041": {"b": ""}, "": -1.5e3, "e\"": "z"}"#;
        for style in [Style::Spaced, Style::Compact] {
            for every in 1..9 {
                let options = Options {
                    style,
                    ..Options::default()
                };
                let mut aggregator = Aggregator::new(options);
                let (mut told, mut read) = (Said::default(), Said::default());
                let (mut tail, mut from) = (Tail::default(), 0);
                let mut look = |aggregator: &Aggregator, read: &mut Said| {
                    let text = aggregator.view().text();
                    let mut rest = &text[from..];
                    while let Some(event) = tail.next(&mut rest) {
                        read.event(event);
                    }
                    from = text.len();
                };
                for (at, byte) in document.bytes().enumerate() {
                    aggregator.feed_with(&[byte], &mut told).unwrap();
                    if at % every == 0 {
                        look(&aggregator, &mut read);
                        assert_eq!(told, read);
                    }
                }
                aggregator.finish_with(&mut told).unwrap();
                look(&aggregator, &mut read);
                assert_eq!(told, read);
            }
        }
    }
}
