"""One timer of the event loop for all who wait for long, and mostly in vain.

A timer of the loop's own costs each open stream most of a kilobyte.
"""

from __future__ import annotations

import asyncio
import contextvars

__all__ = ["Alarm"]

_NEVER = float("inf")
# Seconds between two looks at all alarms, at least: so much later may one ring.
_GRAIN = 0.02


class Alarm:
    """Rings at a time that may be moved; to move it is one assignment. Whoever makes one closes it.

    Rings up to 20 ms late, where many do.
    """

    __slots__ = ("_clock", "_due")

    def __init__(self) -> None:
        self._clock = _Clock.running()
        self._due = _NEVER
        self._clock.alarms.add(self)

    def wait(self, seconds: float) -> None:
        """Ring when so many seconds have passed, and not before."""
        clock = self._clock
        self._due = due = clock.time() + seconds
        if due < clock.next:
            clock.look_at(due)

    def pause(self) -> None:
        """Do not ring, until told again."""
        self._due = _NEVER

    def close(self) -> None:
        """Do not ring any more."""
        self._due = _NEVER
        self._clock.forget(self)

    def due(self, now: float) -> float:
        """Ring if it is time; give the time of the next ring."""
        if self._due <= now:
            self._due = _NEVER
            self.ring()
        return self._due

    def ring(self) -> None:
        """Do what the alarm is for, in nobody's context."""
        raise NotImplementedError


class _Clock:
    """The alarms of one event loop. It is there as long as there are any."""

    __slots__ = ("_handle", "_loop", "alarms", "next", "time")

    _all: dict[asyncio.AbstractEventLoop, _Clock] = {}  # noqa: RUF012 - one for each loop

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None
        self.alarms: set[Alarm] = set()
        self.next = _NEVER
        self.time = loop.time

    @classmethod
    def running(cls) -> _Clock:
        """Give that of the event loop that runs."""
        loop = asyncio.get_running_loop()
        clock = cls._all.get(loop)
        if clock is None:
            clock = cls._all[loop] = cls(loop)
        return clock

    def forget(self, alarm: Alarm) -> None:
        self.alarms.discard(alarm)
        if not self.alarms and self._all.get(self._loop) is self:
            del self._all[self._loop]
            self._stop()

    def look_at(self, due: float) -> None:
        """Look at all alarms then."""
        self._stop()
        self.next = due
        # In a context of its own: a request's would be kept by it.
        context = contextvars.Context()
        self._handle = self._loop.call_at(due, self._look, context=context)

    def _stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self.next = _NEVER

    def _look(self) -> None:
        self._handle, self.next = None, _NEVER
        now = self.time()
        # The loop's clock may be a little behind the time at which it was to ring.
        near = min([alarm.due(now + 0.001) for alarm in [*self.alarms]], default=_NEVER)
        if self.alarms and near < self.next:
            self.look_at(max(near, now + _GRAIN))
