//! `Session`: the decisions for one stream of chunk objects. The objects stay in Python.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use wholejson::Form;
use wholejson::chunk::{self, Action, Code, Content, End, Facts, Failure, Finish, Held, Phase};

use crate::error::failure_to_python;
use crate::numbers::Numbers;
use crate::options::chunk_options;
use crate::report::status;
use crate::shown::Shown;
use crate::text::{Text, with_text};
use crate::turns::Turns;
use crate::value::build;

/// The decisions for one stream of chunk objects.
#[pyclass(module = "wholejson._core", frozen)]
pub(crate) struct Session {
    core: Turns<Response>,
}

struct Response {
    core: chunk::Session,
    /// The texts of the choices, by index.
    shown: HashMap<u64, Shown>,
}

/// What is to be done with a choice: the action, whether it gets the snapshot, what becomes of
/// the chunk that was held, whether it gets a status.
type Verdict = (&'static str, bool, &'static str, bool);

fn facts(role: bool, others: bool, otherwise: bool, finish_reason: Option<&str>) -> Facts {
    Facts {
        role,
        others,
        otherwise,
        finish: match finish_reason {
            None | Some("") => Finish::None,
            Some("content_filter") => Finish::Filtered,
            Some(_) => Finish::Other,
        },
    }
}

fn verdict(verdict: chunk::Verdict) -> Verdict {
    let action = match verdict.action {
        Action::Drop => "drop",
        Action::DropWithRole => "drop_with_role",
        Action::Hold => "hold",
        Action::Emit => "emit",
    };
    let held = match verdict.held {
        Held::None => "none",
        Held::Merge => "merge",
        Held::Before => "before",
    };
    let snapshot = verdict.content == Content::Snapshot;
    (action, snapshot, held, verdict.status)
}

/// The status of a text, and its document where that is told.
struct Told {
    status: chunk::Status,
    document: Option<Vec<u8>>,
}

fn told(channel: &chunk::Channel) -> Told {
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
    fn dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = status(py, &self.status)?;
        if let Some(document) = &self.document {
            dict.set_item("document", build(py, document, &Numbers::default())?)?;
        }
        Ok(dict)
    }
}

