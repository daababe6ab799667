"""A setting that is wrong, in words: where it stands, what it says, what it may be."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .config import Settings

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["told"]

# A longer value may be a key that was put into the wrong place: it is not repeated.
_SHORT = 8
_KINDS = {int: "a whole number", float: "a number", bool: "true or false"}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most"}


def told(error: ValidationError, given: Mapping[str, Any]) -> Iterator[str]:
    """Give a sentence for each thing that is wrong.

    :param error: what :class:`Settings` raised.
    :param given: the settings that stood on the command line; all others are the environment's.
    """
    for wrong in error.errors():
        name = str(wrong["loc"][0]) if wrong["loc"] else ""
        own = wrong["msg"].removeprefix("Value error, ")
        if not name:
            yield own
            continue
        allowed = own if wrong["type"] == "value_error" else f"must be {_allowed(name)}"
        yield f"{_place(name, given)} {allowed}{_instead(name, given)}"


def _place(name: str, given: Mapping[str, Any]) -> str:
    """Name a setting as the one who wrote it did."""
    return f"--{name.replace('_', '-')}" if name in given else _variable(name)


def _variable(name: str) -> str:
    return f"{Settings.model_config['env_prefix']}{name.upper()}"


def _allowed(name: str) -> str:
    """Say what a setting may be, by its type and its bounds."""
    field = Settings.model_fields[name]
    kinds = [words for kind, words in _KINDS.items() if field.annotation in (kind, kind | None)]
    bounds = {
        bound: getattr(rule, bound)
        for rule in field.metadata
        for bound in _BOUNDS
        if getattr(rule, bound, None) is not None
    }
    what = kinds[0] if kinds else "a text"
    if "ge" in bounds and "le" in bounds:
        return f"{what} from {bounds['ge']} to {bounds['le']}"
    return ", ".join([what, *(f"{_BOUNDS[each]} {limit}" for each, limit in bounds.items())])


def _instead(name: str, given: Mapping[str, Any]) -> str:
    """Repeat what it is, where that can be no secret."""
    field = Settings.model_fields[name]
    said = {key.upper(): value for key, value in os.environ.items()}.get(_variable(name))
    value = str(given[name]) if name in given else said
    if value is None or "Secret" in str(field.annotation):
        return ""
    if len(value) > _SHORT and "str" in str(field.annotation):
        return ""  # what is wrong with it was said in words of its own
    if len(value) > _SHORT:
        return f" (it has {len(value)} characters, which are not repeated here)"
    return f", not {value!r}"
