//! Values that a schema shows only whole, against a slow version: what is shown without a schema,
//! less every such value that has not ended, and every container that nothing is left in.

use serde_json::{Value, json};
use wholejson::{Aggregator, Container, Event, Options, Root, Schema, Sink};

use crate::common::drive::snapshot;
use crate::common::random::Random;

/// A value as events told it.
#[derive(Debug)]
enum Told {
    Scalar(String),
    Text(String, bool),
    Items(Container, Members, bool),
}

type Members = Vec<(Option<String>, Told)>;

/// What events told, with what is open.
#[derive(Debug, Default)]
struct Teller {
    open: Vec<(Container, Members, Option<String>)>,
    string: Option<String>,
    root: Option<Told>,
    /// The root's bracket closed.
    closed: bool,
}

impl Teller {
    fn add(&mut self, value: Told) {
        match self.open.last_mut() {
            Some((_, items, key)) => items.push((key.take(), value)),
            None => self.root = Some(value),
        }
    }

    /// The text that is visible under this schema.
    fn visible(&self, slow: &Slow<'_>) -> Option<String> {
        let mut inner = self.string.clone().map(|text| Told::Text(text, false));
        let mut levels = Vec::new();
        for (container, items, key) in &self.open {
            levels.push((*container, items, key));
        }
        // The open containers hold one another: the innermost is built first.
        let mut at = slow.root();
        let mut places = vec![at.clone()];
        for (container, items, key) in &levels {
            at = match container {
                Container::Object => slow.member(&at, key.as_deref().unwrap_or_default()),
                Container::Array => slow.element(&at, items.len()),
            };
            places.push(at.clone());
        }
        let mut shown = inner
            .take()
            .and_then(|value| render(&value, slow, places.last().unwrap()));
        if self.open.is_empty() {
            if let Some(root) = &self.root {
                return render(root, slow, &places[0]);
            }
            return shown;
        }
        for (level, (container, items, key)) in levels.iter().enumerate().rev() {
            let place = &places[level];
            let mut each: Vec<String> = Vec::new();
            for (index, (name, item)) in items.iter().enumerate() {
                let of = slow.inner(place, name.as_deref(), index);
                each.extend(render(item, slow, &of).map(|text| with_key(name, text)));
            }
            each.extend(shown.take().map(|text| with_key(key, text)));
            let hidden = slow.is_whole(place, kind(*container))
                || each.is_empty() && !(self.closed && level == 0);
            shown = (!hidden).then(|| bracketed(*container, &each));
        }
        shown
    }
}

impl Sink for Teller {
    fn root_closed(&mut self) {
        self.closed = true;
    }

    fn event(&mut self, event: Event<'_>) {
        let text = |raw: &[u8]| String::from_utf8(raw.to_vec()).unwrap();
        match event {
            Event::Key(raw) => self.open.last_mut().unwrap().2 = Some(text(raw)),
            Event::Open(container) => self.open.push((container, Vec::new(), None)),
            Event::Close => {
                let (container, items, _) = self.open.pop().unwrap();
                self.add(Told::Items(container, items, true));
            }
            Event::Begin => self.string = Some(String::new()),
            Event::Text(raw) => *self.string.as_mut().unwrap() += &text(raw),
            Event::End => {
                let string = self.string.take().unwrap();
                self.add(Told::Text(string, true));
            }
            Event::Scalar(raw) => self.add(Told::Scalar(text(raw))),
        }
    }
}

fn kind(container: Container) -> &'static str {
    match container {
        Container::Object => "object",
        Container::Array => "array",
    }
}

fn with_key(key: &Option<String>, text: String) -> String {
    key.as_ref()
        .map_or(text.clone(), |key| format!("\"{key}\": {text}"))
}

fn bracketed(container: Container, items: &[String]) -> String {
    let (open, close) = (container.opener() as char, container.closer() as char);
    format!("{open}{}{close}", items.join(", "))
}

