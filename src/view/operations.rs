//! What changed since the last look: JSON Patch (RFC 6902) with one more operation, `append`.

use std::hash::RandomState;

use super::names::Names;
use super::place::Place;
use super::snapshot::SnapshotView;
use super::tail::Tail;
use crate::event::{Container, Event};

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A new value: the root, a member, or an element at the end of an array.
    Add,
    /// More text at the end of a string.
    Append,
    /// Another value at a path that had one.
    Replace,
}

impl Change {
    /// The name of the operation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Append => "append",
            Self::Replace => "replace",
        }
    }
}

/// One step from one value to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// What it does.
    pub change: Change,
    /// Where, as a JSON Pointer (RFC 6901).
    pub path: String,
    /// With what: a complete JSON text.
    pub value: Vec<u8>,
}

/// What happened since the last look. Nothing is done before somebody looks; a first look in
/// mid-document gives all that is known so far.
#[derive(Debug, Default)]
pub struct Operations {
    tail: Tail,
    place: Place,
    /// The names in each open container: a repeated key replaces. Arrays have none.
    names: Vec<Names>,
    hasher: RandomState,
    /// Was the key that was read last there before?
    repeated: bool,
    /// Where in the text the string begins that began last.
    string: usize,
    /// How much of the text was read.
    read: usize,
}

/// The value that one operation adds, with all that comes in it.
struct Adding {
    change: Change,
    from: usize,
    depth: usize,
}

impl Operations {
    /// The operations since the last call, in order; none if nothing changed. With `append` off,
    /// a string that grew is replaced as a whole.
    ///
    /// A value that is new comes in one operation with all that is in it, a string that grew in
    /// one. If the operations would be longer than a snapshot and 64 KiB (each counts its path,
    /// its value and 32 bytes), they are one `replace` of the root.
    ///
    /// Cost: what is new, and the lengths of the paths (with `append` off: of the open string).
    pub fn take(&mut self, view: &SnapshotView, append: bool) -> Vec<Operation> {
        let mut list = Vec::new();
        self.take_into(view, append, &mut list);
        list
    }

    /// As [`take`](Self::take), one step at a time.
    pub(super) fn take_into(&mut self, view: &SnapshotView, append: bool, steps: &mut impl Steps) {
        let text = view.text();
        let mut batch = Batch::new(text, self.read, append, steps);
        let mut rest = text.get(self.read..).unwrap_or_default();
        let mut grown = self.tail.is_inside_string().then_some(self.read);
        let mut adding: Option<Adding> = None;
        while let Some(event) = self.tail.next(&mut rest) {
            let at = text.len().saturating_sub(rest.len());
            let last = at.saturating_sub(1);
            match event {
                // The quote behind it was read too.
                Event::Key(raw) => self.key(text, last.saturating_sub(raw.len()), raw),
                Event::Text(_) => {}
                Event::Begin => {
                    self.string = last;
                    self.begin(last, &mut adding);
                }
                Event::Open(container) => {
                    self.begin(last, &mut adding);
                    self.place.open(container);
                    self.names.push(Names::default());
                }
                Event::Scalar(raw) => {
                    self.begin(at.saturating_sub(raw.len()), &mut adding);
                    self.end(at, &mut adding, &mut batch);
                }
                Event::Close => {
                    self.place.close();
                    self.names.pop();
                    self.end(at, &mut adding, &mut batch);
                }
                Event::End => match grown.take() {
                    Some(from) => batch.grow(self.place.path(), self.string, from, last),
                    None => self.end(at, &mut adding, &mut batch),
                },
            }
        }
        if let Some(adding) = adding {
            let closers = self.tail.containers().get(adding.depth..);
            let closers = closers.unwrap_or_default().iter().rev();
            let quote = self.tail.is_inside_string();
            let path = self.place.path_at(adding.depth);
            batch.add(adding.change, path, adding.from, text.len(), quote, closers);
        } else if let Some(from) = grown {
            batch.grow(self.place.path(), self.string, from, text.len());
        }
        self.read = text.len();
        batch.end(&self.tail);
    }

    /// How much of the text the calls so far have told.
    pub(super) fn read_to(&self) -> usize {
        self.read
    }

    fn key(&mut self, text: &[u8], place: usize, raw: &[u8]) {
        let name = self.place.key(raw);
        if let Some(names) = self.names.last_mut() {
            self.repeated = !names.insert(text, place, name, &self.hasher);
        }
    }

    /// A value begins; if it is in none that is new itself, an operation begins with it.
    fn begin(&mut self, from: usize, adding: &mut Option<Adding>) {
        self.place.begin();
        let repeated = std::mem::take(&mut self.repeated);
        adding.get_or_insert(Adding {
            change: if repeated {
                Change::Replace
            } else {
                Change::Add
            },
            from,
            depth: self.place.depth(),
        });
    }

