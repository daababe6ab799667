//! `Session`: the decisions for one stream of chunk objects. The objects stay in Python.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use wholejson::Form;
use wholejson::chunk::{
    self, Action, CallPiece, Code, Content, End, Facts, Failure, Finish, Held, Made, Phase, Place,
};

use crate::call::{Call, Found, told};
use crate::error::failure_to_python;
use crate::options::chunk_options;
use crate::shown::Shown;
use crate::text::{Text, with_text};
use crate::turns::Turns;

/// The decisions for one stream of chunk objects.
#[pyclass(module = "wholejson._core", frozen)]
pub(crate) struct Session {
    core: Turns<Response>,
}

struct Response {
    core: chunk::Session,
    /// Their texts.
    shown: HashMap<Place, Shown>,
}

impl Response {
    /// The snapshot of a text; `None` if nothing of it is visible.
    fn snapshot<'py>(
        &mut self,
        py: Python<'py>,
        place: Place,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let Self { core, shown } = self;
        let visible = |channel: &&chunk::Channel| channel.document().has_value();
        let Some(channel) = core.text(place).filter(visible) else {
            return Ok(None);
        };
        let last = channel.is_ended() || channel.failure().is_some();
        let shown = shown.entry(place).or_default();
        shown
            .snapshot(py, channel.document().view(), last)
            .map(Some)
    }

    /// What goes out of a text: its snapshot, or operations. `made`: in a chunk that did not come.
    fn content<'py>(
        &mut self,
        py: Python<'py>,
        place: Place,
        made: bool,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        if made {
            self.core.give(place);
        } else {
            self.core.take_content(place);
        }
        if !self.core.is_patched() {
            return self.snapshot(py, place);
        }
        let mut text = Vec::new();
        let visible = self.core.write_content(place, &mut text);
        let text = visible.then(|| PyString::from_bytes(py, &text));
        text.transpose()
    }

    /// A tool call as it goes out; `made`: in a chunk that did not come.
    fn call(
        &mut self,
        py: Python<'_>,
        (place, at): (usize, usize),
        made: Option<Made>,
    ) -> PyResult<Option<Found>> {
        let Some(call) = self.core.call_at(place, at) else {
            return Ok(None);
        };
        let snapshot = made.is_some() || call.verdict.snapshot;
        let last = made.map_or(call.verdict.last, |made| made == Made::Last);
        let mut found = Found::new(call, made.is_some());
        let place = Place::from((place, at));
        if snapshot {
            found.arguments = self.content(py, place, made.is_some())?.map(Bound::unbind);
        }
        found.told = self.core.text(place).filter(|_| last).map(told);
        Ok(Some(found))
    }

    fn calls(&mut self, py: Python<'_>, index: u64, made: Option<Made>) -> PyResult<Vec<Found>> {
        let Some(place) = self.core.place(index) else {
            return Ok(Vec::new());
        };
        let core = &self.core;
        let found: Vec<usize> = match made {
            Some(made) => core.made_calls(place, made).collect(),
            None => core
                .calls(place)
                .filter_map(|call| call.place.call)
                .collect(),
        };
        let found = found.into_iter();
        found
            .filter_map(|at| self.call(py, (place, at), made).transpose())
            .collect()
    }
}

