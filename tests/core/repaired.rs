//! A well-formed document is read with repair on as it is with repair off.

use proptest::prelude::*;
use wholejson::{Aggregator, Event, Limits, Options, Root, Sink, Style};

use crate::common::data::conformance;
use crate::common::documents::{document, value};
use crate::common::drive::State;
use crate::common::random::{Random, counted, random_document};

/// The events as text, a string's pieces joined: how a string was cut is not part of the value.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tape(String);

impl Sink for Tape {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Key(raw) => self.0 += &format!("key {};", raw.escape_ascii()),
            Event::Text(raw) => self.0 += &raw.escape_ascii().to_string(),
            Event::Scalar(raw) => self.0 += &format!("scalar {};", raw.escape_ascii()),
            Event::Open(container) => self.0 += &format!("open {container:?};"),
            Event::Begin => self.0 += "begin ",
            Event::End => self.0 += " end;",
            Event::Close => self.0 += "close;",
        }
    }
}

/// A strict reader and a repairing one, fed alike.
struct Both {
    strict: (Aggregator, Tape),
    repairing: (Aggregator, Tape),
}

impl Both {
    fn new(options: Options) -> Self {
        let with = |repair| {
            (
                Aggregator::new(Options { repair, ..options }),
                Tape::default(),
            )
        };
        Self {
            strict: with(false),
            repairing: with(true),
        }
    }

    fn feed(&mut self, piece: &[u8], text: &str) {
        let strict = self.strict.0.feed_with(piece, &mut self.strict.1);
        let repairing = self.repairing.0.feed_with(piece, &mut self.repairing.1);
        assert_eq!(strict, repairing, "{text}");
        self.check(text);
    }

    fn finish(&mut self, text: &str) {
        let strict = self.strict.0.finish_with(&mut self.strict.1);
        let repairing = self.repairing.0.finish_with(&mut self.repairing.1);
        assert_eq!(strict, repairing, "{text}");
        self.check(text);
    }

    fn check(&self, text: &str) {
        let repairing = &self.repairing.0;
        assert_eq!(State::of(&self.strict.0), State::of(repairing), "{text}");
        // The end of a string is no news, and may be told later.
        let later = self.strict.1.0.strip_prefix(&self.repairing.1.0);
        assert!(
            later.is_some_and(|later| later.replace(" end;", "").replace("close;", "").is_empty()),
            "{:?} and {:?}: {text}",
            self.strict.1,
            self.repairing.1
        );
        assert_eq!(
            0,
            repairing.repair_count(),
            "{:?} {text}",
            repairing.repairs()
        );
        assert!(repairing.repairs().is_empty(), "{text}");
        assert_eq!(0, repairing.trailing(), "{text}");
    }
}

/// The same at every cut, and at the end of input after every prefix.
fn check_alike(text: &str, options: Options) {
    let mut bytewise = Both::new(options);
    for (at, byte) in text.bytes().enumerate() {
        bytewise.feed(&[byte], text);
        let mut prefix = Both::new(options);
        prefix.feed(&text.as_bytes()[..=at], text);
        prefix.finish(text);
    }
    bytewise.finish(text);
}

fn options(root: Root, limits: Limits) -> Options {
    Options {
        root,
        limits,
        ..Options::default()
    }
}

