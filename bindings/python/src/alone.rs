//! Objects whose work may run Python code: callbacks, and finalizers of what it drops.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;

use crate::error::broken;

/// Something that one call works with at a time. Other threads wait; Python code that the work
/// itself runs would wait for itself, and gets an error instead.
pub(crate) struct Alone<T> {
    state: Mutex<T>,
    /// Who works with it; 0 if nobody does.
    thread: AtomicUsize,
}

/// Frees the place, however the work ends.
struct Free<'a>(&'a AtomicUsize);

impl Drop for Free<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

thread_local! {
    static HERE: u8 = const { 0 };
}

/// A number that no other running thread has.
fn this_thread() -> usize {
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

impl<T: Send> Alone<T> {
    pub(crate) fn new(state: T) -> Self {
        Self {
            state: Mutex::new(state),
            thread: AtomicUsize::new(0),
        }
    }

    /// Calls `work` when nobody else works with it.
    pub(crate) fn with<R>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut T) -> PyResult<R>,
    ) -> PyResult<R> {
        if self.thread.load(Ordering::Acquire) == this_thread() {
            return Err(PyRuntimeError::new_err(
                "value(live=True) was called by code that a call of the same method runs",
            ));
        }
        let mut state = self.state.lock_py_attached(py).map_err(|_| broken())?;
        self.thread.store(this_thread(), Ordering::Release);
        let _free = Free(&self.thread);
        work(&mut state)
    }

    /// Calls `see` if nobody works with it: for the garbage collector, which can't wait.
    pub(crate) fn if_free<R>(&self, see: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.state.try_lock().ok().map(|mut state| see(&mut state))
    }
}