/// The text of a value, if it is visible.
fn render(value: &Told, slow: &Slow<'_>, at: &Place<'_>) -> Option<String> {
    match value {
        Told::Scalar(text) => Some(text.clone()),
        Told::Text(text, ended) => {
            let hidden = !ended && (text.is_empty() || slow.is_whole(at, "string"));
            (!hidden).then(|| format!("\"{text}\""))
        }
        Told::Items(container, items, ended) => {
            let each: Vec<String> = items
                .iter()
                .enumerate()
                .filter_map(|(index, (name, item))| {
                    let of = slow.inner(at, name.as_deref(), index);
                    render(item, slow, &of).map(|text| with_key(name, text))
                })
                .collect();
            assert!(*ended);
            Some(bracketed(*container, &each))
        }
    }
}

/// All that applies to one value: schemas, and what is left of JSON Pointers that lead to it.
#[derive(Clone, Default)]
struct Place<'s> {
    schemas: Vec<&'s Value>,
    pointers: Vec<Vec<String>>,
}

/// The slow version: looks into the schema again for each value.
struct Slow<'s> {
    schema: &'s Value,
    pointers: Vec<Vec<String>>,
}

impl<'s> Slow<'s> {
    fn new(schema: &'s Value, whole: &[&str]) -> Self {
        let token = |token: &str| token.replace("~1", "/").replace("~0", "~");
        let pointers = whole
            .iter()
            .map(|pointer| pointer.split('/').skip(1).map(token).collect());
        Self {
            schema,
            pointers: pointers.collect(),
        }
    }

