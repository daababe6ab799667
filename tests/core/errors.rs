//! Errors and states: kind and place of an error, what stays readable after it, and the limits.

use wholejson::{Aggregator, Category, Kind, Limits, Root};

use crate::common::drive::{Case, snapshot, strict};

/// Text, kind, offset in bytes, line, column in code points; where nobody can doubt the place.
const PLACES: &[(&str, Kind, u64, u64, u64)] = &[
    ("x", Kind::UnexpectedCharacter, 0, 1, 1),
    ("\u{feff}{}", Kind::UnexpectedCharacter, 0, 1, 1),
    ("{]", Kind::UnexpectedCharacter, 1, 1, 2),
    ("[1,]", Kind::UnexpectedCharacter, 3, 1, 4),
    ("[1 2]", Kind::UnexpectedCharacter, 3, 1, 4),
    ("{\"a\":1,}", Kind::UnexpectedCharacter, 7, 1, 8),
    ("{\"a\" 1}", Kind::UnexpectedCharacter, 5, 1, 6),
    (
        "{\n \"a\": 1\n \"b\": 2}",
        Kind::UnexpectedCharacter,
        11,
        3,
        2,
    ),
    ("{\"é\": 1 x", Kind::UnexpectedCharacter, 9, 1, 9),
    (
        "[\"日本\", \"😀\", @]",
        Kind::UnexpectedCharacter,
        19,
        1,
        13,
    ),
    ("[\r\n\r\n@]", Kind::UnexpectedCharacter, 5, 3, 1),
    ("[\"é\",\n\"é\" @]", Kind::UnexpectedCharacter, 12, 2, 5),
    ("[\"a\u{1}b\"]", Kind::ControlCharacter, 3, 1, 4),
    ("[\"a\nb\"]", Kind::ControlCharacter, 3, 1, 4),
    ("{\"a\tb\":1}", Kind::ControlCharacter, 3, 1, 4),
    ("{} x", Kind::TrailingText, 3, 1, 4),
    ("[]\n\n ,", Kind::TrailingText, 5, 3, 2),
    ("[tru3]", Kind::InvalidLiteral, 4, 1, 5),
    ("[nul]", Kind::InvalidLiteral, 4, 1, 5),
    ("[True]", Kind::InvalidLiteral, 1, 1, 2),
    ("[01]", Kind::InvalidNumber, 2, 1, 3),
    ("[1.]", Kind::InvalidNumber, 3, 1, 4),
    ("[+1]", Kind::InvalidNumber, 1, 1, 2),
    ("[1e]", Kind::InvalidNumber, 3, 1, 4),
    ("[-]", Kind::InvalidNumber, 2, 1, 3),
];

#[test]
fn an_error_says_its_kind_and_its_place_however_the_text_is_cut() {
    for &(text, kind, offset, line, column) in PLACES {
        for cut in 0..=text.len() {
            let mut aggregator = Aggregator::new(strict(Root::Auto));
            let error = aggregator
                .feed(&text.as_bytes()[..cut])
                .and_then(|_| aggregator.feed(&text.as_bytes()[cut..]))
                .unwrap_err();
            assert_eq!(
                (kind, offset, line, column),
                (error.kind(), error.offset(), error.line(), error.column()),
                "{text:?} cut at {cut}"
            );
        }
    }
}

#[test]
fn an_error_lies_inside_the_token_that_is_wrong() {
    for (text, kind, from, to) in [
        ("[\"ab\\q\"]", Kind::InvalidEscape, 4, 5),
        ("[\"ab\\u00g0\"]", Kind::InvalidEscape, 4, 8),
        ("{\"ab\\q\":1}", Kind::InvalidEscape, 4, 5),
        ("[\"ab\\ud83dx\"]", Kind::LoneSurrogate, 4, 10),
        ("[\"ab\\ude80\"]", Kind::LoneSurrogate, 4, 9),
        ("[\"ab\\ud83d\\ud83d\"]", Kind::LoneSurrogate, 4, 15),
    ] {
        let aggregator = Case::strict(text.as_bytes(), Root::Auto).fed(&[text.len()]);
        let error = aggregator.error().unwrap();
        assert_eq!(kind, error.kind(), "{text}");
        assert!((from..=to).contains(&error.offset()), "{text}: {error}");
    }
    for (text, from, to) in [
        (&b"[\"ab\xffcd\"]"[..], 4, 4),
        (b"[\"ab\xc3cd\"]", 4, 5),
        (b"[\"ab\xf0\x9f\x98cd\"]", 4, 7),
        (b"[\"ab\xed\xa0\x80\"]", 4, 6),
    ] {
        let error = Case::strict(text, Root::Auto)
            .fed(&[text.len()])
            .error()
            .unwrap();
        assert_eq!(Kind::InvalidUtf8, error.kind());
        assert!(
            (from..=to).contains(&error.offset()),
            "{}: {error}",
            text.escape_ascii()
        );
    }
}

