"""Chunk objects that the upstream did not send, and what they and others show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from .carry import PADDING, Carry
from .facts import text_parts
from .shapes import changed, get, made, members, says

if TYPE_CHECKING:
    from ._core import Session
    from .calls import ToolCalls

__all__ = ["Maker", "content_of"]

_NAMES = ("id", "object", "created", "model", "system_fingerprint", "service_tier", "provider")
"""What every chunk of a stream says: the names it goes by."""
_APART = frozenset((*_NAMES, *PADDING))


def content_of(delta: Any, snapshot: str | None) -> dict[str, Any]:
    """Give what becomes of a delta's text: the snapshot, or nothing in its place."""
    content = get(delta, "content")
    texts = text_parts(content) if isinstance(content, list) else []
    if all(texts):
        if snapshot is not None:
            return {"content": snapshot}
        return {"content": None} if texts or isinstance(content, str) else {}
    kept = [part for part, text in zip(content, texts, strict=True) if not text]
    if snapshot is not None:
        at = texts.index(True) if True in texts else len(content)
        kept.insert(
            at,
            changed(content[at], {"text": snapshot})
            if at < len(content)
            else {"type": "text", "text": snapshot},
        )
    return {"content": kept}


class Maker:
    """Makes chunks like those of a stream, with the names it began with."""

    def __init__(self, session: Session, calls: ToolCalls | None) -> None:
        self._session = session
        self._calls = calls
        self._first: Any = None
        self._delta: Any = None

    def learn(self, chunk: Any, choices: list[Any]) -> None:
        """Take the first chunk with choices as what others are made like."""
        if self._first is None:
            self._first = changed(chunk, {"choices": choices[:1]})

    def learn_delta(self, delta: Any) -> None:
        """Take a delta as what others are made like."""
        self._delta = delta

    def delta(self, choice: Any, said: Mapping[str, Any]) -> Any:
        """Make a delta for a choice that has none."""
        return made({} if isinstance(choice, dict) else self._delta, said)

    def chunk(self, choices: list[Any], carried: Mapping[str, Any]) -> Any:
        """Make a chunk of these choices, with what is carried for none."""
        said = members(self._first) if self._first is not None else {}
        names = {name: said[name] for name in _NAMES if says(said.get(name))}
        rest = {name: value for name, value in carried.items() if name not in _APART}
        return made(self._first, {**names, **rest, "choices": choices})

    @staticmethod
    def says(carried: Mapping[str, Any]) -> bool:
        """Tell whether anything is carried that is not in every chunk."""
        return any(name not in _APART for name in carried)

    def choice(
        self, index: int, carry: Carry, status: Any, which: Literal["due", "last", "owed"] | None
    ) -> Any:
        """Make a choice with its text and its tool calls, and with what is carried for it.

        ``which`` of its texts are told: those with an update that is due or owed, or all, with
        their status. If it is `None`, this is for what is carried.
        """
        first = get(self._first, "choices")[0]
        role = {} if carry.role is None else {"role": carry.role}
        updates = which if which != "last" else None
        delta = {**role, "content": self._session.content(index, updates)}
        if self._calls and which:
            calls = [self._calls.made(call) for call in self._session.made_calls(index, which)]
            delta.update({"tool_calls": calls} if calls else {})
        like = self.delta(first, delta)
        choice = {"index": index, "delta": like, **carry.of({}), "finish_reason": None}
        if status is not None:
            choice["json_status"] = status
        return made(first, choice)
