"""Waiting for the next part of a stream, but no longer than until something else is due.

What is due *when* is said by the core; here it is only waited for.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task

__all__ = ["END", "LATE", "Waiting", "milliseconds", "until"]

END: Any = object()
"""There is no next part."""
LATE: Any = object()
"""The next part did not come in time: it is still waited for."""


def milliseconds() -> int:
    """Tell the time, as the core is told it."""
    return time.monotonic_ns() // 1_000_000


def until(due: int | None) -> float | None:
    """Give the seconds until a time that the core named; ``None`` for no such time."""
    return None if due is None else max(0.0, due / 1000 - time.monotonic())


class Waiting:
    """The parts of an async iterator. :meth:`close` it before the iterator is closed."""

    def __init__(self, source: AsyncIterator[Any]) -> None:
        self._source = source
        self._task: Task[Any] | None = None

    async def next(self, seconds: float | None) -> Any:
        """Give the next part, or `END`; `LATE` if it did not come in so many seconds.

        Outside of asyncio, where nothing here could wake up, it waits as long as it takes.

        :param seconds: ``None`` to wait as long as it takes.
        :raises Exception: what the iterator raises.
        """
        if self._task is None:
            loop = None if seconds is None else _loop()
            if loop is None:
                return await anext(self._source, END)
            self._task = loop.create_task(_next(self._source))
        task = self._task
        if seconds is not None and not await _done(task, seconds):
            return LATE
        try:
            return await task
        finally:
            self._task = None

    async def close(self) -> None:
        """Wait no more."""
        task, self._task = self._task, None
        if task is not None:
            import asyncio

            task.cancel()
            await asyncio.wait((task,))


async def _next(source: AsyncIterator[Any]) -> Any:
    return await anext(source, END)


async def _done(task: Task[Any], seconds: float) -> bool:
    import asyncio

    try:
        done, _ = await asyncio.wait((task,), timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    return bool(done)


def _loop() -> AbstractEventLoop | None:
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
