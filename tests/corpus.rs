//! What fuzzing left behind: every input of the corpus keeps its relation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may panic

mod relations;

use std::collections::BTreeSet;
use std::fs::read_dir;
use std::path::PathBuf;

use relations::{RELATIONS, check};

fn fuzz(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(folder)
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = read_dir(fuzz(folder)).unwrap();
    let stems = entries.map(|entry| PathBuf::from(entry.unwrap().file_name()));
    stems
        .map(|name| name.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

fn replay(name: &str) {
    let folder = fuzz("corpus").join(name);
    let mut count = 0;
    for entry in read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let data = std::fs::read(&path).unwrap();
        if std::panic::catch_unwind(|| check(name, &data)).is_err() {
            panic!("{} breaks the relation {name}", path.display());
        }
        count += 1;
    }
    assert!(count > 20, "only {count} inputs in {}", folder.display());
}

#[test]
fn every_relation_has_its_fuzz_target_and_its_corpus() {
    let known: BTreeSet<_> = RELATIONS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(known, names("fuzz_targets"));
    assert_eq!(known, names("corpus"));
}

#[test]
fn the_corpus_is_small() {
    let size: u64 = RELATIONS
        .iter()
        .flat_map(|(name, _)| read_dir(fuzz("corpus").join(name)).unwrap())
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(size < 1 << 20, "{size} bytes");
}

macro_rules! replayed {
    ($($name:ident),*) => {
        #[test]
        fn every_relation_is_tried() {
            assert_eq!([$(stringify!($name)),*].len(), RELATIONS.len());
        }
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*
    };
}

replayed!(alike, chunks, cuts, growth, operations, request, sse, work);
