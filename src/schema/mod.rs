//! What a JSON Schema says of a document: which values are shown only whole, what its root is,
//! and, at its end, whether it is valid.
//!
//! - [`Schema`]: all of it, made once for each distinct schema ([`cache`]).
//! - [`root`]: the root's kind.
//! - [`judge`]: the verdict at the end; [`cost`]: what it would cost.

mod cache;
mod cost;
mod judge;
mod root;

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::aggregator::Root;
use crate::gate::{Graph, Rules};

pub use crate::gate::PointerError;
use judge::Judge;
pub use judge::{Fault, Judged};

/// A validator takes about so many times the schema's text, and so many bytes for each schema in
/// it, for each pattern, and for each state of one.
const VALIDATOR: usize = 16;
const SCHEMA: usize = 1 << 10;
const PATTERN: usize = 8 << 10;
const STATE: usize = 256;
/// A longer schema is ignored.
const LONGEST: usize = 1 << 20;

/// What is known of a document before it comes.
#[derive(Debug)]
pub struct Schema {
    rules: Option<Arc<Rules>>,
    root: Option<Root>,
    warning: Option<String>,
    text: Option<String>,
    whole: Vec<String>,
    /// About how many bytes its validator takes.
    validator: usize,
    /// Made for the first verdict.
    judge: OnceLock<Result<Judge, String>>,
}

/// Two that were read from the same text are the same.
impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.whole == other.whole
    }
}

impl Eq for Schema {}

impl Schema {
    /// Reads a JSON Schema (drafts 4 to 2020-12), as JSON text, and JSON Pointers (RFC 6901) of
    /// values that are shown only whole, in which `*` stands for every member and element.
    ///
    /// Shown only whole are: what has `enum` or `const`, if the constants are of its kind; strings
    /// with `format`, `pattern` or `contentEncoding`; and what `whole` points to. What in a schema
    /// can't be understood is ignored, and [`warning`](Self::warning) says so.
    ///
    /// Cost: O(schema), once for each distinct one as long as it is in use; nothing is fetched.
    ///
    /// # Errors
    /// [`PointerError`] for what is no JSON Pointer, or too many.
    pub fn read<S: AsRef<str>>(text: Option<&str>, whole: &[S]) -> Result<Arc<Self>, PointerError> {
        cache::find_or(text, whole, || Self::new(text, whole))
    }

    fn new<S: AsRef<str>>(text: Option<&str>, whole: &[S]) -> Result<Self, PointerError> {
        let mut graph = Graph::new();
        graph.add_pointers(whole)?;
        let pointers = Rules::of(&graph).ok_or_else(PointerError::too_many_ways)?;
        let mut this = Self {
            rules: None,
            root: None,
            warning: None,
            text: text.map(str::to_owned),
            whole: whole
                .iter()
                .map(|pointer| pointer.as_ref().to_owned())
                .collect(),
            validator: 0,
            judge: OnceLock::new(),
        };
        let outcome = match text {
            Some(text) => this.understand(text, whole),
            None => Ok(None),
        };
        let rules = match outcome {
            Ok(rules) => rules.unwrap_or(pointers),
            Err(why) => {
                this.root = None;
                this.warning = Some(format!("{why}; the schema is ignored"));
                pointers
            }
        };
        this.rules = (!rules.is_empty()).then(|| Arc::new(rules));
        Ok(this)
    }

    fn understand<S: AsRef<str>>(
        &mut self,
        text: &str,
        whole: &[S],
    ) -> Result<Option<Rules>, String> {
        if text.len() > LONGEST {
            return Err(format!("the schema is longer than {LONGEST} bytes"));
        }
        let schema: Value = serde_json::from_str(text)
            .map_err(|error| format!("the schema can't be read as JSON ({error})"))?;
        let mut graph = Graph::new();
        graph
            .add_pointers(whole)
            .map_err(|error| error.to_string())?;
        self.warning = graph.add_schema(&schema)?;
        self.root = root::of(&schema);
        self.validator = validator(text, &graph);
        match Rules::of(&graph) {
            Some(rules) => Ok(Some(rules)),
            None => Err("the schema has too many ways through it".into()),
        }
    }

    /// The verdict on a whole document, a JSON text. The schema is made ready for it once.
    ///
    /// Cost: bounded, whatever the schema and the document; beyond there is no verdict. It may take
    /// some tenths of a second, so it is for no thread that others wait for.
    pub fn judge(&self, document: &[u8]) -> Judged {
        let Some(text) = &self.text else {
            return Judged::none("there is no schema to validate by");
        };
        if text.len() > LONGEST {
            return Judged::none("the document was not validated");
        }
        match self.judge.get_or_init(|| Judge::new(text)) {
            Ok(judge) => judge.judge(document),
            Err(why) => Judged::none(format!("the document was not validated: {why}")),
        }
    }

    /// Which values are shown only whole; `None`: none.
    pub(crate) fn rules(&self) -> Option<&Arc<Rules>> {
        self.rules.as_ref()
    }

    /// What the document's root is, if the schema says so.
    pub fn root(&self) -> Option<Root> {
        self.root
    }

    /// A root that was asked for; for [`Root::Auto`] the schema may say.
    pub fn root_or(&self, asked: Root) -> Root {
        match asked {
            Root::Auto => self.root.unwrap_or_default(),
            asked => asked,
        }
    }

    /// The schema as it was given.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The JSON Pointers as they were given.
    pub fn whole(&self) -> &[String] {
        &self.whole
    }

    /// About how many bytes it takes, its validator included.
    fn size(&self) -> usize {
        let text = self.text.as_ref().map_or(0, String::len);
        let rules = self.rules.as_ref().map_or(0, |rules| rules.size());
        let whole = self.whole.iter().map(String::len);
        [text, self.validator, rules]
            .into_iter()
            .chain(whole)
            .fold(0, usize::saturating_add)
    }

    /// What in the schema was not understood, and is ignored.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }
}

/// About how many bytes the validator of a schema takes.
fn validator(text: &str, graph: &Graph) -> usize {
    let patterns = graph.patterns();
    let counted = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    [
        (text.len(), VALIDATOR),
        (graph.nodes().len(), SCHEMA),
        (counted(patterns.count), PATTERN),
        (counted(patterns.states), STATE),
    ]
    .into_iter()
    .fold(0, |sum, (count, each)| {
        sum.saturating_add(count.saturating_mul(each))
    })
}
