"""Reading a document in pieces, and comparing what came of it with what other parsers read."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import wholejson


class Reading(NamedTuple):
    """What an aggregator said of a document."""

    updates: list[str]
    """The snapshot after each delta that was an update, and after the end."""
    snapshot: str | None
    complete: bool
    error: str | None
    offset: int | None

    @property
    def outcome(self) -> tuple[str | None, bool, str | None, int | None]:
        """What must not depend on the cut."""
        return self.snapshot, self.complete, self.error, self.offset


def read(pieces: Iterable[str | bytes], *, end: bool = True, **options: Any) -> Reading:
    """Feed the pieces in order, strictly unless told otherwise; note each update."""
    options.setdefault("repair", False)
    aggregator = wholejson.Aggregator(**options)
    updates = []
    try:
        for piece in pieces:
            if aggregator.feed(piece):
                updates.append(aggregator.snapshot())  # noqa: PERF401  kept if a later feed raises
        if end and aggregator.finish():
            updates.append(aggregator.snapshot())
    except wholejson.Error as error:
        return Reading(
            updates, aggregator.snapshot(), aggregator.complete, error.kind, error.offset
        )
    return Reading(updates, aggregator.snapshot(), aggregator.complete, None, None)


def in_two(text: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Every cut in two."""
    for at in range(len(text) + 1):
        yield text[:at], text[at:]


def one_by_one(text: Any) -> list[Any]:
    """Pieces of length one."""
    return [text[at : at + 1] for at in range(len(text))]


def in_pieces(text: Any, source: random.Random, most: int = 9) -> list[Any]:
    """Random pieces."""
    pieces, at = [], 0
    while at < len(text):
        end = at + source.randint(1, most)
        pieces.append(text[at:end])
        at = end
    return pieces


class Number(str):
    """The text of a number, which is not a string of the document."""

    __slots__ = ()


class Object(tuple):
    """The members of an object in order, each a key and a value."""

    __slots__ = ()


def refuse(constant: str) -> None:
    """NaN and infinity are no JSON."""
    raise ValueError(constant)


def exactly(text: str | bytes) -> Any:
    """The value of a document as `json.loads` reads it, with nothing lost.

    Numbers keep their text, objects all their members, repeated keys included.
    """
    value: Any = json.loads(
        text,
        parse_int=Number,
        parse_float=Number,
        parse_constant=refuse,
        object_pairs_hook=Object,
    )
    return value


def identical(expected: Any, actual: Any) -> bool:
    """Equal in value, type and key order; 1 is neither 1.0 nor True, and "1" not the number."""
    pairs = [(expected, actual)]  # no recursion: documents may be deeper than Python's stack
    while pairs:
        left, right = pairs.pop()
        if type(left) is not type(right):
            return False
        if isinstance(left, dict):
            if list(left) != list(right):
                return False
            pairs += zip(left.values(), right.values(), strict=True)
        elif isinstance(left, (list, tuple)):
            if len(left) != len(right):
                return False
            pairs += zip(left, right, strict=True)
        elif left != right:
            return False
    return True


def extends(before: Any, after: Any) -> bool:
    """Whether `after` (both as from `exactly`) is what `before` may have become.

    Strings grow at the end, arrays at the end, objects by new members; only what is last can grow.
    """
    if type(before) is not type(after):
        return False
    if type(before) is str:
        return bool(after.startswith(before))
    if not isinstance(before, (list, Object)):
        return bool(before == after)
    if len(before) > len(after):
        return False
    if not before:
        return True
    last = len(before) - 1
    if not identical(before[:last], after[:last]):
        return False
    if isinstance(before, list):
        return extends(before[last], after[last])
    return before[last][0] == after[last][0] and extends(before[last][1], after[last][1])


def how_many(usual: int) -> int:
    """How many documents a run takes: `WHOLEJSON_DOCUMENTS` asks for more."""
    return int(os.environ.get("WHOLEJSON_DOCUMENTS", usual))
