"""Many streams of chunks at a rate: the provider that sends them, and the clients that read them.

    python benches/streaming.py          # serves; says its port on standard output

Both are bare protocols on the event loop, so that as much as possible of a core is left for what
stands between them. A request says in its first message how its stream is to be: the rate, how
many events come at once at the beginning (as if the stream had run for a while), and which member
carries the time at which each event was sent.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import cast

import uvloop
from measuring import cut, well_formed

DOCUMENT = 2 << 10
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
STAMP = b"@" * 16
STAMPED = re.compile(rb'"sent":"(\d{16})"')
DONE = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
TICK = 0.001


def events() -> list[tuple[bytes, bytes]]:
    """The events of a stream as chunks of HTTP, before and after the time at which each is sent."""

    def event(delta: dict[str, str], reason: str | None = None) -> tuple[bytes, bytes]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        chunk = {
            "id": "chatcmpl-BXf3kGm2Qz8Lr5Tn1Vw7Yb4Hc6Jd",
            "object": "chat.completion.chunk",
            "created": 1_750_000_000,
            "model": "gpt-4o-2024-08-06",
            "system_fingerprint": "fp_a288987b44",
            "choices": [choice],
            "sent": STAMP.decode(),
        }
        data = b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"
        before, _, after = (b"%x\r\n" % len(data) + data + b"\r\n").partition(STAMP)
        return before, after

    first = event({"role": "assistant", "content": ""})
    deltas = [event({"content": delta}) for delta in cut(well_formed(DOCUMENT))]
    return [first, *deltas, event({}, "stop")]


EVENTS = events()
BYTES = sum(len(before) + len(STAMP) + len(after) for before, after in EVENTS) // len(EVENTS)


class Stream:
    """One answer, on its way."""

    def __init__(self, transport: asyncio.Transport, rate: float) -> None:
        self.transport = transport
        self.rate = rate
        self.at = 0
        transport.write(HEAD)
        self.began = time.monotonic()

    def send(self, count: int) -> bool:
        """Send so many events, each by itself; tell whether the stream goes on."""
        stamp = b"%016d" % (time.monotonic_ns() // 1000)
        for before, after in EVENTS[self.at : self.at + count]:
            self.transport.write(before + stamp + after)
        self.at += count
        if self.at < len(EVENTS):
            return True
        self.transport.write(DONE)
        return False


class Provider(asyncio.Protocol):
    """A connection. Events that are due while its buffers are full are left for later."""

    streams: dict[Provider, Stream]
    sent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.request = b""
        self.free = True

    def data_received(self, data: bytes) -> None:
        self.request += data
        head, end, body = self.request.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if not end or len(body) < int(length[1] if length else 0):
            return
        self.request = b""
        if head.startswith(b"GET "):
            text = b"%d" % Provider.sent
            head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(text)
            self.transport.write(head + text)
            return
        wanted = json.loads(json.loads(body)["messages"][0]["content"])
        Provider.streams[self] = Stream(self.transport, **wanted)

    def pause_writing(self) -> None:
        self.free = False

    def resume_writing(self) -> None:
        self.free = True
        stream = Provider.streams.get(self)
        if stream is not None:  # what could not be sent is not made up for in one burst
            stream.began = time.monotonic() - stream.at / stream.rate

    def connection_lost(self, _: Exception | None) -> None:
        Provider.streams.pop(self, None)

    @staticmethod
    def tick(loop: asyncio.AbstractEventLoop) -> None:
        """Send what is due, of all streams."""
        now = time.monotonic()
        for provider, stream in list(Provider.streams.items()):
            due = int((now - stream.began) * stream.rate) - stream.at
            if due > 0 and provider.free:
                due = min(due, len(EVENTS) - stream.at)
                Provider.sent += due
                if not stream.send(due):
                    del Provider.streams[provider]
        loop.call_later(max(TICK - (time.monotonic() - now), 0), Provider.tick, loop)


class Client(asyncio.Protocol):
    """One client, which asks again as soon as its stream has ended."""

    def __init__(self, request: bytes, seen: Seen) -> None:
        self.request = request
        self.seen = seen

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.seen.read(data)
        if data.endswith(b"\r\n0\r\n\r\n") or data == b"0\r\n\r\n":
            if self.seen.stopping:
                self.transport.close()
            else:
                self.transport.write(self.request)

    def connection_lost(self, _: Exception | None) -> None:
        if not self.seen.stopping:
            self.seen.lost += 1


class Seen:
    """What all clients together have seen."""

    def __init__(self) -> None:
        self.reset()
        self.stopping = False
        self.lost = 0

    def reset(self) -> None:
        self.events = self.bytes = 0
        self.waits: list[int] = []

    def read(self, data: bytes) -> None:
        now = time.monotonic_ns() // 1000
        self.events += data.count(b'"choices":[')
        self.bytes += len(data)
        self.waits += [now - int(stamp) for stamp in STAMPED.findall(data)]


def serve() -> None:
    """Serve until standard input closes."""

    async def main() -> None:
        Provider.streams = {}
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Provider, "127.0.0.1", 0, backlog=2048)
        print(server.sockets[0].getsockname()[1], flush=True)
        Provider.tick(loop)
        await loop.run_in_executor(None, sys.stdin.read)

    uvloop.run(main())


if __name__ == "__main__":
    serve()
