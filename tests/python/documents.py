"""Documents that look like what language models write, from a seed."""

from __future__ import annotations

import json
import random
from typing import Any

WORDS = ("invoice", "amount", "Müller", "naïve", "東京", "данные", "🚀", "bath", "e\u0301", "𝄞")
WORDS += ("null", "true", "12", "//", "{}", "[]", ":", ",", '"', "\\", "/", "<b>", "__proto__")
WORDS += ("\b", "\f", "\n", "\r", "\t", "\x01", "\x7f", "\u2028", "\u200d")
KEYS = ("id", "name", "tags", "price", "address", "city", "items", "é", "key_1", "a.b")


def text(source: random.Random, most: int = 8) -> str:
    """A few words."""
    return " ".join(source.choice(WORDS) for _ in range(source.randint(0, most)))


def number(source: random.Random) -> int | float:
    """Numbers as documents have them: small, prices, very large, very small."""
    kind = source.randrange(6)
    if kind == 0:
        return source.randint(-9, 9)
    if kind == 1:
        return round(source.uniform(-1000, 1000), 2)
    if kind == 2:
        return source.randint(-(10**30), 10**30)
    if kind == 3:
        return source.uniform(-1, 1) * 10.0 ** source.randint(-300, 300)
    return source.randint(0, 10**6)


def record(source: random.Random, depth: int) -> dict[str, Any]:
    """An object."""
    keys = [source.choice(KEYS) for _ in range(source.randint(0, 6))]
    return {key: value(source, depth + 1) for key in keys}


def value(source: random.Random, depth: int = 0) -> Any:
    """Anything."""
    kind = source.randrange(10)
    if depth < 5 and kind < 2:
        return record(source, depth)
    if depth < 5 and kind == 2:
        return [value(source, depth + 1) for _ in range(source.randint(0, 5))]
    if depth < 5 and kind == 3:
        return [record(source, depth + 2) for _ in range(source.randint(0, 3))]
    if kind < 7:
        return text(source)
    if kind < 9:
        return number(source)
    return source.choice([True, False, None])


def written(source: random.Random, content: Any) -> str:
    """The value as one of several writers would write it."""
    separators = source.choice([None, (",", ":"), (" , ", " : "), (",\r\n", ":\t")])
    return json.dumps(
        content,
        ensure_ascii=source.random() < 0.4,
        indent=source.choice([None, None, 2, "\t"]),
        separators=separators,
        allow_nan=False,
    )


def document(source: random.Random) -> str:
    """A document whose root is an object or an array."""
    root = value(source)
    if not isinstance(root, (dict, list)):
        root = record(source, 0) if source.random() < 0.7 else [root]
    return written(source, root)
