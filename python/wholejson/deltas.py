"""From an iterator of deltas to an iterator of snapshots."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Sequence
from typing import TYPE_CHECKING, overload

from ._core import Aggregator
from .errors import NoJSONError
from .inputs import refuse_no_stream
from .opening import Opening
from .updates import AsyncUpdates, Updates

if TYPE_CHECKING:
    from ._core import Limits
    from .aliases import Delta, Root, Schema, Style

__all__ = ["snapshots"]


@overload
def snapshots(
    deltas: AsyncIterable[Delta],
    *,
    root: Root = "auto",
    repair: bool = True,
    style: Style = "spaced",
    limits: Limits | None = None,
    schema: Schema = None,
    whole: Sequence[str] = (),
) -> AsyncUpdates[str]: ...
@overload
def snapshots(
    deltas: Iterable[Delta],
    *,
    root: Root = "auto",
    repair: bool = True,
    style: Style = "spaced",
    limits: Limits | None = None,
    schema: Schema = None,
    whole: Sequence[str] = (),
) -> Updates[str]: ...
def snapshots(
    deltas: Iterable[Delta] | AsyncIterable[Delta],
    *,
    root: Root = "auto",
    repair: bool = True,
    style: Style = "spaced",
    limits: Limits | None = None,
    schema: Schema = None,
    whole: Sequence[str] = (),
) -> Updates[str] | AsyncUpdates[str]:
    """Give out one snapshot for each update of a streamed document.

    :param deltas: the text as it arrives, ``str`` or bytes, cut anywhere; an iterable or an async
        iterable. It is closed (``close()`` or ``aclose()``, where it has one) when the snapshots
        end, however they end.
    :param root, repair, style, limits, schema, whole: as for :class:`wholejson.Aggregator`.
    :return: an iterator for an iterable, an async iterator for an async one. Closing it closes
        ``deltas``. A loop that is left early does not: use it as a context manager then.
        Each snapshot is a complete JSON text. Reading a delta costs its own length, writing a
        snapshot one copy.
    :raises NoJSONError: after the last delta, if nothing was ever visible; its ``text`` is what
        came instead. A document that was merely cut off raises nothing.
    :raises InvalidJSONError, LimitError: where the text goes wrong, after what was visible before.
    :raises TypeError, ValueError: at once, for a wrong option.
    """
    document = _Document(
        Aggregator(root=root, repair=repair, style=style, limits=limits, schema=schema, whole=whole)
    )
    refuse_no_stream(deltas, "snapshots()")
    if isinstance(deltas, AsyncIterable):
        return AsyncUpdates(deltas, document)
    return Updates(deltas, document)


class _Document:
    """The document behind an iterator of snapshots."""

    def __init__(self, document: Aggregator) -> None:
        self._document = document
        self._opening = Opening()

    def feed(self, delta: Delta, /) -> Iterable[str]:
        if not self._document.feed(delta):
            self._opening.add(delta)
            return ()
        self._opening.let_go()
        return self._snapshot()

    def finish(self) -> Iterable[str]:
        try:
            return self._snapshot() if self._document.finish() else ()
        except NoJSONError as error:
            self._opening.put_into(error)
            raise

    def rest(self) -> Iterable[str]:
        return self._snapshot() if self._document.changed_before_error else ()

    def _snapshot(self) -> Iterable[str]:
        snapshot = self._document.snapshot()
        return () if snapshot is None else (snapshot,)