/// Which texts are told of in a chunk that did not come.
fn made(which: &str) -> Made {
    match which {
        "due" => Made::Due,
        "owed" => Made::Owed,
        _ => Made::Last,
    }
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

#[pymethods]
impl Session {
    #[new]
    #[pyo3(
        signature = (**options),
        text_signature = "(*, root=\"auto\", repair=None, style=\"spaced\", limits=None, choices=1, \
                          max_amplification=None, every_ms=None, mode=\"snapshot\", final=True, \
                          schema=None, whole=(), validate=False, tool_calls=False)"
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

    #[pyo3(signature = (index, place, alone, said, call_id, name, kind, arguments, function, alien, others, /))]
    #[expect(
        clippy::too_many_arguments,
        clippy::fn_params_excessive_bools,
        reason = "what a piece of a tool call says; no object is built for it"
    )]
    fn call(
        &self,
        py: Python<'_>,
        index: u64,
        place: usize,
        alone: bool,
        said: Option<u64>,
        call_id: &Bound<'_, PyString>,
        name: &Bound<'_, PyString>,
        kind: &Bound<'_, PyString>,
        arguments: Option<&Bound<'_, PyString>>,
        function: bool,
        alien: bool,
        others: bool,
    ) -> PyResult<Option<(usize, bool)>> {
        let (id, name, kind) = (
            call_id.to_string_lossy(),
            name.to_string_lossy(),
            kind.to_string_lossy(),
        );
        let piece = CallPiece {
            index: said,
            place,
            alone,
            id: id.as_bytes(),
            name: name.as_bytes(),
            kind: kind.as_bytes(),
            function,
            speaks: match arguments {
                Some(text) => !text.to_string_lossy().trim_ascii().is_empty(),
                None => false,
            },
            alien,
            others,
        };
        let told = self.core.lock(py)?.core.call(index, &piece);
        let (Some((at, _)), Some(text)) = (told, arguments) else {
            return Ok(told);
        };
        with_text(text.as_any(), |text| {
            let (Text::Bytes(bytes) | Text::Wtf8(bytes)) = text;
            let read = |it: &mut Response, bytes: &[u8]| it.core.read_arguments(index, at, bytes);
            self.core.read(py, bytes, read)?;
            Ok(told)
        })
    }

    #[pyo3(signature = (index, /))]
    fn calls(&self, py: Python<'_>, index: u64) -> PyResult<Vec<Call>> {
        let found = self.core.lock(py)?.calls(py, index, None)?;
        found.into_iter().map(|call| call.into_python(py)).collect()
    }

    #[pyo3(signature = (index, which, /))]
    fn made_calls(&self, py: Python<'_>, index: u64, which: &str) -> PyResult<Vec<Call>> {
        let found = self.core.lock(py)?.calls(py, index, Some(made(which)))?;
        found.into_iter().map(|call| call.into_python(py)).collect()
    }

    #[pyo3(signature = (index, /))]
    fn snapshot<'py>(&self, py: Python<'py>, index: u64) -> PyResult<Option<Bound<'py, PyString>>> {
        let mut response = self.core.lock(py)?;
        match response.core.place(index) {
            Some(place) => response.snapshot(py, place.into()),
            None => Ok(None),
        }
    }

    #[pyo3(signature = (index, which=None, /))]
    fn content<'py>(
        &self,
        py: Python<'py>,
        index: u64,
        which: Option<&str>,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let mut response = self.core.lock(py)?;
        let Some(place) = response.core.place(index) else {
            return Ok(None);
        };
        let Some(made) = which.map(made) else {
            return response.content(py, place.into(), false);
        };
        let told = |channel: &chunk::Channel| made.takes(channel);
        if !response.core.text(place).is_some_and(told) {
            return Ok(None);
        }
        response.content(py, place.into(), true)
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
    ) -> PyResult<(
        Vec<(u64, Option<Bound<'py, PyDict>>)>,
        Option<Bound<'py, PyAny>>,
    )> {
        let mut response = self.core.lock(py)?;
        let core = &mut response.core;
        let how = match how {
            "upstream" => End::Upstream,
            "failed" => core.failure().cloned().map_or(End::Closed, End::Failed),
            "limit" => End::Failed(Failure::new(Code::LimitExceeded, None)),
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
            .filter_map(|last| {
                let channel = core.channel(last.index)?;
                Some((last.index, last.status.as_ref().map(|_| told(channel))))
            })
            .collect();
        drop(response);
        let finals = finals.into_iter();
        let finals = finals
            .map(|(index, told)| {
                let status = told.map(|told| told.dict(py)).transpose()?;
                Ok((index, status))
            })
            .collect::<PyResult<_>>()?;
        let failure = ending.failure.as_ref();
        let failure = failure
            .map(|failure| failure_to_python(py, failure, precise))
            .transpose()?;
        Ok((finals, failure))
    }
}