fn look_ahead(look_ahead: usize) -> Limits {
    Limits {
        look_ahead,
        ..Limits::DEFAULT
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_well_formed_document_is_read_the_same_with_repair_on(
        text in document(), root in prop::sample::select(vec![Root::Auto, Root::Any]),
        compact in any::<bool>(),
    ) {
        if text.len() <= 160 {
            let style = if compact { Style::Compact } else { Style::Spaced };
            check_alike(&text, Options { style, ..options(root, Limits::DEFAULT) });
        }
    }

    #[test]
    fn a_root_of_any_kind_is_read_the_same_with_repair_on(text in value()) {
        if text.len() <= 100 {
            check_alike(&text, options(Root::Any, Limits::DEFAULT));
        }
    }

    #[test]
    fn a_tiny_look_ahead_changes_nothing_for_a_well_formed_document(
        text in document(), most in 1..6_usize,
    ) {
        if text.len() <= 100 {
            check_alike(&text, options(Root::Auto, look_ahead(most)));
        }
    }
}

#[test]
fn random_documents_are_read_the_same_with_repair_on() {
    let mut random = Random(20_258_259);
    for count in counted(30_000).step_by(10).map(|count| count / 10) {
        let size = 1 + random.below(if count % 50 == 0 { 200 } else { 14 });
        let text = random_document(&mut random, size);
        if text.len() <= 256 && count % 16 == 0 {
            check_alike(&text, options(Root::Auto, Limits::DEFAULT));
            continue;
        }
        let most = random.pick(&[1, 3, 9, 400]);
        let mut both = Both::new(options(Root::Auto, Limits::DEFAULT));
        let mut start = 0;
        for end in random.cuts(text.len(), most) {
            both.feed(&text.as_bytes()[start..end], &text);
            start = end;
        }
        both.finish(&text);
    }
}

#[test]
fn every_accepted_case_of_the_grammar_is_read_the_same_with_repair_on() {
    for case in conformance() {
        if case.verdict == "accept" {
            let text = String::from_utf8(case.bytes).unwrap();
            if text.len() <= 256 {
                check_alike(&text, options(case.root, Limits::DEFAULT));
            } else {
                let mut both = Both::new(options(case.root, Limits::DEFAULT));
                for piece in text.as_bytes().chunks(3) {
                    both.feed(piece, &text);
                }
                both.finish(&text);
            }
        }
    }
}

#[test]
fn well_formed_text_that_looks_malformed_is_read_the_same_with_repair_on() {
    let long = "a ".repeat(1500);
    let space = " \n".repeat(1500);
    let texts = [
        r#"{"a": "he said \"hi\", \"b\": 1", "c": "x"}"#.to_owned(),
        r##"{"a": "// no comment", "b": "/* nor this */", "c": "# x"}"##.to_owned(),
        r#"{"a": "```json\n{\"b\": 1}\n```", "b": "<think>x</think>"}"#.to_owned(),
        r#"["a, b", "c: d", "e} f", "g] h", "i', 'j", "..."]"#.to_owned(),
        r#"{"'a'": 1, "b": "True", "None": "NaN", "key:": ":"}"#.to_owned(),
        r#"["", "", {"": ""}, [""], "", [[]], [{}], ""]"#.to_owned(),
        r#"{"a": "x", "a": "y", "a": {"a": 1, "a": 2}}"#.to_owned(),
        r#"{"a":"5\" x","b":"\"","c":"\\","d":"\\\"","e":"\"\""}"#.to_owned(),
        r#"[12, -0, 1.10, 1E5, true, false, null, "12", "true"]"#.to_owned(),
        r#"{"url": "http://x.y/?a=1&b=2#c", "path": "C:\\x\\n", "r": "\/"}"#.to_owned(),
        format!(r#"{{"long": "{long}", "{long}": [1, "{long}"], "b": ""}}"#),
        format!(r#"{{{space}"a"{space}:{space}""{space},{space}"b"{space}:{space}12{space}}}"#),
        format!(r#"["{long}\"{long}",{space}"",{space}true{space}]"#),
    ];
    for text in texts {
        if text.len() <= 256 {
            for root in [Root::Auto, Root::Any] {
                check_alike(&text, options(root, Limits::DEFAULT));
                check_alike(&text, options(root, look_ahead(1)));
            }
        }
        for piece in [1, 7, 5000] {
            let mut both = Both::new(Options::default());
            for piece in text.as_bytes().chunks(piece) {
                both.feed(piece, &text);
            }
            both.finish(&text);
        }
    }
}
