"""A client that leaves ends the work that is done for it, whatever that work waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from .types import Message, Receive

__all__ = ["WATCHED", "Departure", "until_gone"]

WATCHED = "wholejson.watched"
"""In a scope: who stands outside cancels the app inside when its client leaves."""

# A server that answers `receive` with anything but a disconnect is asked again after this long.
_PAUSE = 0.05


class Departure:
    """Watches one client; the only one who calls the server's `receive` after the body."""

    __slots__ = ("_bell", "_gone", "_receive", "_settled", "_watcher", "dismissed")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False
        self._settled = False
        self._bell: asyncio.Future[None] | None = None  # for an app that waits for the end
        self._watcher: asyncio.Task[None] | None = None
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

    It is done in this task: one more would cost each open stream memory. When the client leaves or
    is dismissed, `work` is cancelled, and has ended when this returns. What it raises is raised.
    """
    task = asyncio.current_task()
    watch = departure.start()
    over = cancelled = False

    def end(_: asyncio.Task[None]) -> None:
        # If the response is out, or the server cannot tell who leaves, the work goes on.
        nonlocal cancelled
        if task is not None and not over and (departure.happened or departure.dismissed):
            cancelled = task.cancel()

    watch.add_done_callback(end)
    try:
        await work
    except asyncio.CancelledError:
        if not cancelled or _take_back(task):
            raise
        return False
    except Exception:
        if cancelled:
            _take_back(task)
        if not (departure.happened or departure.dismissed):
            raise
        return False
    else:
        if cancelled:
            _take_back(task)
        return True
    finally:
        over = True
        watch.cancel()
        await asyncio.wait((watch,))
        if not watch.cancelled():
            watch.exception()


def _take_back(task: asyncio.Task[None] | None) -> bool:
    """Take our own cancellation back; tell whether somebody else wants the task to end as well."""
    uncancel = getattr(task, "uncancel", None)  # Python 3.11 and newer count them
    return uncancel is not None and bool(uncancel())
