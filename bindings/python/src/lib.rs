//! Python bindings: checks arguments, calls the core, converts. Nothing is decided here.

#![deny(clippy::arithmetic_side_effects)]

mod aggregator;
mod alone;
mod call;
mod error;
mod limits;
mod live;
mod numbers;
mod options;
mod repair;
mod repeats;
mod report;
mod request;
mod schema;
mod session;
mod shown;
mod text;
mod transformer;
mod turns;
mod value;

use pyo3::prelude::*;

/// The part of `wholejson` that is written in Rust.
#[pymodule(gil_used = false)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::aggregator::Aggregator;
    #[pymodule_export]
    use crate::call::Call;
    #[pymodule_export]
    use crate::error::error_kinds;
    #[pymodule_export]
    use crate::limits::Limits;
    #[pymodule_export]
    use crate::repair::Repair;
    #[pymodule_export]
    use crate::repeats::Repeats;
    #[pymodule_export]
    use crate::request::{Request, read_request};
    #[pymodule_export]
    use crate::session::Session;
    #[pymodule_export]
    use crate::transformer::ChunkTransformer;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