#[test]
fn after_an_error_every_further_call_raises_it_again() {
    let mut aggregator = Aggregator::new(strict(Root::Auto));
    let error = aggregator.feed(b"{\"a\": \"x\", \"b\": !").unwrap_err();
    for _ in 0..2 {
        assert_eq!(Err(error), aggregator.feed(b""));
        assert_eq!(Err(error), aggregator.feed(b"1}"));
        assert_eq!(Err(error), aggregator.feed_wtf8(b"1}"));
        assert_eq!(Err(error), aggregator.feed_with(b"1}", &mut ()));
        assert_eq!(Err(error), aggregator.finish());
        assert_eq!(Some(error), aggregator.error());
        assert_eq!(Some("{\"a\": \"x\"}"), snapshot(&aggregator).as_deref());
        assert!(!aggregator.is_complete());
    }
}

#[test]
fn an_update_before_an_error_in_the_same_delta_is_kept() {
    for (text, shown) in [
        ("{\"a\": \"xy\", !", Some("{\"a\": \"xy\"}")),
        ("{\"a\": \"xy\\q", Some("{\"a\": \"xy\"}")),
        ("{\"a\": \"xy\n", Some("{\"a\": \"xy\"}")),
        ("{\"a\": 1, !", Some("{\"a\": 1}")),
        ("{\"a\": 1}!", Some("{\"a\": 1}")),
        ("{\"a\": !", None),
    ] {
        let mut aggregator = Aggregator::new(strict(Root::Auto));
        assert!(aggregator.feed(text.as_bytes()).is_err(), "{text}");
        assert_eq!(shown, snapshot(&aggregator).as_deref(), "{text}");
        assert_eq!(shown.is_some(), aggregator.changed_before_error(), "{text}");
    }
}

#[test]
fn an_error_after_the_end_makes_a_complete_document_incomplete() {
    let mut aggregator = Aggregator::new(strict(Root::Auto));
    assert_eq!(Ok(true), aggregator.feed(b"{\"a\": 1}"));
    assert!(aggregator.is_complete());
    assert!(aggregator.feed(b" x").is_err());
    assert!(!aggregator.is_complete());
}

#[test]
fn feed_after_finish_is_a_usage_error_and_changes_nothing() {
    let mut aggregator = Aggregator::new(strict(Root::Auto));
    assert_eq!(Ok(true), aggregator.feed(b"{\"a\": \"x"));
    assert_eq!(Ok(false), aggregator.finish());
    let error = aggregator.feed(b"y").unwrap_err();
    assert_eq!(Kind::Finished, error.kind());
    assert_eq!(Category::Usage, error.category());
    assert_eq!(Err(error), aggregator.feed(b""));
    assert_eq!(Err(error), aggregator.feed_wtf8(b"y"));
    assert_eq!(Ok(false), aggregator.finish());
    assert_eq!(Some("{\"a\": \"x\"}"), snapshot(&aggregator).as_deref());
    assert!(!aggregator.is_complete());
}

#[test]
fn finish_fails_only_if_nothing_was_ever_visible() {
    for text in [
        "",
        " ",
        "{",
        "[[",
        "{\"a\": 12",
        "{\"a\": \"",
        "[tru",
        "{\"a\": {\"b\": ",
    ] {
        let mut aggregator = Aggregator::new(strict(Root::Auto));
        assert_eq!(Ok(false), aggregator.feed(text.as_bytes()));
        let error = aggregator.finish().unwrap_err();
        assert_eq!(Kind::NoJson, error.kind(), "{text}");
        assert_eq!(text.len() as u64, error.offset(), "{text}");
        assert_eq!(Err(error), aggregator.finish(), "{text}");
        assert_eq!(Err(error), aggregator.feed(b"x"), "{text}");
        assert!(!aggregator.has_value());
    }
}

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::DEFAULT;
    change(&mut limits);
    limits
}

