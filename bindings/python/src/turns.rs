//! Objects that threads share: one call at a time.

use std::sync::{Mutex, MutexGuard};

use pyo3::prelude::*;
use pyo3::sync::MutexExt;

use crate::error::broken;

/// From this many bytes on, a call lets other Python threads run while it reads.
const LONG: usize = 64 << 10;

/// Is it worth letting other threads run for these bytes?
#[inline]
pub(crate) fn is_long(bytes: &[u8]) -> bool {
    bytes.len() >= LONG
}

/// A piece of the core. Threads that share it take turns.
pub(crate) struct Turns<T> {
    core: Mutex<T>,
    /// Any call may take long.
    long: bool,
}

impl<T: Send> Turns<T> {
    pub(crate) fn new(core: T) -> Self {
        Self {
            core: Mutex::new(core),
            long: false,
        }
    }

    /// As [`new`](Self::new); if any call may take `long`, other threads run while one works.
    pub(crate) fn working(core: T, long: bool) -> Self {
        Self {
            core: Mutex::new(core),
            long,
        }
    }

    /// Waits for its turn. No Python code may run while the guard is held: it could call back
    /// and wait for itself.
    #[inline]
    pub(crate) fn lock(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, T>> {
        self.core.lock_py_attached(py).map_err(|_| broken())
    }

    /// Calls `read` when its turn has come. If it is about many bytes, other threads run.
    #[inline]
    pub(crate) fn read<R: Send>(
        &self,
        py: Python<'_>,
        bytes: &[u8],
        read: impl FnOnce(&mut T, &[u8]) -> R + Send,
    ) -> PyResult<R> {
        if !is_long(bytes) && !self.long {
            return Ok(read(&mut *self.lock(py)?, bytes));
        }
        py.detach(|| {
            let mut core = self.core.lock().map_err(|_| broken())?;
            Ok(read(&mut core, bytes))
        })
    }

    /// Calls `work` when its turn has come. If any call may take long, other threads run.
    #[inline]
    pub(crate) fn work<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut T) -> R + Send,
    ) -> PyResult<R> {
        if !self.long {
            return Ok(work(&mut *self.lock(py)?));
        }
        py.detach(|| {
            let mut core = self.core.lock().map_err(|_| broken())?;
            Ok(work(&mut core))
        })
    }
}
