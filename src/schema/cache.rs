//! Schemas that were read, by their text. Bounded by count and by length.

use std::sync::{Arc, Mutex, PoisonError};

use super::Schema;
use crate::gate::PointerError;

/// So many schemas are kept, of so many bytes of text in all.
const MOST: usize = 64;
const MOST_BYTES: usize = 4 << 20;

struct Kept {
    text: Option<Box<str>>,
    whole: Box<[Box<str>]>,
    schema: Arc<Schema>,
}

impl Kept {
    fn is<S: AsRef<str>>(&self, text: Option<&str>, whole: &[S]) -> bool {
        self.text.as_deref() == text
            && self.whole.len() == whole.len()
            && self
                .whole
                .iter()
                .zip(whole)
                .all(|(kept, given)| **kept == *given.as_ref())
    }

    fn length(&self) -> usize {
        let whole: usize = self.whole.iter().map(|pointer| pointer.len()).sum();
        whole + self.text.as_ref().map_or(0, |text| text.len())
    }
}

/// What was used last stands last.
static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

/// The schema that is kept for this text, or the one that `make` makes, which is kept from then on.
pub(super) fn find_or<S: AsRef<str>>(
    text: Option<&str>,
    whole: &[S],
    make: impl FnOnce() -> Result<Schema, PointerError>,
) -> Result<Arc<Schema>, PointerError> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(at) = kept.iter().position(|each| each.is(text, whole)) {
        let found = kept.remove(at);
        let schema = Arc::clone(&found.schema);
        kept.push(found);
        return Ok(schema);
    }
    // Others don't wait for the making of it.
    drop(kept);
    let schema = Arc::new(make()?);
    let new = Kept {
        text: text.map(Into::into),
        whole: whole
            .iter()
            .map(|pointer| pointer.as_ref().into())
            .collect(),
        schema: Arc::clone(&schema),
    };
    if new.length() <= MOST_BYTES {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(new);
        let over = |kept: &[Kept]| {
            kept.len() > MOST || kept.iter().map(Kept::length).sum::<usize>() > MOST_BYTES
        };
        while over(&kept) {
            kept.remove(0);
        }
    }
    Ok(schema)
}
