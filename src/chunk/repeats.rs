//! Events that repeat an earlier one but for its text: for who builds objects of chunks, and need
//! not build again what is the same.

use super::envelope::{Envelope, Shape, name};
use super::scan::{Member, Scanner, Span};
use crate::count::{Count, total};
use crate::text::text_of;

/// Events with more bytes around their text are not learnt.
const MAX: usize = 4 << 10;

/// What the next event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'e> {
    /// The event that was learnt, with other strings in its places.
    Repeated(Strings),
    /// Another one, its blank line included.
    Other(&'e [u8]),
}

/// The strings of an event that differ from one to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strings {
    /// `choices[0].delta.content`.
    pub content: String,
    /// `obfuscation`, if the event has that member.
    pub obfuscation: Option<String>,
}

/// Splits a stream at its blank lines, and compares. Time and memory as the stream's bytes.
#[derive(Debug, Default)]
pub struct Repeats {
    /// What came and was not taken, from `from` on.
    held: Vec<u8>,
    from: usize,
    /// How much of that was searched for a blank line.
    searched: usize,
    /// What stands before, between and behind the strings of the event that was learnt.
    fixed: Vec<Vec<u8>>,
    /// Is the content the first of its strings?
    content_first: bool,
    envelope: Envelope,
    stack: Vec<u8>,
}

impl Repeats {
    /// Takes more of the stream. False: its lines do not end with a line feed alone, so that its
    /// events can't be told here; all that was not taken is in [`rest`](Self::rest).
    pub fn feed(&mut self, bytes: &[u8]) -> bool {
        if self.from > 0 {
            self.held.drain(..self.from);
            self.from = 0;
        }
        self.held.extend_from_slice(bytes);
        memchr::memchr(b'\r', bytes).is_none()
    }

    /// Takes the next event that has come as a whole.
    pub fn next_event(&mut self) -> Option<Event<'_>> {
        let unread = self.held.get(self.from..)?;
        let search = unread.get(self.searched..)?;
        let Some(end) = memchr::memmem::find(search, b"\n\n") else {
            // The first of two line feeds may have come.
            self.searched = unread.len().saturating_sub(1);
            return None;
        };
        let length = total([self.searched, end, 2]);
        let event = unread.get(..length)?;
        self.from.raise(length);
        self.searched = 0;
        let strings = repeated(event, &self.fixed, self.content_first, &mut self.stack);
        Some(strings.map_or(Event::Other(event), Event::Repeated))
    }

    /// Expects events like this one. False: it is none with one choice and a text.
    pub fn learn(&mut self, event: &[u8]) -> bool {
        self.fixed.clear();
        let Some(places) = places(event, &mut self.envelope) else {
            return false;
        };
        self.content_first = places[0].is_none() || places[0].start < places[1].start;
        let mut places: Vec<_> = places.into_iter().filter(|span| !span.is_none()).collect();
        places.sort_unstable_by_key(|span| span.start);
        let mut at = 0;
        for place in places {
            self.fixed.push(event[at..place.start].to_vec());
            at = place.end;
        }
        self.fixed.push(event[at..].to_vec());
        true
    }

    /// What came and was not taken.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut held = std::mem::take(&mut self.held);
        held.drain(..std::mem::take(&mut self.from));
        self.searched = 0;
        held
    }
}

/// Where the content of an event stands, and its obfuscation.
fn places(event: &[u8], envelope: &mut Envelope) -> Option<[Span; 2]> {
    const NAME: usize = b"data:".len();
    let data = event.strip_prefix(b"data:")?.strip_suffix(b"\n\n")?;
    if memchr::memchr(b'\n', data).is_some() || envelope.scan(data) != Shape::Chunk {
        return None;
    }
    let content = envelope.only_text(data)?;
    let named = |member: &&Member| &*name(member.key.of(data)) == b"obfuscation";
    let mut padding = envelope.members.iter().filter(named).map(|m| m.value);
    let obfuscation = padding.next().unwrap_or_default();
    let is_string = obfuscation.is_none() || obfuscation.of(data).starts_with(b"\"");
    let strings = total([content.of(data).len(), obfuscation.of(data).len()]);
    let around = data.len().saturating_sub(strings);
    if padding.next().is_some() || !is_string || around > MAX {
        return None;
    }
    Some([content, obfuscation].map(|span| match span.is_none() {
        true => span,
        false => Span::new(total([span.start, NAME]), total([span.end, NAME])),
    }))
}

