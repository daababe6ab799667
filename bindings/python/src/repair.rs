//! `Repair`: one departure from the document as written.

use pyo3::prelude::*;

/// One departure from the document as written.
#[pyclass(module = "wholejson", frozen, eq, hash, get_all)]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Repair {
    kind: &'static str,
    offset: u64,
    description: &'static str,
}

impl From<&wholejson::Repair> for Repair {
    fn from(repair: &wholejson::Repair) -> Self {
        Self {
            kind: repair.kind,
            offset: repair.offset,
            description: repair.description,
        }
    }
}

#[pymethods]
impl Repair {
    fn __repr__(&self) -> String {
        format!(
            "Repair(kind='{}', offset={}, description={:?})",
            self.kind, self.offset, self.description
        )
    }
}
