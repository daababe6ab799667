//! Drives an aggregator over a text, and checks at every step what has to hold at every step.

use wholejson::{Aggregator, Category, Error, Form, Limits, Options, Root, Style};

use super::model::{Question, Visible, visible};
use super::rebuild::Rebuild;
use super::tree::Tree;

/// Strict reading.
pub(crate) fn strict(root: Root) -> Options {
    Options {
        root,
        repair: false,
        ..Options::default()
    }
}

/// The snapshot as text.
pub(crate) fn snapshot(aggregator: &Aggregator) -> Option<String> {
    let mut out = Vec::new();
    aggregator
        .write_snapshot(&mut out)
        .then(|| String::from_utf8(out).unwrap())
}

/// What an aggregator says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) snapshot: Option<String>,
    pub(crate) complete: bool,
    pub(crate) error: Option<Error>,
}

impl State {
    pub(crate) fn of(aggregator: &Aggregator) -> Self {
        Self {
            snapshot: snapshot(aggregator),
            complete: aggregator.is_complete(),
            error: aggregator.error(),
        }
    }

    fn visible(&self) -> Visible {
        Visible {
            snapshot: self.snapshot.clone(),
            complete: self.complete,
            error: self.error.map(|error| error.kind()),
        }
    }
}

/// One document under test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) options: Options,
    /// The text may hold half a surrogate pair as three bytes.
    pub(crate) halves: bool,
}

impl<'a> Case<'a> {
    pub(crate) fn strict(text: &'a [u8], root: Root) -> Self {
        Self {
            text,
            options: strict(root),
            halves: false,
        }
    }

    pub(crate) fn limited(text: &'a [u8], limits: Limits) -> Self {
        Self {
            text,
            options: Options {
                limits,
                ..strict(Root::Auto)
            },
            halves: false,
        }
    }

    fn model(&self, length: usize, ended: bool) -> Visible {
        visible(
            &self.text[..length],
            Question {
                root: self.options.root,
                style: self.options.style,
                limits: self.options.limits,
                ended,
                halves: self.halves,
            },
        )
    }

    /// Feeds the text in pieces; `ends` are the offsets at which they end.
    pub(crate) fn fed(&self, ends: &[usize]) -> Aggregator {
        let mut aggregator = Aggregator::new(self.options);
        let mut start = 0;
        for &end in ends {
            self.feed(&mut aggregator, &self.text[start..end]);
            start = end;
        }
        aggregator
    }

    fn feed(&self, aggregator: &mut Aggregator, piece: &[u8]) {
        let before = snapshot(aggregator);
        let failed_before = aggregator.error();
        let result = if self.halves {
            aggregator.feed_wtf8(piece)
        } else {
            aggregator.feed(piece)
        };
        match result {
            Ok(updated) => assert_eq!(
                before != snapshot(aggregator),
                updated,
                "an update is told if and only if there is one: {self}"
            ),
            Err(error) => {
                assert_eq!(Some(error), aggregator.error(), "{self}");
                if let Some(failed) = failed_before {
                    assert_eq!(failed, error, "an error is raised again: {self}");
                    assert_eq!(before, snapshot(aggregator), "{self}");
                }
            }
        }
    }

    /// What has to hold at every cut of the text, as the slow version says. For short texts.
    pub(crate) fn check_every_cut(&self) {
        self.check_cuts(true);
    }

    /// What has to hold at every cut of any text, whatever is visible. For short texts.
    pub(crate) fn check_promises(&self) {
        self.check_cuts(false);
    }

    fn check_model(&self, length: usize, ended: bool, state: &State) {
        let what = if ended { "ended after" } else { "after" };
        assert_eq!(
            self.model(length, ended),
            state.visible(),
            "{what} {length} bytes: {self}"
        );
    }

    fn check_cuts(&self, by_model: bool) {
        let whole = self.finished(&[self.text.len()]);
        let mut bytewise = Aggregator::new(self.options);
        let mut rebuild = Rebuild::default();
        let mut last: Option<Tree> = None;
        for length in 0..=self.text.len() {
            if length > 0 {
                let piece = &self.text[length - 1..length];
                self.feed_and_rebuild(&mut bytewise, piece, &mut rebuild);
            }
            let state = State::of(&bytewise);
            if by_model {
                self.check_model(length, false, &state);
            }
            self.check_growth(&mut last, &state);
            // One piece, and two pieces, instead of single bytes.
            assert_eq!(
                state,
                State::of(&self.fed(&[length])),
                "after {length} bytes in one piece: {self}"
            );
            assert_eq!(
                whole,
                self.finished(&[length, self.text.len()]),
                "cut at {length}: {self}"
            );
            let ended = State::of(&self.ended(&[length]));
            if by_model {
                self.check_model(length, true, &ended);
            }
            self.check_growth(&mut last.clone(), &ended);
        }
    }

