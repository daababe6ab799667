//! What the targets share: the relations of the tests, by name.

#[path = "../../tests/relations/mod.rs"]
mod relations;

/// Tries one input; panics where it breaks the relation.
pub fn check(relation: &str, data: &[u8]) {
    relations::check(relation, data);
}
