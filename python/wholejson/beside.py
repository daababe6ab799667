"""Work that may take long, beside an event loop: verdicts by a schema."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

__all__ = ["beside", "each_beside"]

T = TypeVar("T")

_END: Any = object()


async def beside(work: Callable[[], T]) -> T:
    """Call `work` in a thread, so that the event loop goes on; in place where it is not asyncio's.

    :raises Exception: what `work` raises.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return work()
    return await loop.run_in_executor(None, work)


async def each_beside(items: Iterator[T]) -> AsyncIterator[T]:
    """Iterate over `items`, each of which is made in a thread."""
    while (item := await beside(lambda: next(items, _END))) is not _END:
        yield item