    /// The same for a text fed in the pieces given; the model is asked at `asked` of the cuts.
    pub(crate) fn check_pieces(&self, ends: &[usize], asked: usize) {
        let mut aggregator = Aggregator::new(self.options);
        let mut rebuild = Rebuild::default();
        let mut start = 0;
        let every = ends.len().div_ceil(asked.max(1)).max(1);
        for (count, &end) in ends.iter().enumerate() {
            self.feed_and_rebuild(&mut aggregator, &self.text[start..end], &mut rebuild);
            start = end;
            if count % every == 0 {
                self.check_model(end, false, &State::of(&aggregator));
            }
        }
        self.check_model(start, true, &self.finished(ends));
    }

    fn finished(&self, ends: &[usize]) -> State {
        State::of(&self.ended(ends))
    }

    /// Feeds the pieces and ends the input.
    pub(crate) fn ended(&self, ends: &[usize]) -> Aggregator {
        let mut aggregator = self.fed(ends);
        let before = snapshot(&aggregator);
        let result = aggregator.finish();
        if let Ok(updated) = result {
            assert_eq!(before != snapshot(&aggregator), updated, "finish: {self}");
        }
        let state = State::of(&aggregator);
        match aggregator.finish() {
            Ok(updated) => {
                assert!(result.is_ok(), "{self}");
                assert!(!updated, "a second finish changes nothing: {self}");
            }
            Err(error) => assert_eq!(Err(error), result, "an error is raised again: {self}"),
        }
        assert_eq!(state, State::of(&aggregator), "{self}");
        aggregator
    }

    /// `feed_with` takes text in which halves of pairs may come as three bytes each.
    fn feed_and_rebuild(&self, aggregator: &mut Aggregator, piece: &[u8], sink: &mut Rebuild) {
        let is_half = |pair: &[u8]| matches!(pair, [0xed, 0xa0..=0xbf]);
        if !self.halves && self.text.windows(2).any(is_half) {
            return self.feed(aggregator, piece);
        }
        let before = snapshot(aggregator);
        let count = sink.count;
        let result = aggregator.feed_with(piece, sink);
        let after = snapshot(aggregator);
        if let Ok(updated) = result {
            assert_eq!(before != after, updated, "{self}");
        }
        sink.check_nothing_is_early();
        assert_eq!(Vec::<String>::new(), sink.faults, "{self}");
        if self.options.style == Style::Spaced && self.options.form == Form::Plain {
            assert_eq!(after, sink.snapshot(), "events replayed: {self}");
        }
        if before != after {
            assert!(count < sink.count, "an update without an event: {self}");
        }
    }

    fn check_growth(&self, last: &mut Option<Tree>, state: &State) {
        let Some(text) = &state.snapshot else {
            assert!(last.is_none(), "what was shown is gone: {self}");
            return;
        };
        let tree = Tree::parse(text)
            .unwrap_or_else(|error| panic!("serde_json refuses {text:?}: {error}: {self}"));
        if let Some(before) = last {
            assert!(tree.extends(before), "{before:?} became {tree:?}: {self}");
        }
        *last = Some(tree);
    }
}

impl std::fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "\"{}\" root {:?}{}",
            self.text.escape_ascii(),
            self.options.root,
            if self.halves { " (WTF-8)" } else { "" }
        )
    }
}

/// Strict reading of the whole text: its last snapshot if it was accepted and complete.
pub(crate) fn accepts(text: &[u8], root: Root) -> Option<String> {
    let case = Case::strict(text, root);
    let aggregator = case.ended(&[text.len()]);
    (aggregator.error().is_none() && aggregator.is_complete())
        .then(|| snapshot(&aggregator).unwrap())
}

/// Was the text refused as malformed, and not merely cut off?
pub(crate) fn refuses(text: &[u8], root: Root) -> bool {
    let aggregator = Case::strict(text, root).ended(&[text.len()]);
    aggregator
        .error()
        .is_some_and(|error| matches!(error.category(), Category::Invalid | Category::Limit))
}