    /// A value ended, and with it the operation that began with it.
    fn end(&mut self, to: usize, adding: &mut Option<Adding>, batch: &mut Batch<'_, impl Steps>) {
        if let Some(ended) = adding.take_if(|adding| adding.depth == self.place.depth()) {
            let closers = [].iter().rev();
            batch.add(
                ended.change,
                self.place.path(),
                ended.from,
                to,
                false,
                closers,
            );
        }
    }
}

/// One operation, in the pieces of its value.
pub(super) struct Step<'a> {
    pub(super) change: Change,
    pub(super) path: &'a str,
    /// A part of the view's text.
    pub(super) raw: &'a [u8],
    whole: Whole<'a>,
}

/// What makes a part of the text a value.
enum Whole<'a> {
    /// It is the inside of a string.
    Inside,
    /// A string in it may be open, and so may these containers, innermost first.
    Open(bool, Closers<'a>),
}

impl Step<'_> {
    /// Does a quote stand before the text, and one behind it?
    pub(super) fn quotes(&self) -> (bool, bool) {
        match self.whole {
            Whole::Inside => (true, true),
            Whole::Open(quote, _) => (false, quote),
        }
    }

    /// The brackets that end the value.
    pub(super) fn closers(&self) -> impl ExactSizeIterator<Item = u8> {
        let closers = match &self.whole {
            Whole::Inside => [].iter().rev(),
            Whole::Open(_, closers) => closers.clone(),
        };
        closers.map(|container| container.closer())
    }

    /// The length of the value, two quotes included.
    pub(super) fn length(&self) -> usize {
        let closers = self.closers().len();
        self.raw.len().saturating_add(closers).saturating_add(2)
    }

    /// Appends the value.
    pub(super) fn write_value(&self, out: &mut Vec<u8>) {
        let (before, after) = self.quotes();
        out.reserve(self.length());
        out.extend(before.then_some(b'"'));
        out.extend_from_slice(self.raw);
        out.extend(after.then_some(b'"'));
        out.extend(self.closers());
    }
}

/// Where the operations of one look are put.
pub(super) trait Steps {
    /// Bytes of each beside its path and its value.
    const EACH: usize;
    /// How many bytes they all may have more than a snapshot; if they had more, there is one.
    const FREE: usize;

    /// Takes the next one.
    fn push(&mut self, step: Step<'_>);
    /// Forgets those of this look.
    fn clear(&mut self);
}

impl Steps for Vec<Operation> {
    const EACH: usize = 32;
    const FREE: usize = 64 << 10;

    fn push(&mut self, step: Step<'_>) {
        let mut value = Vec::new();
        step.write_value(&mut value);
        self.push(Operation {
            change: step.change,
            path: step.path.to_owned(),
            value,
        });
    }

    fn clear(&mut self) {
        *self = Self::new();
    }
}

/// The operations of one look.
struct Batch<'t, S> {
    text: &'t [u8],
    append: bool,
    first: bool,
    steps: &'t mut S,
    /// How much longer they may get.
    room: Option<usize>,
}

type Closers<'a> = std::iter::Rev<std::slice::Iter<'a, Container>>;

impl<'t, S: Steps> Batch<'t, S> {
    fn new(text: &'t [u8], read: usize, append: bool, steps: &'t mut S) -> Self {
        Self {
            text,
            append,
            first: read == 0,
            steps,
            room: Some(text.len().saturating_add(S::FREE)),
        }
    }

    fn add(
        &mut self,
        change: Change,
        path: &str,
        from: usize,
        to: usize,
        quote: bool,
        closers: Closers<'_>,
    ) {
        if !self.fits(path, to.saturating_sub(from)) {
            return;
        }
        self.steps.push(Step {
            change,
            path,
            raw: self.text.get(from..to).unwrap_or_default(),
            whole: Whole::Open(quote, closers),
        });
    }

    /// The string that begins at `string` grew by what stands between `from` and `to`.
    fn grow(&mut self, path: &str, string: usize, from: usize, to: usize) {
        if from >= to {
            return;
        }
        let from = if self.append {
            from
        } else {
            string.saturating_add(1)
        };
        if !self.fits(path, to.saturating_sub(from)) {
            return;
        }
        let change = if self.append {
            Change::Append
        } else {
            Change::Replace
        };
        self.steps.push(Step {
            change,
            path,
            raw: self.text.get(from..to).unwrap_or_default(),
            whole: Whole::Inside,
        });
    }

    /// Is there room for another one? The first look's one always fits.
    fn fits(&mut self, path: &str, value: usize) -> bool {
        if !self.first {
            let needed = path.len().saturating_add(value).saturating_add(S::EACH);
            self.room = self.room.and_then(|room| room.checked_sub(needed));
            if self.room.is_none() {
                self.steps.clear();
            }
        }
        self.room.is_some()
    }

