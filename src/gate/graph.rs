//! What a JSON Schema and JSON Pointers say of values that are shown whole, as nodes.
//!
//! Keywords: JSON Schema, drafts 4 to 2020-12. Everything that may apply to a value is taken to
//! apply: each branch of `anyOf`, `oneOf` and `if`, each pattern of `patternProperties` to each
//! key. Which branch a value is of is known at its end at the earliest, and until then its
//! beginning would mislead whoever reads it by that branch; waiting misleads nobody.

#![allow(clippy::indexing_slicing, reason = "a node is its place in the graph")]

use std::collections::HashMap;
use std::fmt;

use serde_json::{Map, Value};

use super::pattern;
use super::rules::Kinds;

/// What is said of one value, and of those in it. Others are named by their places.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// It is shown only whole, if it is of such a kind.
    pub(super) whole: Kinds,
    /// What applies to the same value.
    pub(crate) same: Vec<usize>,
    /// Its members by name, those of other names, and all.
    pub(crate) members: HashMap<Box<[u8]>, usize>,
    pub(crate) other: Vec<usize>,
    pub(crate) any: Vec<usize>,
    /// Its elements by index, those at other places, and all.
    pub(crate) elements: HashMap<u32, usize>,
    pub(crate) rest: Vec<usize>,
    pub(crate) every: Vec<usize>,
    /// What else is looked at when a value is validated: what it must not be.
    pub(crate) apart: Vec<usize>,
    /// What validating a value by this node alone costs, about: its own entries.
    pub(crate) weight: u64,
    /// Its strings are read through, and its lists and members one by one.
    pub(crate) reads: bool,
    /// Strings are matched against patterns of so many states, and names of members.
    pub(crate) matches: u64,
    pub(crate) matches_names: u64,
    /// What applies to the same value is looked at several times, to know what it has left over.
    pub(crate) again: bool,
}

impl Node {
    pub(super) fn each_target(&self, take: impl FnMut(usize)) {
        let lists = [&self.same, &self.other, &self.any, &self.rest, &self.every];
        let listed = lists.into_iter().flatten();
        let named = self.members.values().chain(self.elements.values());
        listed.chain(named).copied().for_each(take);
    }
}

/// No JSON Pointer (RFC 6901), or too many of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointerError(String);

impl PointerError {
    /// Together they have too many ways to lead to a value.
    pub(crate) fn too_many_ways() -> Self {
        Self("these JSON Pointers have too many ways to meet; give fewer with \"*\"".into())
    }
}

impl fmt::Display for PointerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PointerError {}

/// So many JSON Pointers may be given, of so many bytes in all.
const POINTERS: usize = 1_000;
const POINTER_BYTES: usize = 64 << 10;
/// A schema may have so many schemas in it.
const NODES: usize = 1 << 16;
/// Its references may lead to so many places in all: several may have the same name.
const LINKS: usize = 1 << 16;
/// Of a schema's own text, a warning repeats so many characters.
const SHOWN: usize = 100;

/// Nodes, the root's first.
#[derive(Debug)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    patterns: Patterns,
}

/// The patterns of a schema.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Patterns {
    pub(crate) count: u64,
    /// The states of all of them.
    pub(crate) states: u64,
    /// Names of members are looked at as values are.
    pub(crate) of_names: bool,
}

