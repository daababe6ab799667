"""What dropped chunks said, on its way to the next one that is given out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .shapes import changed, get, made, members, says

__all__ = ["Carry", "Held", "Top", "filled", "take"]

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
    def says(self) -> bool:
        """Whether anything is carried."""
        return bool(self.members) or self.role is not None or self.has_logprobs

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
                if not says(self._others.get(name)) or (not older and says(value)):
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


class Top:
    """What dropped chunks said of no choice. What was said last stands, however it is taken."""

    def __init__(self) -> None:
        # With the number of the chunk that said it.
        self._said: dict[str, tuple[int, Any]] = {}

    def values(self) -> dict[str, Any]:
        """Give the members."""
        return {name: value for name, (_, value) in self._said.items()}

    def take(self, said: Mapping[str, Any], at: int) -> None:
        """Take over what these members of the chunk `at` say."""
        for name, value in said.items():
            if name != "choices" and name not in PADDING and says(value):
                self._take(name, value, at)

    def join(self, other: Top) -> None:
        """Take over what others say."""
        for name, (at, value) in other._said.items():
            self._take(name, value, at)

    def _take(self, name: str, value: Any, at: int) -> None:
        if name not in self._said or at >= self._said[name][0]:
            self._said[name] = (at, value)

    def forget(self, said: Mapping[str, Any], at: int) -> None:
        """Leave out what is older than the members of the chunk `at`, which says them itself."""
        for name in [name for name, value in said.items() if says(value)]:
            if name in self._said and self._said[name][0] <= at:
                del self._said[name]

    def forget_older(self, other: Top) -> None:
        """Leave out what is older than what others say."""
        for name, (at, value) in other._said.items():
            self.forget({name: value}, at)


class Held:
    """A chunk that says nothing but a role, for one choice.

    What was carried when it came stands in it, so that all that is carried is newer.
    """

    def __init__(self, chunk: Any, choice: Any, carry: Carry, came: tuple[int, int]) -> None:
        changes = carry.of(choice)
        self.choice = changed(choice, changes) if changes else choice
        self.chunk = changed(chunk, {"choices": [self.choice]})
        self.came = came
        # Its own members, but for those of which something newer went out.
        self.top = Top()
        self.top.take(members(chunk), came[0])
