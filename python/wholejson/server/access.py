"""The outermost door: health, access log, and no error that leaves with a word too much."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wholejson._http.errors import send_error
from wholejson._http.last import says_done, tail
from wholejson.errors import UpstreamError

if TYPE_CHECKING:
    from wholejson._http.types import ASGIApp, Message, Receive, Scope, Send

    from .metrics import Metrics

__all__ = ["Access", "route"]

_log = logging.getLogger("wholejson.access")
_HEALTH = ("/healthz", "/readyz")
_errors = logging.getLogger("wholejson.errors")
_ROUTES = ("chat/completions", "completions", "responses", "embeddings", "moderations", "models")
# Seconds for cancelled streams to write their last event.
_LAST_WORDS = 5.0
_REPORTED = ("updates", "repairs", "events_in", "events_out", "bytes_in", "bytes_out", "complete")


def route(path: str) -> str:
    """Name the route of a path, in words of ours: a path may hold anything, a key too."""
    if path == "/" or path.startswith("/playground/"):
        return "playground"
    rest = path.removeprefix("/v1/")
    return next((name for name in _ROUTES if rest == name or rest.startswith(f"{name}/")), "other")


class Access:
    """Serves `/healthz` and `/readyz`; logs and counts everything else.

    The log is one JSON object a line: time, method, route, status, seconds, bytes, agent_id, and
    for streams with the flag what happened in them. No key, no content, no path, no query.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, ready: Callable[[], bool]) -> None:
        self._app = app
        self._metrics = metrics
        self._ready = ready
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] != "http" or scope["path"] in _HEALTH:
            await self._beside(scope, receive, send)
            return
        began = time.monotonic()
        notes: dict[str, Any] = {}
        seen = _Seen(receive, send)
        scope["wholejson"] = notes
        self._metrics.begin()
        self._open += 1
        fault: str | None = None
        try:
            await self._app(scope, seen.receive, seen.send)
        except asyncio.CancelledError:
            # Only the server itself cancels, when its time to stop is up.
            fault = "shutdown"
        except UpstreamError as error:
            fault = error.kind
        except Exception as error:  # whatever it is: it is told here, and nowhere else
            fault = "internal_error"
            _errors.error("%s", json.dumps({"error": type(error).__name__, "at": _places(error)}))
            if not seen.status:
                text = "the gateway failed; nothing was sent to the upstream again"
                await send_error(seen.send, 500, text, code="internal_error")
        finally:
            self._open -= 1
            self._metrics.end(route(scope["path"]), seen.status)
            self._write(scope, seen, notes, fault, time.monotonic() - began)

    async def _beside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is no request of the API."""
        if scope["type"] == "http":
            await self._health(scope["path"], send)
        elif scope["type"] == "lifespan":
            await self._app(scope, self._last(receive), send)
        else:
            await self._app(scope, receive, send)

    def _last(self, receive: Receive) -> Receive:
        """Tell the app inside of the server's end only when every request has had its own.

        Streams whose time is up have been cancelled by then, and write their last event.
        """

        async def received() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                end = time.monotonic() + _LAST_WORDS
                while self._open and time.monotonic() < end:
                    await asyncio.sleep(0.01)
            return message

        return received

    async def _health(self, path: str, send: Send) -> None:
        well = path == "/healthz" or self._ready()
        status, body = (200, b"ok\n") if well else (503, b"stopping\n")
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _write(
        self, scope: Scope, seen: _Seen, notes: dict[str, Any], fault: str | None, seconds: float
    ) -> None:
        if not _log.isEnabledFor(logging.INFO):
            return
        report = notes.get("report")
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "method": scope["method"] if scope["method"].isalpha() else "?",
            "route": route(scope["path"]),
            "status": seen.status,
            "seconds": round(seconds, 4),
            "bytes": seen.bytes,
            "ended": seen.ended,
            "agent_id": notes.get("agent_id"),
        }
        if fault is not None:
            line["fault"] = fault
        if report is not None:
            line["stream"] = {name: report[name] for name in _REPORTED}
            line["stream"]["error"] = report["error"] or (
                "upstream_error" if report["upstream_error"] else None
            )
            line["stream"]["client_gone"] = report["client_gone"]
        _log.info("%s", json.dumps(line))


class _Seen:
    """A `receive` and a `send` that remember what went through them."""

    __slots__ = ("_gone", "_length", "_receive", "_send", "_tail", "_whole", "bytes", "status")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._gone = self._whole = False
        self._length: bytes | None = None
        self._tail = b""
        self.status = 0
        self.bytes = 0

    @property
    def ended(self) -> bool:
        """Whether all that the client waits for had gone out when it left, if it has."""
        whole = self._length is not None and self._length == b"%d" % self.bytes
        return self._whole or whole or says_done(self._tail)

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._gone = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._length = dict(message.get("headers", ())).get(b"content-length")
        await self._send(message)
        # While this waited, the client may have left.
        if message["type"] == "http.response.body" and not self._gone:
            body = message.get("body", b"")
            self.bytes += len(body)
            self._tail = tail(self._tail, body)
            self._whole = not message.get("more_body", False)


def _places(error: BaseException) -> list[str]:
    """Say where an error was raised: files and lines, no values."""
    places, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-8:]
