"""One response that is turned into whole JSON while it streams.

What is said *when* is the transformer's business alone. Here it is: which responses are turned,
what status they get, what stands in their headers, and that a client gets no half of an event.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wholejson.beside import beside, each_beside

from .body import with_headers
from .encoding import decoder
from .errors import first_event_error, json_error, send_error, status_of
from .flush import Flusher
from .last import says_done, tail
from .source import Room, Source
from .timer import Beat, Timer, Timing

if TYPE_CHECKING:
    from wholejson._core import ChunkTransformer
    from wholejson.aliases import Code, Mode

    from .disconnect import Departure
    from .types import Message, Send

__all__ = ["Turned"]

_TURNED: dict[bytes, bytes | None] = {
    b"content-length": None,
    b"content-encoding": None,
    b"cache-control": b"no-cache, no-transform",
    b"x-accel-buffering": b"no",
}
_AS_JSON: dict[bytes, bytes | None] = {
    b"content-length": None,
    b"content-encoding": None,
    b"content-type": b"application/json",
}
_COMMENT = b": keep-alive\n\n"
_BLANK = (b"\n\n", b"\r\r", b"\n\r\n", b"\r\r\n")
# Beside the documented codes of error events: faults of the text, told after a 200 and never
# by a status, since clients would repeat the request and pay twice.
_OF_THE_DOCUMENT = ("no_json", "invalid_json", "limit_exceeded")

# Seconds after which a send that still waits has met a slow client.
_SLOW = 0.1


class Turned:
    """The `send` of the app inside, for one response; `close` when that app has ended."""

    __slots__ = (
        "_beat",
        "_begun",
        "_departure",
        "_first_snapshot",
        "_flusher",
        "_held",
        "_last",
        "_lock",
        "_loop",
        "_make",
        "_mode",
        "_over",
        "_passing",
        "_peeked",
        "_room",
        "_send",
        "_slow",
        "_source",
        "_start",
        "_started",
        "_tail",
        "_timer",
        "_timing",
    )

    def __init__(
        self,
        send: Send,
        make: Callable[[], ChunkTransformer],
        mode: Mode,
        timing: Timing,
        departure: Departure,
        room: Room,
    ) -> None:
        self._send = send
        self._make: Callable[[], ChunkTransformer] | None = make
        self._mode = mode
        self._timing = timing
        self._departure = departure
        self._room = room
        self._loop = asyncio.get_running_loop()
        self._lock = asyncio.Lock()
        self._start: Message | None = None  # held until it is known what it must say
        self._held = bytearray()
        self._source: Source | None = None
        self._timer = Timer()  # for the headers
        self._beat: Beat | None = None
        self._flusher: Flusher | None = None  # there is one from the first update held back on
        self._tail = b"\n\n"
        self._last = 0.0
        self._begun = time.monotonic()
        self._first_snapshot: float | None = None
        self._peeked = self._started = self._over = False
        self._passing = self._slow = False

    # -- from the app inside

    async def send(self, message: Message) -> None:
        """Take a message of the app inside."""
        if self._over:
            return
        if self._passing:
            await self._pass(message)
        elif message["type"] == "http.response.start":
            await self._take_start(message)
        elif message["type"] != "http.response.body":
            if self._source is None:
                await self._release()
                await self._send(message)
        elif self._source is not None:
            await self._take_events(message)
        else:
            await self._take_other(message)

    async def close(self, code: Code = "upstream_closed", message: str | None = None) -> None:
        """Tell that the app inside has ended: if its response has not, the client learns `code`."""
        for waiting in (self._timer, self._beat, self._flusher):
            if waiting is not None:
                await waiting.settled()
        if self._over or (self._start is None and not self._started) or self._passing:
            return
        if self._source is None:
            if self._start is not None:
                await self._refuse(code, message)
            return
        transformer = self._source.transformer
        await self._end(await self._made(lambda: transformer.fail(code, message)))

    async def _made(self, make: Callable[[], bytes]) -> bytes:
        """Give the last of a stream, beside the event loop if there may be a verdict in it."""
        validates = self._source is not None and self._source.transformer.validates
        return await beside(make) if validates else make()

    @property
    def began(self) -> bool:
        """Whether the app inside has begun its response."""
        return self._started or self._start is not None

    @property
    def told(self) -> bool:
        """Whether ``[DONE]`` went out while the client was there."""
        return says_done(self._tail)

    def forget(self) -> None:
        """Give back what the stream held; nothing more is sent."""
        self._over = True
        self._rest()
        self._beat = self._flusher = None
        if self._source is not None:
            self._source.close()

    def report(self) -> dict[str, Any] | None:
        """Give what happened; ``None`` for a response that was not turned."""
        if self._source is None:
            return None
        return {
            **self._source.transformer.report,
            "seconds": time.monotonic() - self._begun,
            "first_snapshot_seconds": self._first_snapshot,
        }

    # -- which response this is

    async def _take_start(self, message: Message) -> None:
        make, self._make = self._make, None  # its options may hold a long schema
        if make is None:
            return  # a response starts once
        headers = {key.lower(): value for key, value in message.get("headers", [])}
        kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        self._start = message
        if message["status"] != 200:
            await self._release()
            self._passing = True
        elif kind == b"text/event-stream":
            decoding = decoder(headers.get(b"content-encoding"))
            if decoding is None:
                self._start = None
                self._over = True
                text = "the upstream answered in an encoding that it was not asked for"
                await self._error(502, text, "upstream_encoding")
                return
            self._source = Source(make(), decoding, self._room)
            self._last = self._loop.time()
            if self._timing.heartbeat is not None:
                self._beat = Beat(self._break_silence)
                self._beat.wait(self._timing.heartbeat)
        else:
            self._peeked = kind == b"application/json" and b"content-encoding" not in headers

    async def _take_other(self, message: Message) -> None:
        """Take a body that is no stream of events: an error may call itself a success."""
        self._held += message.get("body", b"")
        ends = not message.get("more_body", False)
        if not ends and self._peeked and len(self._held) <= self._timing.hold_bytes:
            return
        if not ends and not self._held:
            return
        if not self._held:
            await self._refuse("upstream_closed", "the upstream answered with nothing at all")
            return
        if ends and self._peeked and self._start is not None:
            error = json_error(bytes(self._held))
            if error is not None:
                self._start = {**self._start, "status": status_of(error)}
        await self._release()
        self._passing = True
        body, self._held = bytes(self._held), bytearray()
        await self._pass({**message, "body": body})

    async def _pass(self, message: Message) -> None:
        body = message["type"] == "http.response.body"
        await self._send(message)
        if body and not message.get("more_body", False):
            self._over = True
            self._departure.settle()

    # -- a stream of events

    async def _take_events(self, message: Message) -> None:
        source, body = self._source, message.get("body", b"")
        if source is None:
            return
        if self._flusher is not None:
            self._flusher.rest()
        outs = source.read(body, int(self._loop.time() * 1000), thin=self._slow)
        if source.transformer.validates:  # a verdict may take long
            async for out in each_beside(outs):
                await self._give(out, began=True)
        else:
            for out in outs:
                await self._give(out, began=True)
        ends = not message.get("more_body", False)
        ended = source.transformer.ended
        if ends or ended:
            await self._end(b"" if ended else await self._made(source.transformer.finish))
        if not ends and source.failed:
            self._departure.dismiss()
        if not self._over and source.transformer.due_at is not None:
            if self._flusher is None:
                self._flusher = Flusher(self._give_due)
            self._flusher.watch(source.transformer)

    async def _give_due(self, out: bytes) -> None:
        await self._give(out, began=True)

    async def _give(self, out: bytes, *, began: bool) -> None:
        if not self._started:
            await self._hold(out, began=began)
        elif out:
            async with self._lock:
                # The stream may have ended while this waited for its turn.
                if not self._over:
                    await self._put(out, more=True)

    async def _hold(self, out: bytes, *, began: bool) -> None:
        """Keep the headers back until the first event, but not for long."""
        self._held += out
        transformer = None if self._source is None else self._source.transformer
        if transformer is None or transformer.ended:
            return
        if transformer.report["events_in"] or len(self._held) > self._timing.hold_bytes:
            await self._open()
        elif began and not self._peeked:
            self._peeked = True
            self._timer.set(self._loop.time() + self._timing.hold_seconds, self._open)

    async def _open(self) -> None:
        """Send the headers of a stream, and what was held."""
        async with self._lock:
            if self._started or self._over:
                return
            held, self._held = bytes(self._held), bytearray()
            await self._release(self._changes())
            if held:
                await self._put(held, more=True)

    async def _put(self, out: bytes, *, more: bool) -> None:
        before = self._loop.time()
        source = self._source
        if self._first_snapshot is None and source and source.transformer.report["updates"]:
            self._first_snapshot = time.monotonic() - self._begun
        await self._send({"type": "http.response.body", "body": out, "more_body": more})
        if not self._departure.gone:  # while this waited, the client may have left
            self._tail = tail(self._tail, out)
        self._last = self._loop.time()
        # A send waits while the client's buffers are full.
        self._slow = self._last - before > _SLOW

    async def _end(self, out: bytes) -> None:
        """Send the last of a stream; its true status, if nothing has been sent yet."""
        self._rest()
        async with self._lock:
            if self._over:
                return
            self._over = True
            if not self._started:
                out = bytes(self._held) + out
                if await self._early(out):
                    self._departure.settle()
                    return
                await self._release(self._changes())
            await self._put(out, more=False)
        self._departure.settle()

    async def _early(self, out: bytes) -> bool:
        """Give a failure before the first event its status; otherwise return false."""
        found = first_event_error(out)
        source = self._source
        if found is None or source is None:
            return False
        if source.transformer.report["error"] in _OF_THE_DOCUMENT:
            return False
        error, body = found
        self._started = True
        start = self._start or {}
        headers = with_headers(list(start.get("headers", [])), _AS_JSON)
        headers.append((b"content-length", b"%d" % len(body)))
        await self._send({**start, "status": status_of(error), "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})
        return True

    # -- small things

    def _changes(self) -> dict[bytes, bytes | None]:
        return {**_TURNED, b"x-valid-json-chunks": self._mode.encode()}

    async def _release(self, changes: dict[bytes, bytes | None] | None = None) -> None:
        start, self._start = self._start, None
        if start is None or self._started:
            return
        self._started = True
        if changes is not None:
            start = {**start, "headers": with_headers(list(start.get("headers", [])), changes)}
            start.pop("trailers", None)
        await self._send(start)

    async def _refuse(self, code: Code, message: str | None) -> None:
        self._start, self._over = None, True
        status = 504 if code == "upstream_timeout" else 502
        await self._error(status, message or "the upstream broke off before its answer", code)

    async def _error(self, status: int, message: str, code: str) -> None:
        self._started = True
        await send_error(self._send, status, message, code=code)
        self._departure.settle()

    def _rest(self) -> None:
        """Say nothing more of its own accord. What has begun goes on."""
        self._timer.stop()
        if self._beat is not None:
            self._beat.close()
        if self._flusher is not None:
            self._flusher.rest()

    async def _break_silence(self) -> None:
        """Send a comment, unless something went out since the beat was set."""
        beat, heartbeat = self._beat, self._timing.heartbeat or 0.0
        if self._loop.time() - self._last > heartbeat * 0.99:
            await self._open()
            if not self._lock.locked() and self._tail.endswith(_BLANK) and not self._over:
                await self._give(_COMMENT, began=True)
            self._last = self._loop.time()
        if beat is not None and not self._over:
            beat.wait(heartbeat - (self._loop.time() - self._last))
