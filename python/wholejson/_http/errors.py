"""Errors in OpenAI's format: written, and read where a provider sends one in disguise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .types import Headers, Send

__all__ = [
    "LIMIT_SETTING",
    "first_event_error",
    "json_error",
    "send_error",
    "send_not_allowed",
    "send_too_large",
    "status_of",
]

LIMIT_SETTING = "max_request_bytes (WHOLEJSON_MAX_REQUEST_BYTES of the gateway)"

_TYPES = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error"}
_STATUS_BY_NAME = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "insufficient_quota": 429,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "tokens": 429,
    "requests": 429,
    "server_error": 500,
    "api_error": 500,
    "internal_server_error": 500,
    "overloaded_error": 503,
    "service_unavailable": 503,
    "timeout": 504,
    "upstream_closed": 502,
    "upstream_timeout": 504,
}


async def send_error(
    send: Send,
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: Headers | None = None,
) -> None:
    """Send a whole response that the official SDKs raise as their error for `status`."""
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    error = {"message": message, "type": kind, "param": param, "code": code}
    body = json.dumps({"error": error}).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(body)),
                *(headers or []),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_not_allowed(send: Send, method: str, allowed: Sequence[str]) -> None:
    """Refuse a method, and say which ones there are."""
    text = f"{method} is not allowed at this path; use {' or '.join(allowed)}"
    headers = [(b"allow", ", ".join(allowed).encode())]
    await send_error(send, 405, text, code="method_not_allowed", headers=headers)


async def send_too_large(send: Send, limit: int, setting: str = "") -> None:
    """Refuse a request that is longer than `limit` bytes; `setting` is what could allow more."""
    remedy = f"shorten it, or allow more by {setting}" if setting else "shorten it"
    text = f"the request is longer than the {limit} bytes that are allowed; {remedy}"
    await send_error(send, 413, text, code="request_too_large")


def json_error(text: bytes) -> Any:
    """Give what stands under ``error`` in a JSON object; ``None`` if nothing does."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return (value.get("error") or None) if isinstance(value, dict) else None


def _first_object(text: bytes) -> bytes:
    """Give the JSON value that a text begins with; nothing, if it does not."""
    decoded = text.decode("utf-8", "replace")
    try:
        _, end = json.JSONDecoder().raw_decode(decoded)
    except (ValueError, RecursionError):
        return b""
    return decoded[:end].encode()


def first_event_error(stream: bytes) -> tuple[Any, bytes] | None:
    """Read the error that the first event of an event stream is, and the JSON that says so.

    `stream` begins at the first byte. ``None`` if the first event is something else, or there
    is none. An error written without ``data:`` is found as well.
    """
    text = stream[3:] if stream.startswith(b"\xef\xbb\xbf") else stream
    if text.lstrip().startswith(b"{"):
        text = _first_object(text.lstrip())
        error = json_error(text)
        return None if error is None else (error, text)
    data: list[bytes] = []
    # bytes.splitlines() knows LF, CRLF and CR alone: the line ends of an event stream.
    for line in text.splitlines():
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data.append(value)
        elif name == b"error" and not data and value.startswith(b"{"):
            error = json_error(value)
            if error is None:
                error = json_error(b'{"error":' + value + b"}")
            body = value if json_error(value) else b'{"error": ' + value + b"}"
            return None if error is None else (error, body)
        elif not line and data:
            break
    body = b"\n".join(data)
    error = json_error(body)
    return None if error is None else (error, body)


def status_of(error: Any) -> int:
    """Give the HTTP status that an upstream's error means; 502 where it does not say."""
    if not isinstance(error, dict):
        return 502
    for name in ("code", "status", "status_code", "http_status"):
        value = error.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value[:3])
        if isinstance(value, int) and 400 <= value <= 599:
            return value
    for name in ("code", "type", "status"):
        known = _STATUS_BY_NAME.get(str(error.get(name)).lower())
        if known is not None:
            return known
    return 502
