"""What dropped chunks said, on its way to the next one that is given out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .shapes import changed, get, made, members, says

__all__ = ["Carry", "filled", "take"]

PADDING = frozenset({"obfuscation", "padding", "p"})
"""Members with these names are padding: nobody misses them."""


def take(
    carried: dict[str, Any], said: Mapping[str, Any], *, newer: bool, apart: frozenset[str]
) -> None:
    """Take over what these members say, but those that are treated `apart`."""
    for name, value in said.items():
        if name not in apart and name not in PADDING and says(value):
            if newer:
                carried[name] = value
            else:
                carried.setdefault(name, value)


def filled(said: Mapping[str, Any], carried: Mapping[str, Any]) -> dict[str, Any]:
    """Give those carried members that an object lacks; one that is null or empty gives way."""
    return {name: value for name, value in carried.items() if not says(said.get(name))}


class Carry:
    """What the dropped chunks of one choice said."""

    def __init__(self) -> None:
        self.members: dict[str, Any] = {}
        self.role: Any = None
        self._lists: dict[str, list[Any]] = {}
        self._others: dict[str, Any] = {}
        self._plain: Any = None
        self._like: Any = None

    @property
    def size(self) -> int:
        """How many log-probabilities are carried."""
        return sum(map(len, self._lists.values()))

    @property
    def has_logprobs(self) -> bool:
        """Whether log-probabilities are carried."""
        return bool(self._lists or self._others or says(self._plain))

    def take_logprobs(self, logprobs: Any, *, older: bool) -> None:
        """Take over a chunk's log-probabilities, behind what is there, or before it if `older`."""
        if logprobs is None:
            return
        if isinstance(logprobs, (str, list, tuple, bool, int, float)):
            if says(logprobs) and not (older and says(self._plain)):
                self._plain = logprobs
            return
        self._like = logprobs
        for name, value in members(logprobs).items():
            if not isinstance(value, list):
                if (not older and says(value)) or name not in self._others:
                    self._others[name] = value
            elif older:
                self._lists[name] = [*value, *self._lists.get(name, ())]
            else:
                self._lists.setdefault(name, []).extend(value)

    def logprobs(self, own: Any) -> Any:
        """Give what a chunk's log-probabilities become: what is here in front of its own."""
        if isinstance(own, (bool, int, float)) or (says(own) and isinstance(own, (str, list))):
            return own
        said = {} if own is None or isinstance(own, (str, list)) else members(own)
        if not said and not self._lists and says(self._plain):
            return self._plain
        joined: dict[str, Any] = {}
        for name, value in said.items():
            if name in self._lists and (isinstance(value, list) or not says(value)):
                joined[name] = [*self._lists[name], *(value or ())]
        rest = {**self._others, **self._lists}
        joined.update((name, value) for name, value in rest.items() if name not in said)
        return changed(own, joined) if said else made(self._like, joined)

    def of(self, choice: Any) -> dict[str, Any]:
        """Give what is to be changed in a choice that is given out, its delta apart."""
        updates: dict[str, Any] = {}
        if self.has_logprobs:
            updates["logprobs"] = self.logprobs(get(choice, "logprobs"))
        if self.members:
            updates.update(filled(members(choice), self.members))
        return updates
