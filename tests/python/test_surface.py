"""Whatever is handed to what users call: only documented exceptions come out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import how_many

import wholejson
from wholejson import _core

MANY = settings(
    max_examples=min(60 + how_many(3000) // 100, 5000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
pytestmark = pytest.mark.timeout(600)
WRONG = (TypeError, ValueError)  # wholejson's own are ValueErrors
TOKENS = [*"{}[],:'\"\\/#.- \n\0é", '{"a', '":', "```", "<think>", "\ud83d", "\\u", "1e9", "tru"]
TEXT = st.lists(st.sampled_from(TOKENS) | st.text(max_size=4), max_size=12).map("".join)
DELTA = st.one_of(
    TEXT,
    st.binary(max_size=12),
    st.binary(max_size=6).map(bytearray),
    st.binary(max_size=6).map(memoryview),
)
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXT, st.binary(max_size=6),
    st.lists(st.integers(), max_size=2), st.dictionaries(TEXT, st.none(), max_size=2),
    st.sampled_from([object(), Ellipsis, int, len, 10**30, -1, float("nan")]),
)  # fmt: skip
ANY = DELTA | ODD
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "root": st.sampled_from(["auto", "object", "array", "any"]),
        "repair": st.booleans(),
        "style": st.sampled_from(["spaced", "compact"]),
        "limits": st.builds(
            wholejson.Limits,
            depth=st.integers(1, 300),
            digits=st.integers(1, 9),
            look_ahead=st.integers(1, 64),
            document=st.integers(1, 99),
        ),
    },
)
SOME = st.recursive(
    ODD | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def quietly(call: Callable[[], Any], *allowed: type[Exception]) -> Any:
    """What a call gives; nothing where it raises what is documented."""
    try:
        return call()
    except (wholejson.Error, wholejson.OptionError, *allowed) as error:
        said = error
    if isinstance(said, wholejson.Error):
        assert said.kind
        assert said.offset >= 0
    assert str(said)
    return None


@MANY
@given(OPTIONS, st.lists(DELTA, max_size=6), st.booleans())
def test_an_aggregator_raises_its_own_errors_alone_and_stays_readable(options, deltas, live):
    reader = wholejson.Aggregator(**options)
    for delta in deltas:
        quietly(lambda d=delta: reader.feed(d))
        snapshot = reader.snapshot()
        assert (snapshot and snapshot.encode()) == reader.snapshot_bytes()
        reader.value(live=live)
        reader.take_operations()
        reader.take_settled()
        assert len(reader.repairs) <= reader.repair_count
        assert repr(reader)
    quietly(reader.finish)
    shown = reader.snapshot()
    assert shown is None or json.loads(shown) == reader.value() or "e" in shown.lower()


@MANY
@given(ANY, ANY, ANY)
def test_what_is_no_text_is_a_type_error(first, second, third):
    reader, transformer = wholejson.Aggregator(), wholejson.ChunkTransformer()
    for odd in (first, second, third):
        quietly(lambda o=odd: reader.feed(o), TypeError)
        quietly(lambda o=odd: transformer.feed(o), TypeError)
        quietly(lambda o=odd: transformer.push(o), TypeError)
        quietly(transformer.pull)
        quietly(lambda o=odd: _core.read_request(o), TypeError)
    quietly(lambda: transformer.fail(first, second), *WRONG)
    quietly(transformer.finish)
    assert transformer.report["bytes_out"] >= 0


NAMES = st.sampled_from(
    ["root", "repair", "style", "limits", "choices", "max_amplification", "every_ms", "mode",
     "final", "parse_float", "parse_int", "depth", "document", "digits", "odd name", ""],
)  # fmt: skip


@MANY
@given(st.dictionaries(NAMES, ANY, max_size=3))
def test_wrong_options_are_type_errors_and_value_errors_everywhere(options):
    takers: list[Callable[..., Any]] = [
        wholejson.Aggregator, wholejson.ChunkTransformer, wholejson.Limits,
        lambda **given: wholejson.snapshots(["{}"], **given),
        lambda **given: wholejson.values(["{}"], **given),
        lambda **given: wholejson.models(["{}"], Thing, **given),
        lambda **given: wholejson.wrap_stream([], **given),
    ]  # fmt: skip
    for take in takers:
        quietly(lambda t=take: t(**options), *WRONG)


class Thing(pydantic.BaseModel):
    """A model."""

    a: int = 0
    b: str = ""
    c: list[Thing] = pydantic.Field(default_factory=list)


def drained(made: Iterable[Any]) -> int:
    return sum(1 for _ in made)


@MANY
@given(OPTIONS, st.lists(DELTA, max_size=6))
def test_the_iterators_raise_the_errors_of_the_text_alone(options, deltas):
    quietly(lambda: drained(wholejson.snapshots(deltas, **options)))
    options.pop("style", None)
    quietly(lambda: drained(wholejson.values(deltas, **options)), TypeError)
    quietly(
        lambda: drained(wholejson.models(deltas, Thing, **options)),
        TypeError, pydantic.ValidationError,
    )  # fmt: skip


CHOICE = st.fixed_dictionaries(
    {},
    optional={
        "index": st.integers(0, 2) | ODD,
        "delta": st.none() | st.fixed_dictionaries(
            {}, optional={"content": TEXT | SOME, "role": SOME, "tool_calls": SOME}
        ) | SOME,
        "finish_reason": st.sampled_from([None, "", "stop", "length"]) | ODD,
        "logprobs": SOME,
    },
)  # fmt: skip
CHUNK = st.fixed_dictionaries(
    {}, optional={"choices": st.lists(CHOICE, max_size=2) | SOME, "usage": SOME, "error": SOME}
)


@MANY
@given(st.lists(CHUNK | ANY, max_size=4))
def test_a_stream_of_chunks_of_any_form_raises_documented_errors_alone(chunks):
    quietly(lambda: drained(wholejson.wrap_stream(chunks)), TypeError)
    for chunk in chunks:
        quietly(lambda c=chunk: wholejson.json_status(c), TypeError, AttributeError)


OPERATION = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["add", "append", "replace", "remove"]) | ODD,
        "path": st.sampled_from(["", "/", "/a", "/0", "/-", "/a/b", "a", "/~", "/~1"]) | ODD,
        "value": SOME,
    },
)


@MANY
@given(SOME, st.lists(OPERATION | ODD, max_size=4))
def test_operations_that_do_not_fit_are_value_errors(value, operations):
    quietly(lambda: wholejson.apply_operations(value, operations), ValueError)


@MANY
@given(ODD)
def test_what_is_no_client_and_no_stream_is_refused_by_type(odd):
    quietly(lambda: wholejson.wrap(odd), *WRONG)
    quietly(lambda: drained(wholejson.wrap_stream(odd)), *WRONG)
    quietly(lambda: drained(wholejson.snapshots(odd)), *WRONG)
    quietly(lambda: drained(wholejson.values(odd)), *WRONG)


@MANY
@given(st.binary(max_size=80) | CHUNK.map(repr).map(str.encode))
def test_a_transformer_takes_any_bytes_and_writes_whole_events(data):
    transformer = wholejson.ChunkTransformer()
    out = transformer.feed(b"data: " + data + b"\n\n") + transformer.finish()
    assert isinstance(out, bytes)
    assert transformer.ended