#[pymethods]
impl Session {
    #[new]
    #[pyo3(
        signature = (**options),
        text_signature = "(*, root=\"auto\", repair=True, style=\"spaced\", limits=None, choices=1, \
                          max_amplification=None, every_ms=None, mode=\"snapshot\", final=True, \
                          schema=None, whole=(), validate=False)"
    )]
    fn new(options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let options = chunk_options("Session", options)?;
        let validates = options.validate;
        let response = Response {
            core: chunk::Session::new(options, Form::Plain),
            shown: HashMap::new(),
        };
        Ok(Self {
            core: Turns::working(response, validates),
        })
    }

    #[pyo3(signature = (text, gives, size, /))]
    fn begin(
        &self,
        py: Python<'_>,
        text: bool,
        gives: bool,
        size: usize,
    ) -> PyResult<&'static str> {
        Ok(match self.core.lock(py)?.core.begin(text, gives, size) {
            Phase::Queue => "queue",
            Phase::Pass => "pass",
            Phase::Replay => "replay",
            Phase::Push => "push",
        })
    }

    #[pyo3(signature = (index, role, others, otherwise, finish_reason, /))]
    fn note(
        &self,
        py: Python<'_>,
        index: u64,
        role: bool,
        others: bool,
        otherwise: bool,
        finish_reason: Option<&str>,
    ) -> PyResult<()> {
        let facts = facts(role, others, otherwise, finish_reason);
        self.core.lock(py)?.core.note(index, facts);
        Ok(())
    }

    #[pyo3(signature = (index, text, role, others, otherwise, finish_reason, /))]
    #[expect(
        clippy::too_many_arguments,
        reason = "what a choice says; no object is built for it"
    )]
    fn push(
        &self,
        py: Python<'_>,
        index: u64,
        text: Option<&Bound<'_, PyString>>,
        role: bool,
        others: bool,
        otherwise: bool,
        finish_reason: Option<&str>,
    ) -> PyResult<Verdict> {
        let facts = facts(role, others, otherwise, finish_reason);
        let Some(text) = text else {
            let pushed = self.core.work(py, |it| it.core.push(index, None, facts))?;
            return Ok(verdict(pushed));
        };
        with_text(text.as_any(), |text| {
            let (Text::Bytes(bytes) | Text::Wtf8(bytes)) = text;
            let read = |it: &mut Response, bytes: &[u8]| it.core.push(index, Some(bytes), facts);
            Ok(verdict(self.core.read(py, bytes, read)?))
        })
    }

    #[pyo3(signature = (index, /))]
    fn snapshot<'py>(&self, py: Python<'py>, index: u64) -> PyResult<Option<Bound<'py, PyString>>> {
        let mut response = self.core.lock(py)?;
        let Response { core, shown } = &mut *response;
        let Some(channel) = core.channel(index) else {
            return Ok(None);
        };
        if !channel.document().has_value() {
            return Ok(None);
        }
        let last = channel.is_ended() || channel.failure().is_some();
        let shown = shown.entry(index).or_default();
        shown
            .snapshot(py, channel.document().view(), last)
            .map(Some)
    }

    #[pyo3(signature = (index, /))]
    fn content<'py>(&self, py: Python<'py>, index: u64) -> PyResult<Option<Bound<'py, PyString>>> {
        let mut response = self.core.lock(py)?;
        if !response.core.is_patched() {
            drop(response);
            return self.snapshot(py, index);
        }
        let mut text = Vec::new();
        let Some(place) = response.core.place(index) else {
            return Ok(None);
        };
        response.core.take_content(place);
        let visible = response.core.write_content(place, &mut text);
        let text = visible.then(|| PyString::from_bytes(py, &text));
        text.transpose()
    }

    #[pyo3(signature = (index, /))]
    fn status<'py>(&self, py: Python<'py>, index: u64) -> PyResult<Option<Bound<'py, PyDict>>> {
        let known = self.core.lock(py)?.core.channel(index).map(told);
        known.map(|known| known.dict(py)).transpose()
    }

    #[pyo3(signature = (milliseconds, /))]
    fn set_time(&self, py: Python<'_>, milliseconds: u64) -> PyResult<()> {
        self.core.lock(py)?.core.set_time(milliseconds);
        Ok(())
    }

    fn due(&self, py: Python<'_>) -> PyResult<Vec<u64>> {
        Ok(self.core.lock(py)?.core.due().collect())
    }

    fn owed(&self, py: Python<'_>) -> PyResult<Vec<u64>> {
        Ok(self.core.lock(py)?.core.owed().collect())
    }

    #[pyo3(signature = (index, /))]
    fn settle(&self, py: Python<'_>, index: u64) -> PyResult<()> {
        self.core.lock(py)?.core.settle_update(index);
        Ok(())
    }

    #[getter]
    fn due_at(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        Ok(self.core.lock(py)?.core.due_at())
    }

    fn failed(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.core.lock(py)?.core.failure().is_some())
    }

    fn indexes(&self, py: Python<'_>) -> PyResult<Vec<u64>> {
        let core = &self.core.lock(py)?.core;
        Ok(core.channels().map(|(index, _)| index).collect())
    }

    #[pyo3(signature = (index, /))]
    fn release(&self, py: Python<'_>, index: u64) -> PyResult<()> {
        self.core.lock(py)?.core.release(index);
        Ok(())
    }

    #[pyo3(signature = (how, /))]
    #[expect(
        clippy::type_complexity,
        reason = "the indexes and statuses of last chunks, the error"
    )]
    fn end<'py>(
        &self,
        py: Python<'py>,
        how: &str,
    ) -> PyResult<(Vec<(u64, Bound<'py, PyDict>)>, Option<Bound<'py, PyAny>>)> {
        let mut response = self.core.lock(py)?;
        let core = &mut response.core;
        let how = match how {
            "upstream" => End::Upstream,
            "failed" => core.failure().cloned().map_or(End::Closed, End::Failed),
            "timeout" => End::Failed(Failure::new(Code::UpstreamTimeout, None)),
            _ => End::Closed,
        };
        let ending = core.end(how);
        // The document knows where it went wrong; the code of the stream is less precise.
        let broken = |failure: &Failure| {
            let said = |(_, channel): (u64, &chunk::Channel)| {
                let error = channel.document().error();
                error.filter(|_| channel.failure() == Some(failure))
            };
            core.channels().find_map(said)
        };
        let precise = ending.failure.as_ref().and_then(broken);
        let finals = ending.finals.iter();
        let finals: Vec<_> = finals
            .filter_map(|last| Some((last.index, told(core.channel(last.index)?))))
            .collect();
        drop(response);
        let finals = finals.into_iter();
        let finals = finals
            .map(|(index, told)| Ok((index, told.dict(py)?)))
            .collect::<PyResult<_>>()?;
        let failure = ending.failure.as_ref();
        let failure = failure
            .map(|failure| failure_to_python(py, failure, precise))
            .transpose()?;
        Ok((finals, failure))
    }
}
