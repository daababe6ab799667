"""From an iterator of deltas to an iterator of snapshots."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Generator,
    Iterable,
    Iterator,
)
from typing import TYPE_CHECKING, overload

from ._core import Aggregator
from .errors import Error

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._core import Limits
    from .aliases import Delta, Root, Style

__all__ = ["snapshots"]


@overload
def snapshots(
    deltas: AsyncIterable[Delta],
    *,
    root: Root = "auto",
    repair: bool = True,
    style: Style = "spaced",
    limits: Limits | None = None,
) -> AsyncSnapshots: ...
@overload
def snapshots(
    deltas: Iterable[Delta],
    *,
    root: Root = "auto",
    repair: bool = True,
    style: Style = "spaced",
    limits: Limits | None = None,
) -> Snapshots: ...
def snapshots(
    deltas: Iterable[Delta] | AsyncIterable[Delta],
    *,
    root: Root = "auto",
    repair: bool = True,
    style: Style = "spaced",
    limits: Limits | None = None,
) -> Snapshots | AsyncSnapshots:
    """Give out one snapshot for each update of a streamed document.

    :param deltas: the text as it arrives, ``str`` or bytes, cut anywhere; an iterable or an async
        iterable. It is closed (``close()`` or ``aclose()``, where it has one) when the snapshots
        end, however they end.
    :param root, repair, style, limits: as for :class:`wholejson.Aggregator`.
    :return: an iterator for an iterable, an async iterator for an async one; either can be closed,
        and used as a context manager. Each snapshot is a
        complete JSON text. Reading a delta costs its own length, writing a snapshot one copy.
    :raises NoJSONError: after the last delta, if nothing was ever visible. A document that was
        merely cut off raises nothing.
    :raises InvalidJSONError, LimitError: where the text goes wrong, after what was visible before.
    :raises TypeError, ValueError: at once, for a wrong option.
    """
    document = _Reader(Aggregator(root=root, repair=repair, style=style, limits=limits))
    if isinstance(deltas, AsyncIterable):
        return AsyncSnapshots(aiter(deltas), document)
    if isinstance(deltas, (str, bytes, bytearray, memoryview)):
        raise TypeError(
            f"snapshots() takes an iterable of deltas, not one {type(deltas).__name__}; "
            "put it in a list"
        )
    return Snapshots(iter(deltas), document)


class _Reader:
    """The document behind an iterator of snapshots."""

    def __init__(self, document: Aggregator) -> None:
        self._document = document

    def feed(self, delta: Delta) -> str | None:
        """Read a delta; give the snapshot if it was an update."""
        return self._document.snapshot() if self._document.feed(delta) else None

    def finish(self) -> str | None:
        """End the document; give the snapshot if that was an update."""
        return self._document.snapshot() if self._document.finish() else None

    def rest(self) -> str | None:
        """Give the update that came before an error in the same delta, if there was one."""
        return self._document.snapshot() if self._document.changed_before_error else None


class Snapshots:
    """An iterator of snapshots. Closing it, or leaving its `with` block, closes the deltas."""

    def __init__(self, deltas: Iterator[Delta], document: _Reader) -> None:
        self._deltas: Iterator[Delta] | None = deltas
        self._texts = _texts(deltas, document)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        try:
            return next(self._texts)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop reading, and close the deltas."""
        self._texts.close()
        deltas, self._deltas = self._deltas, None
        close = getattr(deltas, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncSnapshots:
    """An async iterator of snapshots. Closing it, or leaving its block, closes the deltas."""

    def __init__(self, deltas: AsyncIterator[Delta], document: _Reader) -> None:
        self._deltas: AsyncIterator[Delta] | None = deltas
        self._texts = _async_texts(deltas, document)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        try:
            return await anext(self._texts)
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Stop reading, and close the deltas."""
        await self._texts.aclose()
        deltas, self._deltas = self._deltas, None
        aclose = getattr(deltas, "aclose", None)
        if aclose is not None:
            await aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _texts(deltas: Iterator[Delta], document: _Reader) -> Generator[str, None, None]:
    try:
        for delta in deltas:
            if (text := document.feed(delta)) is not None:
                yield text
        if (text := document.finish()) is not None:
            yield text
    except Error:
        if (text := document.rest()) is not None:
            yield text
        raise


async def _async_texts(
    deltas: AsyncIterator[Delta], document: _Reader
) -> AsyncGenerator[str, None]:
    try:
        async for delta in deltas:
            if (text := document.feed(delta)) is not None:
                yield text
        if (text := document.finish()) is not None:
            yield text
    except Error:
        if (text := document.rest()) is not None:
            yield text
        raise
