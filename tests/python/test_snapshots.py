"""`snapshots()` and the rows of `tests/data/snapshots.jsonl`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import pytest
from conftest import DATA

import wholejson

CASES = [json.loads(line) for line in (DATA / "snapshots.jsonl").read_text("utf-8").splitlines()]
by_case = pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])


class Source:
    """Deltas, sync and async, that remember whether they were closed."""

    def __init__(self, deltas, error=None):
        self.deltas, self.error, self.closed = list(deltas), error, 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.deltas:
            return self.deltas.pop(0)
        raise self.error or StopIteration

    def close(self):
        self.closed += 1


class AsyncSource(Source):
    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.deltas:
            return self.deltas.pop(0)
        raise self.error or StopAsyncIteration

    __iter__ = None

    async def aclose(self):
        self.closed += 1


def collect(source, **options) -> list[str]:
    if not isinstance(source, AsyncSource):
        return list(wholejson.snapshots(source, **options))

    async def run():
        return [text async for text in wholejson.snapshots(source, **options)]

    return asyncio.run(run())


@by_case
@pytest.mark.parametrize("source", [Source, AsyncSource])
@pytest.mark.parametrize("encode", [str, str.encode], ids=["str", "bytes"])
def test_each_update_is_given_out_once(case, source, encode):
    deltas = [encode(delta) for delta in case["deltas"]]
    assert case["updates"] == collect(source(deltas))


@by_case
@pytest.mark.parametrize("repair", [True, False])
def test_an_aggregator_says_the_same_delta_by_delta(case, repair):
    document = wholejson.Aggregator(repair=repair)
    updates = [document.snapshot() for delta in case["deltas"] if document.feed(delta)]
    if document.finish():
        updates.append(document.snapshot())
    assert case["updates"] == updates
    assert case["updates"][-1] == document.snapshot()
    assert case["updates"][-1].encode() == document.snapshot_bytes()
    assert case["complete"] is document.complete
    assert document.repairs == []
    assert document.repair_count == 0


@by_case
def test_one_character_at_a_time_ends_the_same(case):
    text = "".join(case["deltas"])
    assert case["updates"][-1] == collect(Source(text))[-1]
    assert case["updates"][-1] == collect(Source(bytes([byte]) for byte in text.encode()))[-1]


def test_the_shared_cases(shared):
    """The same promises, by somebody else's examples."""
    for line in (shared / "cases" / "snapshots.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        document = wholejson.Aggregator()
        updates = [document.snapshot() for delta in case["deltas"] if document.feed(delta)]
        if case["final"] is None:
            with pytest.raises(wholejson.NoJSONError):
                document.finish()
        elif document.finish():
            updates.append(document.snapshot())
        expected = (case["updates"], case["final"], case["complete"])
        assert expected == (updates, document.snapshot(), document.complete), case["name"]


@pytest.mark.parametrize("source", [Source, AsyncSource])
@pytest.mark.parametrize("deltas", [[], ["{"], ['{"price": 1', "2"], [" \n"]])
def test_nothing_ever_visible_is_an_error_at_the_end(source, deltas):
    deltas = source(deltas)
    with pytest.raises(wholejson.NoJSONError):
        collect(deltas)
    assert deltas.closed == 1


def test_an_update_before_an_error_in_the_same_delta_is_given_out():
    deltas = ['{"a": 1, "b": "x', 'y", "c": 2, ]']
    snapshots = wholejson.snapshots(Source(deltas), repair=False)
    assert next(snapshots) == '{"a": 1, "b": "x"}'
    assert next(snapshots) == '{"a": 1, "b": "xy", "c": 2}'
    with pytest.raises(wholejson.InvalidJSONError) as caught:
        next(snapshots)
    assert len("".join(deltas)) - 1 == caught.value.offset


def test_an_update_before_an_error_in_the_same_delta_is_given_out_async():
    async def run():
        snapshots = wholejson.snapshots(AsyncSource(['{"a": "x', 'y"]']), repair=False)
        assert await anext(snapshots) == '{"a": "x"}'
        assert await anext(snapshots) == '{"a": "xy"}'
        with pytest.raises(wholejson.InvalidJSONError):
            await anext(snapshots)

    asyncio.run(run())


@pytest.mark.parametrize("source", [Source, AsyncSource])
def test_an_error_of_the_deltas_comes_through(source):
    deltas = source(['{"a": "x'], error=OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        collect(deltas)
    assert deltas.closed == 1


def test_closing_early_closes_the_deltas():
    deltas = Source(['{"a": "x', "y", "z"])
    snapshots = wholejson.snapshots(deltas)
    assert next(snapshots) == '{"a": "x"}'
    snapshots.close()
    assert deltas.closed == 1
    assert ["y", "z"] == deltas.deltas


def test_closing_early_closes_the_async_deltas():
    deltas = AsyncSource(['{"a": "x', "y", "z"])

    async def run():
        snapshots = wholejson.snapshots(deltas)
        assert await anext(snapshots) == '{"a": "x"}'
        await snapshots.aclose()

    asyncio.run(run())
    assert deltas.closed == 1


def test_the_deltas_are_closed_before_the_first_is_read():
    deltas = Source(["{}"])
    wholejson.snapshots(deltas).close()
    assert deltas.closed == 1


def test_what_is_asked_for_is_what_comes():
    assert isinstance(wholejson.snapshots([]), Iterator)
    assert isinstance(wholejson.snapshots(AsyncSource([])), AsyncIterator)


@pytest.mark.parametrize("deltas", ["{}", b"{}", bytearray(b"{}"), memoryview(b"{}"), None, 3])
def test_what_is_no_iterable_of_deltas_is_refused_at_once(deltas):
    with pytest.raises(TypeError, match=f"not one {type(deltas).__name__}; "):
        wholejson.snapshots(deltas)


def test_deltas_that_were_not_awaited_are_refused_with_the_remedy():
    async def deltas():
        return ["{}"]

    with pytest.raises(TypeError, match="await it first"):
        wholejson.snapshots(deltas())


def test_a_wrong_option_is_refused_at_once():
    with pytest.raises(ValueError, match="style"):
        wholejson.snapshots([], style="wide")


def test_options_reach_the_document():
    assert ['{"a":[1,2]}'] == collect(Source(['{"a": [1, 2]}']), style="compact")
    assert ["[1]"] == collect(Source(["[1]"]), root="array")