impl Graph {
    pub(crate) const ROOT: usize = 0;

    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            patterns: Patterns::default(),
        }
    }

    pub(crate) fn patterns(&self) -> Patterns {
        self.patterns
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    fn add(&mut self) -> usize {
        let place = self.nodes.len();
        self.nodes.push(Node::default());
        place
    }

    fn at(&mut self, at: usize) -> &mut Node {
        let last = self.nodes.len().saturating_sub(1);
        &mut self.nodes[at.min(last)]
    }

    /// Adds values by JSON Pointers, in which `*` stands for every member and element.
    ///
    /// # Errors
    /// [`PointerError`] for what is none.
    pub(crate) fn add_pointers<S: AsRef<str>>(
        &mut self,
        pointers: &[S],
    ) -> Result<(), PointerError> {
        let bytes: usize = pointers.iter().map(|pointer| pointer.as_ref().len()).sum();
        if pointers.len() > POINTERS || bytes > POINTER_BYTES {
            return Err(PointerError(format!(
                "at most {POINTERS} JSON Pointers of {POINTER_BYTES} bytes in all may be given"
            )));
        }
        for pointer in pointers {
            self.add_pointer(pointer.as_ref())?;
        }
        Ok(())
    }

    fn add_pointer(&mut self, pointer: &str) -> Result<(), PointerError> {
        let mut tokens = pointer.split('/');
        if tokens.next() != Some("") {
            return Err(no_pointer(pointer));
        }
        let mut at = Self::ROOT;
        for token in tokens {
            let name = unescaped(token).ok_or_else(|| no_pointer(pointer))?;
            let node = self.at(at);
            let known = match name.as_str() {
                "*" => node.any.first(),
                name => node.members.get(name.as_bytes()),
            };
            at = match known {
                Some(known) => *known,
                None => self.add_step(at, &name),
            };
        }
        self.at(at).whole.add(Kinds::ALL);
        Ok(())
    }

    fn add_step(&mut self, from: usize, name: &str) -> usize {
        let to = self.add();
        let node = self.at(from);
        if name == "*" {
            node.any.push(to);
            node.every.push(to);
        } else {
            node.members.insert(name.as_bytes().into(), to);
            let canonical = name == "0" || !name.starts_with(['0', '+']);
            if let (true, Ok(index)) = (canonical, name.parse()) {
                node.elements.insert(index, to);
            }
        }
        to
    }

    /// Adds what a schema says; a warning of what in it was not understood, and left out. Cost:
    /// O(schema); depth does not use the call stack.
    ///
    /// # Errors
    /// A warning, where the schema as a whole can't be used.
    pub(crate) fn add_schema(&mut self, schema: &Value) -> Result<Option<String>, String> {
        if !schema.is_object() && !schema.is_boolean() {
            return Err("the schema is neither an object nor a boolean".into());
        }
        let mut walk = Walk {
            graph: self,
            schema,
            anchors: None,
            places: HashMap::new(),
            todo: Vec::new(),
            links: 0,
            warning: None,
        };
        let root = walk.place(schema);
        walk.graph.at(Self::ROOT).same.push(root);
        while let Some((at, members)) = walk.todo.pop() {
            if walk.graph.nodes.len() > NODES {
                return Err(format!("the schema has more than {NODES} schemas in it"));
            }
            walk.read(at, members);
            if walk.links > LINKS {
                return Err(format!(
                    "the references of the schema lead to more than {LINKS} places"
                ));
            }
        }
        Ok(walk.warning)
    }
}

fn no_pointer(text: &str) -> PointerError {
    PointerError(format!(
        "{:?} is no JSON Pointer: it is \"\" or begins with \"/\", and \"~\" is written \"~0\"",
        shown(text)
    ))
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// A token of a JSON Pointer; `None` if it is none.
fn unescaped(token: &str) -> Option<String> {
    let mut pieces = token.split('~');
    let mut name = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        name.push(match piece.as_bytes().first() {
            Some(b'0') => '~',
            Some(b'1') => '/',
            _ => return None,
        });
        name.push_str(piece.get(1..).unwrap_or_default());
    }
    Some(name)
}

/// A walk over a schema.
struct Walk<'g, 's> {
    graph: &'g mut Graph,
    schema: &'s Value,
    /// Schemas by their `$anchor`, once one is asked for.
    anchors: Option<HashMap<&'s str, Vec<&'s Value>>>,
    /// The nodes of the schemas that were met, by where they stand in memory.
    places: HashMap<usize, usize>,
    todo: Vec<(usize, &'s Map<String, Value>)>,
    links: usize,
    warning: Option<String>,
}

impl<'s> Walk<'_, 's> {
    /// The node of a schema, which is read later.
    fn place(&mut self, schema: &'s Value) -> usize {
        let address = std::ptr::from_ref(schema) as usize;
        if let Some(place) = self.places.get(&address) {
            return *place;
        }
        let place = self.graph.add();
        self.places.insert(address, place);
        if let Value::Object(members) = schema {
            self.todo.push((place, members));
        }
        place
    }

    fn warn(&mut self, what: &str) {
        self.warning
            .get_or_insert_with(|| format!("{what}; that part of the schema is ignored"));
    }

