"""The relation between one value and the next: nothing is taken back."""

from __future__ import annotations

import json
from typing import Any


class Number(str):
    """A number by its text: `1.0` and `1.00` differ."""

    __slots__ = ()


class Members(list):
    """An object as its members in order, repeated keys and all."""

    __slots__ = ()


def read(snapshot: bytes | str) -> Any:
    """A snapshot with all that promises are about: number text, key order, repeated keys."""
    return json.loads(
        snapshot,
        parse_int=Number,
        parse_float=Number,
        parse_constant=_refuse,
        object_pairs_hook=Members,
    )


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def extends(old: Any, new: Any) -> bool:
    """Is `new` the same as `old` or what may have become of it by more text at its end?

    Only the last item of each container may differ; so what is settled is settled.
    """
    while True:
        if type(old) is not type(new):
            return False
        if isinstance(old, Number) or not isinstance(old, str | list):
            return old == new
        if isinstance(old, str):
            return new.startswith(old)
        if not old:
            return True
        last = len(old) - 1
        if len(new) <= last or old[:last] != new[:last]:
            return False
        if isinstance(old, Members):
            if old[last][0] != new[last][0]:
                return False
            old, new = old[last][1], new[last][1]
        else:
            old, new = old[last], new[last]


def grows(old: Any, new: Any) -> bool:
    """The same relation on plain Python values, for software that shows no text: keys in any order."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(key in new and grows(child, new[key]) for key, child in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) <= len(new) and all(map(grows, old, new))
    if isinstance(old, str) and isinstance(new, str):
        return new.startswith(old)
    return type(old) is type(new) and old == new


def same(expected: Any, actual: Any) -> bool:
    """Are two values equal, `1` and `1.0` too, but not `1` and `true`?"""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return list(expected) == list(actual) and all(map(same, expected.values(), actual.values()))
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return expected == actual
    return type(expected) is type(actual) and expected == actual
