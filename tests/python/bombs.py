"""Documents that want to exhaust whoever reads them, each with what has to come of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MILLION = 1_000_000
SIZE = 64 << 10


@dataclass(frozen=True)
class Bomb:
    """A document: a head, a unit again and again, a tail; in deltas of so many characters."""

    name: str
    head: str
    unit: str
    count: int
    tail: str = ""
    delta: int = SIZE
    limit: str | None = None
    """The limit that is passed; without one, the document is read to its end."""
    value: Any = None

    def text(self) -> str:
        """The whole document."""
        return self.head + self.unit * self.count + self.tail

    def deltas(self) -> Iterator[str]:
        """The document as it comes; no more of it is in memory than has to be."""
        if self.delta > 50 * MILLION:
            yield self.text()
            return
        if self.delta == 1:
            yield from self.head
            for _ in range(self.count):
                yield from self.unit
            yield from self.tail
            return
        units = max(1, self.delta // len(self.unit))
        block = self.unit * units
        yield self.head
        for _ in range(self.count // units):
            yield block
        yield self.unit * (self.count % units)
        yield self.tail


BOMBS = (
    Bomb("a depth of a million", "", "[", MILLION, limit="depth"),
    Bomb("objects a million deep", "", '{"a":', MILLION, limit="depth"),
    Bomb("a number of a million digits", '{"n": ', "7", MILLION, limit="digits"),
    Bomb("a million equal keys", '{"a":0', ',"a":1', MILLION, "}", value={"a": 1}),
    Bomb("a hundred thousand escapes", '["', "\\u00e9", 100_000, '"]', value=["é" * 100_000]),
    Bomb("a hundred thousand backslashes", '["', "\\\\", 100_000, '"]', value=["\\" * 100_000]),
    Bomb("100 MB of white space", '{"a": 1,', " " * 1000, 100_000, limit="white_space"),
    Bomb("100 MB of white space first", "", " \n" * 500, 100_000, limit="white_space"),
    Bomb(
        "one delta of 50 MB", '["', "a", 50 * MILLION, '"]', delta=51 * MILLION,
        value=["a" * (50 * MILLION)],
    ),
    Bomb("a document without end", '["', "a" * 1000, 100_000, limit="document"),
    Bomb("a million deltas of one byte", '["', "a", MILLION, '"]', delta=1, value=["a" * MILLION]),
    Bomb("a million quotes", '["', '"', MILLION),
    Bomb("a million commas", "[1", ",", MILLION, "]"),
    Bomb("a million colons", '{"a"', ":", MILLION),
    Bomb("a million wrong brackets", "[", "}]", MILLION // 2),
    Bomb("brackets of prose", "", "[1] {x} ", MILLION // 8),
    Bomb("comments in comments", "[", "/* // */", MILLION // 8, "1]", value=[1]),
)  # fmt: skip


def of(value: Any) -> str:
    """A value as text, to be compared without pages of output."""
    text = json.dumps(value, ensure_ascii=False)
    return f"{len(text)} characters, {hash(text)}"
