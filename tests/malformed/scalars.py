"""Scalars that are not JSON's, and text that looks like one."""

from __future__ import annotations

from typing import Any

from . import texts
from .documents import Document
from .registry import mutation


def _replace(doc: Document, text: str, value: Any) -> bool:
    """Puts a scalar in the place of another."""
    token = doc.pick("scalar") or doc.pick("string", lambda t: len(t.path) > 0)
    if not token:
        return False
    doc.lock(token)
    token.kind, token.text = "raw", text
    doc.set(token.path, value)
    return True


@mutation("scalars")
def python_words(doc: Document) -> bool:
    """`True`, `False`, `None`"""
    return _replace(doc, *doc.rng.choice((("True", True), ("False", False), ("None", None))))


@mutation("scalars")
def undefined(doc: Document) -> bool:
    """`undefined` is null."""
    return _replace(doc, "undefined", None)


@mutation("scalars")
def not_a_number(doc: Document) -> bool:
    """`NaN` and the infinities are null."""
    return _replace(doc, doc.rng.choice(("NaN", "Infinity", "-Infinity")), None)


@mutation("scalars")
def plus_sign(doc: Document) -> bool:
    """`+1`"""
    n = doc.rng.randint(0, 999)
    return _replace(
        doc, *doc.rng.choice(((f"+{n}", n), (f"+{n}.5", n + 0.5), (f"+{n}e2", n * 1e2)))
    )


@mutation("scalars")
def bare_point(doc: Document) -> bool:
    """`.5`, `1.`"""
    n = doc.rng.randint(1, 99)
    forms = (
        (f".{n}", float(f"0.{n}")),
        (f"{n}.", float(n)),
        (f"-.{n}", -float(f"0.{n}")),
        (f"-{n}.", -float(n)),
    )
    return _replace(doc, *doc.rng.choice(forms))


@mutation("scalars")
def hexadecimal(doc: Document) -> bool:
    """`0x1F`"""
    n = doc.rng.randint(0, 65535)
    return _replace(doc, doc.rng.choice((f"0x{n:X}", f"0x{n:x}", f"0X{n:X}", f"0x{n:04x}")), n)


@mutation("scalars")
def underscores(doc: Document) -> bool:
    """`1_000`"""
    n = doc.rng.randint(1000, 9_999_999)
    return _replace(doc, f"{n:_}", n)


@mutation("scalars")
def number_like_text(doc: Document) -> bool:
    """`007`, `1.2.3`, `2024-01-02`, `12 Main St` without quotes stay text."""
    rng = doc.rng
    n = rng.randint(1, 99)
    text = rng.choice(
        (
            f"00{n}",
            f"-00{n}",
            f"1.{n}.3",
            f"2024-01-{n % 28 + 1:02}",
            f"{n} Main St",
            f"192.168.0.{n}",
            f"{n}kg",
            f"{n}%",
            f"{n} minutes",
            f"1/{n}",
            f"${n}.00",
            f"+1-555-0{n:03}",
            f"{n}abc",
            f"v{n}.0",
            f"{n}-{n + 5}",
            f"{n}th place",
            f"2024-01-02 10:{n % 60:02}",
            f"{n}:30 - {n}:45",
            f"at {n}:30",
            f"{n}: {n}",
            f"0x{n}zz",
            f"1_{n}a",
            f"1e{n}x",
            f"{n} .5",
            f"--{n}",
            f"+{n}px",
            f"{n}°C",
            f"~{n}",
            f"< {n} ms",
        )
    )
    return _replace(doc, text, text)


@mutation("scalars")
def word_like_literal(doc: Document) -> bool:
    """`true story`, `Nonexistent`, `nullable` without quotes stay text."""
    rng = doc.rng
    text = rng.choice(("true", "false", "null", "None", "True", "NaN", "undefined")) + rng.choice(
        ("-ish", "thing", " " + rng.choice(texts.NOUNS), "_2", ".5", "ly speaking", " or not")
    )
    return _replace(doc, text, text)


@mutation("scalars")
def typed_call(doc: Document) -> bool:
    """`NumberLong("5")`, `ISODate("2024-01-02")`: what shells print around a scalar."""
    n = doc.rng.randint(1, 999)
    forms = (
        (f"NumberLong({n})", n),
        (f'ObjectId("5f{n}")', f"5f{n}"),
        ('ISODate("2024-01-02T03:04:05Z")', "2024-01-02T03:04:05Z"),
        (f"Decimal('{n}.5')", f"{n}.5"),
    )
    return _replace(doc, *doc.rng.choice(forms))