    /// The nodes of a list of schemas.
    fn list(&mut self, keyword: &str, value: &'s Value) -> Vec<usize> {
        let Value::Array(list) = value else {
            self.warn(&format!("{keyword} is no list"));
            return Vec::new();
        };
        list.iter().map(|schema| self.place(schema)).collect()
    }

    /// The nodes of schemas by name.
    fn named(&mut self, keyword: &str, value: &'s Value) -> Vec<(&'s str, usize)> {
        let Value::Object(members) = value else {
            self.warn(&format!("{keyword} is no object"));
            return Vec::new();
        };
        let schemas = members.iter().filter(|(_, schema)| !schema.is_array());
        schemas
            .map(|(name, schema)| (name.as_str(), self.place(schema)))
            .collect()
    }

    fn read(&mut self, at: usize, members: &'s Map<String, Value>) {
        for (keyword, value) in members {
            let node = self.graph.at(at);
            node.weight = node.weight.saturating_add(weight(keyword, value));
            match keyword.as_str() {
                "enum" => {
                    let kinds = value.as_array().into_iter().flatten().map(kinds);
                    kinds.for_each(|kinds| self.graph.at(at).whole.add(kinds));
                }
                "const" => self.graph.at(at).whole.add(kinds(value)),
                "format" | "pattern" | "contentEncoding" => {
                    let states = match (keyword.as_str(), value.as_str()) {
                        ("pattern", Some(pattern)) => self.pattern(pattern),
                        // The text is a pattern, and is read as one.
                        ("format", Some("regex")) => REGEX,
                        _ => 0,
                    };
                    let node = self.graph.at(at);
                    node.whole.add(Kinds::STRING);
                    node.reads = true;
                    node.matches = node.matches.saturating_add(states);
                }
                "uniqueItems" => self.graph.at(at).reads = true,
                "not" | "propertyNames" => {
                    let apart = self.place(value);
                    self.graph.at(at).apart.push(apart);
                    self.graph.patterns.of_names |= keyword == "propertyNames";
                }
                "allOf" | "anyOf" | "oneOf" => {
                    let same = self.list(keyword, value);
                    self.graph.at(at).same.extend(same);
                }
                "if" | "then" | "else" => {
                    let same = self.place(value);
                    self.graph.at(at).same.push(same);
                }
                "$ref" | "$dynamicRef" | "$recursiveRef" => self.refer(at, keyword, value),
                "dependentSchemas" | "dependencies" => {
                    let same = self.named(keyword, value);
                    let same = same.into_iter().map(|(_, place)| place);
                    self.graph.at(at).same.extend(same);
                }
                _ => self.read_inner(at, keyword, value, members),
            }
        }
    }

    /// The keywords that speak of members and elements.
    fn read_inner(
        &mut self,
        at: usize,
        keyword: &str,
        value: &'s Value,
        members: &'s Map<String, Value>,
    ) {
        match keyword {
            "properties" => {
                for (name, place) in self.named(keyword, value) {
                    let name = name.as_bytes().into();
                    self.graph.at(at).members.insert(name, place);
                }
            }
            "patternProperties" => {
                for (name, place) in self.named(keyword, value) {
                    let states = self.pattern(name);
                    let node = self.graph.at(at);
                    node.any.push(place);
                    node.matches_names = node.matches_names.saturating_add(states);
                }
            }
            "additionalProperties" | "unevaluatedProperties" => {
                self.repeat(at, keyword);
                let other = self.place(value);
                self.graph.at(at).other.push(other);
            }
            "items" if !value.is_array() => {
                let rest = self.place(value);
                self.graph.at(at).rest.push(rest);
            }
            "prefixItems" | "items" => {
                let places = self.list(keyword, value);
                self.graph.at(at).elements.extend((0..).zip(places));
            }
            "additionalItems" if !members.get("items").is_some_and(Value::is_array) => {}
            "additionalItems" | "unevaluatedItems" => {
                self.repeat(at, keyword);
                let rest = self.place(value);
                self.graph.at(at).rest.push(rest);
            }
            "contains" => {
                let every = self.place(value);
                self.graph.at(at).every.push(every);
            }
            _ => {}
        }
    }

