//! A sink that builds the value again from events alone, and finds fault with events out of place.

use wholejson::{Container, Event, Sink};

/// The value so far, as events told it.
#[derive(Debug, Default)]
pub(crate) struct Rebuild {
    /// The open containers, outermost first.
    open: Vec<Open>,
    root: Option<String>,
    string: Option<String>,
    /// What was wrong with the events.
    pub(crate) faults: Vec<String>,
    /// How many events came.
    pub(crate) count: usize,
}

#[derive(Debug)]
struct Open {
    container: Container,
    key: Option<String>,
    /// The finished items, each as text.
    items: Vec<String>,
}

impl Rebuild {
    /// The snapshot, in spaced style.
    pub(crate) fn snapshot(&self) -> Option<String> {
        let mut inner = self.string.as_ref().map(|inside| format!("\"{inside}\""));
        for open in self.open.iter().rev() {
            let mut items = open.items.clone();
            if let Some(value) = inner.take() {
                items.push(open.with_key(value));
            }
            inner = Some(open.close(&items));
        }
        inner.or_else(|| self.root.clone())
    }

    /// Notes an open string or container that is still empty, and a key without its value: none of
    /// them is visible, so none may have been told.
    pub(crate) fn check_nothing_is_early(&mut self) {
        if self.string.as_deref() == Some("") {
            self.fault("an open string is empty");
        }
        let mut holds_something = self.string.is_some();
        for at in (0..self.open.len()).rev() {
            let open = &self.open[at];
            if open.key.is_some() && !holds_something {
                self.fault("a key has no value");
            } else if open.items.is_empty() && !holds_something && at > 0 {
                // The root's end is said when the input has ended: an empty root may stay open.
                self.fault("an open container is empty");
            }
            holds_something = true;
        }
    }

    fn fault(&mut self, what: &str) {
        self.faults.push(format!("event {}: {what}", self.count));
    }

    fn check_place(&mut self) {
        if self.string.is_some() {
            self.fault("inside a string");
        }
        match self.open.last() {
            None if self.root.is_some() => self.fault("after the root"),
            Some(open) if open.container == Container::Object && open.key.is_none() => {
                self.fault("a member without a key");
            }
            _ => {}
        }
    }

    fn add(&mut self, value: String) {
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(open) => {
                let item = open.with_key(value);
                open.key = None;
                open.items.push(item);
            }
        }
    }

    fn inside(&mut self, raw: &[u8]) -> String {
        let text = String::from_utf8_lossy(raw).into_owned();
        if serde_json::from_slice::<String>(&[b"\"", raw, b"\""].concat()).is_err() {
            self.fault("not the inside of a string by itself");
        }
        text
    }
}

impl Open {
    fn with_key(&self, value: String) -> String {
        match &self.key {
            Some(key) => format!("\"{key}\": {value}"),
            None => value,
        }
    }

    fn close(&self, items: &[String]) -> String {
        match self.container {
            Container::Object => format!("{{{}}}", items.join(", ")),
            Container::Array => format!("[{}]", items.join(", ")),
        }
    }
}

impl Sink for Rebuild {
    fn event(&mut self, event: Event<'_>) {
        self.count += 1;
        match event {
            Event::Key(raw) => {
                let key = self.inside(raw);
                match self.open.last_mut() {
                    Some(open) if open.container == Container::Object && open.key.is_none() => {
                        open.key = Some(key);
                    }
                    _ => self.fault("a key outside an object"),
                }
            }
            Event::Open(container) => {
                self.check_place();
                self.open.push(Open {
                    container,
                    key: None,
                    items: Vec::new(),
                });
            }
            Event::Close => match self.open.pop() {
                Some(open) => {
                    let value = open.close(&open.items);
                    self.add(value);
                }
                None => self.fault("nothing to close"),
            },
            Event::Begin => {
                self.check_place();
                self.string = Some(String::new());
            }
            Event::Text(raw) => {
                let more = self.inside(raw);
                if more.is_empty() {
                    self.fault("a text of no characters");
                }
                match &mut self.string {
                    Some(inside) => inside.push_str(&more),
                    None => self.fault("text outside a string"),
                }
            }
            Event::End => match self.string.take() {
                Some(inside) => self.add(format!("\"{inside}\"")),
                None => self.fault("no string to end"),
            },
            Event::Scalar(raw) => {
                self.check_place();
                self.add(String::from_utf8_lossy(raw).into_owned());
            }
        }
    }
}
