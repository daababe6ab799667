//! The bytes of a delta, whatever Python object brings them.

use pyo3::exceptions::{PyTypeError, PyUnicodeEncodeError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString};

/// The text of a delta, as the core takes it.
pub(crate) enum Text<'a> {
    /// Bytes, cut anywhere.
    Bytes(&'a [u8]),
    /// Text with surrogates, each written as three bytes.
    Wtf8(&'a [u8]),
}

/// Calls `read` with the bytes of `delta`, which is `str`, `bytes`, `bytearray` or `memoryview`.
#[inline]
pub(crate) fn with_text<T>(
    delta: &Bound<'_, PyAny>,
    read: impl FnOnce(Text<'_>) -> PyResult<T>,
) -> PyResult<T> {
    if let Ok(text) = delta.cast::<PyString>() {
        return match text.to_str() {
            Ok(text) => read(Text::Bytes(text.as_bytes())),
            Err(error) => with_surrogates(text, error, read),
        };
    }
    if let Ok(bytes) = delta.cast::<PyBytes>() {
        return read(Text::Bytes(bytes.as_bytes()));
    }
    with_buffer(delta, read)
}

#[cold]
fn with_surrogates<T>(
    text: &Bound<'_, PyString>,
    error: PyErr,
    read: impl FnOnce(Text<'_>) -> PyResult<T>,
) -> PyResult<T> {
    if !error.is_instance_of::<PyUnicodeEncodeError>(text.py()) {
        return Err(error);
    }
    let bytes = text.call_method1("encode", ("utf-8", "surrogatepass"))?;
    read(Text::Wtf8(bytes.cast::<PyBytes>()?.as_bytes()))
}

/// A buffer that may change while it is read is copied first.
#[cold]
fn with_buffer<T>(
    delta: &Bound<'_, PyAny>,
    read: impl FnOnce(Text<'_>) -> PyResult<T>,
) -> PyResult<T> {
    if let Ok(bytes) = delta.cast::<PyByteArray>() {
        return read(Text::Bytes(&bytes.to_vec()));
    }
    if delta.is_instance_of::<PyMemoryView>() {
        let bytes = delta.call_method0("tobytes")?;
        return read(Text::Bytes(bytes.cast::<PyBytes>()?.as_bytes()));
    }
    Err(PyTypeError::new_err(format!(
        "a delta is str, bytes, bytearray or memoryview, not {}",
        delta.get_type().name()?
    )))
}
