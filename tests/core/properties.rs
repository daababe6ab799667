//! Random documents, well formed and malformed, at every cut, against the slow version.

use proptest::prelude::*;
use wholejson::{Aggregator, Form, Limits, Options, Root, Style};

use crate::common::documents::{document, nearly, soup, string, value};
use crate::common::drive::{Case, snapshot, strict};
use crate::common::random::{Random, counted, random_document};
use crate::common::rebuild::Rebuild;
use crate::common::tree::Tree;

fn roots() -> impl Strategy<Value = Root> {
    prop::sample::select(vec![Root::Auto, Root::Object, Root::Array, Root::Any])
}

/// Text of 16-bit units in WTF-8: a surrogate that stands alone is three bytes.
fn wtf8(units: &[u16]) -> Vec<u8> {
    let mut out = Vec::new();
    for unit in char::decode_utf16(units.iter().copied()) {
        match unit {
            Ok(point) => out.extend_from_slice(point.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(error) => out.extend_from_slice(&half(error.unpaired_surrogate())),
        }
    }
    out
}

fn half(unit: u16) -> [u8; 3] {
    let low_six = |unit: u16| u8::try_from(unit & 0x3f).unwrap() | 0x80;
    [0xed, low_six(unit >> 6), low_six(unit)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn well_formed_documents_are_shown_as_the_slow_version_shows_them(text in document()) {
        if text.len() <= 256 {
            Case::strict(text.as_bytes(), Root::Auto).check_every_cut();
        }
    }

    #[test]
    fn a_root_of_any_kind_is_shown_as_the_slow_version_shows_it(text in value(), root in roots()) {
        if text.len() <= 128 {
            Case::strict(text.as_bytes(), root).check_every_cut();
        }
    }

    #[test]
    fn malformed_documents_fail_as_the_slow_version_fails(text in soup(), root in roots()) {
        Case::strict(&text, root).check_every_cut();
    }

    #[test]
    fn nearly_well_formed_documents_fail_as_the_slow_version_fails(text in nearly()) {
        if text.len() <= 160 {
            Case::strict(&text, Root::Auto).check_every_cut();
        }
    }

    #[test]
    fn tiny_limits_end_the_reading_where_the_slow_version_ends_it(
        text in prop_oneof![nearly(), soup(), document().prop_map(String::into_bytes)],
        (depth, bytes, digits, white_space) in (0..4_usize, 0..60_usize, 0..6_usize, 0..4_usize),
    ) {
        if text.len() <= 128 {
            let limits = Limits { depth, document: bytes, digits, white_space, ..Limits::DEFAULT };
            Case::limited(&text, limits).check_every_cut();
        }
    }

    #[test]
    fn halves_of_surrogate_pairs_join_over_cuts(
        units in prop::collection::vec(prop_oneof![
            2 => 0xd800..0xdc00_u16, 3 => 0xdc00..0xe000_u16, 2 => 0x61..0x64_u16, 1 => Just(0xd7ff_u16)
        ], 0..6),
        key in any::<bool>(),
    ) {
        let inside = wtf8(&units);
        // Each half by itself, as a `str` cut between them would bring it.
        let parts: Vec<u8> = units.iter().flat_map(|unit| wtf8(&[*unit])).collect();
        for inside in [inside, parts] {
            let (before, after): (&[u8], &[u8]) =
                if key { (b"{\"k", b"\": \"x\"}") } else { (b"[\"x", b"\"]") };
            let text = [before, &inside, after].concat();
            Case { text: &text, options: strict(Root::Auto), halves: true }.check_every_cut();
        }
    }

    #[test]
    fn the_value_of_a_document_is_what_serde_json_reads(text in document(), seed in any::<u64>()) {
        let ends = Random(seed).cuts(text.len(), 9);
        let aggregator = Case::strict(text.as_bytes(), Root::Auto).ended(&ends);
        prop_assert_eq!(None, aggregator.error());
        prop_assert!(aggregator.is_complete());
        let shown = snapshot(&aggregator).unwrap();
        prop_assert_eq!(Tree::parse(&text).unwrap(), Tree::parse(&shown).unwrap());
    }

    #[test]
    fn the_text_of_strings_and_keys_is_carried_as_written(key in string(), value in string()) {
        let text = format!("{{{key}:{value}}}");
        let aggregator = Case::strict(text.as_bytes(), Root::Auto).ended(&[text.len()]);
        prop_assert_eq!(format!("{{{key}: {value}}}"), snapshot(&aggregator).unwrap());
    }

    #[test]
    fn styles_differ_in_white_space_alone(text in document()) {
        if text.len() <= 128 {
            let options = Options { style: Style::Compact, ..strict(Root::Auto) };
            Case { text: text.as_bytes(), options, halves: false }.check_every_cut();
        }
    }

    #[test]
    fn the_embedded_form_is_the_snapshot_inside_a_json_string(text in document(), seed in any::<u64>()) {
        let mut plain = Aggregator::new(strict(Root::Auto));
        let mut embedded =
            Aggregator::new(Options { form: Form::Embedded, ..strict(Root::Auto) });
        let mut start = 0;
        for end in Random(seed).cuts(text.len(), 12) {
            let piece = &text.as_bytes()[start..end];
            start = end;
            prop_assert_eq!(plain.feed(piece), embedded.feed(piece));
            let inside = snapshot(&embedded);
            let outside = inside.map(|inside| serde_json::from_str::<String>(&format!("\"{inside}\"")).unwrap());
            prop_assert_eq!(snapshot(&plain), outside);
        }
    }
}

#[test]
fn random_documents_in_random_pieces_are_shown_as_the_slow_version_shows_them() {
    let mut random = Random(8259);
    for count in counted(2_000) {
        let size = 1 + random.below(if count % 50 == 0 { 300 } else { 12 });
        let text = random_document(&mut random, size);
        let case = Case::strict(text.as_bytes(), Root::Auto);
        if text.len() <= 256 && count % 20 == 0 {
            case.check_every_cut();
            continue;
        }
        let most = random.pick(&[1, 4, 16, 200]);
        let ends = random.cuts(text.len(), most);
        case.check_pieces(&ends, 4);
        let shown = snapshot(&case.ended(&ends)).unwrap();
        assert_eq!(
            Tree::parse(&text).unwrap(),
            Tree::parse(&shown).unwrap(),
            "{text}"
        );
    }
}

#[test]
fn broken_documents_fail_at_the_same_place_however_they_are_cut() {
    let mut random = Random(9110);
    for _ in counted(2_000) {
        let mut bytes = random_document(&mut random, 10).into_bytes();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] = random.pick(b"{}[],:\"\\ 0-.eEtn\n\x00\xff\xed\xa0\xc3u'x");
        }
        let root = random.pick(&[Root::Auto, Root::Object, Root::Array, Root::Any]);
        let case = Case::strict(&bytes, root);
        let whole = case.ended(&[bytes.len()]);
        let pieces = case.ended(&random.cuts(bytes.len(), 7));
        assert_eq!(whole.error(), pieces.error(), "{case}");
        assert_eq!(snapshot(&whole), snapshot(&pieces), "{case}");
        case.check_pieces(&[bytes.len()], 1);
    }
}

#[test]
fn events_of_the_end_of_input_are_told_to_the_sink() {
    for (text, last) in [
        ("{\"a\": 12 ", "{\"a\": 12}"),
        ("[\"x\", true", "[\"x\", true]"),
        ("[[\"\"", "[[\"\"]]"),
        ("[[1], [", "[[1]]"),
        ("[[1], [2]]", "[[1], [2]]"),
    ] {
        let mut aggregator = Aggregator::new(strict(Root::Auto));
        let mut rebuild = Rebuild::default();
        aggregator.feed_with(text.as_bytes(), &mut rebuild).unwrap();
        aggregator.finish_with(&mut rebuild).unwrap();
        rebuild.check_nothing_is_early();
        assert_eq!(Vec::<String>::new(), rebuild.faults);
        assert_eq!(Some(last), rebuild.snapshot().as_deref());
        assert_eq!(Some(last), snapshot(&aggregator).as_deref());
        let told = rebuild.count;
        assert_eq!(Ok(false), aggregator.finish_with(&mut rebuild));
        assert_eq!(told, rebuild.count, "a second end of input tells nothing");
    }
}
