"""Documents, well formed and malformed, cut anywhere: what the tests of the views read."""

from __future__ import annotations

from random import Random

from documents import document
from hypothesis import strategies as st
from malformed.generator import MUTATIONS, make
from reading import in_pieces

REPEATING = [
    '{"a": 1, "a": "two", "\\u0061": [3], "b": {"c": "x", "c": {"d": "y"}}, "a": "again"}',
    '[{"k": "v", "k": "w"}, {"k": {"k": 1, "k": 2}, "k": null}, ["", {"": "", "": "z"}]]',
    '{"a/b": {"~": "x", "~1": ["y"], "": {"": 0}}, "__proto__": {"constructor": "p"}}',
]


def malformed(source: Random) -> str | bytes:
    """A document with one or two things wrong."""
    names = sorted(MUTATIONS)
    for _ in range(30):
        chosen = [source.choice(names) for _ in range(source.randint(1, 2))]
        item = make(chosen, source) if len(set(chosen)) == len(chosen) else None
        if item is not None:
            return item.text
    return "{'a': [1, True,]}"


def streamed(seed: int) -> list[str | bytes]:
    """A document in random pieces; sometimes it is cut off."""
    source = Random(seed)
    kind = source.randrange(5)
    text: str | bytes
    if kind == 0:
        text = source.choice(REPEATING)
    elif kind < 3:
        text = malformed(source)
    else:
        text = document(source)
    if source.random() < 0.5 and isinstance(text, str):
        text = text.encode()
    if source.random() < 0.2:
        text = text[: source.randint(1, len(text))]
    return in_pieces(text, source, source.choice([1, 4, 12, 60]))


seeds = st.integers(0, 1 << 64)
