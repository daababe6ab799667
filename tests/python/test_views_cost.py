"""Looking costs what is new, whatever the document's length, and nothing when nobody looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

import wholejson

LOOKS: dict[str, Callable[[wholejson.Aggregator], Any]] = {
    "live value": lambda document: document.value(live=True),
    "operations": lambda document: document.take_operations(),
    "settled": lambda document: document.take_settled(),
}
BEGINNINGS = {
    "one open string": ('{"text": "', "word "),
    "one open string, not ASCII": ('{"text": "🚀', "東京 é "),
    "records": ('{"items": [1', ', {"id": 12, "tags": ["a", "b"]}'),
    "one object": ('{"k": 1', ', "key {}": 1'),
    "numbers": ("[1", ", 2.5"),
}
LOOKED = 3_000


def seconds(length: int, beginning: str, unit: str, look: Callable[[Any], Any]) -> float:
    """The time of looks, each after a little more text, at a document of this length."""
    document = wholejson.Aggregator()
    document.feed(beginning)
    document.feed("".join(unit.replace("{}", f"{n}.") for n in range(length // len(unit))))
    look(document)
    pieces = [unit.replace("{}", str(n)) for n in range(LOOKED)]
    began = time.thread_time()
    for piece in pieces:
        document.feed(piece)
        look(document)
    return time.thread_time() - began


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("kind", BEGINNINGS)
def test_a_look_costs_the_same_at_any_length(kind, look):
    def best(length: int) -> float:
        return min(seconds(length, *BEGINNINGS[kind], LOOKS[look]) for _ in range(3))

    short, long = best(20_000), best(1_000_000)
    assert long < 6 * short + 0.005, f"{short / LOOKED * 1e9:.0f} → {long / LOOKED * 1e9:.0f} ns"


def test_a_look_in_the_depth_costs_the_same_at_any_depth():
    limits = wholejson.Limits(depth=100_000)

    def best(depth: int) -> float:
        document = wholejson.Aggregator(limits=limits)
        document.feed("[" * depth + '"')
        times = []
        for _ in range(3):
            began = time.thread_time()
            for _ in range(1_000):
                document.feed("text")
                document.value(live=True)
            times.append(time.thread_time() - began)
        return min(times)

    assert best(50_000) < 6 * best(100) + 0.005
