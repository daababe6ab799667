"""An app that records what it is asked, and a server without sockets, for tests of middleware."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

from serving import Answer, event

STREAM = [(b"content-type", b"text/event-stream")]
JSON = [(b"content-type", b"application/json")]


def document() -> bytes:
    """A stream whose document is `{"a": "xy"}`."""
    role = event(delta={"role": "assistant", "content": ""})
    return role + event('{"a": "x') + event('y"}') + event(reason="stop") + b"data: [DONE]\n\n"


class Inside:
    """The app inside: answers with given pieces (a number is a pause), and records the request."""

    def __init__(
        self,
        *pieces: bytes | float | BaseException,
        status: int = 200,
        headers: list[tuple[bytes, bytes]] = STREAM,
        ends: bool = True,
    ) -> None:
        self.pieces = pieces
        self.status = status
        self.headers = headers
        self.ends = ends
        self.scopes: list[dict[str, Any]] = []
        self.body = b""
        self.messages: list[dict[str, Any]] = []
        self.cancelled = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] != "http":
            return
        while True:
            message = await receive()
            self.messages.append(message)
            self.body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        try:
            await self.answer(send)
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    async def answer(self, send: Any) -> None:
        start = {"type": "http.response.start", "status": self.status, "headers": self.headers}
        await send(start)
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            if isinstance(piece, bytes):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            else:
                await asyncio.sleep(piece)
        if self.ends:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def header(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.scopes[-1]["headers"] if key == name]


@dataclass
class Served:
    """What a server without sockets saw."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    @property
    def answer(self) -> Answer:
        start = self.messages[0]
        headers = {k.decode(): v.decode() for k, v in start["headers"]}
        bodies = [m for m in self.messages if m["type"] == "http.response.body"]
        whole = bool(bodies) and not bodies[-1].get("more_body", False)
        return Answer(start["status"], headers, b"".join(m["body"] for m in bodies), whole)


FLAG = {"model": "m", "stream": True, "stream_options": {"valid_json_chunks": True}}


async def call(
    app: Any,
    body: bytes | dict[str, Any] | list[bytes] = b"",
    *,
    path: str = "/v1/chat/completions",
    method: str = "POST",
    headers: list[tuple[bytes, bytes]] | None = None,
    leave_after: float | None = None,
    slow: float = 0.0,
) -> Served:
    """Ask an app once. The client takes `slow` seconds for each message it is sent."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    parts = data if isinstance(data, list) else [data]
    served, done = Served(), asyncio.Event()
    left = iter(enumerate(parts, 1))

    async def receive() -> dict[str, Any]:
        for number, part in left:
            return {"type": "http.request", "body": part, "more_body": number < len(parts)}
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(done.wait(), leave_after)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        served.messages.append(message)
        served.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(slow)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            done.set()

    length = str(sum(map(len, parts))).encode()
    given = [(b"content-length", length), *(headers or [])]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "headers": given, "server": ("gateway", 80), "client": ("client", 1),
    }  # fmt: skip
    await app(scope, receive, send)
    return served
