"""From the bytes of one upstream to the bytes of its client: nothing is waited for in here."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .encoding import BombError, Decoder

if TYPE_CHECKING:
    from wholejson._core import ChunkTransformer

__all__ = ["Room", "Source"]

# What is made at once of one read: about this much, however large the document is. A slice of a
# read can hold an event for each 64 bytes, and each event can become a whole document.
_AT_ONCE = 1 << 20
_SMALLEST = 64
_LARGEST = 64 << 10
_BROKEN_CODING = "the upstream's compressed answer is broken"
_BOMB = "the upstream's compressed answer inflates beyond all measure"
_FULL = "all streams together hold as much text as this process may; ask again"


class Room:
    """What all streams of a process may hold together."""

    def __init__(self, limit: int | None) -> None:
        self._left = float("inf") if limit is None else limit

    def take(self, count: int) -> bool:
        """Take so many bytes, or give them back; tell whether that was within the limit."""
        self._left -= count
        return self._left >= 0


class Source:
    """One stream of events that is turned."""

    __slots__ = ("_decoder", "_held", "_room", "transformer")

    def __init__(self, transformer: ChunkTransformer, decoder: Decoder, room: Room) -> None:
        self.transformer = transformer
        self._decoder = decoder
        self._room = room
        self._held = 0

    @property
    def failed(self) -> bool:
        """Whether the stream has ended in an error, its upstream's own or one of ours."""
        if not self.transformer.ended:
            return False
        report = self.transformer.report
        return report["error"] is not None or report["upstream_error"]

    def read(self, data: bytes, now: int, *, thin: bool) -> Iterator[bytes]:
        """Read what came `now`, in milliseconds; give what is to be sent, in bounded parts.

        With `thin`, snapshots that a newer one in `data` has overtaken are left out.
        """
        transformer = self.transformer
        transformer.set_time(now)
        try:
            for piece in self._decoder.decode(data):
                yield from self._thinned(piece) if thin else self._whole(piece)
                if transformer.ended:
                    return
                if not self._weigh():
                    yield transformer.fail("limit_exceeded", _FULL)
                    return
        except zlib.error:
            yield transformer.fail("upstream_closed", _BROKEN_CODING)
        except BombError:
            yield transformer.fail("limit_exceeded", _BOMB)

    def close(self) -> None:
        """Give back what the stream held."""
        self._room.take(-self._held)
        self._held = 0

    def _whole(self, data: bytes) -> Iterator[bytes]:
        transformer, at = self.transformer, 0
        while at < len(data) and not transformer.ended:
            step = (_AT_ONCE * _SMALLEST) // (transformer.held + 1024)
            step = min(max(step, _SMALLEST), _LARGEST)
            yield transformer.feed(data if at == 0 and len(data) <= step else data[at : at + step])
            at += step

    def _thinned(self, data: bytes) -> Iterator[bytes]:
        self.transformer.push(data)
        yield self.transformer.pull()

    def _weigh(self) -> bool:
        held = self.transformer.held
        more, self._held = held - self._held, held
        return self._room.take(more)
