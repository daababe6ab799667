"""Whole documents written as another language would, or with one fault all over."""

from __future__ import annotations

import re

from .documents import Document, Token
from .inner_quotes import quoted
from .quotes import calm
from .registry import mutation

PYTHON = {"true": "True", "false": "False", "null": "None"}


def _identifier(token: Token) -> bool:
    return re.fullmatch(r"[^\W\d]\w*", token.value) is not None


def _as_python(token: Token) -> None:
    """Writes a string as `repr` does."""
    written = repr(token.value)
    token.opening = token.closing = written[0]
    token.body, token.locked = written[1:-1], True


@mutation("dialects", stage="style")
def python_repr(doc: Document) -> bool:
    """`{'a': True, "b's": None, 'c': ['x']}`"""
    for token in doc.free("string") + doc.free("key"):
        _as_python(token)
    for token in doc.free("scalar"):
        token.text, token.locked = PYTHON.get(token.text, token.text), True
    return True


@mutation("dialects", stage="style")
def javascript_literal(doc: Document) -> bool:
    """`{a: 'x', 'b-c': [1, undefined,],}`"""
    for token in doc.free("key"):
        if _identifier(token):
            token.opening = token.closing = ""
            token.body = token.value
        else:
            token.opening = token.closing = "'"
        token.locked = True
    for token in doc.free("string", lambda t: "`" not in t.value):
        token.opening = token.closing = doc.rng.choice(("'", "'", "'", "`"))
        token.locked = True
    for close in doc.free("close"):
        before = doc.around(close, -1)
        if before is not None and before.kind in ("string", "scalar", "close"):
            doc.insert(doc.index(before) + 1, ",")
    return True


@mutation("dialects", stage="style")
def no_commas_at_all(doc: Document) -> bool:
    """Every comma is missing; each item begins a line of its own."""
    commas = doc.free("comma")
    for comma in commas:
        comma.text, comma.locked = "", True
        doc.tokens[doc.index(comma) + 1].text = "\n"
    return len(commas) > 1


@mutation("dialects", stage="style")
def no_quotes_at_all(doc: Document) -> bool:
    """No key and no word has quotes; strings that need them keep them."""
    found = doc.free("key", _identifier)
    found += doc.free(
        "string", lambda t: re.fullmatch(r"[^\W\d_]{2}[^\W_]*( [^\W_]+)*", t.value) is not None
    )
    for token in found:
        token.opening = token.closing = ""
        token.body, token.locked = token.value, True
    return len(found) > 2


@mutation("dialects", stage="style")
def quotes_everywhere(doc: Document) -> bool:
    """Several strings with unescaped quotes in them."""
    found = doc.free("string", lambda t: len(t.path) > 0)
    for token in found:
        text = quoted(doc.rng, doc.rng.choice(("space", "comma", "bracket", "stop", "end", "inch")))
        token.value = "So " + text if text.startswith('"') else text
        doc.set(token.path, token.value)
        token.body, token.locked = token.value.replace("\\", "\\\\"), True
    return len(found) > 1


@mutation("dialects", stage="style")
def half_escaped(doc: Document) -> bool:
    """Inner quotes, some escaped and some not."""
    found = doc.free("string", lambda t: len(t.path) > 0)[:3]
    for token in found:
        a, b = quoted(doc.rng, "space"), quoted(doc.rng, "stop")
        token.value = f"It {a} and {b} so"
        doc.set(token.path, token.value)
        escaped = a.replace('"', '\\"'), b
        token.body, token.locked = f"It {escaped[0]} and {escaped[1]} so", True
    return bool(found)


@mutation("dialects", stage="style")
def raw_everywhere(doc: Document) -> bool:
    """Every string of more than one word is broken by raw line breaks and tabs."""
    found = doc.free("string", lambda t: len(t.path) > 0 and t.value.count(" ") > 1)
    for token in found:
        head, _, tail = token.value.partition(" ")
        raw = doc.rng.choice(("\n", "\r\n", "\t", "\n\n- "))
        token.value = head + raw + tail
        doc.set(token.path, token.value)
        inside = [part.replace("\\", "\\\\").replace('"', '\\"') for part in (head, tail)]
        token.body, token.locked = raw.join(inside), True
    return bool(found)


@mutation("dialects", stage="style")
def commented_everywhere(doc: Document) -> bool:
    """A comment behind every comma."""
    commas = doc.free("comma")
    for number, comma in enumerate(commas):
        comma.text, comma.locked = f', // item {number}, it\'s "{number}"\n', True
    return len(commas) > 1


@mutation("dialects", stage="style", root="object")
def no_closing_quotes(doc: Document) -> bool:
    """`{"a": "x, "b": "y, "c": 1}`: several strings in a row lack the closing quote."""
    found = [
        token
        for token in doc.free("string", lambda t: calm(t.value) and doc.in_object(t))
        if (doc.around(token, 1) or token).kind == "comma"
    ]
    for token in found:
        comma = doc.around(token, 1)
        if comma is None or comma.locked:
            return False
        space = doc.tokens[doc.index(comma) + 1].text
        token.closing, token.locked, comma.locked = "", True, True
        doc.expect(token.path, token.value + "," + re.split(r"[\r\n]", space)[0])
    return len(found) > 1
