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

#[cold]
fn with_buffer<T>(
    delta: &Bound<'_, PyAny>,
    read: impl FnOnce(Text<'_>) -> PyResult<T>,
) -> PyResult<T> {
    match copy_of_buffer(delta)? {
        Some(bytes) => read(Text::Bytes(bytes.as_bytes())),
        None => Err(PyTypeError::new_err(format!(
            "a delta is str, bytes, bytearray or memoryview, not {}",
            delta.get_type().name()?
        ))),
    }
}

/// A buffer that may change while it is read is copied first. `None`: it is none.
#[cold]
fn copy_of_buffer<'py>(buffer: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
    if let Ok(buffer) = buffer.cast::<PyByteArray>() {
        return Ok(Some(PyBytes::new(buffer.py(), &buffer.to_vec())));
    }
    if buffer.is_instance_of::<PyMemoryView>() {
        return Ok(Some(buffer.call_method0("tobytes")?.cast_into()?));
    }
    Ok(None)
}

/// Calls `read` with the bytes of `part`, which is `bytes`, `bytearray` or `memoryview`.
#[inline]
pub(crate) fn with_bytes<T>(
    part: &Bound<'_, PyAny>,
    read: impl FnOnce(&[u8]) -> PyResult<T>,
) -> PyResult<T> {
    if let Ok(bytes) = part.cast::<PyBytes>() {
        return read(bytes.as_bytes());
    }
    match copy_of_buffer(part)? {
        Some(bytes) => read(bytes.as_bytes()),
        None => Err(PyTypeError::new_err(format!(
            "bytes, bytearray or memoryview is needed, not {}",
            part.get_type().name()?
        ))),
    }
}
