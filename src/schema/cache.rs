//! Schemas that were read, by their text. Bounded by count and by size.

use std::sync::{Arc, Mutex, PoisonError};

use super::Schema;
use crate::gate::PointerError;

/// So many schemas are kept, of about so many bytes in all.
const MOST: usize = 64;
const MOST_BYTES: usize = 32 << 20;

/// What was used last stands last.
static KEPT: Mutex<Vec<Arc<Schema>>> = Mutex::new(Vec::new());

/// The schema that is kept for this text, or the one that `make` makes, which is kept from then on.
pub(super) fn find_or<S: AsRef<str>>(
    text: Option<&str>,
    whole: &[S],
    make: impl FnOnce() -> Result<Schema, PointerError>,
) -> Result<Arc<Schema>, PointerError> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(at) = kept.iter().position(|each| is(each, text, whole)) {
        let found = kept.remove(at);
        kept.push(Arc::clone(&found));
        return Ok(found);
    }
    // Others don't wait for the making of it.
    drop(kept);
    let schema = Arc::new(make()?);
    if schema.size() <= MOST_BYTES {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(Arc::clone(&schema));
        let bytes = |kept: &[Arc<Schema>]| kept.iter().map(|each| each.size()).sum::<usize>();
        while kept.len() > MOST || bytes(&kept) > MOST_BYTES {
            kept.remove(0);
        }
    }
    Ok(schema)
}

fn is<S: AsRef<str>>(schema: &Schema, text: Option<&str>, whole: &[S]) -> bool {
    let pointers = schema.whole.iter().zip(whole);
    schema.text.as_deref() == text
        && schema.whole.len() == whole.len()
        && pointers
            .into_iter()
            .all(|(kept, given)| kept == given.as_ref())
}
