"""Updates that were held back go out as soon as they may, though the upstream pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from .timer import Timer

if TYPE_CHECKING:
    from wholejson._core import ChunkTransformer

__all__ = ["Flusher"]


class Flusher:
    """Looks after one transformer, from the end of one read to the beginning of the next.

    :param give: sends what it is given. While a read is at work nothing is flushed: what the read
        gives is newer, and must not be sent before it.
    """

    __slots__ = ("_give", "_loop", "_timer", "_transformer")

    def __init__(self, give: Callable[[bytes], Awaitable[None]]) -> None:
        self._give = give
        self._loop = asyncio.get_running_loop()
        self._timer = Timer()
        self._transformer: ChunkTransformer | None = None

    def rest(self) -> None:
        """Flush nothing more. What has begun goes on."""
        self._transformer = None
        self._timer.stop()

    async def settled(self) -> None:
        """Flush nothing more, and wait for what has begun."""
        self._transformer = None
        await self._timer.settled()

    def watch(self, transformer: ChunkTransformer) -> None:
        """Flush what was held back when it may go out."""
        self._transformer = transformer
        due = transformer.due_at
        if due is None:
            self._timer.stop()
        else:
            self._timer.set((due + 1) / 1000, self._flush)

    async def _flush(self) -> None:
        transformer = self._transformer
        if transformer is None:
            return
        transformer.set_time(int(self._loop.time() * 1000))
        await self._give(transformer.flush_due())
        if self._transformer is transformer:
            self.watch(transformer)
