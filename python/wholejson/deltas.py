"""From an iterator of deltas to an iterator of snapshots."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, overload

from ._core import Aggregator
from .errors import Error

if TYPE_CHECKING:
    from ._core import Limits
    from .types import Delta, Root, Style

__all__ = ["snapshots"]


@overload
def snapshots(
    deltas: AsyncIterable[Delta],
    *,
    root: Root = "auto",
    repair: bool = True,
    style: Style = "spaced",
    limits: Limits | None = None,
) -> AsyncIterator[str]: ...
@overload
def snapshots(
    deltas: Iterable[Delta],
    *,
    root: Root = "auto",
    repair: bool = True,
    style: Style = "spaced",
    limits: Limits | None = None,
) -> Iterator[str]: ...
def snapshots(
    deltas: Iterable[Delta] | AsyncIterable[Delta],
    *,
    root: Root = "auto",
    repair: bool = True,
    style: Style = "spaced",
    limits: Limits | None = None,
) -> Iterator[str] | AsyncIterator[str]:
    """Give out one snapshot for each update of a streamed document.

    :param deltas: the text as it arrives, ``str`` or bytes, cut anywhere; an iterable or an async
        iterable. It is closed (``close()`` or ``aclose()``, where it has one) when the snapshots
        end, however they end.
    :param root, repair, style, limits: as for :class:`wholejson.Aggregator`.
    :return: an iterator for an iterable, an async iterator for an async one. Each snapshot is a
        complete JSON text. Reading a delta costs its own length, writing a snapshot one copy.
    :raises NoJSONError: after the last delta, if nothing was ever visible. A document that was
        merely cut off raises nothing.
    :raises InvalidJSONError, LimitError: where the text goes wrong, after what was visible before.
    :raises TypeError, ValueError: at once, for a wrong option.
    """
    document = _Reader(Aggregator(root=root, repair=repair, style=style, limits=limits))
    if isinstance(deltas, AsyncIterable):
        return _async_snapshots(aiter(deltas), document)
    if isinstance(deltas, (str, bytes, bytearray, memoryview)):
        raise TypeError(
            f"snapshots() takes an iterable of deltas, not one {type(deltas).__name__}; "
            "put it in a list"
        )
    return _snapshots(iter(deltas), document)


class _Reader:
    """The document behind an iterator of snapshots."""

    def __init__(self, document: Aggregator) -> None:
        self._document = document
        self._shown: str | None = None

    def feed(self, delta: Delta) -> str | None:
        """Read a delta; give the snapshot if it was an update."""
        return self._show() if self._document.feed(delta) else None

    def finish(self) -> str | None:
        """End the document; give the snapshot if that was an update."""
        return self._show() if self._document.finish() else None

    def rest(self) -> str | None:
        """Give the update that came before an error in the same delta, if there was one."""
        shown = self._shown
        text = self._show()
        return text if text != shown else None

    def _show(self) -> str | None:
        self._shown = self._document.snapshot()
        return self._shown


def _snapshots(deltas: Iterator[Delta], document: _Reader) -> Iterator[str]:
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
    finally:
        close = getattr(deltas, "close", None)
        if close is not None:
            close()


async def _async_snapshots(deltas: AsyncIterator[Delta], document: _Reader) -> AsyncIterator[str]:
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
    finally:
        aclose = getattr(deltas, "aclose", None)
        if aclose is not None:
            await aclose()
