"""The code blocks of a Markdown page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One of them: its language, its text, and the line that it begins on."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def promised(self) -> list[str]:
        """What a block of Python says that it prints: the lines that begin with ``#>``."""
        lines = self.text.splitlines()
        return [line[2:].removeprefix(" ") for line in lines if line.startswith("#>")]


def blocks(path: Path) -> list[Block]:
    """Give the fenced blocks of a page, in their order."""
    text = path.read_text("utf-8")
    return [
        Block(path.name, text.count("\n", 0, found.start()) + 1, found[1], found[2])
        for found in _FENCE.finditer(text)
    ]


def commands(text: str) -> list[tuple[str, str]]:
    """Give each command of a console session, and what it is said to print."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        else:
            command, printed = found.pop()
            found.append((command, f"{printed}{line}\n"))
    return found
