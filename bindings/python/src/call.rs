//! What the session says of a tool call, and of the end of a text. Dicts are made where nobody
//! waits for the session: making one may run code of others.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use wholejson::chunk::{self, CallView};

use crate::numbers::Numbers;
use crate::report::status;
use crate::value::build;

/// A tool call, and what is to be done with it.
#[pyclass(module = "wholejson._core", frozen, get_all)]
pub(crate) struct Call {
    at: usize,
    number: u64,
    id: String,
    name: String,
    #[pyo3(name = "type")]
    kind: String,
    piece: Option<usize>,
    given: bool,
    alien: bool,
    arguments: Option<Py<PyString>>,
    status: Option<Py<PyDict>>,
}

/// The same, with its status as it was told.
pub(crate) struct Found {
    call: Call,
    pub(crate) arguments: Option<Py<PyString>>,
    pub(crate) told: Option<Told>,
}

impl Found {
    /// `made`: it is given out in a chunk that did not come.
    pub(crate) fn new(call: CallView<'_>, made: bool) -> Self {
        let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        let call = Call {
            at: call.place.call.unwrap_or(0),
            number: call.number,
            id: text(call.id),
            name: text(call.name),
            kind: text(call.kind),
            piece: call.piece.filter(|_| !made),
            given: made || call.verdict.given,
            alien: call.alien,
            arguments: None,
            status: None,
        };
        Self {
            call,
            arguments: None,
            told: None,
        }
    }

    pub(crate) fn into_python(self, py: Python<'_>) -> PyResult<Call> {
        let status = self.told.map(|told| told.dict(py)).transpose()?;
        Ok(Call {
            arguments: self.arguments,
            status: status.map(Bound::unbind),
            ..self.call
        })
    }
}

/// The status of a text, and its document where that is told.
pub(crate) struct Told {
    status: chunk::Status,
    document: Option<Vec<u8>>,
}

pub(crate) fn told(channel: &chunk::Channel) -> Told {
    let document = channel.tells_document().then(|| {
        let mut document = Vec::new();
        channel.document().write_snapshot(&mut document);
        document
    });
    Told {
        status: channel.status(),
        document,
    }
}

impl Told {
    pub(crate) fn dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = status(py, &self.status)?;
        if let Some(document) = &self.document {
            dict.set_item("document", build(py, document, &Numbers::default())?)?;
        }
        Ok(dict)
    }
}
