"""What is often handed over in place of a stream, and what to do instead."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from inspect import iscoroutine
from typing import Any

__all__ = ["refuse_no_chunk", "refuse_no_stream", "refuse_transformed"]


def refuse_no_stream(given: Any, taker: str) -> None:
    """Raise a `TypeError` for what is no stream, or is one part that happens to be iterable."""
    if isinstance(given, (str, bytes, bytearray, memoryview, Mapping)):
        remedy = "put it in a list"
    elif hasattr(type(given), "model_dump"):
        remedy = "ask for a stream by stream=True, or put a single chunk in a list"
    elif isinstance(given, (AsyncIterable, Iterable)) or hasattr(type(given), "__getitem__"):
        return
    elif hasattr(type(given), "__await__"):
        remedy = "await it first"
        if iscoroutine(given):
            given.close()  # or Python warns that it was never awaited
    else:
        remedy = "hand over the stream itself"
    kind = type(given).__name__
    raise TypeError(f"{taker} takes an iterable or async iterable, not one {kind}; {remedy}")


def refuse_no_chunk(first: Any, taker: str) -> None:
    """Raise a `TypeError` for the first part of a stream if it can be no chunk of any API."""
    if isinstance(first, (str, bytes, bytearray, memoryview)):
        remedy = "for text there are wholejson.snapshots() and wholejson.values()"
    elif first is None or isinstance(first, (int, float, list, tuple)):
        remedy = "hand over the stream as the SDK gave it"
    else:
        return
    kind = type(first).__name__
    raise TypeError(f"{taker} takes chat completion chunks, and the first part is {kind}; {remedy}")


def refuse_transformed(stream: Any) -> None:
    """Raise a `ValueError` for a stream with the option on: whole documents are no deltas."""
    headers = getattr(getattr(stream, "response", None), "headers", None)
    if isinstance(headers, Mapping) and "x-valid-json-chunks" in headers:
        raise ValueError(
            "each chunk of this stream is transformed already: read it as it is, or ask for it "
            "without stream_options.valid_json_chunks"
        )
