//! Text in, snapshots out.

use wholejson::{Aggregator, Category, Form, Options};

use super::tree::Tree;
use super::{Input, State, snapshot};

fn feed(aggregator: &mut Aggregator, wtf8: bool, piece: &[u8]) -> Option<bool> {
    let outcome = if wtf8 {
        aggregator.feed_wtf8(piece)
    } else {
        aggregator.feed(piece)
    };
    outcome.ok()
}

fn fed(input: &Input<'_>, wtf8: bool, pieces: &[&[u8]]) -> Aggregator {
    let mut aggregator = Aggregator::new(input.options);
    for piece in pieces {
        feed(&mut aggregator, wtf8, piece);
    }
    aggregator
}

/// What is visible, and what is said of it, depends on the bytes and not on their cuts: at the end
/// of the input, and after a beginning of it.
pub(super) fn any_cut_gives_the_same(data: &[u8]) {
    let Some(mut input) = Input::new(data) else {
        return;
    };
    let wtf8 = input.flags & 16 != 0;
    let ends = input.cuts();
    let stop = input.random.below(ends.len() + 1);
    let (before, all) = (input.pieces(&ends[..stop]), input.pieces(&ends));
    let length = before.iter().map(|piece| piece.len()).sum();
    let beginning = fed(&input, wtf8, &[&input.text[..length]]);
    assert_eq!(
        State::of(&beginning),
        State::of(&fed(&input, wtf8, &before))
    );

    let mut whole = fed(&input, wtf8, &[input.text]);
    let mut pieces = fed(&input, wtf8, &all);
    assert_eq!(State::of(&whole), State::of(&pieces));
    let _ = whole.finish();
    let _ = pieces.finish();
    let end = State::of(&whole);
    assert_eq!(end, State::of(&pieces));
    let _ = whole.finish();
    assert_eq!(end, State::of(&whole), "a second end changes nothing");
}

/// Every snapshot is read by serde_json and extends the one before; an update is told if and only
/// if there is one; with repair on nothing but a limit ends the reading; the embedded form is the
/// snapshot inside a JSON string.
pub(super) fn what_is_shown_is_valid_and_only_grows(data: &[u8]) {
    let Some(mut input) = Input::new(data) else {
        return;
    };
    let mut plain = Aggregator::new(input.options);
    let mut embedded = Aggregator::new(Options {
        form: Form::Embedded,
        ..input.options
    });
    let ends = input.cuts();
    let (mut shown, mut tree) = (None, None);
    for piece in input.pieces(&ends) {
        let told = feed(&mut plain, false, piece);
        assert_eq!(told, feed(&mut embedded, false, piece));
        let now = snapshot(&plain);
        if let Some(told) = told {
            assert_eq!(shown != now, told, "{shown:?} became {now:?}");
        }
        if shown != now {
            tree = Some(grown(tree.as_ref(), now.as_deref()));
            check_embedded(&embedded, now.as_deref());
        }
        shown = now;
    }
    let told = plain.finish();
    let now = snapshot(&plain);
    if let Ok(told) = told {
        assert_eq!(shown != now, told, "{shown:?} became {now:?} at the end");
    }
    if now.is_some() {
        grown(tree.as_ref(), now.as_deref());
    } else {
        assert_eq!(None, shown, "what was shown is gone");
    }
    match plain.error().map(|error| error.category()) {
        Some(Category::NoJson) => assert_eq!(None, now),
        Some(Category::Limit) => {}
        Some(category) => assert!(!input.options.repair, "{category:?} with repair on"),
        None => assert!(now.is_some(), "an end without a value is an error"),
    }
    if plain.is_complete() {
        assert!(plain.error().is_none() && now.is_some());
    }
}

/// The snapshot as a tree; it extends the one before.
fn grown(before: Option<&Tree>, now: Option<&str>) -> Tree {
    let now = now.expect("what was shown is gone");
    let strict: Result<serde::de::IgnoredAny, _> = serde_json::from_str(now);
    let deep = now.bytes().filter(|byte| b"[{".contains(byte)).count() > 100;
    assert!(deep || strict.is_ok(), "{now:?}: {strict:?}");
    let tree = Tree::parse(now).unwrap_or_else(|error| panic!("{now:?}: {error}"));
    if let Some(before) = before {
        assert!(tree.extends(before), "{before:?} became {tree:?}");
    }
    tree
}

fn check_embedded(embedded: &Aggregator, now: Option<&str>) {
    let inside = snapshot(embedded).map(|inside| format!("\"{inside}\""));
    let outside = inside.map(|inside| serde_json::from_str::<String>(&inside).unwrap());
    assert_eq!(now, outside.as_deref());
}

/// Strict mode takes what serde_json takes, and what is not malformed so far is read with repair
/// on as it is with repair off.
pub(super) fn well_formed_text_is_read_alike(data: &[u8]) {
    let Some(mut input) = Input::new(data) else {
        return;
    };
    let with = |repair| {
        Aggregator::new(Options {
            repair,
            ..input.options
        })
    };
    let (mut strict, mut repairing) = (with(false), with(true));
    let ends = input.cuts();
    for piece in input.pieces(&ends) {
        let told = strict.feed(piece);
        if told.is_err_and(|error| error.category() == Category::Invalid) {
            let theirs = std::str::from_utf8(input.text)
                .is_ok_and(|text| Tree::parse(text).is_ok_and(|tree| rooted(&tree, &input)));
            assert!(!theirs, "serde_json takes it: {told:?}");
            return;
        }
        // Beyond a limit no text is well formed.
        if told.is_err() {
            return;
        }
        assert_eq!(told, repairing.feed(piece));
        assert_eq!(State::of(&strict), State::of(&repairing));
    }
    assert_eq!(strict.finish(), repairing.finish());
    assert_eq!(State::of(&strict), State::of(&repairing));
    assert_eq!((0, 0), (repairing.repair_count(), repairing.trailing()));
    if strict.is_complete() {
        // Half a code point at the end is left out.
        let whole = input
            .text
            .utf8_chunks()
            .next()
            .map_or("", |chunk| chunk.valid());
        let shown = snapshot(&strict).unwrap();
        assert_eq!(Tree::parse(whole).unwrap(), Tree::parse(&shown).unwrap());
    }
}

/// Is the root of the kind that is asked for?
fn rooted(tree: &Tree, input: &Input<'_>) -> bool {
    use wholejson::Root::{Any, Array, Auto, Object};
    match tree {
        Tree::Object(_) => matches!(input.options.root, Any | Auto | Object),
        Tree::Array(_) => matches!(input.options.root, Any | Auto | Array),
        Tree::Scalar(_) | Tree::Text(_) => input.options.root == Any,
    }
}