    /// Where there was no room, all of the text stands for the operations.
    fn end(self, tail: &Tail) {
        if self.room.is_none() {
            let closers = tail.containers().iter().rev();
            self.steps.push(Step {
                change: Change::Replace,
                path: "",
                raw: self.text,
                whole: Whole::Open(tail.is_inside_string(), closers),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Aggregator, Limits, Options};

    fn aggregator() -> Aggregator {
        let depth = 200_000;
        Aggregator::new(Options {
            limits: Limits {
                depth,
                ..Limits::DEFAULT
            },
            ..Options::default()
        })
    }

    /// The operations after each delta, and after the end.
    fn said(deltas: &[&str], append: bool) -> Vec<Vec<String>> {
        let (mut aggregator, mut operations) = (aggregator(), Operations::default());
        let mut take = |aggregator: &Aggregator| {
            let taken = operations.take(aggregator.view(), append).into_iter();
            taken
                .map(|operation| {
                    let value = String::from_utf8(operation.value).unwrap();
                    format!("{} {} {value}", operation.change.name(), operation.path)
                })
                .collect()
        };
        let mut all: Vec<Vec<String>> = Vec::new();
        for delta in deltas {
            aggregator.feed(delta.as_bytes()).unwrap();
            all.push(take(&aggregator));
        }
        aggregator.finish().unwrap();
        all.push(take(&aggregator));
        all
    }

    const DELTAS: &[&str] = &[
        r#"{"na"#,
        r#"me": "J"#,
        r#"ohn"#,
        r#" \u00e9"#,
        r#" Doe", "tags": ["a", "b"#,
        r#"c", 12, {"x": [tr"#,
        r#"ue, [[{"y": "z"#,
        r#""}]]]}], "name": "again"#,
        r#" and", "name": 3, "a/b~": null}"#,
    ];

    #[test]
    fn each_look_tells_what_is_new_and_no_more() {
        let expected: &[&[&str]] = &[
            &[],
            &[r#"add  {"name": "J"}"#],
            &[r#"append /name "ohn""#],
            &[r#"append /name " \u00e9""#],
            &[r#"append /name " Doe""#, r#"add /tags ["a", "b"]"#],
            &[r#"append /tags/1 "c""#, "add /tags/2 12"],
            &[r#"add /tags/3 {"x": [true, [[{"y": "z"}]]]}"#],
            &[r#"replace /name "again""#],
            &[
                r#"append /name " and""#,
                "replace /name 3",
                "add /a~1b~0 null",
            ],
            &[],
        ];
        assert_eq!(expected, said(DELTAS, true));
    }

    #[test]
    fn without_append_a_string_that_grew_is_replaced() {
        let said = said(DELTAS, false);
        assert_eq!(vec![r#"replace /name "John""#], said[2]);
        assert_eq!(r#"replace /name "John \u00e9 Doe""#, said[4][0]);
        assert_eq!(r#"replace /tags/1 "bc""#, said[5][0]);
        assert!(
            said.iter()
                .flatten()
                .all(|each| !each.starts_with("append"))
        );
    }

    #[test]
    fn a_first_look_in_the_middle_gives_all_that_is_known() {
        let mut aggregator = aggregator();
        for delta in &DELTAS[..7] {
            aggregator.feed(delta.as_bytes()).unwrap();
        }
        let mut snapshot = Vec::new();
        aggregator.write_snapshot(&mut snapshot);
        let taken = Operations::default().take(aggregator.view(), true);
        let expected = Operation {
            change: Change::Add,
            path: String::new(),
            value: snapshot,
        };
        assert_eq!(vec![expected], taken);
    }

    #[test]
    fn a_key_written_in_two_ways_is_one_key() {
        let said = said(&[r#"{"a/": 1,"#, r#" "\u0061\/": 2}"#], true);
        assert_eq!(vec!["replace /a~1 2"], said[1]);
    }

    #[test]
    fn many_operations_at_long_paths_are_one_replacement() {
        let (mut aggregator, mut operations) = (aggregator(), Operations::default());
        let beginning = format!("{{\"{}\": [1,", "k".repeat(10_000));
        aggregator.feed(beginning.as_bytes()).unwrap();
        operations.take(aggregator.view(), true);
        aggregator.feed("2,".repeat(1_000).as_bytes()).unwrap();
        let taken = operations.take(aggregator.view(), true);
        let mut snapshot = Vec::new();
        aggregator.write_snapshot(&mut snapshot);
        assert_eq!(1, taken.len());
        assert_eq!(
            (Change::Replace, ""),
            (taken[0].change, taken[0].path.as_str())
        );
        assert_eq!(snapshot, taken[0].value);
        aggregator.feed(b"3, 4,").unwrap();
        assert_eq!(2, operations.take(aggregator.view(), true).len());
    }

    #[test]
    fn depth_does_not_use_the_call_stack() {
        let (mut aggregator, mut operations) = (aggregator(), Operations::default());
        for _ in 0..2 {
            aggregator.feed("[".repeat(60_000).as_bytes()).unwrap();
            aggregator.feed(b"\"x").unwrap();
            operations.take(aggregator.view(), true);
            aggregator.feed(b"\",").unwrap();
        }
        aggregator.feed("]".repeat(120_000).as_bytes()).unwrap();
        assert!(operations.take(aggregator.view(), true).is_empty());
    }
}
