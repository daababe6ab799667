//! Operations as text: a JSON array, as it stands in a chunk.

use super::operations::{Change, Operations, Step, Steps};
use super::snapshot::{Form, SnapshotView};
use crate::text::write_json_string;

/// What changed since the last look, as the text of a JSON array of operations.
#[derive(Debug, Default)]
pub struct Patch {
    operations: Operations,
}

impl Patch {
    /// Appends the operations since the last call as a compact JSON array, `[]` if nothing changed:
    /// what [`Operations::take`] gives, as the text of it; one `replace` of the root already if they
    /// would be longer than a snapshot and 4 KiB. `form` is where it will stand; the view
    /// itself must be in [`Form::Plain`].
    ///
    /// Cost: as there, and nothing else is made on the way.
    pub fn take(&mut self, view: &SnapshotView, form: Form, out: &mut Vec<u8>) {
        let mut text = Text {
            start: out.len(),
            form,
            out,
        };
        self.operations.take_into(view, true, &mut text);
        if text.out.len() == text.start {
            text.out.push(b'[');
        }
        text.out.push(b']');
    }

    /// Bytes of the view's text that no call has told yet.
    pub fn untold(&self, view: &SnapshotView) -> usize {
        view.text().len().saturating_sub(self.operations.read_to())
    }
}

struct Text<'o> {
    out: &'o mut Vec<u8>,
    /// Where the array begins.
    start: usize,
    form: Form,
}

impl Steps for Text<'_> {
    const EACH: usize = 56;
    const FREE: usize = 4 << 10;

    fn push(&mut self, step: Step<'_>) {
        self.reserve(&step);
        let first = self.out.len() == self.start;
        self.out.push(if first { b'[' } else { b',' });
        self.out.extend_from_slice(match (self.form, step.change) {
            (Form::Plain, Change::Add) => br#"{"op":"add","path":"#,
            (Form::Plain, Change::Append) => br#"{"op":"append","path":"#,
            (Form::Plain, Change::Replace) => br#"{"op":"replace","path":"#,
            (Form::Embedded, Change::Add) => br#"{\"op\":\"add\",\"path\":"#,
            (Form::Embedded, Change::Append) => br#"{\"op\":\"append\",\"path\":"#,
            (Form::Embedded, Change::Replace) => br#"{\"op\":\"replace\",\"path\":"#,
        });
        self.path(step.path);
        match self.form {
            Form::Plain => {
                self.out.extend_from_slice(br#","value":"#);
                step.write_value(self.out);
            }
            Form::Embedded => {
                self.out.extend_from_slice(br#",\"value\":"#);
                let (before, after) = step.quotes();
                if before {
                    self.out.extend_from_slice(br#"\""#);
                }
                embed(step.raw, self.out);
                if after {
                    self.out.extend_from_slice(br#"\""#);
                }
                self.out.extend(step.closers());
            }
        }
        self.out.push(b'}');
    }

    fn clear(&mut self) {
        self.out.truncate(self.start);
        self.out.shrink_to(self.start);
    }
}

impl Text<'_> {
    /// Doubling would break the memory bound for large documents.
    fn reserve(&mut self, step: &Step<'_>) {
        let doubled = match self.form {
            Form::Plain => 0,
            Form::Embedded => memchr::memchr2_iter(b'"', b'\\', step.raw).count(),
        };
        // A path is a small part of it, and if it is not, it may double.
        let text = step.length().saturating_add(doubled);
        let needed = text.saturating_add(step.path.len()).saturating_add(62);
        if self.out.capacity().saturating_sub(self.out.len()) < needed {
            self.out.reserve_exact(needed.max(self.out.len() / 4));
        }
    }

    /// A path as a JSON string.
    fn path(&mut self, path: &str) {
        let plain = !path
            .bytes()
            .any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
        match self.form {
            Form::Plain if plain => {
                self.out.push(b'"');
                self.out.extend_from_slice(path.as_bytes());
                self.out.push(b'"');
            }
            Form::Plain => write_json_string(path, self.out),
            Form::Embedded if plain => {
                self.out.extend_from_slice(br#"\""#);
                self.out.extend_from_slice(path.as_bytes());
                self.out.extend_from_slice(br#"\""#);
            }
            Form::Embedded => {
                let mut string = Vec::new();
                write_json_string(path, &mut string);
                embed(&string, self.out);
            }
        }
    }
}

/// Appends a JSON text as it stands inside of a JSON string. Control characters are in none.
fn embed(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr2(b'\\', b'"', rest) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        out.push(b'\\');
        let (special, tail) = tail.split_at(1);
        out.extend_from_slice(special);
        rest = tail;
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Aggregator, Options, Style};
    use serde_json::Value;

    const DOCUMENT: &str = r#"{"name": "Jo\"h\\n\u00e9 é漢🚀\n", "a/b~\"\u0001": [1, [], {"x": "y"}],
        "name": "again", "": {"": "z"}, "long": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#;

    /// The operations of each look, as text in a form, and as they are.
    fn told(every: usize, form: Form) -> Vec<(String, Value)> {
        let mut aggregator = Aggregator::new(Options {
            style: Style::Compact,
            ..Options::default()
        });
        let (mut patch, mut operations) = (Patch::default(), Operations::default());
        let mut all = Vec::new();
        for piece in DOCUMENT.as_bytes().chunks(every) {
            aggregator.feed(piece).unwrap();
            let mut out = b"x".to_vec();
            assert!(patch.untold(aggregator.view()) <= aggregator.view().text().len());
            patch.take(aggregator.view(), form, &mut out);
            assert_eq!(0, patch.untold(aggregator.view()));
            let taken = operations.take(aggregator.view(), true).into_iter();
            let taken: Vec<Value> = taken
                .map(|operation| {
                    let value: Value = serde_json::from_slice(&operation.value).unwrap();
                    let op = operation.change.name();
                    serde_json::json!({"op": op, "path": operation.path, "value": value})
                })
                .collect();
            let text = String::from_utf8(out).unwrap();
            all.push((text.strip_prefix('x').unwrap().into(), taken.into()));
        }
        all
    }

    #[test]
    fn the_text_says_what_the_operations_say() {
        for every in 1..40 {
            for (text, operations) in told(every, Form::Plain) {
                assert_eq!(operations, serde_json::from_str::<Value>(&text).unwrap());
                assert!(!text.contains("\": "), "{text}");
            }
        }
    }

    #[test]
    fn embedded_it_is_the_same_text_inside_of_a_string() {
        for every in 1..40 {
            let plain = told(every, Form::Plain).into_iter();
            for ((plain, _), (embedded, _)) in plain.zip(told(every, Form::Embedded)) {
                let inside: String = serde_json::from_str(&format!("\"{embedded}\"")).unwrap();
                assert_eq!(plain, inside);
            }
        }
    }
}
