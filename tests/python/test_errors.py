"""Exceptions: which class for which kind, what they carry, and what stays readable after one."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

import wholejson
from wholejson import _core, errors

LIMITS = {
    name: getattr(wholejson.Limits(), name)
    for name in ("depth", "document", "digits", "white_space", "look_ahead", "line", "event")
}


def raised(deltas: list, **options) -> wholejson.Error:
    document = wholejson.Aggregator(**options)
    try:
        for delta in deltas:
            document.feed(delta)
        document.finish()
    except wholejson.Error as error:
        return error
    raise AssertionError("nothing was raised")


def limited(**limits: int) -> dict:
    return {"limits": wholejson.Limits(**limits)}


STRICT = {"repair": False}
# One text for each kind that reading can end in: deltas, options, offset.
KINDS = {
    "unexpected_character": (['{"a": ]'], STRICT, 6),
    "invalid_literal": (['{"a": tru3'], STRICT, 9),
    "invalid_number": (['{"a": 01'], STRICT, 7),
    "invalid_escape": ([r'{"a": "\x'], STRICT, 8),
    "control_character": (['{"a": "\n'], STRICT, 7),
    "lone_surrogate": (['{"a": "\\ud83d"'], STRICT, 7),
    "invalid_utf8": ([b'{"a": "\xff'], STRICT, 7),
    "wrong_root": (["true"], STRICT, 0),
    "trailing_text": (["{} x"], STRICT, 3),
    "depth": (['{"a": [1'], STRICT | limited(depth=1), 6),
    "document": (["{", '"abc": 1}'], STRICT | limited(document=5), 5),
    "digits": (["[12345]"], STRICT | limited(digits=3), 4),
    "white_space": (["[" + " " * 9], STRICT | limited(white_space=8), 9),
    "no_json": ([" "], {}, 1),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_class_and_its_place(kind):
    deltas, options, offset = KINDS[kind]
    error = raised(deltas, **options)
    assert kind == error.kind
    assert _core.error_kinds()[kind] is type(error)
    assert offset == error.offset
    assert (1, 1) <= (error.line, error.column)
    assert f"line {error.line}, column {error.column}, offset {error.offset}" in str(error)


def test_every_kind_of_the_core_is_tested_here_or_belongs_to_event_streams():
    assert {*KINDS, "line", "event", "finished"} == set(_core.error_kinds())


def test_the_classes_of_the_kinds():
    kinds = _core.error_kinds()
    limits = {kind for kind, cls in kinds.items() if cls is wholejson.LimitError}
    assert set(LIMITS) - {"look_ahead"} == limits
    assert kinds["no_json"] is wholejson.NoJSONError
    assert kinds["finished"] is wholejson.UsageError


def test_line_and_column_are_those_of_the_text():
    error = raised(['{\n  "é": 1,\n  "ü": ]'], repair=False)
    assert (3, 8) == (error.line, error.column)


def test_what_was_shown_stays_readable_and_every_further_call_raises_again():
    document = wholejson.Aggregator(repair=False)
    document.feed('{"a": "b", "c": "d')
    with pytest.raises(wholejson.InvalidJSONError) as first:
        document.feed('e", ]')
    for call in (lambda: document.feed("x"), document.finish, lambda: document.feed(b"")):
        with pytest.raises(wholejson.InvalidJSONError) as again:
            call()
        assert vars(first.value) == vars(again.value)
    assert document.snapshot() == '{"a": "b", "c": "de"}'
    assert document.complete is False
    assert document.changed_before_error is True


def test_feed_after_finish_is_a_usage_error_and_finish_twice_is_none():
    document = wholejson.Aggregator()
    document.feed("{}")
    assert document.finish() is False
    assert document.finish() is False
    assert document.complete is True
    with pytest.raises(wholejson.UsageError, match="make a new object") as caught:
        document.feed("x")
    assert caught.value.kind == "finished"
    assert document.snapshot() == "{}"


def test_all_are_value_errors_and_drawn_in_the_docstring():
    for name in errors.__all__:
        cls = getattr(errors, name)
        assert issubclass(cls, ValueError)
        assert name in (errors.__doc__ or "")
        assert inspect.getdoc(cls)


@pytest.mark.parametrize("twin", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy])  # noqa: S301
def test_an_exception_can_be_sent_to_another_process(twin):
    error = raised(["["], root="object")
    again = twin(error)
    assert (type(error), str(error), vars(error)) == (type(again), str(again), vars(again))
    option = wholejson.OptionError("wrong", param="a.b")
    assert (str(option), option.param) == (str(twin(option)), twin(option).param)


def test_limits_have_their_documented_defaults_and_are_values():
    expected = [256, 64 << 20, 4300, 1 << 20, 1024, 16 << 20, 16 << 20]
    assert expected == list(LIMITS.values())
    assert wholejson.Limits() == wholejson.Limits(**LIMITS)
    assert hash(wholejson.Limits()) == hash(wholejson.Limits(depth=256))
    assert wholejson.Limits(depth=3) != wholejson.Limits()
    assert wholejson.Limits(line=5) == pickle.loads(pickle.dumps(wholejson.Limits(line=5)))  # noqa: S301
    assert eval(repr(wholejson.Limits(event=7)), {"Limits": wholejson.Limits}).event == 7  # noqa: S307
    with pytest.raises(AttributeError):
        wholejson.Limits().depth = 3


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize(
    ("value", "error"),
    [(0, ValueError), (-1, ValueError), (1 << 70, ValueError), (1.5, TypeError), (True, TypeError),
     ("1", TypeError)],
)  # fmt: skip
def test_a_limit_that_is_none_is_refused_by_its_name(name, value, error):
    with pytest.raises(error, match=name):
        wholejson.Limits(**{name: value})


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("[" * 300, {}),
        ("[" + "1" * 5000, {}),
        ("[" + " " * ((1 << 20) + 1), {}),
        ('["' + "x" * 100, {"document": 64}),
    ],
)
@pytest.mark.parametrize("repair", [True, False])
def test_a_limit_holds_at_any_cut(text, limits, repair):
    ends = set()
    for size in (1 << 22, 1000, 333):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        error = raised(pieces, root="array", repair=repair, limits=wholejson.Limits(**limits))
        assert isinstance(error, wholejson.LimitError)
        ends.add((error.kind, error.offset))
    assert len(ends) == 1
