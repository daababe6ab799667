"""Malformed documents of every kind, alone and combined: the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from . import comments, dialects, ends, framing, inner_quotes, punctuation, quotes, scalars, strings  # noqa: F401  (they register)
from .documents import Document, document
from .registry import MUTATIONS, STAGES


@dataclass(frozen=True)
class Item:
    """One malformed document."""

    classes: tuple[str, ...]
    """The mutations in it, in the order in which they were made."""
    text: bytes
    expected: Any
    """The value that the whole text should have."""
    original: Any
    """The value before anything was done to it: what a repairer that may take back could reach."""

    @property
    def label(self) -> str:
        """One word for tables: the class, or how many there are."""
        return (
            self.classes[0]
            if len(self.classes) == 1
            else {2: "pairs", 3: "triples"}.get(len(self.classes), "many")
        )


def make(names: Sequence[str], rng: Random) -> Item | None:
    """A random document with these mutations, or None if they don't go together in it."""
    roots = {MUTATIONS[name].root for name in names}
    doc: Document = document(rng, "object" if "object" in roots else "any")
    ordered = sorted(names, key=lambda name: STAGES.index(MUTATIONS[name].stage))
    if not all(MUTATIONS[name].change(doc) for name in ordered):
        return None
    return Item(tuple(ordered), doc.render(), doc.expected, doc.original)


def _compatible(names: Sequence[str]) -> bool:
    """Pairs that cannot stand together with one meaning are left out."""
    stages = [MUTATIONS[name].stage for name in names]
    whole = {
        "framing.escaped",
        "framing.quoted",
        "framing.quoted_plainly",
        "framing.beginning_sent_again",
    }
    if stages.count("end") > 1 or stages.count("frame") > 1:
        return False
    if "end" in stages and "frame" in stages:  # only what stands in front leaves the end open
        front = {
            "framing.prose_before",
            "framing.fence_unclosed",
            "framing.byte_order_mark",
            "framing.think_block",
        }
        return bool(front & set(names))
    if whole & set(names):  # a wrapped document is wrapped well-formed
        return len(names) == 1
    if sum(name.startswith("dialects.") for name in names) > 1:
        return False
    # Text after the closing bracket can't be told from text after a bracket closed too early.
    early = {"punctuation.doubled_closer"}
    return not (early & set(names) and "frame" in stages)


def generate(seed: int, names: Sequence[str], count: int) -> Iterator[Item]:
    """`count` documents with these mutations; fewer if they rarely go together."""
    rng = Random(f"{seed}/{'+'.join(names)}")
    made = 0
    for _ in range(count * 30):
        if made == count:
            return
        item = make(names, rng)
        if item is not None:
            made += 1
            yield item


def each(seed: int, count: int) -> Iterator[Item]:
    """`count` documents for every mutation alone."""
    for name in MUTATIONS:
        yield from generate(seed, [name], count)


def combined(seed: int, size: int, count: int) -> Iterator[Item]:
    """`count` documents with `size` mutations each, drawn at random."""
    rng = Random(f"{seed}/{size}")
    names = sorted(MUTATIONS)
    made = 0
    while made < count:
        chosen = rng.sample(names, size)
        if not _compatible(chosen):
            continue
        for item in generate(rng.randint(0, 1 << 30), chosen, 1):
            made += 1
            yield item


def corpus(seed: int, count: int) -> Iterator[Item]:
    """`count` documents of every class, and as many pairs and triples as classes in all."""
    yield from each(seed, count)
    yield from combined(seed, 2, count * len(MUTATIONS))
    yield from combined(seed, 3, count * len(MUTATIONS))
    yield from combined(seed, 5, count * 5)
