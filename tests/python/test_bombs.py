"""Documents that want to exhaust whoever reads them: bounded time and memory, and a clear end.

In the library here, and through a gateway in a process of its own.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import lru_cache

import pytest
from bombs import BOMBS, MILLION, Bomb, of
from serving import DONE, event
from watching import MB, SECONDS, Peak, Watched, watched_gateway, whole

import wholejson

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc"),
    pytest.mark.timeout(240),
]


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.name)
def test_it_is_read_in_bounded_time_and_memory_to_a_clear_end(bomb: Bomb) -> None:
    reader = wholejson.Aggregator()
    peak, began, fed, error = Peak(), time.process_time(), 0, None
    try:
        for delta in bomb.deltas():
            fed += len(delta)
            reader.feed(delta)
        reader.finish()
    except wholejson.Error as raised:
        error = raised
    assert time.process_time() - began < SECONDS
    # A delta that is one object is memory of the caller's, twice: the text, and its parts.
    largest = 2 * len(bomb.text()) if bomb.delta > 50 * MILLION else 0
    assert peak.taken() < 3 * fed + largest + 8 * MB
    if bomb.limit:
        assert isinstance(error, wholejson.LimitError)
        assert (bomb.limit, True) == (error.kind, error.offset > 0)
    elif bomb.value is not None:
        assert error is None
        assert reader.complete
        assert of(bomb.value) == of(json.loads(reader.snapshot() or ""))
    elif (shown := reader.snapshot()) is not None:
        json.loads(shown)


def test_a_bomb_of_numbers_is_no_bomb_for_the_objects_that_are_made_of_it() -> None:
    """4,300 digits are what a document may have, and what int() takes by itself."""
    reader = wholejson.Aggregator()
    reader.feed("[" + ",".join(["7" * 4300] * 200) + "]")
    began = time.process_time()
    assert [int("7" * 4300)] * 200 == reader.value()
    assert time.process_time() - began < SECONDS


def one_choice(index: int) -> bytes:
    choice = {"index": index, "delta": {"content": "[1,"}}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def choices_alone() -> Iterator[bytes]:
    for at in range(0, 100_000, 500):
        yield b"".join(map(one_choice, range(at, at + 500)))


def choices_together() -> Iterator[bytes]:
    choices = [{"index": at, "delta": {"content": "[1,"}} for at in range(100_000)]
    yield b"data: " + json.dumps({"choices": choices}).encode() + b"\n\n"


def endless_line() -> Iterator[bytes]:
    yield from (event('{"a": "x'), b"data: ", *[b"x" * MB] * 200)


def endless_event() -> Iterator[bytes]:
    yield event('{"a": "x')
    yield from [b"data: " + b"x" * MB + b"\n"] * 200


@pytest.mark.parametrize("parts", [choices_alone, choices_together, endless_line, endless_event])
def test_a_stream_without_measure_ends_at_its_limit(parts: Callable[[], Iterator[bytes]]) -> None:
    transformer = wholejson.ChunkTransformer()
    peak, began, said = Peak(), time.process_time(), b""
    for part in parts():
        if transformer.ended:
            break
        said = transformer.feed(part)[-2000:] or said
    said += transformer.finish()
    assert time.process_time() - began < SECONDS
    assert peak.taken() < 160 * MB
    assert b'"code": "limit_exceeded"' in said
    assert b"[DONE]" not in said


# Through the gateway. An upstream streams a bomb, and the process of the gateway is looked at.


def streamed(bomb: Bomb, most: int = 200_000) -> Iterator[bytes]:
    """A bomb as events: of one byte where it is made of them, several to a write; else longer."""
    waiting = bytearray()
    written = lru_cache(8)(event)
    for delta in bomb.deltas():
        size = len(delta) if bomb.delta > 50 * MILLION else most
        for at in range(0, len(delta), size):
            waiting += written(delta[at : at + size])
            if len(waiting) > 32 << 10:
                yield bytes(waiting)
                waiting.clear()
    yield bytes(waiting) + event(None, "stop") + DONE


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with watched_gateway() as watched:
        yield watched


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.name)
def test_through_the_gateway_it_ends_clearly_and_the_next_stream_is_well(
    bomb: Bomb, watched: Watched
) -> None:
    # As often as each delta the document would be sent: here as often as it has doubled.
    answer = watched.ask(lambda: streamed(bomb), max_amplification=4)
    assert (200, True) == (answer.status, answer.whole)
    error = answer.error()
    if bomb.limit or len(bomb.text()) > 8 * MB:
        assert "limit_exceeded" == error["code"]
    elif bomb.value is not None:
        assert error is None
        assert of(bomb.value) == of(json.loads(answer.contents()[-1]))
    elif error is None:
        json.loads(answer.contents()[-1])
    else:
        assert error["code"] in ("limit_exceeded", "no_json")
    watched.still_well()


def test_a_line_without_end_is_cut_off_at_its_limit(watched: Watched) -> None:
    answer = watched.ask(endless_line)
    assert "limit_exceeded" == (answer.error() or {}).get("code")
    assert '{"a": "x"}' in answer.contents()
    watched.still_well()


def test_an_event_without_end_is_cut_off_at_its_limit(watched: Watched) -> None:
    answer = watched.ask(endless_event)
    assert "limit_exceeded" == (answer.error() or {}).get("code")
    watched.still_well()


@pytest.mark.parametrize("parts", [choices_alone, choices_together])
def test_a_hundred_thousand_choices_are_too_many(
    parts: Callable[[], Iterator[bytes]], watched: Watched
) -> None:
    answer = watched.ask(parts)
    assert "limit_exceeded" == (answer.error() or {}).get("code")
    watched.still_well()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("depth", b'{"stream": true, "a": ' + b"[" * MILLION + b"]" * MILLION + b"}"),
        ("keys", b'{"stream": true'
         + b', "stream_options": {"valid_json_chunks": 1}' * 20_000 + b"}"),
        ("flag", b'{"stream": true, "stream_options": {"valid_json_chunks": '
         + b"[" * MILLION + b"]" * MILLION + b"}}"),
        ("digits", b'{"stream": true, "n": ' + b"7" * MILLION + b"}"),
        ("size", b'{"stream": true, "a": "' + b"x" * (65 << 20) + b'"}'),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_a_body_that_is_a_bomb_gets_an_answer(name: str, body: bytes, watched: Watched) -> None:
    answer = watched.ask(whole('{"a": 1}'), body, most=200 * MB)
    assert {"depth": 200, "keys": 400, "flag": 400, "digits": 200, "size": 413}[
        name
    ] == answer.status
    watched.still_well()
