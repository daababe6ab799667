//! The root's kind: what the schema's top type allows.

use serde_json::Value;

use crate::aggregator::Root;

/// Kinds of values, as bits.
const OBJECT: u8 = 1;
const ARRAY: u8 = 2;
const SCALAR: u8 = 4;

/// So many schemas are looked at, one in another so deep.
const LOOKS: usize = 256;
const DEPTH: usize = 16;

/// What the root may be; `None` if the schema does not say.
pub(super) fn of(schema: &Value) -> Option<Root> {
    let mut look = Look {
        schema,
        left: LOOKS,
    };
    Some(match look.kinds(schema, 0)? {
        OBJECT => Root::Object,
        ARRAY => Root::Array,
        kinds if kinds & SCALAR != 0 => Root::Any,
        _ => Root::Auto,
    })
}

struct Look<'s> {
    schema: &'s Value,
    left: usize,
}

impl Look<'_> {
    /// The kinds that a schema allows; `None` if it does not say.
    fn kinds(&mut self, schema: &Value, depth: usize) -> Option<u8> {
        self.left = self.left.checked_sub(1)?;
        if depth > DEPTH {
            return None;
        }
        let depth = depth.saturating_add(1);
        let said = [
            schema.get("type").and_then(types),
            schema.get("const").map(kind),
            schema
                .get("enum")
                .and_then(Value::as_array)
                .map(|all| union(all.iter().map(kind))),
            self.referred(schema, depth),
            self.all(schema.get("allOf"), depth),
            self.any(schema.get("anyOf"), depth),
            self.any(schema.get("oneOf"), depth),
        ];
        said.into_iter()
            .flatten()
            .reduce(|one, other| one & other)
            .filter(|kinds| *kinds != 0)
    }

    fn referred(&mut self, schema: &Value, depth: usize) -> Option<u8> {
        let pointer = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
        let target = self.schema.pointer(pointer)?;
        self.kinds(target, depth)
    }

    fn all(&mut self, schemas: Option<&Value>, depth: usize) -> Option<u8> {
        let mut said = None;
        for schema in schemas?.as_array()? {
            if let Some(kinds) = self.kinds(schema, depth) {
                said = Some(said.map_or(kinds, |before: u8| before & kinds));
            }
        }
        said
    }

    fn any(&mut self, schemas: Option<&Value>, depth: usize) -> Option<u8> {
        let schemas = schemas?.as_array()?;
        let each: Option<Vec<u8>> = schemas.iter().map(|each| self.kinds(each, depth)).collect();
        each.map(|each| union(each.into_iter()))
    }
}

fn union(kinds: impl Iterator<Item = u8>) -> u8 {
    kinds.fold(0, |all, each| all | each)
}

fn types(value: &Value) -> Option<u8> {
    let named = |name: &Value| match name.as_str() {
        Some("object") => Some(OBJECT),
        Some("array") => Some(ARRAY),
        Some("string" | "number" | "integer" | "boolean" | "null") => Some(SCALAR),
        _ => None,
    };
    match value {
        Value::Array(names) => names
            .iter()
            .map(named)
            .collect::<Option<Vec<_>>>()
            .map(|each| union(each.into_iter())),
        name => named(name),
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Object(_) => OBJECT,
        Value::Array(_) => ARRAY,
        _ => SCALAR,
    }
}
