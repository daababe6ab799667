"""A timer for work that waits for somebody else, again and again."""

from __future__ import annotations

import asyncio

__all__ = ["Deadline"]


class Deadline:
    """Cancels the current task when it has waited too long; `expired` tells that from the rest.

    Setting it anew is one assignment: the timer is moved only when it fires too early.
    """

    __slots__ = ("_due", "_fires", "_loop", "_task", "_timer", "expired")

    def __init__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("Deadline() outside of a task")
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._due = float("inf")
        self._timer: asyncio.TimerHandle | None = None
        self._fires = float("inf")
        self.expired = False

    def set(self, seconds: float) -> None:
        """From now on, `seconds` may pass."""
        self._due = self._loop.time() + seconds
        if self._due < self._fires:
            self._arm()

    def pause(self) -> None:
        """From now on, any time may pass."""
        self._due = float("inf")

    def close(self) -> None:
        """The work is done."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def absorb(self) -> None:
        """The cancellation was this timer's, and has been dealt with."""
        uncancel = getattr(self._task, "uncancel", None)  # Python 3.11 and newer count them
        if uncancel is not None:
            uncancel()

    def _arm(self) -> None:
        self.close()
        self._fires = self._due
        self._timer = self._loop.call_at(self._due, self._fire)

    def _fire(self) -> None:
        self._timer, self._fires = None, float("inf")
        if self._loop.time() >= self._due - 0.001:
            self.expired = True
            self._task.cancel()
        elif self._due < float("inf"):
            self._arm()
        else:
            # Paused: look again before the next wait could run out.
            self._fires = self._loop.time() + 1.0
            self._timer = self._loop.call_at(self._fires, self._fire)
