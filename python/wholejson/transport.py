"""The transports that `wrap` puts around a client's own, for `httpx` and `httpx2` alike.

What to do is decided in `exchange`; the sync and the async half differ in `await` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .beside import each_beside
from .waiting import END, LATE, Waiting, milliseconds, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType

    from typing_extensions import Self

    from ._core import ChunkTransformer
    from .aliases import Code
    from .exchange import Guide

# One read of the network may hold hundreds of events, each to be a snapshot of the whole document.
# Fed in slices, what waits for the consumer stays a few snapshots.
SLICE = 4096


def transport_class(library: ModuleType, *, is_async: bool) -> type:
    """Give the transport as a class of this library, `httpx` or `httpx2`."""
    base: type
    if is_async:
        chunks = type("AsyncChunks", (AsyncChunks, library.AsyncByteStream), {})
        base, theirs = AsyncTransport, library.AsyncBaseTransport
    else:
        chunks = type("SyncChunks", (SyncChunks, library.SyncByteStream), {})
        base, theirs = Transport, library.BaseTransport
    return type(base.__name__, (base, theirs), {"chunks": chunks})


class _Chunks:
    """An answer's bytes, transformed as they are read. A second iterator goes on from the first."""

    def __init__(self, response: Any, transformer: ChunkTransformer, timeout: type) -> None:
        self._response, self._transformer, self._timeout = response, transformer, timeout
        self._over = False

    def _transformed(self, part: bytes) -> Iterator[bytes]:
        self._transformer.set_time(milliseconds())
        for start in range(0, len(part), SLICE):
            out = self._transformer.feed(part[start : start + SLICE])
            if out:
                yield out
            if self._transformer.ended:
                self._over = True
                return

    def _outs(self, part: Any, fault: Exception | None) -> Iterator[bytes]:
        """Give what becomes of a part, of the end, or of the time that has come."""
        if part is END:
            yield self._ended(fault)
        elif part is LATE:
            yield self._due()
        else:
            yield from self._transformed(part)

    def _ended(self, fault: Exception | None) -> bytes:
        self._over = True
        if fault is None:
            return self._transformer.finish()
        timed_out = isinstance(fault, self._timeout)
        code: Code = "upstream_timeout" if timed_out else "upstream_closed"
        return self._transformer.fail(
            code, f"the stream broke off: {fault or type(fault).__name__}"
        )

    def _due(self) -> bytes:
        self._transformer.set_time(milliseconds())
        return self._transformer.flush_due()


class SyncChunks(_Chunks):
    """The bytes for a sync client."""

    def __iter__(self) -> Iterator[bytes]:
        parts = self._parts = getattr(self, "_parts", None) or self._response.iter_bytes()
        while not self._over:
            fault = None
            try:
                part = next(parts, END)
            except Exception as error:  # whatever ended it, the reader is told so
                part, fault = END, error
            yield from self._outs(part, fault)

    def close(self) -> None:
        """Close the connection."""
        self._over = True
        self._response.close()


class AsyncChunks(_Chunks):
    """The bytes for an async client."""

    _parts: Waiting | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._parts = self._parts or Waiting(self._response.aiter_bytes())
        while not self._over:
            fault = None
            try:
                part = await self._parts.next(until(self._transformer.due_at))
            except Exception as error:  # whatever ended it, the reader is told so
                part, fault = END, error
            outs = self._outs(part, fault)
            if self._transformer.validates:  # a verdict may take long
                async for out in each_beside(outs):
                    yield out
            else:
                for out in outs:
                    yield out

    async def aclose(self) -> None:
        """Close the connection."""
        self._over = True
        if self._parts is not None:
            await self._parts.close()
        await self._response.aclose()


class Around:
    """A transport around another; what it doesn't do itself is the other's."""

    chunks: type

    def __init__(self, inner: Any, guide: Guide) -> None:
        self._inner, self._guide = inner, guide

    @property
    def said(self) -> dict[str, Any]:
        """The options that `wrap()` was given."""
        return self._guide.options

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("_inner", "_guide"):
            raise AttributeError(name)
        return getattr(self._inner, name)


class Transport(Around):
    """The transport of a sync client."""

    def handle_request(self, request: Any) -> Any:
        """Send a request and give its response, transformed if that was asked for."""
        exchange = self._guide.exchange(request)
        if exchange is None:
            return self._inner.handle_request(request)
        if exchange.refusal is not None:
            return exchange.refusal
        response = self._inner.handle_request(exchange.request)
        if exchange.is_stream(response):
            return exchange.transformed(response, self.chunks)
        if exchange.is_whole(response):
            return exchange.judged(response, response.read())
        return response

    def close(self) -> None:
        """Close what it is around."""
        self._inner.close()

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._inner.__exit__(*error)


class AsyncTransport(Around):
    """The transport of an async client."""

    async def handle_async_request(self, request: Any) -> Any:
        """Send a request and give its response, transformed if that was asked for."""
        exchange = self._guide.exchange(request)
        if exchange is None:
            return await self._inner.handle_async_request(request)
        if exchange.refusal is not None:
            return exchange.refusal
        response = await self._inner.handle_async_request(exchange.request)
        if exchange.is_stream(response):
            return exchange.transformed(response, self.chunks)
        if exchange.is_whole(response):
            return exchange.judged(response, await response.aread())
        return response

    async def aclose(self) -> None:
        """Close what it is around."""
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._inner.__aexit__(*error)
