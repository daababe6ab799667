//! The grammar of RFC 8259, as data: the verdict of a document does not depend on the cut.

use wholejson::{Aggregator, Category};

use crate::common::data::{Conformance, conformance};
use crate::common::drive::{Case, State, snapshot};
use crate::common::random::Random;
use crate::common::tree::Tree;

fn verdict(aggregator: &Aggregator) -> &'static str {
    match aggregator.error().map(|error| error.category()) {
        Some(Category::Invalid | Category::Limit) => "reject",
        Some(Category::NoJson) => "incomplete",
        Some(Category::Usage) => "usage error",
        None if aggregator.is_complete() => "accept",
        None => "incomplete",
    }
}

/// Every cut in two of a short document; of a long one, a sample.
fn cuts(case: &Conformance) -> Vec<usize> {
    let length = case.bytes.len();
    if length <= 256 {
        return (0..=length).collect();
    }
    let mut random = Random(length as u64);
    (0..64).map(|_| random.below(length + 1)).collect()
}

#[test]
fn the_verdict_of_every_document_is_as_written_at_every_cut() {
    let cases = conformance();
    assert!(1000 < cases.len(), "only {} cases", cases.len());
    for case in &cases {
        let document = Case::strict(&case.bytes, case.root);
        let length = case.bytes.len();
        let whole = document.ended(&[length]);
        assert_eq!(case.verdict, verdict(&whole), "{}: {document}", case.name);
        let state = State::of(&whole);
        for cut in cuts(case) {
            assert_eq!(
                state,
                State::of(&document.ended(&[cut, length])),
                "{} cut at {cut}",
                case.name
            );
        }
        let bytewise: Vec<_> = (1..=length).collect();
        assert_eq!(
            state,
            State::of(&document.ended(&bytewise)),
            "{} byte by byte",
            case.name
        );
    }
}

#[test]
fn short_documents_are_read_as_the_slow_version_reads_them() {
    for case in conformance() {
        if case.bytes.len() <= 64 {
            Case::strict(&case.bytes, case.root).check_every_cut();
        }
    }
}

#[test]
fn an_accepted_document_is_what_serde_json_reads() {
    for case in conformance() {
        if case.verdict != "accept" {
            continue;
        }
        let text = std::str::from_utf8(&case.bytes).unwrap();
        let aggregator = Case::strict(&case.bytes, case.root).ended(&[text.len()]);
        let shown = snapshot(&aggregator).unwrap();
        assert_eq!(
            Tree::parse(text).unwrap(),
            Tree::parse(&shown).unwrap(),
            "{}",
            case.name
        );
    }
}

#[test]
fn every_name_is_unique() {
    let mut names: Vec<_> = conformance().into_iter().map(|case| case.name).collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(all, names.len());
}
