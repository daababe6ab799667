"""Bodies and headers of requests."""

from __future__ import annotations

from .types import Headers, Receive, Scope

__all__ = ["BodyTooLargeError", "ClientGoneError", "header", "read_body", "replay", "with_headers"]


class BodyTooLargeError(Exception):
    """The body is longer than allowed."""


class ClientGoneError(Exception):
    """The client left before its request was read."""


def header(scope: Scope, name: bytes) -> bytes | None:
    """Give the last header of that name (lower case)."""
    for key, value in reversed(list(scope["headers"])):
        if key.lower() == name:
            return bytes(value)
    return None


def with_headers(headers: Headers, changes: dict[bytes, bytes | None]) -> Headers:
    """Give the headers with some replaced (or, where the value is ``None``, taken out)."""
    kept = [(key, value) for key, value in headers if key.lower() not in changes]
    return kept + [(key, value) for key, value in changes.items() if value is not None]


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Read the whole body of a request.

    Raises :class:`BodyTooLargeError` beyond `limit` bytes (before reading, where the length is
    announced) and :class:`ClientGoneError`. Memory: the body, once.
    """
    announced = header(scope, b"content-length")
    if announced is not None and announced.isdigit() and int(announced) > limit:
        raise BodyTooLargeError
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        piece = message.get("body", b"")
        if len(body) + len(piece) > limit:
            raise BodyTooLargeError
        if not message.get("more_body", False):
            return bytes(body) + piece if body else bytes(piece)
        body += piece


def replay(body: bytes, receive: Receive) -> Receive:
    """Give a `receive` that hands out `body` first, and then whatever comes after it.

    What was handed out is not kept: a stream goes on for long after its request was read.
    """
    kept = [body]

    async def replayed() -> dict[str, object]:
        if kept:
            return {"type": "http.request", "body": kept.pop(), "more_body": False}
        return await receive()  # type: ignore[return-value]

    return replayed
