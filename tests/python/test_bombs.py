"""Documents that want to exhaust whoever reads them: bounded time and memory, and a clear end.

In the library here, and through a gateway in a process of its own.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from bombs import BOMBS, MILLION, Bomb, of
from serving import (
    DONE,
    FLAG,
    HEAD,
    LAST,
    Answer,
    Gateway,
    Upstream,
    ask,
    event,
    gateway,
    piece,
)

import wholejson

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc"),
    pytest.mark.timeout(240),
]
MB = 1 << 20
# Seconds of CPU for any of them; each takes less than one. Reading in quadratic time takes hours.
SECONDS = 20


class Peak:
    """The most memory that a process held since this was made."""

    def __init__(self, pid: int | str = "self") -> None:
        self._status = Path(f"/proc/{pid}/status")
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        self._before = self._read("VmRSS")

    def _read(self, name: str) -> int:
        lines = self._status.read_text().splitlines()
        [line] = [line for line in lines if line.startswith(f"{name}:")]
        return int(line.split()[1]) << 10

    def taken(self) -> int:
        """Bytes above those at the beginning."""
        return self._read("VmHWM") - self._before


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


# Through the gateway. An upstream streams a bomb, and the process of the gateway is looked at.


def script(parts: Callable[[], Iterator[bytes]]) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        for part in parts():
            connection.sendall(piece(part))
        connection.sendall(LAST)

    return serve


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


def lines(unit: bytes, count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield unit


def cpu(pid: int) -> float:
    """Seconds that a process has run."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


class Watched:
    """A gateway in front of an upstream that streams what it is told to."""

    def __init__(self) -> None:
        self.parts: Callable[[], Iterator[bytes]] = lambda: iter(())

    def serve(self, connection: socket.socket) -> None:
        script(self.parts)(connection)

    def ask(self, running: Gateway, parts: Callable[[], Iterator[bytes]], **flag: object) -> Answer:
        """Ask once: within the time and memory that any request may take."""
        self.parts = parts
        pid = running.process.pid
        peak, began = Peak(pid), cpu(pid)
        asked = {**FLAG, "stream_options": {"valid_json_chunks": flag or True}}
        answer = ask(running.url + "/", asked)
        assert cpu(pid) - began < SECONDS
        # A line of 16 MiB in its turns, or a document of 8 MiB with its snapshots.
        assert peak.taken() < 160 * MB
        return answer


@pytest.fixture(scope="module")
def watched() -> Iterator[tuple[Watched, Gateway]]:
    watched = Watched()
    with Upstream(watched.serve) as upstream, gateway("--upstream", upstream.url) as running:
        watched.ask(running, lambda: iter([event('{"a": 1}', "stop") + DONE]))
        yield watched, running


def still_well(watched: Watched, running: Gateway) -> None:
    answer = watched.ask(running, lambda: iter([event('{"a": 1}', "stop") + DONE]))
    assert ['{"a": 1}'] == answer.contents()


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.name)
def test_through_the_gateway_it_ends_clearly_and_the_next_stream_is_well(
    bomb: Bomb, watched: tuple[Watched, Gateway]
) -> None:
    # As often as each delta the document would be sent: here as often as it has doubled.
    answer = watched[0].ask(watched[1], lambda: streamed(bomb), max_amplification=4)
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
    still_well(*watched)


def test_a_line_without_end_is_cut_off_at_its_limit(watched: tuple[Watched, Gateway]) -> None:
    endless = lines(b"x" * MB, 200)
    answer = watched[0].ask(watched[1], lambda: iter([event('{"a": "x'), b"data: ", *endless]))
    assert "limit_exceeded" == (answer.error() or {}).get("code")
    assert '{"a": "x"}' in answer.contents()
    still_well(*watched)


def test_an_event_without_end_is_cut_off_at_its_limit(watched: tuple[Watched, Gateway]) -> None:
    endless = (b"data: " + b"x" * MB + b"\n" for _ in range(200))
    answer = watched[0].ask(watched[1], lambda: iter([event('{"a": "x'), *endless]))
    assert "limit_exceeded" == (answer.error() or {}).get("code")
    still_well(*watched)


def test_a_hundred_thousand_choices_are_too_many(watched: tuple[Watched, Gateway]) -> None:
    def one(index: int) -> bytes:
        choice = {"index": index, "delta": {"content": "[1,"}}
        return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"

    def alone() -> Iterator[bytes]:
        for at in range(0, 100_000, 500):
            yield b"".join(map(one, range(at, at + 500)))

    def together() -> Iterator[bytes]:
        choices = [{"index": at, "delta": {"content": "[1,"}} for at in range(100_000)]
        yield b"data: " + json.dumps({"choices": choices}).encode() + b"\n\n"

    for parts in (alone, together):
        answer = watched[0].ask(watched[1], parts)
        assert "limit_exceeded" == (answer.error() or {}).get("code")
        still_well(*watched)


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
def test_a_body_that_is_a_bomb_gets_an_answer(
    name: str, body: bytes, watched: tuple[Watched, Gateway]
) -> None:
    pid = watched[1].process.pid
    watched[0].parts = lambda: iter([event('{"a": 1}', "stop") + DONE])
    peak, began = Peak(pid), cpu(pid)
    answer = ask(watched[1].url + "/", body)
    assert {"depth": 200, "keys": 400, "flag": 400, "digits": 200, "size": 413}[
        name
    ] == answer.status
    assert cpu(pid) - began < SECONDS
    assert peak.taken() < 200 * MB
    still_well(*watched)
