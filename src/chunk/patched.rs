//! A text that goes out as operations.

use std::cell::{Cell, RefCell};

use crate::count::total;
use crate::view::{Form, Patch, SnapshotView};

/// Operations longer than this, about, are not kept until they are written: they are made then.
const KEPT: usize = 16 << 10;

/// A text that goes out as operations: first they are taken, then written.
#[derive(Debug)]
pub(super) struct Patched {
    /// Borrowed for one call at a time.
    patch: RefCell<Patch>,
    /// Where the operations will stand.
    form: Form,
    /// Those that were taken.
    text: Vec<u8>,
    /// They are many, and will be made when they are written. Nothing is read before that.
    late: Cell<bool>,
    /// Bytes that were written and not counted yet.
    written: Cell<usize>,
    /// The whole document is told at the end.
    pub(super) whole: bool,
}

impl Patched {
    pub(super) fn new(form: Form, whole: bool) -> Self {
        Self {
            patch: RefCell::default(),
            form,
            text: Vec::new(),
            late: Cell::new(false),
            written: Cell::new(0),
            whole,
        }
    }

    /// Takes what happened since the last call.
    pub(super) fn take(&mut self, view: &SnapshotView) {
        self.text.clear();
        self.late.set(self.untold(view) > KEPT);
        if !self.late.get() {
            self.text.shrink_to(KEPT);
            let patch = self.patch.get_mut();
            patch.take(view, self.form, &mut self.text);
            self.wrote(self.text.len());
        }
    }

    /// Appends what was taken. Late operations are there once.
    pub(super) fn write(&self, view: &SnapshotView, out: &mut Vec<u8>) {
        if !self.late.take() {
            return out.extend_from_slice(&self.text);
        }
        let before = out.len();
        self.patch.borrow_mut().take(view, self.form, out);
        self.wrote(out.len().saturating_sub(before));
    }

    fn wrote(&self, length: usize) {
        self.written.set(total([self.written.get(), length]));
    }

    /// Bytes of the view's text that were not taken yet.
    pub(super) fn untold(&self, view: &SnapshotView) -> usize {
        self.patch.borrow().untold(view)
    }

    /// About how many bytes will be written.
    pub(super) fn len(&self, view: &SnapshotView) -> usize {
        if self.late.get() {
            self.untold(view)
        } else {
            self.text.len()
        }
    }

    /// Bytes that were written since the last call.
    pub(super) fn take_written(&self) -> usize {
        self.written.take()
    }
}