/// Feeds a text that passes a limit at `offset`, and the same text up to there, which does not.
fn passes(text: &str, limits: Limits, kind: Kind, offset: usize, shown: Option<&str>) {
    let case = Case::limited(text.as_bytes(), limits);
    assert_eq!(None, case.fed(&[offset]).error(), "{kind:?}");
    for ends in [vec![text.len()], (1..=text.len()).collect()] {
        let aggregator = case.fed(&ends);
        let error = aggregator.error().unwrap();
        assert_eq!((kind, offset as u64), (error.kind(), error.offset()));
        assert_eq!(Category::Limit, error.category());
        assert_eq!(shown, snapshot(&aggregator).as_deref(), "{kind:?}");
        assert!(!aggregator.is_complete());
    }
}

#[test]
fn each_limit_ends_the_reading_at_its_place_and_keeps_what_was_shown() {
    let depth = limits(|limits| limits.depth = 3);
    passes("[\"x\", [[[", depth, Kind::Depth, 8, Some("[\"x\"]"));
    passes("{\"a\":{\"b\":{\"c\":{", depth, Kind::Depth, 15, None);
    passes(
        "[[[]],[],[[",
        limits(|limits| limits.depth = 2),
        Kind::Depth,
        2,
        None,
    );

    let document = limits(|limits| limits.document = 10);
    passes(
        "[\"12345678\"]",
        document,
        Kind::Document,
        10,
        Some("[\"12345678\"]"),
    );
    passes("          []", document, Kind::Document, 10, None);

    let digits = limits(|limits| limits.digits = 4);
    passes("[1, 12345]", digits, Kind::Digits, 8, Some("[1]"));
    passes("[1, -12.345]", digits, Kind::Digits, 10, Some("[1]"));
    passes("[1, 1.2e345]", digits, Kind::Digits, 10, Some("[1]"));

    let white_space = limits(|limits| limits.white_space = 2);
    passes("   []", white_space, Kind::WhiteSpace, 2, None);
    passes("[1   ,2]", white_space, Kind::WhiteSpace, 4, None);
    passes("[1,   2]", white_space, Kind::WhiteSpace, 5, Some("[1]"));
    passes("{\"a\"   :2}", white_space, Kind::WhiteSpace, 6, None);
    passes("[1]   ", white_space, Kind::WhiteSpace, 5, Some("[1]"));
}

#[test]
fn what_is_just_within_each_limit_is_read() {
    for (text, limits) in [
        ("[[[1]]]", limits(|limits| limits.depth = 3)),
        ("[\"1234\"]", limits(|limits| limits.document = 8)),
        ("[-12.3e4,1234,0.001]", limits(|limits| limits.digits = 4)),
        ("  [  1  ,  2  ]  ", limits(|limits| limits.white_space = 2)),
    ] {
        let aggregator = Case::limited(text.as_bytes(), limits).ended(&[text.len()]);
        assert_eq!(None, aggregator.error(), "{text}");
        assert!(aggregator.is_complete(), "{text}");
    }
}

#[test]
fn a_document_that_passes_its_limit_inside_a_code_point_stays_valid() {
    for bytes in 0..12 {
        let text = "[\"aé日😀\"]";
        let case = Case::limited(text.as_bytes(), limits(|limits| limits.document = bytes));
        case.check_every_cut();
    }
}

#[test]
fn the_default_limits_are_the_documented_ones() {
    let expected = Limits {
        depth: 256,
        document: 64 * 1024 * 1024,
        digits: 4300,
        white_space: 1024 * 1024,
        look_ahead: 1024,
        line: 16 * 1024 * 1024,
        event: 16 * 1024 * 1024,
    };
    assert_eq!(expected, Limits::default());
}

#[test]
fn every_kind_has_a_name_of_its_own_and_a_sentence() {
    let mut codes: Vec<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(Kind::ALL.len(), codes.len());
    assert!(Kind::ALL.iter().all(|kind| !kind.message().is_empty()));
}

/// Text, and what its error says could have stood at the place.
const EXPECTED: &[(&str, &str)] = &[
    ("]", "`{` or `[`"),
    ("{\"a\": ]", "a value"),
    ("[}", "a value or `]`"),
    ("{]", "a key in double quotes or `}`"),
    ("{\"a\": 1, }", "a key in double quotes"),
    ("{\"a\" 1", "`:`"),
    ("{\"a\": \"b\" \"", "`,` or `}`"),
    ("{\"a\": \"\" \"", "`,` or `}`"),
    ("{\"a\": 1 2", "`,` or `}`"),
    ("[[], {} [", "`,` or `]`"),
];

#[test]
fn an_unexpected_character_is_told_with_what_was_expected() {
    for &(text, expected) in EXPECTED {
        let mut aggregator = Aggregator::new(strict(Root::Auto));
        let error = aggregator.feed(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), Kind::UnexpectedCharacter, "{text}");
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("expected {expected}: ")),
            "{text}: {message}"
        );
    }
}
