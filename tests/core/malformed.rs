//! With repair on, any text keeps the promises that hold for every text.

use proptest::prelude::*;
use wholejson::{Category, Limits, Options, Root};

use crate::common::documents::{nearly, soup};
use crate::common::drive::{Case, State, snapshot};
use crate::common::random::{Random, counted, random_document};

fn options(root: Root, limits: Limits) -> Options {
    Options {
        root,
        limits,
        ..Options::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_keeps_the_promises_of_every_text(
        text in prop_oneof![nearly(), soup()],
        root in prop::sample::select(vec![Root::Auto, Root::Object, Root::Array, Root::Any]),
    ) {
        if text.len() <= 120 {
            check_any(&text, options(root, Limits::DEFAULT));
        }
    }

    #[test]
    fn any_text_keeps_the_promises_with_tiny_limits(
        text in prop_oneof![nearly(), soup()],
        (depth, document, digits, white_space, look_ahead) in
            (1..4_usize, 1..60_usize, 1..6_usize, 1..4_usize, 1..8_usize),
    ) {
        if text.len() <= 100 {
            let limits = Limits { depth, document, digits, white_space, look_ahead, ..Limits::DEFAULT };
            check_any(&text, options(Root::Auto, limits));
        }
    }
}

/// Promises 1, 3, 4 and 5 at every cut, and errors of limits alone.
fn check_any(text: &[u8], options: Options) {
    let case = Case {
        text,
        options,
        halves: false,
    };
    case.check_promises();
    let ended = case.ended(&[text.len()]);
    if let Some(error) = ended.error() {
        let expected = matches!(error.category(), Category::Limit | Category::NoJson);
        assert!(expected, "{error}: {case}");
        assert_eq!(
            error.category() == Category::NoJson,
            error.category() != Category::Limit && !ended.has_value(),
            "{error}: {case}"
        );
    }
}

#[test]
fn broken_documents_keep_the_promises_of_every_text() {
    let mut random = Random(72);
    for _ in counted(10_000).step_by(20) {
        let mut bytes = random_document(&mut random, 8).into_bytes();
        bytes.truncate(200);
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            let byte = random.pick(b"{}[](),:\"'\\ 0-.eEtn\n\x00\xff\xed\xa0\xc3u/*#`<");
            match random.below(3) {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.drain(at..(at + 3).min(bytes.len()))),
            }
            if bytes.is_empty() {
                bytes.push(b'{');
            }
        }
        let root = random.pick(&[Root::Auto, Root::Object, Root::Array, Root::Any]);
        check_any(&bytes, options(root, Limits::DEFAULT));
    }
}

