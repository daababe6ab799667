"""Random documents as token lists: what a mutation works on, beside the value that is expected of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from . import texts

Path = tuple[Any, ...]


@dataclass(eq=False)
class Token:
    """One token. `path` leads to the value it belongs to; for a comma, to the item before it."""

    kind: str  # open close key string scalar colon comma space raw
    text: str
    path: Path
    value: Any = None
    opening: str = '"'
    closing: str = '"'
    body: str | None = None
    locked: bool = False

    def render(self, ascii_only: bool) -> str:
        """The token as written."""
        if self.kind not in ("key", "string"):
            return self.text
        body = escape(self.value, self.closing, ascii_only) if self.body is None else self.body
        return self.opening + body + self.closing


def escape(text: str, quote: str, ascii_only: bool) -> str:
    """The inside of a string in these quotes, escaped as JSON does, and its own quote with it."""
    body = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
    if quote == '"':
        return body
    body = body.replace('\\"', '"')
    return body.replace(quote, "\\" + quote) if quote == "'" else body


@dataclass(eq=False)
class Document:
    """A document in the making: its tokens, what is expected of it, and what surrounds it."""

    rng: Random
    original: Any
    expected: Any
    tokens: list[Token]
    ascii_only: bool = False
    recoverable: bool = True
    wrap: list[Callable[[str], str]] = field(default_factory=list)
    on_bytes: list[Callable[[bytes], bytes]] = field(default_factory=list)

    def render(self) -> bytes:
        """The text, framing included."""
        text = "".join(token.render(self.ascii_only) for token in self.tokens)
        for wrap in self.wrap:
            text = wrap(text)
        data = text.encode("utf-8", "surrogatepass")
        for change in self.on_bytes:
            data = change(data)
        return data

    def free(self, kind: str, where: Callable[[Token], bool] = lambda token: True) -> list[Token]:
        """Tokens of a kind that no mutation has touched."""
        return [t for t in self.tokens if t.kind == kind and not t.locked and where(t)]

    def pick(self, kind: str, where: Callable[[Token], bool] = lambda token: True) -> Token | None:
        """One of them, deep ones as likely as shallow ones."""
        found = self.free(kind, where)
        if not found:
            return None
        depth = self.rng.choice(sorted({len(t.path) for t in found}))
        return self.rng.choice([t for t in found if len(t.path) == depth])

    def index(self, token: Token) -> int:
        """Where the token stands."""
        return next(i for i, t in enumerate(self.tokens) if t is token)

    def around(self, token: Token, step: int) -> Token | None:
        """The next token in that direction that is not white space."""
        i = self.index(token) + step
        while 0 <= i < len(self.tokens):
            if self.tokens[i].kind != "space":
                return self.tokens[i]
            i += step
        return None

    def lock(self, token: Token, reach: int = 1) -> None:
        """No other mutation may touch this token, nor its neighbours."""
        token.locked = True
        for step in (-1, 1):
            at: Token | None = token
            for _ in range(reach):
                at = self.around(at, step) if at else None
                if at:
                    at.locked = True

    def insert(self, at: int, text: str) -> None:
        """Puts raw text before the token at this index."""
        self.tokens.insert(at, Token("raw", text, (), locked=True))

    def set(self, path: Path, value: Any) -> None:
        """Puts another value into the document."""
        self.expect(path, value)
        self.original = _replaced(self.original, path, value)

    def expect(self, path: Path, value: Any) -> None:
        """Changes what is expected, but not what the document was."""
        self.expected = _replaced(self.expected, path, value)

    def in_object(self, token: Token) -> bool:
        """Is the value that the token belongs to a member of an object?"""
        return bool(token.path) and isinstance(token.path[-1], str)


def _replaced(tree: Any, path: Path, value: Any) -> Any:
    if not path:
        return copy.deepcopy(value)
    at = tree
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = copy.deepcopy(value)
    return tree


def scalar(rng: Random) -> Any:
    """A number, a literal or null."""
    return rng.choice(
        (
            rng.randint(0, 9),
            rng.randint(-500, 100000),
            round(rng.uniform(-10, 1000), 2),
            True,
            False,
            None,
            1.5e-7,
            12345678901234567890,
            rng.randint(10, 99),
            rng.randint(100, 999),
        )
    )


def value(rng: Random, depth: int) -> Any:
    """Any value of at most this depth."""
    roll = rng.random()
    if depth <= 0 or roll < 0.5:
        return texts.text(rng)
    if roll < 0.68:
        return scalar(rng)
    if roll < 0.84:
        return mapping(rng, depth - 1)
    kind = rng.random()
    if kind < 0.45:
        return [texts.text(rng) for _ in range(rng.randint(0, 4))]
    if kind < 0.65:
        return [scalar(rng) for _ in range(rng.randint(0, 5))]
    if kind < 0.85:
        keys = [texts.key(rng) for _ in range(2)]
        return [{k: value(rng, 0) for k in keys} for _ in range(rng.randint(1, 3))]
    return [value(rng, depth - 1) for _ in range(rng.randint(0, 3))]


def mapping(rng: Random, depth: int, least: int = 0) -> dict[str, Any]:
    """An object."""
    return {texts.key(rng): value(rng, depth) for _ in range(rng.randint(least, 4))}


def tokens(tree: Any, rng: Random, indent: int | None, tight: bool) -> Iterator[Token]:
    """Writes a value as tokens, on one line or on many. Every comma is followed by a space token."""

    def line(depth: int, path: Path) -> Token:
        return Token("space", "" if indent is None else "\n" + " " * (indent * depth), path)

    def walk(node: Any, path: Path, depth: int) -> Iterator[Token]:
        if isinstance(node, str):
            yield Token("string", "", path, node)
        elif isinstance(node, dict | list):
            brackets = "{}" if isinstance(node, dict) else "[]"
            yield Token("open", brackets[0], path)
            entries = list(node.items() if isinstance(node, dict) else enumerate(node))
            for i, (step, child) in enumerate(entries):
                inner = (*path, step)
                yield line(depth + 1, inner)
                if isinstance(node, dict):
                    yield Token("key", "", inner, step)
                    yield Token("colon", ":", inner)
                    yield Token("space", "" if tight else " ", inner)
                yield from walk(child, inner, depth + 1)
                if i < len(entries) - 1:
                    yield Token("comma", ",", inner)
                    if indent is None:
                        yield Token("space", "" if tight else " ", inner)
            if entries:
                yield line(depth, path)
            yield Token("close", brackets[1], path)
        else:
            yield Token("scalar", json.dumps(node), path, node)

    yield from walk(tree, (), 0)


def document(rng: Random, root: str = "any") -> Document:
    """A random document: mostly an object, sometimes an array of records or of strings."""
    if root == "array" or (root == "any" and rng.random() < 0.15):
        tree: Any = [value(rng, 2) for _ in range(rng.randint(2, 4))]
        tree[0] = mapping(rng, 1, 2) if rng.random() < 0.5 else texts.prose(rng)
    else:
        tree = mapping(rng, 3, 3)
        while len(tree) < 2:
            tree = mapping(rng, 3, 3)
    indent = rng.choice((None, None, 2, 4))
    tight = indent is None and rng.random() < 0.3
    written = list(tokens(tree, rng, indent, tight))
    if indent is not None and rng.random() < 0.2:
        line = rng.choice(("\r\n", "\n\t"))
        for token in written:
            if token.kind == "space":
                token.text = token.text.replace("\n", line)
    return Document(
        rng,
        copy.deepcopy(tree),
        copy.deepcopy(tree),
        written,
        rng.random() < 0.3,
    )
