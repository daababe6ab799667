"""Values that a schema shows only whole: every view, every form of a stream, what is refused."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

import wholejson

SCHEMA = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["leaf", "twig", None]},
        "made": {"type": "string", "format": "date"},
        "note": {"type": "string"},
        "inner": {"$ref": "#"},
        "many": {"items": {"$ref": "#"}},
    },
}
TREES = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "kind": st.sampled_from(["leaf", "twig", None, "other", 3, {"a": "b"}]),
            "made": st.text(max_size=10),
            "note": st.text(max_size=10),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {"note": st.text(max_size=5)},
        optional={"inner": inner, "many": st.lists(inner, max_size=3), "kind": st.just("leaf")},
    ),
    max_leaves=8,
)


def pieces(text: str, seed: int) -> list[str]:
    """Cut anywhere."""
    rng = random.Random(seed)
    cuts = sorted(rng.sample(range(1, len(text)), min(12, len(text) - 1)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def chunks(texts: list[str]) -> list[dict[str, Any]]:
    def one(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}

    return [*(one({"content": text}) for text in texts), one({}, "stop")]


def check_whole(value: Any) -> None:
    """No value that is shown only whole is a prefix of one."""
    if isinstance(value, list):
        for each in value:
            check_whole(each)
    elif isinstance(value, dict):
        assert value.get("kind") not in ("l", "le", "lea", "t", "tw", "twi")
        for each in value.values():
            check_whole(each)


@settings(max_examples=300, deadline=None)
@given(TREES, st.integers(0, 9), st.booleans(), st.booleans())
def test_every_view_shows_the_same_and_nothing_is_taken_back(tree, seed, repair, live):
    document = wholejson.Aggregator(schema=SCHEMA, repair=repair)
    assert document.schema_warning is None
    value, settled, updates = None, [], 0
    for piece in [*pieces(json.dumps(tree), seed), None]:
        changed = document.finish() if piece is None else document.feed(piece)
        updates += changed
        operations = document.take_operations()
        assert bool(operations) == changed
        value = wholejson.apply_operations(value, operations)
        settled += document.take_settled()
        snapshot = document.snapshot()
        shown = None if snapshot is None else json.loads(snapshot)
        assert shown == value == document.value(live=live)
        check_whole(shown)
    assert tree == value
    assert settled[-1] == ""
    assert document.complete
    assert updates >= 1


@settings(max_examples=150, deadline=None)
@given(TREES, st.integers(0, 9), st.booleans(), st.sampled_from(["snapshot", "patch"]))
def test_bytes_dicts_and_an_async_stream_give_the_same(tree, seed, validate, mode):
    texts = pieces(json.dumps(tree), seed)
    options = {"schema": SCHEMA, "whole": ["/note"], "validate": validate, "mode": mode}
    transformer = wholejson.ChunkTransformer(**options)
    assert validate == transformer.validates
    events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks(texts))
    out = transformer.feed(events.encode()) + transformer.finish()
    expected = [json.loads(line[6:]) for line in out.decode().split("\n\n") if line]
    assert expected == list(wholejson.wrap_stream(chunks(texts), **options))

    async def source():
        for chunk in chunks(texts):
            yield chunk

    async def read():
        return [chunk async for chunk in wholejson.wrap_stream(source(), **options)]

    assert expected == asyncio.run(read())
    status = expected[-1]["choices"][0]["json_status"]
    assert validate == ("valid" in status)


def test_snapshots_and_values_take_a_schema_too():
    deltas = ['{"note": "a', 'b", "kind": "le', 'af"}']
    schema = json.dumps(SCHEMA)
    whole = {"note": "ab", "kind": "leaf"}
    shown = [{"note": "a"}, {"note": "ab"}, whole]
    assert shown == [json.loads(each) for each in wholejson.snapshots(deltas, schema=schema)]
    assert shown == list(wholejson.values(deltas, schema=schema))
    assert [whole] == list(wholejson.values(deltas, whole=["/note", ""]))


@pytest.mark.parametrize("given", [SCHEMA, json.dumps(SCHEMA), json.dumps(SCHEMA).encode()])
def test_a_schema_is_a_dict_or_json_text(given):
    document = wholejson.Aggregator(schema=given)
    assert not document.feed('[{"kind": "le')  # the root is an object
    assert document.feed('af"}]')


def test_the_schema_gives_the_root_unless_another_is_named():
    text = '[{"a": 1}]'
    for root, expected in [("auto", {"a": 1}), ("array", [{"a": 1}])]:
        document = wholejson.Aggregator(schema={"type": "object"}, root=root)
        document.feed(text)
        document.finish()
        assert expected == document.value()
    scalar = wholejson.Aggregator(schema={"enum": ["yes", "no"]})
    assert not scalar.feed('"ye')
    scalar.feed('s"')
    scalar.finish()
    assert scalar.value() == "yes"


@pytest.mark.parametrize("none", [None, False])
def test_without_a_schema_nothing_is_held_back(none):
    document = wholejson.Aggregator(schema=none, whole=[])
    assert document.feed('{"kind": "le')


def test_a_schema_that_can_not_be_read_is_ignored_and_said():
    document = wholejson.Aggregator(schema="{nonsense")
    assert "can't be read as JSON" in (document.schema_warning or "")
    assert document.feed('{"kind": "le')


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"schema": 3}, TypeError, "schema must be a JSON Schema as a dict or as JSON text"),
        ({"schema": True}, TypeError, "schema must be a JSON Schema as a dict or as JSON text"),
        ({"schema": {"a": object()}}, TypeError, "not JSON serializable"),
        ({"whole": "/a"}, TypeError, "whole must be a list of JSON Pointers"),
        ({"whole": [1]}, TypeError, "whole must be a list of JSON Pointers"),
        ({"whole": ["a"]}, ValueError, '"a" is no JSON Pointer'),
    ],
)
def test_what_is_no_schema_or_pointer_is_refused_at_once(options, error, words):
    for kind in (wholejson.Aggregator, wholejson.ChunkTransformer):
        with pytest.raises(error, match=words):
            kind(**options)
    for function in (wholejson.snapshots, wholejson.values, wholejson.wrap_stream):
        with pytest.raises(error, match=words):
            function([], **options)


def test_validate_is_true_or_false():
    with pytest.raises(TypeError, match="validate must be True or False"):
        wholejson.ChunkTransformer(validate=1)


def test_an_async_stream_gives_its_verdict_beside_the_event_loop():
    where = set()

    async def source():
        for chunk in chunks(['{"kind": "leaf"}']):
            yield chunk

    async def read():
        stream = wholejson.wrap_stream(source(), schema=SCHEMA, validate=True)
        loop = asyncio.get_running_loop()
        run = loop.run_in_executor
        loop.run_in_executor = lambda *a: where.add("thread") or run(*a)
        return [chunk async for chunk in stream]

    *_, last = asyncio.run(read())
    assert {"thread"} == where
    assert last["choices"][0]["json_status"]["valid"] is True


PAGE = (ROOT / "docs" / "schema.md").read_text("utf-8")


def test_the_page_shows_a_verdict_as_it_is():
    schema = {"properties": {"age": {"minimum": 0}}}
    deltas = chunks(['{"age": -1}'])
    *_, last = wholejson.wrap_stream(deltas, schema=schema, validate=True)
    shown = next(line for line in PAGE.splitlines() if line.startswith('{"complete"'))
    assert last["choices"][0]["json_status"] == json.loads(shown)


def test_the_page_names_every_keyword_that_holds_a_value_back():
    held = PAGE.split("## What is shown only whole")[1].split("\n\n")[1]
    for schema in ({"enum": ["a"]}, {"const": "a"}, {"format": "x"}, {"pattern": "a"}):
        (keyword,) = schema
        assert f"`{keyword}`" in held
        assert not wholejson.Aggregator(schema={"items": schema}).feed('["a')
    assert "`contentEncoding`" in held
    assert wholejson.Aggregator(schema={"items": {"contentMediaType": "x"}}).feed('["a')


@pytest.mark.parametrize("depth", [200, 5_000, 100_000])
def test_a_dict_that_is_nested_too_deep_is_ignored_with_a_warning(depth: int) -> None:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"properties": {"a": schema}}
    document = wholejson.Aggregator(schema=schema)
    assert document.schema_warning
    assert document.feed('{"a": "x')
