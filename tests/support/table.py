"""What works on top: docs/client.md and docs/frameworks.md have the tables, tests hold the rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

DOCS = Path(__file__).parents[2] / "docs"
CLIENT, GATEWAY = DOCS / "client.md", DOCS / "frameworks.md"
DOCUMENT = '{"name": "John Doe", "age": 30}'
WHOLE = ['{"name": "Jo"}', '{"name": "John D"}', '{"name": "John Doe"}', DOCUMENT, DOCUMENT]
JOINED = "".join(WHOLE)
MESSAGES: Any = [{"role": "user", "content": DOCUMENT}]
FLAG: Any = {"valid_json_chunks": True}


class User(BaseModel):
    """The document."""

    name: str
    age: int


def table(page: Path = CLIENT) -> set[tuple[str, ...]]:
    """The rows that the documentation has, in the first table of a page."""
    lines = page.read_text(encoding="utf-8").splitlines()
    rows = itertools.dropwhile(lambda line: line[:1] != "|", lines)
    rows = itertools.takewhile(lambda line: line[:1] == "|", rows)
    return {tuple(line.strip("| ").split(" | ")) for line in list(rows)[2:]}


class Rows:
    """The rows that a module's tests hold."""

    def __init__(self, page: Path = CLIENT) -> None:
        self.page = page
        self.held: set[tuple[str, ...]] = set()

    def row(self, framework: str, use: str, verdict: str) -> Callable[[Any], Any]:
        """Name the row of the table that a test holds."""
        self.held.add((framework, use, verdict))
        return lambda test: test

    def in_the_docs(self) -> set[tuple[str, ...]]:
        """The rows that the documentation has of the same frameworks."""
        frameworks = {framework for framework, *_ in self.held}
        return {row for row in table(self.page) if row[0] in frameworks}
