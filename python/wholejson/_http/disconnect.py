"""A client that leaves ends the work that is done for it, whatever that work waits for."""

from __future__ import annotations

import asyncio
from types import TracebackType

from .types import Message, Receive

__all__ = ["WATCHED", "Departure"]

WATCHED = "wholejson.watched"
"""In a scope: who stands outside cancels the app inside when its client leaves."""

# A server that answers `receive` with anything but a disconnect is asked again after this long.
_PAUSE = 0.05


class Departure:
    """Watches one client; the only one who calls the server's `receive` after the body.

    ``async with departure`` is for the work that is done for the client, and ends it when the
    client leaves or is dismissed: the work is cancelled, and the block left without an error. It is
    done in the task that it is in: one more would cost each open stream memory.
    """

    __slots__ = (
        "_bell", "_cancelled", "_gone", "_receive", "_settled", "_task", "_watcher", "dismissed",
    )  # fmt: skip

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False
        self._settled = False
        self._bell: asyncio.Future[None] | None = None  # for an app that waits for the end
        self._watcher: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None  # the one that works
        self._cancelled = False
        self.dismissed = False

    @property
    def gone(self) -> bool:
        """Whether there is nobody who could be sent anything."""
        return self._gone

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
            asyncio.get_running_loop().call_soon(self._end)

    async def receive(self) -> Message:
        """Wait for the client to leave: the `receive` of an app whose request has been read."""
        if not self._gone:
            if self._bell is None:
                self._bell = asyncio.get_running_loop().create_future()
            # Who asks may be cancelled; the bell is for all.
            await asyncio.wait((self._bell,))
        return {"type": "http.disconnect"}

    async def __aenter__(self) -> None:
        """Begin to watch."""
        self._task = asyncio.current_task()
        self._watcher = asyncio.ensure_future(self._watch())

    async def __aexit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> bool:
        """Watch no more; tell whether `error` came of the client's leaving."""
        task, self._task, watcher = self._task, None, self._watcher
        # Somebody else may want the task to end as well.
        others = self._cancelled and _take_back(task)
        if watcher is not None:
            watcher.cancel()
            await asyncio.wait((watcher,))
            if not watcher.cancelled():
                watcher.exception()
        if isinstance(error, asyncio.CancelledError):
            return self._cancelled and not others
        return isinstance(error, Exception) and (self.happened or self.dismissed)

    def _end(self) -> None:
        # If the response is out, or the server cannot tell who leaves, the work goes on.
        if self._task is None or self._cancelled:
            return
        if self.happened or self.dismissed:
            self._cancelled = self._task.cancel()

    async def _watch(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                break
            await asyncio.sleep(_PAUSE)
        self._ring()
        self._end()

    def _ring(self) -> None:
        self._gone = True
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)


def _take_back(task: asyncio.Task[None] | None) -> bool:
    """Take our own cancellation back; tell whether somebody else wants the task to end as well."""
    uncancel = getattr(task, "uncancel", None)  # Python 3.11 and newer count them
    return uncancel is not None and bool(uncancel())