    /// Counts a pattern; gives its states.
    fn pattern(&mut self, pattern: &str) -> u64 {
        let states = pattern::states(pattern).saturating_add(1);
        let patterns = &mut self.graph.patterns;
        patterns.count = patterns.count.saturating_add(1);
        patterns.states = patterns.states.saturating_add(states);
        states
    }

    fn repeat(&mut self, at: usize, keyword: &str) {
        if keyword.starts_with("unevaluated") {
            let node = self.graph.at(at);
            (node.reads, node.again) = (true, true);
        }
    }

    fn refer(&mut self, at: usize, keyword: &str, value: &'s Value) {
        let Some(reference) = value.as_str() else {
            return self.warn(&format!("{keyword} is no string"));
        };
        let targets = self.targets(reference);
        if targets.is_empty() {
            self.warn(&format!(
                "{keyword} {:?} leads to nothing in the schema, and nothing is fetched",
                shown(reference)
            ));
        }
        self.links = self.links.saturating_add(targets.len());
        for target in targets {
            let same = self.place(target);
            self.graph.at(at).same.push(same);
        }
    }

    /// Where a reference within the schema leads: by a JSON Pointer or a name; with the schema's
    /// own address in front, if it has one.
    fn targets(&mut self, reference: &str) -> Vec<&'s Value> {
        let schema = self.schema;
        let own = schema.get("$id").or_else(|| schema.get("id"));
        let own = own
            .and_then(Value::as_str)
            .map_or("", |id| id.trim_end_matches('#'));
        let fragment = match reference.strip_prefix(own).unwrap_or(reference) {
            "" => "",
            rest => match rest.strip_prefix('#') {
                Some(fragment) => fragment,
                None => return Vec::new(),
            },
        };
        let fragment = percent_decoded(fragment);
        if fragment.is_empty() {
            return vec![schema];
        }
        if fragment.starts_with('/') {
            return schema.pointer(&fragment).into_iter().collect();
        }
        let anchors = self.anchors.get_or_insert_with(|| anchors(schema));
        anchors.get(fragment.as_str()).cloned().unwrap_or_default()
    }
}

/// What reading a text as a pattern costs for each of its bytes, as if so many states were there.
const REGEX: u64 = 16;

fn weight(keyword: &str, value: &Value) -> u64 {
    let entries = match (keyword, value) {
        // Numbers are divided as whole numbers of any length.
        ("multipleOf", _) => 16,
        ("enum" | "const", _) => value.to_string().len() / 64,
        (_, Value::Array(list)) => list.len(),
        (_, Value::Object(members)) => members.len(),
        _ => 0,
    };
    (entries as u64).saturating_add(1)
}

/// The kinds of values that a constant is of.
fn kinds(value: &Value) -> Kinds {
    match value {
        Value::String(_) => Kinds::STRING,
        Value::Object(_) => Kinds::OBJECT,
        Value::Array(_) => Kinds::ARRAY,
        _ => Kinds::default(),
    }
}

/// The schemas that have a name, by it. Several may have the same `$dynamicAnchor`.
fn anchors(schema: &Value) -> HashMap<&str, Vec<&Value>> {
    let mut anchors: HashMap<&str, Vec<&Value>> = HashMap::new();
    let mut todo = vec![schema];
    while let Some(value) = todo.pop() {
        match value {
            Value::Object(members) => {
                for keyword in ["$anchor", "$dynamicAnchor", "$id", "id"] {
                    let Some(name) = members.get(keyword).and_then(Value::as_str) else {
                        continue;
                    };
                    let name = match keyword {
                        "$id" | "id" => name.strip_prefix('#'),
                        _ => Some(name),
                    };
                    if let Some(name) = name {
                        anchors.entry(name).or_default().push(value);
                    }
                }
                todo.extend(members.values());
            }
            Value::Array(items) => todo.extend(items),
            _ => {}
        }
    }
    anchors
}

/// The text of a URI's fragment (RFC 3986); what is no valid UTF-8 stays as it was written.
fn percent_decoded(fragment: &str) -> String {
    let mut out = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = |at: usize| char::from(*tail.get(at)?).to_digit(16);
        rest = match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                out.extend(u8::try_from(high << 4 | low));
                tail.get(2..).unwrap_or_default()
            }
            _ => {
                out.push(first);
                tail
            }
        };
    }
    String::from_utf8(out).unwrap_or_else(|_| fragment.to_owned())
}
