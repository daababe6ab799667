"""Chunks by their shape: dicts and the objects of an SDK, read and copied alike.

Nothing that came in is changed: whatever is to differ is copied first.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

__all__ = ["changed", "get", "is_object", "made", "members", "says", "speaks"]


def get(thing: Any, name: str) -> Any:
    """Give a member, or `None` where there is none."""
    if isinstance(thing, dict):
        return thing.get(name)
    return getattr(thing, name, None)


def members(thing: Any) -> Mapping[str, Any]:
    """Give what was said in so many words: of an object of an SDK, not its fields' defaults."""
    if isinstance(thing, dict):
        return thing
    said = getattr(thing, "model_fields_set", None)
    if said is None:
        said = getattr(thing, "__fields_set__", None)
    if said is None:
        return dict(vars(thing)) if hasattr(thing, "__dict__") else {}
    found = {name: vars(thing)[name] for name in said if name in vars(thing)}
    found.update(getattr(thing, "model_extra", None) or {})
    return found


def is_object(thing: Any) -> bool:
    """Tell whether it has members: a dict, or an object of an SDK."""
    return isinstance(thing, dict) or hasattr(thing, "__dict__")


def says(value: Any) -> bool:
    """Tell whether a value is neither null nor empty. Numbers and booleans always say something."""
    if value is None:
        return False
    if isinstance(value, (str, list, dict, tuple)):
        return bool(value)
    if isinstance(value, (bool, int, float)):
        return True
    return bool(members(value)) if hasattr(value, "__dict__") else True


def speaks(value: Any) -> bool:
    """As `says`, but an object of nothing but values that say nothing says nothing either."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict) or hasattr(value, "__dict__"):
            waiting.extend(members(value).values())
        elif says(value):
            return True
    return False


def changed(thing: Any, updates: Mapping[str, Any]) -> Any:
    """Give a copy of the same type with other members."""
    if isinstance(thing, dict):
        return {**thing, **updates}
    for method in ("model_copy", "copy"):
        copier = getattr(thing, method, None)
        if copier is not None:
            return copier(update=dict(updates))
    twin = copy.copy(thing)
    for name, value in updates.items():
        setattr(twin, name, value)
    return twin


def made(like: Any, said: Mapping[str, Any]) -> Any:
    """Make another one of the type of `like`, with these members and no others."""
    if like is None or isinstance(like, dict):
        return dict(said)
    for method in ("model_construct", "construct"):
        constructor = getattr(type(like), method, None)
        if constructor is not None:
            thing = constructor(**said)
            # The SDK's own constructor knows no private attributes; a subclass of it may have some.
            if (
                getattr(thing, "__private_attributes__", None)
                and thing.__pydantic_private__ is None
            ):
                thing.model_post_init(None)
            return thing
    return SimpleNamespace(**said)
