"""What streams do wrong in the field, on demand: for tests of those who must bear it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from .types import Headers

__all__ = ["FAULTS", "BrokenError", "faulty"]

Events = Iterator[bytes | float]

_ERROR = b'{"error":{"message":"the model is overloaded","type":"overloaded_error","code":503}}'
_FOREVER = 3600.0
_SPACES = 64 << 10


class BrokenError(Exception):
    """The connection is to break off here."""


FAULTS = {
    "cut": "the stream ends cleanly, without finish_reason and [DONE]",
    "break": "the connection breaks off between two events",
    "half": "the connection breaks off in the middle of an event",
    "stall": "nothing more comes",
    "pause": "nothing comes for a second",
    "error": "an error event, and nothing after it",
    "status": "a response with status 503 and a JSON body",
    "json-error": "a JSON body that is an error, with status 200",
    "empty": "an empty response with status 200",
    "length": "finish_reason is length, and the rest is missing",
    "no-done": "[DONE] is missing",
    "comments": "comments stand between all events",
    "crlf": "lines end with CRLF",
    "bytes": "a delta holds a byte that is not UTF-8",
    "space": "endless white space as content",
}


def faulty(fault: str, headers: Headers, events: Iterator[bytes]) -> tuple[int, Headers, Events]:
    """Give status, headers and events of a response with `fault`, such as ``cut@5``.

    A number among the events is a pause in seconds. Raises `ValueError` for an unknown name.
    """
    name, _, where = fault.partition("@")
    if name not in FAULTS:
        raise ValueError(f"no fault is called {name!r}; there are {', '.join(FAULTS)}")
    at = int(where or 0)
    if name in ("status", "json-error"):
        status = 503 if name == "status" else 200
        return status, [(b"content-type", b"application/json")], iter([_ERROR])
    if name == "empty":
        return 200, headers, iter(())
    return 200, headers, _events(name, at, events)


def _events(name: str, at: int, events: Iterator[bytes]) -> Events:
    if name in ("no-done", "comments", "crlf"):
        for event in events:
            if name == "crlf":
                yield event.replace(b"\n", b"\r\n")
            elif name == "comments":
                yield b": ping\n\n"
                yield event
            elif event != b"data: [DONE]\n\n":
                yield event
        return
    yield from itertools.islice(events, at)
    event = next(events, b"")
    if name == "break":
        raise BrokenError
    if name == "half":
        yield event[: len(event) // 2]
        raise BrokenError
    if name == "stall":
        yield _FOREVER
    elif name == "pause":
        yield 1.0
        yield event
        yield from events
    elif name == "error":
        yield b"data: " + _ERROR + b"\n\n"
    elif name == "bytes":
        yield event.replace(b'"content":"', b'"content":"\xff', 1)
        yield from events
    elif name == "length":
        rest = [event, *events]
        last = next(item for item in rest if b'"finish_reason":"stop"' in item)
        yield last.replace(b'"stop"', b'"length"')
        yield b"data: [DONE]\n\n"
    elif name == "space":
        before, _, after = event.partition(b'"content":"')
        while True:
            yield before + b'"content":"' + b" " * _SPACES + after[after.index(b'"},"logprobs"') :]
