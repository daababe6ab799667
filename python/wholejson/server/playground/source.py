"""The inner half: a document of the page's own, or the upstream; noted before it is turned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from wholejson._http.body import (
    BodyTooLargeError,
    ClientGoneError,
    header,
    read_body,
    replay,
    with_headers,
)
from wholejson._http.errors import send_error, send_too_large
from wholejson.replay import Replay

from .watch import WATCH, Watch

if TYPE_CHECKING:
    from wholejson._http.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["DOCUMENT_BYTES", "SLOWEST", "Source"]

DOCUMENT_BYTES = 64 << 10
"""The longest document that the page may bring."""
SLOWEST = 0.5
"""Seconds between two events, at most."""
# Escaped, a character of a document takes up to six bytes.
_REQUEST_BYTES = 6 * DOCUMENT_BYTES + (64 << 10)
_LONGEST = 600.0
_SHORTEST_TOKEN = 2
_UPSTREAM = "/v1/chat/completions"
# Of what a browser sends along, only these are the upstream's business.
_PASSED = (b"accept", b"accept-encoding", b"authorization", b"content-length", b"content-type")


class Source:
    """Serves the page's stream from a document in the request, or from the app inside.

    A request with ``"playground": {"document": "…", "pace": 0.05}`` is answered with that
    document, `pace` seconds between two events; any other goes to the app inside, as a request
    to ``/v1/chat/completions``. Requests that are not the page's pass untouched.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        watch = scope.get(WATCH)
        if watch is None:
            await self._app(scope, receive, send)
            return
        try:
            body = await read_body(scope, receive, _REQUEST_BYTES)
        except ClientGoneError:
            return
        except BodyTooLargeError:
            await send_too_large(send, _REQUEST_BYTES)
            return
        await self._answer(scope, body, receive, _Noted(send, watch).send)

    async def _answer(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        request = _read(body)
        asked = request.pop("playground", None)
        app = self._app
        if asked is not None:
            wrong = _wrong(asked)
            if wrong is not None:
                message, param = wrong
                await send_error(send, 400, message, param=param, code="invalid_value")
                return
            app = Replay([asked["document"]], pace=_pace(asked))
            body = json.dumps(request).encode()
        passed = [pair for pair in scope["headers"] if pair[0].lower() in _PASSED]
        if header(scope, b"content-length") is not None:
            passed = with_headers(passed, {b"content-length": b"%d" % len(body)})
        inner = {**scope, "path": _UPSTREAM, "raw_path": _UPSTREAM.encode(), "headers": passed}
        inner.pop(WATCH)
        await app({**inner, "query_string": b""}, replay(body, receive), send)


class _Noted:
    """A `send` that tells the watch of a stream's bytes before it passes them on."""

    def __init__(self, send: Send, watch: Watch) -> None:
        self._send = send
        self._watch = watch
        self._streams = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = {key.lower(): value for key, value in message.get("headers", [])}
            kind = headers.get(b"content-type", b"").lower()
            self._streams = message["status"] == 200 and kind.startswith(b"text/event-stream")
        elif message["type"] == "http.response.body" and self._streams:
            await self._watch.note(message.get("body", b""))
        await self._send(message)


def _read(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        request = None
    return request if isinstance(request, dict) else {}


def _wrong(asked: Any) -> tuple[str, str] | None:
    """Say what is wrong with the page's own member of a request, and where."""
    if not isinstance(asked, dict) or not set(asked) <= {"document", "pace"}:
        return "playground must be an object with document, and pace", "playground"
    document, pace = asked.get("document"), asked.get("pace", 0)
    if not isinstance(document, str) or not document:
        return "playground.document must be a text that is not empty", "playground.document"
    if len(document.encode("utf-8", "surrogatepass")) > DOCUMENT_BYTES:
        text = f"playground.document must have at most {DOCUMENT_BYTES:,} bytes"
        return text, "playground.document"
    if isinstance(pace, bool) or not isinstance(pace, (int, float)) or not 0 <= pace <= SLOWEST:
        return f"playground.pace must be a number from 0 to {SLOWEST}", "playground.pace"
    return None


def _pace(asked: dict[str, Any]) -> float:
    """Give the seconds between two events: as asked, but no document takes for ever."""
    events = len(asked["document"]) / _SHORTEST_TOKEN
    return min(float(asked.get("pace", 0)), _LONGEST / max(events, 1.0))