    fn root(&self) -> Place<'s> {
        let mut place = Place {
            pointers: self.pointers.clone(),
            ..Place::default()
        };
        self.apply(self.schema, &mut place);
        place
    }

    /// Adds a schema, and all that apply to the same value.
    fn apply(&self, schema: &'s Value, place: &mut Place<'s>) {
        if place
            .schemas
            .iter()
            .any(|known| std::ptr::eq(*known, schema))
        {
            return;
        }
        place.schemas.push(schema);
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for each in schema[keyword].as_array().into_iter().flatten() {
                self.apply(each, place);
            }
        }
        for keyword in ["if", "then", "else"] {
            if let Some(each) = schema.get(keyword) {
                self.apply(each, place);
            }
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.schema.pointer(&reference[1..]).unwrap();
            self.apply(target, place);
        }
    }

    fn step(&self, at: &Place<'s>, token: &str) -> Place<'s> {
        let next = |pointer: &Vec<String>| {
            let (first, rest) = pointer.split_first()?;
            (first == token || first == "*").then(|| rest.to_vec())
        };
        Place {
            pointers: at.pointers.iter().filter_map(next).collect(),
            ..Place::default()
        }
    }

    fn member(&self, at: &Place<'s>, key: &str) -> Place<'s> {
        let name: String = serde_json::from_str(&format!("\"{key}\"")).unwrap();
        let mut place = self.step(at, &name);
        for schema in &at.schemas {
            let named = schema["properties"].get(&name);
            let other = schema.get("additionalProperties");
            if let Some(each) = named.or(other) {
                self.apply(each, &mut place);
            }
            for (_, each) in schema["patternProperties"]
                .as_object()
                .into_iter()
                .flatten()
            {
                self.apply(each, &mut place);
            }
        }
        place
    }

    fn element(&self, at: &Place<'s>, index: usize) -> Place<'s> {
        let mut place = self.step(at, &index.to_string());
        for schema in &at.schemas {
            let prefixed = schema["prefixItems"].get(index);
            if let Some(each) = prefixed.or(schema.get("items")) {
                self.apply(each, &mut place);
            }
            if let Some(each) = schema.get("contains") {
                self.apply(each, &mut place);
            }
        }
        place
    }

    fn inner(&self, at: &Place<'s>, key: Option<&str>, index: usize) -> Place<'s> {
        match key {
            Some(key) => self.member(at, key),
            None => self.element(at, index),
        }
    }

    fn is_whole(&self, at: &Place<'s>, kind: &str) -> bool {
        let is_kind = |value: &Value| match value {
            Value::String(_) => kind == "string",
            Value::Object(_) => kind == "object",
            Value::Array(_) => kind == "array",
            _ => false,
        };
        let told = |schema: &&Value| {
            let worded = ["format", "pattern", "contentEncoding"];
            kind == "string" && worded.iter().any(|word| schema.get(word).is_some())
                || schema.get("const").is_some_and(is_kind)
                || schema["enum"]
                    .as_array()
                    .is_some_and(|each| each.iter().any(is_kind))
        };
        at.pointers.iter().any(Vec::is_empty) || at.schemas.iter().any(told)
    }
}

/// Reads a text in these pieces, with and without the schema, and compares at every step.
fn check(text: &[u8], cuts: &[usize], schema: &Value, whole: &[&str], repair: bool) {
    let options = Options {
        repair,
        root: Root::Any,
        ..Options::default()
    };
    let known = Schema::read(Some(&schema.to_string()), whole).unwrap();
    assert_eq!(None, known.warning(), "{schema}");
    let slow = Slow::new(schema, whole);
    let mut gated = Aggregator::new(options).gated(&known);
    let (mut plain, mut teller) = (Aggregator::new(options), Teller::default());
    let (mut from, mut before) = (0, None);
    let about = || format!("{}\n{schema}\n{whole:?}", String::from_utf8_lossy(text));
    for &to in cuts.iter().chain([&usize::MAX]) {
        let (read, told) = match text.get(from..to) {
            Some(piece) => (gated.feed_wtf8(piece), plain.feed_with(piece, &mut teller)),
            None => (gated.finish(), plain.finish_with(&mut teller)),
        };
        from = to;
        let shown = snapshot(&gated);
        assert_eq!(teller.visible(&slow), shown, "at {to} of {}", about());
        let changed = read.unwrap_or(gated.changed_before_error());
        assert_eq!(before != shown, changed, "at {to} of {}", about());
        assert_eq!(
            plain.is_complete(),
            gated.is_complete() || gated.error().is_some() && plain.is_complete()
        );
        if let Err(error) = told {
            assert_eq!(Err(error), read, "at {to} of {}", about());
            return;
        }
        before = shown;
    }
    assert_eq!(plain.repairs(), gated.repairs(), "{}", about());
}

fn random_schema(random: &mut Random, depth: usize) -> Value {
    let inner = |random: &mut Random| random_schema(random, depth + 1);
    match random.below(if depth > 3 { 8 } else { 17 }) {
        0 => json!({"enum": ["red", "green", 3, null]}),
        1 => json!({"const": random.pick(&["x", "red"])}),
        2 => json!({"type": "string", "format": "date"}),
        3 => json!({"pattern": "^a+$"}),
        4 => json!({"contentEncoding": "base64"}),
        5 => json!({"enum": [{"a": 1}, []]}),
        6 => json!({"type": "string"}),
        7 => json!({"$ref": random.pick(&["#", "#/$defs/one", "#/$defs/two"])}),
        8 => json!({"items": inner(random)}),
        9 => json!({"prefixItems": [inner(random), inner(random)], "items": inner(random)}),
        10 => json!({"anyOf": [inner(random), inner(random)]}),
        11 => json!({"if": inner(random), "then": inner(random), "else": inner(random)}),
        12 => json!({"additionalProperties": inner(random), "properties": {"a": {}}}),
        13 => json!({"patternProperties": {"^b": inner(random)}}),
        14 => json!({"contains": inner(random)}),
        _ => json!({"properties": {"a": inner(random), "b": inner(random), "c/d": inner(random)}}),
    }
}

fn random_value(random: &mut Random, depth: usize) -> String {
    let texts = &[
        "\"red\"",
        "\"aaa\"",
        "\"\"",
        "\"x\\u00e9\\n\"",
        "\"2024-01-02\"",
    ];
    let scalars = &["1", "-2.5e3", "true", "null"];
    let many = random.below(4);
    match random.below(if depth > 4 { 5 } else { 9 }) {
        0..=3 => random.pick(texts).into(),
        4 => random.pick(scalars).into(),
        5 | 6 => {
            let items: Vec<_> = (0..many).map(|_| random_value(random, depth + 1)).collect();
            format!("[{}]", items.join(", "))
        }
        _ => {
            let keys = &["a", "b", "c/d", "\\u0061", "e", "0"];
            let members: Vec<_> = (0..many)
                .map(|_| {
                    format!(
                        "\"{}\": {}",
                        random.pick(keys),
                        random_value(random, depth + 1)
                    )
                })
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

fn random_case(random: &mut Random) -> (Value, Vec<&'static str>, String) {
    let mut schema = random_schema(random, 0);
    schema["$defs"] = json!({"one": random_schema(random, 2), "two": random_schema(random, 1)});
    let pointers = &["", "/a", "/*", "/0", "/*/b", "/a/*", "/c~1d/1", "/*/*/*"];
    let whole = (0..random.below(3))
        .map(|_| random.pick(pointers))
        .collect();
    (schema, whole, random_value(random, 0))
}

#[test]
fn a_value_shown_whole_is_shown_when_the_slow_version_shows_it() {
    let mut random = Random(11);
    for _ in 0..2_500 {
        let (schema, whole, text) = random_case(&mut random);
        let every: Vec<usize> = (1..=text.len()).collect();
        let repair = random.below(2) == 0;
        check(text.as_bytes(), &every, &schema, &whole, repair);
        let cuts = random.cuts(text.len(), 9);
        check(text.as_bytes(), &cuts, &schema, &whole, repair);
    }
}

#[test]
fn malformed_text_and_text_cut_off_are_shown_as_the_slow_version_shows_them() {
    let mut random = Random(12);
    for _ in 0..2_500 {
        let (schema, whole, text) = random_case(&mut random);
        let mut text = text.into_bytes();
        for _ in 0..random.below(4) {
            let at = random.below(text.len() + 1);
            match random.below(3) {
                0 => text.truncate(at.max(1)),
                1 if at < text.len() => drop(text.remove(at)),
                _ => text.insert(at, random.pick(b"\"'{}[],:ax \\")),
            }
        }
        let cuts = random.cuts(text.len(), 3);
        check(&text, &cuts, &schema, &whole, random.below(4) > 0);
    }
}

fn shown(schema: &Value, whole: &[&str], text: &str) -> Option<String> {
    let known = Schema::read(Some(&schema.to_string()), whole).unwrap();
    let mut aggregator = Aggregator::new(Options::default()).gated(&known);
    aggregator.feed(text.as_bytes()).unwrap();
    snapshot(&aggregator)
}

#[test]
fn an_enumerated_string_appears_whole_and_its_neighbours_as_they_come() {
    let schema = json!({"properties": {"status": {"enum": ["active", "archived"]}}});
    for (text, expected) in [
        (r#"{"status": "a"#, None),
        // With repair on, a quote and a comma may be text: a key and its colon show that they are none.
        (r#"{"status": "active","#, None),
        (
            r#"{"status": "active", "note":"#,
            Some(r#"{"status": "active"}"#),
        ),
        (r#"{"status": "active"}"#, Some(r#"{"status": "active"}"#)),
        (
            r#"{"status": "active", "note": "ac"#,
            Some(r#"{"status": "active", "note": "ac"}"#),
        ),
        (r#"{"name": "J", "status": "act"#, Some(r#"{"name": "J"}"#)),
        (
            r#"{"in": [{"status": "act"#,
            Some(r#"{"in": [{"status": "act"}]}"#),
        ),
    ] {
        assert_eq!(
            expected.map(String::from),
            shown(&schema, &[], text),
            "{text}"
        );
    }
}

#[test]
fn in_strict_mode_a_string_is_shown_at_its_closing_quote() {
    let schema = json!({"additionalProperties": {"format": "date"}});
    let known = Schema::read::<&str>(Some(&schema.to_string()), &[]).unwrap();
    let options = Options {
        repair: false,
        ..Options::default()
    };
    let mut aggregator = Aggregator::new(options).gated(&known);
    assert_eq!(Ok(false), aggregator.feed(br#"{"on": "2024-01-02"#));
    assert_eq!(Ok(true), aggregator.feed(b"\""));
    assert_eq!(
        Some(r#"{"on": "2024-01-02"}"#),
        snapshot(&aggregator).as_deref()
    );
    assert_eq!(Ok(false), aggregator.feed(b", "));
}

#[test]
fn a_value_shown_whole_that_never_ended_is_not_shown_at_the_end() {
    let schema = json!({"properties": {"status": {"const": "active"}}});
    let known = Schema::read::<&str>(Some(&schema.to_string()), &[]).unwrap();
    for (text, expected, changed) in [
        (
            r#"{"name": "J", "status": "acti"#,
            r#"{"name": "J"}"#,
            false,
        ),
        // Its quote came: it had ended.
        (
            r#"{"name": "J", "status": "acti""#,
            r#"{"name": "J", "status": "acti"}"#,
            true,
        ),
    ] {
        let mut aggregator = Aggregator::new(Options::default()).gated(&known);
        aggregator.feed(text.as_bytes()).unwrap();
        assert_eq!(Ok(changed), aggregator.finish());
        assert_eq!(Some(expected), snapshot(&aggregator).as_deref());
        assert!(!aggregator.is_complete());
    }
    let mut aggregator = Aggregator::new(Options::default()).gated(&known);
    aggregator.feed(br#"{"status": "acti"#).unwrap();
    assert!(aggregator.finish().is_err());
}

#[test]
fn a_schema_that_refers_to_itself_holds_at_every_depth() {
    let schema = json!({
        "$ref": "#/$defs/tree",
        "$defs": {"tree": {
            "properties": {"kind": {"$ref": "#kind"}, "children": {"items": {"$ref": "#/$defs/tree"}}},
            "allOf": [{"$ref": "#"}, {"$ref": "#/$defs/tree"}]
        }, "kind": {"$anchor": "kind", "enum": ["leaf", "twig"]}}
    });
    let deep = r#"{"kind": "twig", "children": ["#.repeat(40);
    let text = format!("{deep}{{\"kind\": \"le");
    let whole = shown(&schema, &[], &text).unwrap();
    assert_eq!(40, whole.matches("twig").count());
    assert!(!whole.contains("le\""));
}

#[test]
fn what_is_not_understood_is_ignored_and_said() {
    let warning = |schema: &str| {
        let known = Schema::read::<&str>(Some(schema), &[]).unwrap();
        known.warning().map(str::to_owned).unwrap_or_default()
    };
    assert!(warning("{").contains("can't be read as JSON"));
    assert!(warning("[1]").contains("neither an object nor a boolean"));
    assert!(warning(&"[".repeat(100_000)).contains("can't be read as JSON"));
    let away = warning(r#"{"$ref": "https://example.com/schema.json"}"#);
    assert!(away.contains("nothing is fetched"), "{away}");
    assert!(warning(r##"{"$ref": "#/$defs/none"}"##).contains("leads to nothing"));
    assert!(warning(r#"{"anyOf": 3}"#).contains("anyOf is no list"));
    assert!(
        warning(&format!("{{\"title\": \"{}\"}}", "x".repeat(2 << 20))).contains("longer than")
    );
    assert_eq!("", warning(r#"{"type": "object", "x-mine": [1]}"#));
}

#[test]
fn a_schema_with_too_many_ways_through_it_is_ignored_and_costs_no_more_than_a_bounded_time() {
    // "The value 20 members below some a": as many sets of schemas as there are ways to get there.
    let refer = |to: String| json!({"$ref": format!("#/$defs/{to}")});
    let mut defs = json!({
        "n0": {"properties": {"a": {"anyOf": [refer("n0".into()), refer("n1".into())]}, "b": refer("n0".into())}},
        "n20": {"const": "x"},
    });
    for level in 1..20 {
        let next = refer(format!("n{}", level + 1));
        defs[format!("n{level}")] = json!({"properties": {"a": next, "b": next}});
    }
    let schema = json!({"type": "object", "$ref": "#/$defs/n0", "$defs": defs});
    let known = Schema::read::<&str>(Some(&schema.to_string()), &[]).unwrap();
    assert!(known.warning().unwrap().contains("too many ways"));
    assert_eq!(None, known.root());
}

#[test]
fn a_large_schema_is_read() {
    let mut properties = json!({});
    for at in 0..5_000 {
        let names: Vec<_> = (0..5).map(|name| format!("v{name}")).collect();
        properties[format!("key{at}")] = json!({"type": "string", "enum": names});
    }
    let schema = json!({"type": "object", "properties": properties});
    let known = Schema::read::<&str>(Some(&schema.to_string()), &[]).unwrap();
    assert_eq!(None, known.warning());
    assert_eq!(None, shown(&schema, &[], r#"{"key4999": "v"#));
    assert_eq!(Some(Root::Object), known.root());
}

#[test]
fn the_top_type_gives_the_root() {
    let root = |schema: Value| {
        Schema::read::<&str>(Some(&schema.to_string()), &[])
            .unwrap()
            .root()
    };
    assert_eq!(Some(Root::Object), root(json!({"type": "object"})));
    assert_eq!(Some(Root::Array), root(json!({"type": "array"})));
    assert_eq!(Some(Root::Any), root(json!({"type": "integer"})));
    assert_eq!(Some(Root::Any), root(json!({"type": ["object", "null"]})));
    assert_eq!(Some(Root::Auto), root(json!({"type": ["object", "array"]})));
    assert_eq!(Some(Root::Any), root(json!({"enum": ["a", "b"]})));
    let one = json!({"type": "object"});
    assert_eq!(
        Some(Root::Object),
        root(json!({"$ref": "#/$defs/one", "$defs": {"one": one}}))
    );
    assert_eq!(
        Some(Root::Object),
        root(json!({"anyOf": [{"type": "object"}, {"type": "object"}]}))
    );
    assert_eq!(
        Some(Root::Object),
        root(json!({"allOf": [{"title": "x"}, {"type": "object"}]}))
    );
    assert_eq!(None, root(json!({"$ref": "#"})));
    assert_eq!(None, root(json!({"properties": {}})));
    assert_eq!(None, root(json!({"anyOf": [{"type": "object"}, {}]})));
}

#[test]
fn a_pointer_that_is_none_is_refused() {
    for pointer in ["a", "/a~", "/~2", "/a~é"] {
        let error = Schema::read(None, &[pointer]).unwrap_err();
        assert!(error.to_string().contains("is no JSON Pointer"), "{error}");
    }
    assert!(Schema::read(None, &vec!["/a"; 1_001]).is_err());
    assert!(Schema::read(None, &["/".repeat(70_000)]).is_err());
    assert!(Schema::read(None, &["", "/a~0b/~1/*", "/00"]).is_ok());
    // As many sets of pointers are met as there are ways down.
    let mut random = Random(13);
    let steps = ["/a", "/b", "/*", "/*"];
    let many: Vec<String> = (0..1_000)
        .map(|_| (0..30).map(|_| random.pick(&steps)).collect())
        .collect();
    let error = Schema::read(None, &many).unwrap_err();
    assert!(error.to_string().contains("too many ways"), "{error}");
}

#[test]
fn a_schema_is_read_once_for_each_text() {
    let text = r#"{"properties": {"once": {"const": "x"}}}"#;
    let first = Schema::read::<&str>(Some(text), &[]).unwrap();
    assert!(std::sync::Arc::ptr_eq(
        &first,
        &Schema::read::<&str>(Some(text), &[]).unwrap()
    ));
    assert!(!std::sync::Arc::ptr_eq(
        &first,
        &Schema::read(Some(text), &["/a"]).unwrap()
    ));
}
