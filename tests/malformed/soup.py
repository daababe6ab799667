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


PLAIN = ["{", "}", "[", "]", '"', ":", ",", "a", "1", " ", "\n"]
ALPHABETS = {
    "tokens": TOKENS,
    "doubled quotes": [*PLAIN, *"“”‘’“”", '""', '"""', '""a""', "““", "””", "’’", "''"],
    "backticks": [*PLAIN, *"`´'", "``", "```", "\\`", '"', "`a`", "´´"],
    "single quotes": [*PLAIN, *"'''", "it's", "s' ", "''", "'''", "\\'", "'a'", "': '", "', '"],
    "dots": [*PLAIN, ".", ".", "..", "...", "…", '"...', '…"', "true", ". ."],
    "odd spaces": [*PLAIN, *"\u00a0\u3000\u2003\x0c\x0b\ufeff\u200b\u2028\t\r"],
    "escapes": [*PLAIN, "\\", '\\"', "\\u", "\\ud83d", "\\ude00", "\\x4", "\\101", "\\n", "\\é"],
    "escaped document": [*PLAIN, '\\"', '\\"', '\\\\\\"', "\\\\n", "\\n", '{\\"a\\": ', '"{\\"'],
    "calls": [*PLAIN, "(", ")", "f(", "x(1", 'ObjectId("', '")', ");", "f (", "(a, b)"],
    "comments": [*PLAIN, "//", "/*", "*/", "#", "/", "*", "http://x", "\r"],
    "prose": [
        *PLAIN,
        "Use ",
        "{x}",
        "[1]",
        "[1, 2]",
        '{"a": ',
        '{"a": 1}',
        '"q"',
        "```",
        "<think>",
    ],
}


def soup(seed: int, count: int, alphabet: str = "tokens") -> Iterator[bytes]:
    """`count` short texts, one in ten of them with a byte that may be no UTF-8."""
    rng = Random(f"{seed}{alphabet}")
    for _ in range(count):
        size = rng.randint(1, 16)
        text = rng.choice(BEGINNINGS) + "".join(rng.choices(ALPHABETS[alphabet], k=size))
        data = text.encode()
        if rng.random() < 0.1:
            at = rng.randrange(len(data))
            data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
        yield data
