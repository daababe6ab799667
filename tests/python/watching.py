"""A gateway that is looked at while it serves: its time, its memory, and who else it serves."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
    request_bytes,
    until,
)

MB = 1 << 20
# Seconds of CPU for any bomb; each takes less than two. Reading in quadratic time takes hours.
SECONDS = 20
# Seconds for which another stream may get nothing. Half of it is a machine with other work to do:
# if the event loop waited for what a bomb costs, it would be away for that long.
GAP = 1.0
TICK = 0.01


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


def cpu(pid: int) -> float:
    """Seconds that a process has run."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def script(parts: Callable[[], Iterator[bytes]]) -> Callable[[socket.socket], None]:
    """An upstream's answer, made of parts."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        for part in parts():
            connection.sendall(piece(part))
        connection.sendall(LAST)

    return serve


def whole(document: str) -> Callable[[], Iterator[bytes]]:
    """A stream of one document."""
    return lambda: iter([event(document) + event(None, "stop") + DONE])


class Neighbour:
    """Another stream through the same gateway: something new every hundredth of a second."""

    def __init__(self, watched: Watched, url: str) -> None:
        self._over = threading.Event()
        self._seen = self._longest = 0.0
        self._answered = 0
        watched.parts = self._parts
        port = int(url.rpartition(":")[2].partition("/")[0])
        self._connection = socket.create_connection(("127.0.0.1", port), 20)
        self._connection.sendall(request_bytes(FLAG))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        until(lambda: self._answered > 3)

    def _parts(self) -> Iterator[bytes]:
        yield event('{"ticks": [')
        while not self._over.is_set():
            time.sleep(TICK)
            yield event("1, ")
        yield event("1]}", "stop") + DONE

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while self._connection.recv(1 << 16):
                now = time.monotonic()
                if self._seen:
                    self._longest = max(self._longest, now - self._seen)
                self._seen = now
                self._answered += 1

    def waited(self) -> float:
        """Seconds for which it got nothing, the longest time since it was last asked."""
        longest = max(self._longest, time.monotonic() - self._seen)
        self._longest = 0.0
        return longest

    def leave(self) -> None:
        """Leave in the middle of the stream."""
        self._over.set()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(20)
        self._connection.close()


class Watched:
    """A gateway in front of an upstream that streams what it is told to."""

    running: Gateway

    def __init__(self) -> None:
        self.parts: Callable[[], Iterator[bytes]] = lambda: iter(())

    def serve(self, connection: socket.socket) -> None:
        """Answer one request of the gateway."""
        script(self.parts)(connection)

    def ask(
        self,
        parts: Callable[[], Iterator[bytes]],
        body: bytes | dict[str, Any] | None = None,
        most: int = 160 * MB,
        **flag: object,
    ) -> Answer:
        """Ask once: within the time and memory that any request may take, with another beside."""
        pid = self.running.process.pid
        asked = {**FLAG, "stream_options": {"valid_json_chunks": flag or True}}
        beside = Neighbour(self, self.running.url)
        try:
            self.parts = parts
            peak, began = Peak(pid), cpu(pid)
            beside.waited()
            answer = ask(self.running.url + "/", asked if body is None else body)
            waited, took, taken = beside.waited(), cpu(pid) - began, peak.taken()
        finally:
            beside.leave()
        assert took < SECONDS
        # A line of 16 MiB in its turns, or a document of 8 MiB with its snapshots.
        assert taken < most
        assert waited < GAP
        return answer

    def still_well(self) -> None:
        """The next stream is served as the first was."""
        self.parts = whole('{"a": 1}')
        assert '{"a": 1}' == ask(self.running.url + "/", FLAG).contents()[-1]


@contextlib.contextmanager
def watched_gateway() -> Iterator[Watched]:
    """A gateway and its upstream, which have served one stream already."""
    watched = Watched()
    with Upstream(watched.serve) as upstream, gateway("--upstream", upstream.url) as running:
        watched.running = running
        watched.still_well()
        yield watched


def status_of(answer: Answer) -> dict[str, Any]:
    """The `json_status` at the end of a stream's only choice."""
    chunks = [e for e in answer.events() if isinstance(e, dict) and e.get("choices")]
    found = [chunk["choices"][0].get("json_status") for chunk in chunks]
    return json.loads(json.dumps([each for each in found if each][-1]))
