"""When a turned stream says something of its own accord."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

from .clock import Alarm

__all__ = ["Beat", "Timer", "Timing"]

Work = Callable[[], Coroutine[Any, Any, None]]


class Timing:
    """How long the headers of a response are held, and how often a silent stream is broken."""

    def __init__(self, hold_bytes: int, hold_seconds: float, heartbeat: float | None) -> None:
        self.hold_bytes = hold_bytes
        self.hold_seconds = hold_seconds
        self.heartbeat = heartbeat


class Timer:
    """Does some work at a time, in a task of its own."""

    __slots__ = ("_handle", "_loop", "_task")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def set(self, due: float, work: Work) -> None:
        """Do `work` at this time of the event loop's clock, and nothing else."""
        self.stop()
        self._handle = self._loop.call_at(due, self._begin, work)

    def stop(self) -> None:
        """Begin nothing more. What has begun goes on."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    async def settled(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        self.stop()
        if self._task is not None:
            await asyncio.wait((self._task,))

    def _begin(self, work: Work) -> None:
        self._task = self._loop.create_task(work())
        self._task.add_done_callback(_forget)


class Beat(Alarm):
    """Does some work whenever it rings: in a task of its own, and in the context of its maker."""

    __slots__ = ("_context", "_task", "_work")

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._context = contextvars.copy_context()
        self._task: asyncio.Task[None] | None = None
        self._work = work

    def ring(self) -> None:
        """Begin the work."""
        create = asyncio.get_running_loop().create_task
        self._task = self._context.run(create, self._work())
        self._task.add_done_callback(_forget)

    async def settled(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        self.close()
        if self._task is not None:
            await asyncio.wait((self._task,))


def _forget(task: asyncio.Task[None]) -> None:
    """Leave an error alone: a client that is gone is noticed by who watches it."""
    if not task.cancelled():
        task.exception()
