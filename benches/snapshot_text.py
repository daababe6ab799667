"""What does a snapshot as `str` cost, beside a bare copy of the same text?

    python benches/snapshot_text.py [--quick] [--json FILE]

A document with one string grows by four characters, and each time a snapshot is taken. Given are
microseconds of this thread's own time for one `feed` and one `snapshot()` at that size, for one
`feed` and one `snapshot_bytes()`, and for a bare copy of the `str`; the best of several rounds.
`--quick` runs the smallest size, to see that it runs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from measuring import asked, log, write

import wholejson

TEXTS = {
    "ASCII": "lorem ipsum ",
    "Latin": "läuft über ",
    "CJK": "日本語の文章",
    "emoji": "rocket 🚀 ",
}
SIZES = [2_000, 20_000, 200_000, 1_000_000]
STEPS = 25


def best(rounds: int, start: Callable[[], Callable[[], object]]) -> float:
    """Give the time of one step, in nanoseconds: the best round's."""
    least = float("inf")
    for _ in range(rounds):
        step = start()
        step()
        began = time.thread_time_ns()
        for _ in range(STEPS):
            step()
        least = min(least, (time.thread_time_ns() - began) / STEPS)
    return least


def measure(name: str, size: int, rounds: int) -> dict[str, Any]:
    """Measure one kind of text at one size, in characters."""
    word = TEXTS[name]
    part = word[:4]
    text = '{"text": "' + (word * (size // len(word) + 1))[:size]

    def shown(show: Callable[[wholejson.Aggregator], object]) -> Callable[[], Callable[[], object]]:
        def start() -> Callable[[], object]:
            document = wholejson.Aggregator()
            document.feed(text)

            def step() -> object:
                document.feed(part)
                return show(document)

            return step

        return start

    return {
        "text": name,
        "characters": size,
        "snapshot": best(rounds, shown(wholejson.Aggregator.snapshot)),
        "snapshot_bytes": best(rounds, shown(wholejson.Aggregator.snapshot_bytes)),
        "copy": best(rounds, lambda: lambda: text + part),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and writes the figures."""
    options = asked(__doc__, "the smallest size only, once", arguments)
    rows = []
    for name in TEXTS:
        for size in SIZES[:1] if options.quick else SIZES:
            rows.append(measure(name, size, 1 if options.quick else 40 if size < 100_000 else 8))
            costs = ", ".join(
                f"{way} {rows[-1][way] / 1000:.2f} µs" for way in ("snapshot", "copy")
            )
            log(f"  {name}, {size:,} characters: {costs}")
    write({"rows": rows}, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