#[test]
fn a_member_that_a_repair_of_brackets_puts_next_to_one_of_its_name_is_left_out() {
    for (text, shown) in [
        (r#"{"a": 1}, "a": 2}"#, r#"{"a": 1}"#),
        (r#"{"a": 1}, "a": 2, "b": 3}"#, r#"{"a": 1, "b": 3}"#),
        (r#"{"a": {"b": 1}}, "a": {"c": 1}}"#, r#"{"a": {"b": 1}}"#),
        (
            r#"{"x": 0, "o": {"y": 1], "x": 2}"#,
            r#"{"x": 0, "o": {"y": 1}}"#,
        ),
        (
            r#"{"x": 0, "o": {"y": [1}, "x": 2}"#,
            r#"{"x": 0, "o": {"y": [1]}}"#,
        ),
    ] {
        let options = options(Root::Auto, Limits::DEFAULT);
        check_any(text.as_bytes(), options);
        let case = Case {
            text: text.as_bytes(),
            options,
            halves: false,
        };
        let aggregator = case.ended(&[text.len()]);
        assert_eq!(Some(shown), snapshot(&aggregator).as_deref(), "{text}");
        let repairs: Vec<_> = aggregator
            .repairs()
            .iter()
            .map(|repair| repair.kind)
            .collect();
        assert!(repairs.contains(&"repeated_member"), "{text}: {repairs:?}");
    }
}

/// Whether a text ends the same in one piece, in two and byte by byte; the column and the count of
/// repairs included.
fn check_ends_alike(text: &[u8], limits: Limits) {
    for root in [Root::Any, Root::Auto] {
        check_ends_alike_for(text, options(root, limits));
    }
}

fn check_ends_alike_for(text: &[u8], options: Options) {
    let case = Case {
        text,
        options,
        halves: false,
    };
    let said = |ends: &[usize]| {
        let aggregator = case.ended(ends);
        (State::of(&aggregator), aggregator.repair_count())
    };
    let whole = said(&[text.len()]);
    for cut in 0..text.len() {
        assert_eq!(whole, said(&[cut, text.len()]), "{case} cut at {cut}");
    }
    let bytewise: Vec<_> = (1..=text.len()).collect();
    assert_eq!(whole, said(&bytewise), "{case}");
}

#[test]
fn a_document_that_was_escaped_once_more_passes_its_limit_at_the_same_byte_at_any_cut() {
    for text in [r#"{\"a\": [1, \"x\"], \"b\": 2}"#, r#", data: [DO{\"NE]"#] {
        for document in 1..text.len() + 2 {
            let limits = Limits {
                document,
                ..Limits::DEFAULT
            };
            check_ends_alike(text.as_bytes(), limits);
        }
    }
}

#[test]
fn a_document_is_escaped_once_more_but_not_twice() {
    for text in [
        r##"{\"{\\""b\\""##,
        r##"{\"{\\\"\"b\\\""##,
        r##"{\"a\": {\\"b\\": 1}}"##,
    ] {
        check_ends_alike(text.as_bytes(), Limits::DEFAULT);
    }
}

#[test]
fn columns_count_code_points_where_escapes_of_ascii_stand_for_others() {
    for look_ahead in [1, 2, 1024] {
        let limits = Limits {
            look_ahead,
            ..Limits::DEFAULT
        };
        check_ends_alike(b"{\\\"\\ud57d\xC8", limits);
        check_ends_alike(b"{\\\"\\ud57d", limits);
    }
}

#[test]
fn a_look_that_may_look_at_nearly_nothing_decides_the_same_at_any_cut() {
    for look_ahead in 1..8 {
        let limits = Limits {
            look_ahead,
            ..Limits::DEFAULT
        };
        check_ends_alike("[\u{2018}d\"\0\u{2018}']".as_bytes(), limits);
        check_ends_alike(
            "{\u{201c}a\u{201d}: \u{ab}b\u{bb}, c\u{201d}}".as_bytes(),
            limits,
        );
    }
}

#[test]
fn bytes_that_are_no_text_in_the_frame_are_no_repair_at_any_cut() {
    for count in [1, 3, 31, 32, 33, 80] {
        let text = ["`".repeat(count).as_bytes(), b"t\xff {\"a\": 1}"].concat();
        check_ends_alike(&text, Limits::DEFAULT);
        check_ends_alike(&text[..count + 2], Limits::DEFAULT);
    }
}

/// A debug build compares the short way through what follows a quote with the long one.
#[test]
fn whatever_follows_a_closing_quote_is_read_alike_by_both_ways_of_looking() {
    for open in [r#"{"a": "b""#, r#"["b""#] {
        for before in ["", " ", ",", ", \n", r#", "k"#, r#", "k""#, r#", "k" "#] {
            for byte in (b' '..0x7F).chain([b'\n', 0x01]) {
                for tail in ["", ": 1}", r#"": 1}"#] {
                    let text = [open.as_bytes(), before.as_bytes(), &[byte], tail.as_bytes()];
                    check_ends_alike_for(&text.concat(), options(Root::Auto, Limits::DEFAULT));
                }
            }
        }
    }
}
