"""A timer for work that waits for somebody else, again and again."""

from __future__ import annotations

import asyncio

from .clock import Alarm

__all__ = ["Deadline"]


class Deadline(Alarm):
    """Cancels the current task when it has waited too long; `expired` tells that from the rest."""

    __slots__ = ("_task", "expired")

    def __init__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("Deadline() outside of a task")
        super().__init__()
        self._task = task
        self.expired = False

    def absorb(self) -> None:
        """The cancellation was this timer's, and has been dealt with."""
        uncancel = getattr(self._task, "uncancel", None)  # Python 3.11 and newer count them
        if uncancel is not None:
            uncancel()

    def ring(self) -> None:
        """Cancel the task."""
        self.expired = True
        self._task.cancel()
