//! Operations and settled paths.

use std::collections::BTreeMap;

use wholejson::Aggregator;
use wholejson::view::{Operation, Operations, Settled};

use super::tree::Tree;
use super::{Input, snapshot};

/// The operations, taken at any time and applied in their order, give the value of that time; a
/// value that settled stays.
pub(super) fn operations_give_every_value(data: &[u8]) {
    let Some(mut input) = Input::new(data) else {
        return;
    };
    let append = input.flags & 16 == 0;
    let ends = input.cuts();
    let mut aggregator = Aggregator::new(input.options);
    let (mut operations, mut settled) = (Operations::default(), Settled::default());
    let mut value: Option<Tree> = None;
    let mut kept: BTreeMap<String, Tree> = BTreeMap::new();
    let pieces = input.pieces(&ends);
    let last = pieces.len();
    for (count, piece) in pieces.into_iter().chain([&b""[..]]).enumerate() {
        let _ = if count == last {
            aggregator.finish()
        } else {
            aggregator.feed(piece)
        };
        // Somebody who looks now and then.
        if count < last && input.random.below(3) == 0 {
            continue;
        }
        let before = value.clone();
        let taken = operations.take(aggregator.view(), append);
        let any = !taken.is_empty();
        for operation in taken {
            apply_one(&mut value, &operation);
        }
        let shown = snapshot(&aggregator).map(|text| last_wins(Tree::parse(&text).unwrap()));
        assert_eq!(shown, value, "after piece {count}");
        assert!(any || before == value);
        for path in settled.take(aggregator.view()) {
            // A repeated key may have replaced what settled a moment ago.
            if !repeats(&aggregator) {
                let found = at(value.as_mut().unwrap(), &path).clone();
                kept.insert(path, found);
            }
        }
    }
    if !repeats(&aggregator) {
        for (path, then) in kept {
            assert_eq!(&then, at(value.as_mut().unwrap(), &path), "{path}");
        }
    }
}

/// Does an object in the text have two members of one name?
fn repeats(aggregator: &Aggregator) -> bool {
    snapshot(aggregator).is_some_and(|text| has_twins(&Tree::parse(&text).unwrap()))
}

/// As `json.loads` reads: of a repeated key the last value counts, at the place of the first.
pub(super) fn last_wins(tree: Tree) -> Tree {
    match tree {
        Tree::Array(items) => Tree::Array(items.into_iter().map(last_wins).collect()),
        Tree::Object(members) => {
            let mut places = BTreeMap::new();
            let mut kept: Vec<(String, Tree)> = Vec::new();
            for (key, value) in members {
                let place = *places.entry(key.clone()).or_insert(kept.len());
                let value = last_wins(value);
                match kept.get_mut(place) {
                    Some(member) => member.1 = value,
                    None => kept.push((key, value)),
                }
            }
            Tree::Object(kept)
        }
        other => other,
    }
}

fn has_twins(tree: &Tree) -> bool {
    match tree {
        Tree::Array(items) => items.iter().any(has_twins),
        Tree::Object(members) => {
            let mut names: Vec<_> = members.iter().map(|(key, _)| key).collect();
            names.sort_unstable();
            names.windows(2).any(|pair| pair[0] == pair[1])
                || members.iter().any(|(_, value)| has_twins(value))
        }
        _ => false,
    }
}

fn names(path: &str) -> impl Iterator<Item = String> {
    let names = path.split('/').skip(1);
    names.map(|name| name.replace("~1", "/").replace("~0", "~"))
}

/// What stands at a path.
fn at<'t>(root: &'t mut Tree, path: &str) -> &'t mut Tree {
    names(path).fold(root, |here, name| match here {
        Tree::Array(items) => &mut items[name.parse::<usize>().unwrap()],
        Tree::Object(members) => {
            let found = members.iter_mut().find(|(key, _)| *key == name);
            &mut found.unwrap().1
        }
        other => panic!("{path}: nothing is in {other:?}"),
    })
}

fn apply_one(root: &mut Option<Tree>, operation: &Operation) {
    let text = std::str::from_utf8(&operation.value).unwrap();
    let value = Tree::parse(text).unwrap();
    apply(root, operation.change.name(), &operation.path, value);
}

/// Applies the operations of one content of a stream in mode `patch`.
pub(super) fn apply_all(root: &mut Option<Tree>, content: &str) {
    let Ok(Tree::Array(operations)) = Tree::parse(content) else {
        panic!("no list of operations: {content}");
    };
    for operation in operations {
        let Tree::Object(members) = operation else {
            panic!("no operation: {operation:?}");
        };
        match <[(String, Tree); 3]>::try_from(members) {
            Ok([(_, Tree::Text(op)), (_, Tree::Text(path)), (_, value)]) => {
                apply(root, &op, &path, value);
            }
            other => panic!("no operation: {other:?}"),
        }
    }
}

fn apply(root: &mut Option<Tree>, op: &str, path: &str, value: Tree) {
    let value = last_wins(value);
    if path.is_empty() && op != "append" {
        assert_eq!(op == "add", root.is_none());
        *root = Some(value);
        return;
    }
    let root = root.as_mut().unwrap();
    match op {
        "replace" => *at(root, path) = value,
        "append" => match (at(root, path), value) {
            (Tree::Text(text), Tree::Text(more)) => text.push_str(&more),
            (place, more) => panic!("{more:?} can't go on {place:?}"),
        },
        "add" => {
            let (parent, _) = path.rsplit_once('/').unwrap();
            let name = names(path).last().unwrap();
            match at(root, parent) {
                Tree::Array(items) => {
                    assert_eq!(items.len(), name.parse::<usize>().unwrap());
                    items.push(value);
                }
                Tree::Object(members) => {
                    assert!(members.iter().all(|(key, _)| *key != name), "{path}");
                    members.push((name, value));
                }
                other => panic!("{path}: nothing is in {other:?}"),
            }
        }
        other => panic!("no operation is called {other}"),
    }
}
