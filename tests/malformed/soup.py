"""Random sequences of tokens: what no mutation of a document would make."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

TOKENS = [
    "{",
    "}",
    "[",
    "]",
    '"',
    '"',
    '"',
    ":",
    ",",
    "'",
    "'",
    "`",
    "“",
    "”",
    "‘",
    "’",
    "\\",
    '\\"',
    "\\u",
    "\\ud83d",
    "\\ude00",
    "\\x4",
    "\\101",
    "//",
    "/*",
    "*/",
    "#",
    "true",
    "null",
    "None",
    "NaN",
    "12",
    "1.5",
    "-",
    "+",
    "0x1",
    "1_0",
    ".",
    "...",
    "…",
    "a",
    "key",
    "it's",
    "```",
    "<think>",
    "</think>",
    "(",
    ")",
    "f(",
    ";",
    "=",
    "=>",
    "é",
    "日",
    "😀",
    "http://x.y/z",
    "\n",
    "\r\n",
    " ",
    " ",
    "\t",
    "\x00",
    "\xa0",
    "\ufeff",
    "b c",
    "```json\n",
    '"a": ',
    '"b": "x"',
]
TOKENS += [
    '{"a": 1',
    '": "',
    '", "',
    '","',
    '"""',
    "'''",
    '{\\"a\\": ',
    "[1, 2",
    ', "c": [',
    '"], "',
]
BEGINNINGS = (
    "",
    "",
    '{"k": "v',
    '{"k": "v", ',
    '["v", ',
    "{k: ",
    "See [1]: ",
    "```json\n{",
    "<think>",
    '{\\"k\\": \\"',
)


def soup(seed: int, count: int) -> Iterator[bytes]:
    """`count` short texts, one in ten of them with a byte that may be no UTF-8."""
    rng = Random(seed)
    for _ in range(count):
        size = rng.randint(1, 18)
        text = rng.choice(BEGINNINGS) + "".join(rng.choice(TOKENS) for _ in range(size))
        data = text.encode()
        if rng.random() < 0.1:
            at = rng.randrange(len(data))
            data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
        yield data
