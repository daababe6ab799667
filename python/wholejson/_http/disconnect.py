"""A client that leaves ends the work that is done for it, whatever that work waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from .types import Message, Receive

__all__ = ["Departure", "until_gone"]

# A server that answers `receive` with anything but a disconnect is asked again after this long.
_PAUSE = 0.05


class Departure:
    """Watches one client; the only one who calls the server's `receive` after the body."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False
        self._settled = False
        self._bell: asyncio.Future[None] | None = None  # for an app that waits for the end
        self._watcher: asyncio.Task[None] | None = None
        self.dismissed = False

    @property
    def happened(self) -> bool:
        """Whether the client left before it had its whole response."""
        return self._gone and not self._settled and not self.dismissed

    def settle(self) -> None:
        """Say that the whole response has gone out: who leaves from now on ends nothing."""
        self._settled = not self._gone

    def dismiss(self) -> None:
        """Say that no more is wanted of the work, as if the client had left."""
        self.dismissed = True
        self._ring()
        if self._watcher is not None:
            self._watcher.cancel()

    async def receive(self) -> Message:
        """Wait for the client to leave: the `receive` of an app whose request has been read."""
        if not self._gone:
            if self._bell is None:
                self._bell = asyncio.get_running_loop().create_future()
            # Who asks may be cancelled; the bell is for all.
            await asyncio.wait((self._bell,))
        return {"type": "http.disconnect"}

    def start(self) -> asyncio.Task[None]:
        """Begin to watch; the task ends when the client has left, or is dismissed."""
        self._watcher = asyncio.ensure_future(self._watch())
        return self._watcher

    async def _watch(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                break
            await asyncio.sleep(_PAUSE)
        self._ring()

    def _ring(self) -> None:
        self._gone = True
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)


async def until_gone(work: Coroutine[Any, Any, None], departure: Departure) -> bool:
    """Do `work`, but only while the client is there; tell whether it was done to its end.

    When the client leaves or is dismissed, `work` is cancelled, and has ended when this returns.
    So it has when this is cancelled. What `work` raises is raised.
    """
    task = asyncio.ensure_future(work)
    watch = departure.start()
    try:
        await asyncio.wait((task, watch), return_when=asyncio.FIRST_COMPLETED)
        if not (task.done() or departure.happened or departure.dismissed):
            # The response is out, or the server cannot tell who leaves: the work goes on.
            await asyncio.wait((task,))
    finally:
        watch.cancel()
        task.cancel()
        await asyncio.wait((task, watch))
        if not watch.cancelled():
            watch.exception()
    unwanted = departure.happened or departure.dismissed
    if task.cancelled():
        if unwanted:
            return False
        raise asyncio.CancelledError
    error = task.exception()
    if error is not None and not unwanted:
        raise error
    return error is None
