"""Chunk objects in, chunk objects out. What is given out when is decided by the session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any, Literal

from ._core import Limits, Session
from .calls import ToolCalls
from .carry import Carry, Held, Top, filled, take
from .errors import Error, LimitError
from .facts import (
    Facts,
    facts_of,
    index_of,
    moved,
    pieces_of,
    reported,
    shape_of,
    text_of,
)
from .making import Maker, content_of
from .shapes import changed, get, members, says

__all__ = ["Rewriter"]

_CHOICE = frozenset({"delta", "index", "finish_reason", "logprobs"})
_MAX_CHOICES = 1024
_SIZE = 350
"""Bytes of a chunk as providers send it, where they matter and are not known."""
_LOGPROB = 64
"""Bytes of one log-probability, alike."""


class _Slot:
    """What is kept for one choice."""

    def __init__(self) -> None:
        self.carry = Carry()
        self.held: Held | None = None


class Rewriter:
    """One response, chunk by chunk.

    :raises TypeError, ValueError: for an option that is none.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.session = Session(**options)
        self._calls = ToolCalls(self.session) if options.get("tool_calls") else None
        self.ended = False
        self._limit = (options.get("limits") or Limits()).event
        self._slots: dict[int, _Slot] = {}
        self._top = Top()
        self._now = 0
        self._over = False
        self._queue: list[Any] = []
        self._maker = Maker(self.session, self._calls)
        self._chat = False
        self._texting = False
        self._foreign = False

    def chunk(self, chunk: Any) -> Iterator[Any]:
        """Take a chunk; give out what is to be given out.

        :raises wholejson.Error: where the stream ends in one.
        """
        choices = get(chunk, "choices")
        shape = shape_of(chunk, choices)
        if says(get(chunk, "error")) and (self._chat or not self._foreign):
            yield from self._end("upstream")
            raise reported(chunk)
        elif shape == "foreign":
            self._foreign = True
            yield chunk
        elif len(choices) > _MAX_CHOICES:
            yield from self._limited("an event has more choices than a stream may have")
        else:
            self._chat = True
            yield from self._push_or_wait(chunk, choices)

    def set_time(self, milliseconds: int) -> None:
        """Tell the time, for a stream whose updates are thinned."""
        self.session.set_time(milliseconds)

    def due(self) -> Iterator[Any]:
        """Give the updates that were held back and may go out now, each in a chunk of its own."""
        if not self.ended:
            yield from self._updates(self.session.due(), "due")

    def end(self, how: Literal["closed", "timeout", "upstream"]) -> Iterator[Any]:
        """Tell that the stream has ended; give out what is still due.

        :raises wholejson.Error: if the answer holds no document, or the stream broke off.
        """
        if not self.ended and (self._chat or not self._foreign or how != "closed"):
            yield from self._end(how)
        self.ended = True

    def _push_or_wait(self, chunk: Any, choices: list[Any]) -> Iterator[Any]:
        if not choices and not self._queue and not self._texting:
            yield chunk
            return
        self._maker.learn(chunk, choices)
        facts = [self._facts(choice) for choice in choices]
        text = any(self._reads(choice) for choice in choices)
        gives = any(each.others or each.finish for each in facts)
        phase = self.session.begin(text, gives, _SIZE)
        if phase == "queue":
            self._queue.append(chunk)
            return
        if phase == "pass":
            yield from self._release()
            for at, (choice, each) in enumerate(zip(choices, facts, strict=True)):
                self.session.note(index_of(choice, at), *each)
            yield chunk
        else:
            self._texting = True
            waiting, self._queue = self._queue, []
            for each in (*waiting, chunk):
                if not self.ended:
                    yield from self._push(each, get(each, "choices"))
        if self._over and not self.ended:
            message = "dropped chunks said more than may be carried; raise Limits.event"
            yield from self._limited(message)
        elif self.session.failed():
            yield from self._end("failed")

    def _push(self, chunk: Any, choices: list[Any]) -> Iterator[Any]:
        if not choices:
            # It passes in its place; what it says itself is not carried any further.
            self._goes_out(members(chunk))
            self._top.forget(members(chunk), self._now)
            yield chunk
            return
        self._now += 1
        given: list[Any] = []
        held = False
        for at, choice in enumerate(choices):
            index, facts = index_of(choice, at), self._facts(choice)
            told = self._calls.tell(index, choice) if self._calls else []
            if self._calls and len(told) < len(pieces_of(choice)):
                break
            action, shown, before, status = self.session.push(index, text_of(choice), *facts)
            if index not in self._slots:
                self._slots[index] = _Slot()
            slot = self._slots[index]
            if action == "emit":
                if before == "merge":
                    self._merge_held(slot)
                elif before == "before":
                    yield from self._give_held(slot)
                changes = self._calls.changes(index, choice, told) if self._calls else {}
                out = self._given(choice, index, facts, changes, shown=shown, status=status)
                given.append(moved(out, at, len(given)))
                slot.carry = Carry()
            elif action == "hold":
                slot.held = Held(chunk, moved(choice, at, 0), slot.carry, (self._now, at))
                slot.carry = Carry()
                held = True
            else:
                self._carry(slot.carry, choice, role=action == "drop_with_role")
        if given:
            self._goes_out(members(chunk))
            updates = filled(members(chunk), self._top.values())
            self._top = Top()
            yield changed(chunk, {**updates, "choices": given})
        elif not held:
            self._top.take(members(chunk), self._now)

    def _facts(self, choice: Any) -> Facts:
        return facts_of(choice, calls=self._calls is not None)

    def _reads(self, choice: Any) -> bool:
        """Tell whether there is text that is read: of the choice, or of tool calls."""
        if text_of(choice) is not None:
            return True
        return self._calls is not None and bool(pieces_of(choice))

    def _carry(self, carry: Carry, choice: Any, *, role: bool) -> None:
        if choice is None:
            return
        take(carry.members, members(choice), newer=True, apart=_CHOICE)
        carry.take_logprobs(get(choice, "logprobs"), older=False)
        if role:
            carry.role = get(get(choice, "delta"), "role")
        self._over = self._over or carry.size * _LOGPROB > self._limit

    def _goes_out(self, said: Mapping[str, Any]) -> None:
        """Note that a chunk goes out: what held ones say that is older need not be said again."""
        for slot in self._slots.values():
            if slot.held is not None:
                slot.held.top.forget(said, self._now)
                slot.held.top.forget_older(self._top)

    def _give_held(self, slot: _Slot) -> Iterator[Any]:
        """Give the held chunk as it was."""
        held, slot.held = slot.held, None
        if held is not None:
            self._top.forget(members(held.chunk), held.came[0])
            yield held.chunk

    def _merge_held(self, slot: _Slot) -> None:
        """Make the held chunk part of the next one; all that is carried is newer."""
        held, slot.held = slot.held, None
        if held is None:
            return
        self._top.join(held.top)
        choice = held.choice
        take(slot.carry.members, members(choice), newer=False, apart=_CHOICE)
        slot.carry.take_logprobs(get(choice, "logprobs"), older=True)
        slot.carry.role = get(get(choice, "delta"), "role")

    def _given(
        self,
        choice: Any,
        index: int,
        facts: Facts,
        changes: dict[str, Any],
        *,
        shown: bool,
        status: bool,
    ) -> Any:
        carry = self._slots[index].carry
        updates = carry.of(choice)
        delta = get(choice, "delta")
        if carry.role is not None and not facts.role:
            changes["role"] = carry.role
        changes.update(content_of(delta, self.session.content(index) if shown else None))
        if delta is not None:
            self._maker.learn_delta(delta)
            updates["delta"] = changed(delta, changes)
        elif changes:
            updates["delta"] = self._maker.delta(choice, changes)
        if status:
            updates["json_status"] = self.session.status(index)
        return changed(choice, updates) if updates else choice

    def _release(self) -> Iterator[Any]:
        waiting, self._queue = self._queue, []
        yield from waiting

    def _limited(self, message: str) -> Iterator[Any]:
        yield from self._end("limit", LimitError(message, kind="limit_exceeded"))

    def _end(
        self,
        how: Literal["closed", "failed", "limit", "timeout", "upstream"],
        limit: Error | None = None,
    ) -> Iterator[Any]:
        self.ended = True
        yield from self._release()
        ending, failure = self.session.end(how)
        finals = dict(ending)
        if self._over:
            # There is more than may be carried: all of it is left out.
            self._top = Top()
            for slot in self._slots.values():
                slot.carry = Carry()
        owed = [index for index in self.session.owed() if index not in finals]
        yield from self._updates(owed, "owed")
        for index in finals:
            if index in self._slots and self.session.snapshot(index) is not None:
                self._merge_held(self._slots[index])
        held = [(slot.held.came, slot) for slot in self._slots.values() if slot.held is not None]
        for _, slot in sorted(held, key=itemgetter(0)):
            yield from self._give_held(slot)
        yield from self._closing(finals)
        if failure is not None:
            raise limit or failure

    def _closing(self, finals: Mapping[int, Any]) -> Iterator[Any]:
        """Give the chunks that are due at the end and that the upstream did not send."""
        for index in self.session.indexes():
            slot = self._slots.get(index) or _Slot()
            if index in finals or slot.carry.says:
                which: Literal["last"] | None = "last" if index in finals else None
                status = finals.get(index)
                yield self._made([self._maker.choice(index, slot.carry, status, which)])
        if self._maker.says(self._top.values()):
            yield self._made([])

    def _updates(self, indexes: list[int], which: Literal["due", "owed"]) -> Iterator[Any]:
        """Give the updates of these choices, each in a chunk of its own."""
        for index in indexes:
            slot = self._slots.setdefault(index, _Slot())
            self._merge_held(slot)
            update = self._made([self._maker.choice(index, slot.carry, None, which)])
            slot.carry = Carry()
            yield update

    def _made(self, choices: list[Any]) -> Any:
        """Make a chunk that the upstream did not send, with what is carried for no choice."""
        for slot in self._slots.values():
            if slot.held is not None:
                slot.held.top.forget_older(self._top)
        carried, self._top = self._top.values(), Top()
        return self._maker.chunk(choices, carried)
