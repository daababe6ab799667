"""No memory and no reference is left behind: by streams that end, that fail, that are left."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wholejson
from wholejson import _core

STREAMS = int(os.environ.get("WHOLEJSON_STREAMS", "100000"))
DELTAS = ('{"name": "J', "\\u00f6hn", '", "tags": [1, "x"]}')


def event(content: str, reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": reason}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def read(deltas: tuple[str, ...], **options: Any) -> None:
    reader = wholejson.Aggregator(**options)
    with contextlib.suppress(wholejson.Error):
        for delta in deltas:
            reader.feed(delta)
            reader.snapshot()
        reader.value(live=True)
        reader.take_operations()
        reader.finish()


def turn(*parts: bytes, end: Callable[[Any], Any] | None = None) -> None:
    transformer = wholejson.ChunkTransformer()
    for part in parts:
        transformer.feed(part)
    if end:
        end(transformer)


def refuse(call: Callable[[], Any]) -> None:
    try:
        call()
    except (TypeError, ValueError):
        return
    raise AssertionError("it was not refused")


WAYS: dict[str, Callable[[], None]] = {
    "finished": lambda: read(DELTAS),
    "failed": lambda: read((*DELTAS, "x"), repair=False),
    "left": lambda: read(DELTAS[:2]),
    "nothing": lambda: read(("no json",)),
    "beyond a limit": lambda: read(("[" * 300,)),
    "repaired": lambda: read(("{'a': tru, b: [1,,2}",)),
    "a stream": lambda: turn(event("[1]", "stop"), b"data: [DONE]\n\n", end=lambda it: it.finish()),
    "a stream that broke off": lambda: turn(event("[1, "), end=lambda it: it.finish()),
    "a stream that timed out": lambda: turn(
        event('["x'), end=lambda it: it.fail("upstream_timeout")
    ),
    "a stream that was left": lambda: turn(event('["x'), b"data: {"),
    "chunks": lambda: [*wholejson.wrap_stream([{"choices": [
        {"index": 0, "delta": {"content": "[1]"}, "finish_reason": "stop"}]}])] and None,
    "a wrong type": lambda: refuse(lambda: wholejson.Aggregator().feed(1)),  # type: ignore
    "a wrong option": lambda: refuse(lambda: wholejson.Aggregator(root="x")),  # type: ignore
    "a wrong request": lambda: refuse(
        lambda: _core.read_request(b'{"stream_options": {"valid_json_chunks": 1}}')
    ),
}  # fmt: skip


def resident() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    [line] = [line for line in status if line.startswith("VmRSS:")]
    return int(line.split()[1]) << 10


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
@pytest.mark.timeout(300)
def test_a_hundred_thousand_streams_leave_no_memory_behind() -> None:
    ways = list(WAYS.values())
    for number in range(STREAMS // 10):
        ways[number % len(ways)]()
    gc.collect()
    before = resident()
    for number in range(STREAMS):
        ways[number % len(ways)]()
    gc.collect()
    # Ten bytes a stream: a leak of one object would be fifty at least.
    assert resident() - before < 10 * STREAMS + (512 << 10)


@pytest.mark.parametrize("way", WAYS)
def test_no_object_and_no_reference_is_left(way: str) -> None:
    watched = [None, True, wholejson.Error, wholejson.Aggregator, wholejson.ChunkTransformer]

    def counts() -> list[int]:
        gc.collect()
        return [len(gc.get_objects()), *(sys.getrefcount(each) for each in watched)]

    for _ in range(50):
        WAYS[way]()
    before = counts()
    for _ in range(1000):
        WAYS[way]()
    # A reference that is lost each time would be a thousand.
    assert max(after - then for then, after in zip(before, counts(), strict=True)) < 100