/// The strings of an event, if all else is as it was learnt.
fn repeated(
    event: &[u8],
    fixed: &[Vec<u8>],
    content_first: bool,
    stack: &mut Vec<u8>,
) -> Option<Strings> {
    let (last, before) = fixed.split_last()?;
    let mut found = Vec::with_capacity(2);
    let mut scanner = Scanner::new(event, stack);
    for part in before {
        let at = scanner.at();
        if !event.get(at..)?.starts_with(part) {
            return None;
        }
        scanner.go_to(total([at, part.len()]));
        found.push(text_of(scanner.string()?.inside().of(event))?);
    }
    if event.get(scanner.at()..)? != last {
        return None;
    }
    if !content_first {
        found.reverse();
    }
    let mut found = found.into_iter();
    Some(Strings {
        content: found.next()?,
        obfuscation: found.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(content: &str, more: &str) -> String {
        format!(
            "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{content}}}}}]{more}}}\n\n"
        )
    }

    type Told = Result<(String, Option<String>), Vec<u8>>;

    fn next(repeats: &mut Repeats) -> Option<Told> {
        Some(match repeats.next_event()? {
            Event::Repeated(strings) => Ok((strings.content, strings.obfuscation)),
            Event::Other(bytes) => Err(bytes.to_vec()),
        })
    }

    /// What comes of `other` after `learnt`.
    fn after(learnt: &str, other: &str) -> Option<(String, Option<String>)> {
        let mut repeats = Repeats::default();
        assert!(repeats.learn(learnt.as_bytes()), "{learnt}");
        assert!(repeats.feed(other.as_bytes()));
        next(&mut repeats)?.ok()
    }

    #[test]
    fn an_event_that_differs_in_its_text_alone_is_told_by_it() {
        let learnt = event("\"a\"", "");
        for (content, text) in [
            ("\"b\"", "b"),
            ("\"\"", ""),
            ("\"\\u00e9\\n\\\"\"", "é\n\""),
            ("\"\\ud83d\\ude80\"", "🚀"),
        ] {
            let found = after(&learnt, &event(content, ""));
            assert_eq!(Some((text.to_owned(), None)), found);
        }
    }

    #[test]
    fn padding_may_differ_too_wherever_it_stands() {
        let learnt = event("\"a\"", ",\"obfuscation\":\"xyz\"");
        let found = after(&learnt, &event("\"b\"", ",\"obfuscation\":\"\""));
        assert_eq!(Some(("b".to_owned(), Some(String::new()))), found);
        let first = learnt.replace("{\"id\"", "{\"obfuscation\":\"p\",\"id\"");
        assert!(
            !Repeats::default().learn(first.as_bytes()),
            "it stands there twice"
        );
        let first = event("\"a\"", "").replace("{\"id\"", "{\"obfuscation\":\"p\",\"id\"");
        let found = after(
            &first,
            &first.replace("\"p\"", "\"q\"").replace("\"a\"", "\"b\""),
        );
        assert_eq!(Some(("b".to_owned(), Some("q".to_owned()))), found);
    }

    #[test]
    fn whatever_else_differs_is_another_event() {
        let learnt = event("\"a\"", "");
        for other in [
            event("null", ""),
            event("\"\\ud83d\"", ""),
            event("\"\\q\"", ""),
            event("\"b\",\"role\":\"x\"", ""),
            event("\"b\"", ",\"usage\":null"),
            event("\"b\"", "").replace("\"c\"", "\"d\""),
            event("\"b\"", "").replace("data: ", "data:"),
            event("\"b\"", "").replace("data: ", "event: x\ndata: "),
            "data: [DONE]\n\n".to_owned(),
            "\n\n".to_owned(),
        ] {
            assert_eq!(None, after(&learnt, &other), "{other}");
        }
    }

    #[test]
    fn events_come_out_whole_at_any_cut_and_the_rest_stays() {
        let stream = event("\"a\"", "") + &event("\"b\"", "") + ": hi\n\n" + &event("\"c\"", "");
        for cut in 0..=stream.len() {
            let mut repeats = Repeats::default();
            repeats.learn(event("\"x\"", "").as_bytes());
            let mut found = Vec::new();
            for part in [&stream[..cut], &stream[cut..], "data: un"] {
                assert!(repeats.feed(part.as_bytes()));
                while let Some(event) = next(&mut repeats) {
                    found.push(
                        event
                            .map(|(content, _)| content)
                            .map_err(|other| other.len()),
                    );
                }
            }
            let told = |text: &str| Ok(text.to_owned());
            assert_eq!(
                vec![told("a"), told("b"), Err(6), told("c")],
                found,
                "{cut}"
            );
            assert_eq!(b"data: un".to_vec(), repeats.rest());
        }
    }

    #[test]
    fn a_carriage_return_is_not_for_it() {
        let mut repeats = Repeats::default();
        assert!(repeats.feed(b"data: a\n"));
        assert!(!repeats.feed(b"\r\n"));
        assert_eq!(b"data: a\n\r\n".to_vec(), repeats.rest());
    }
}
