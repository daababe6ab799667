//! Snapshots as `str`: one copy each, whatever the characters.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;
use wholejson::view::SnapshotView;

/// The text of a view as a `str` that nobody else holds. It grows in place, so that a snapshot
/// costs one copy, and no decoding of what was decoded before. It takes up to four bytes a
/// character: it is made when a snapshot is asked for in the middle of a document, and given up
/// with the last one.
#[derive(Default)]
pub(crate) struct Shown {
    text: Option<Py<PyString>>,
    /// Bytes of the view's text that are in it.
    bytes: usize,
}

impl Shown {
    /// The snapshot. `last`: the document will not grow any more.
    pub(crate) fn snapshot<'py>(
        &mut self,
        py: Python<'py>,
        view: &SnapshotView,
        last: bool,
    ) -> PyResult<Bound<'py, PyString>> {
        let mut closers = Vec::new();
        view.write_closers(&mut closers);
        if last && self.text.is_none() && closers.is_empty() {
            return PyString::from_bytes(py, view.text());
        }
        let closers = PyString::from_bytes(py, &closers)?;
        let fresh = view.text().get(self.bytes..).unwrap_or_default();
        let fresh = PyString::from_bytes(py, fresh)?;
        self.bytes = view.text().len();
        let text = match self.text.take() {
            Some(text) => appended(text.into_bound(py), &fresh).inspect_err(|_| self.bytes = 0)?,
            None => fresh,
        };
        let whole = joined(&text, &closers)?;
        if last {
            self.bytes = 0;
        } else {
            self.text = Some(text.unbind());
        }
        Ok(whole)
    }
}

/// Both, one after the other. If nobody else holds the first, it grows in place.
#[expect(unsafe_code, reason = "benches/snapshot_text.py shows what it buys")]
pub(crate) fn appended<'py>(
    text: Bound<'py, PyString>,
    more: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyString>> {
    let (py, mut place) = (text.py(), text.into_ptr());
    // SAFETY: `place` owns its reference to a `str`, and so does what PyUnicode_Append leaves
    // there instead: a `str`, or null with an exception set. `more` is borrowed, and outlives
    // the call.
    unsafe {
        ffi::PyUnicode_Append(&raw mut place, more.as_ptr());
        Ok(Bound::from_owned_ptr_or_err(py, place)?.cast_into_unchecked())
    }
}

/// Both, one after the other, as a new `str`.
#[expect(unsafe_code, reason = "benches/snapshot_text.py shows what it buys")]
pub(crate) fn joined<'py>(
    text: &Bound<'py, PyString>,
    more: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyString>> {
    // SAFETY: both arguments are `str`s that outlive the call; it returns a new reference to a
    // `str`, or null with an exception set.
    unsafe {
        let whole = ffi::PyUnicode_Concat(text.as_ptr(), more.as_ptr());
        Ok(Bound::from_owned_ptr_or_err(text.py(), whole)?.cast_into_unchecked())
    }
}
