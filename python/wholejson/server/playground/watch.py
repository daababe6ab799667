"""What the two halves share: a stream that shows both sides of the middleware, as they happen."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING

from wholejson._http.body import with_headers

if TYPE_CHECKING:
    from wholejson._http.types import Message, Send

__all__ = ["PATH", "PREFIX", "WATCH", "Watch"]

PREFIX = "/playground/"
PATH = f"{PREFIX}v1/chat/completions"
WATCH = "wholejson.playground"
"""Where in the scope the watch of a stream stands."""


class Watch:
    """The `send` of the page's stream: one event for each piece of bytes on either side.

    ``event: upstream`` is what the upstream sent, ``event: client`` what a client would have got.
    The data is ``{"bytes": 12, "text": "…"}``: text that is cut in a code point has the rest of
    it in the next event. A response that is no stream of events passes as it is.

    Memory: what the upstream sent until the response begins.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._watched = self._over = False
        self._held: list[bytes] = []
        decoder = codecs.getincrementaldecoder("utf-8")
        self._texts = {"upstream": decoder("replace"), "client": decoder("replace")}

    async def send(self, message: Message) -> None:
        """Take a message of the app inside, which is what a client would get."""
        if message["type"] == "http.response.start":
            await self._start(message)
            return
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or not self._watched:
            await self._send(message)
            return
        event = self._event("client", body) if body else b""
        self._over = not message.get("more_body", False)
        await self._send({**message, "body": event})

    async def note(self, data: bytes) -> None:
        """Take what the upstream sent, before the middleware sees it."""
        if not data or self._over:
            return
        event = self._event("upstream", data)
        if self._watched:
            await self._send({"type": "http.response.body", "body": event, "more_body": True})
        else:
            self._held.append(event)

    async def _start(self, message: Message) -> None:
        headers = {key.lower(): value for key, value in message.get("headers", [])}
        kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        self._watched = kind == b"text/event-stream"
        if self._watched:
            given = list(message.get("headers", []))
            message = {**message, "headers": with_headers(given, {b"content-length": None})}
        await self._send(message)
        held, self._held = b"".join(self._held), []
        if held and self._watched:
            await self._send({"type": "http.response.body", "body": held, "more_body": True})

    def _event(self, side: str, data: bytes) -> bytes:
        said = {"bytes": len(data), "text": self._texts[side].decode(data)}
        return b"event: %s\ndata: %s\n\n" % (side.encode(), json.dumps(said).encode())
