"""What does a snapshot as `str` cost, beside a bare copy of the same text?

    python benches/snapshot_text.py [--quick]

A document with one string grows by four characters, and each time a snapshot is taken. Given are
microseconds for one `snapshot()` at that size, for one `snapshot_bytes()`, for decoding its bytes
(what `str` would cost if the text so far were not kept as `str`), and for a bare copy of the
`str`; the best of several rounds. `--quick` runs the smallest size, to see that it runs.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable

import wholejson

TEXTS = {
    "ASCII": "lorem ipsum ",
    "Latin": "läuft über ",
    "CJK": "日本語の文章",
    "emoji": "rocket 🚀 ",
}
SIZES = [2_000, 20_000, 200_000, 1_000_000]
STEPS = 60


def best(call: Callable[[], object], before: Callable[[], object]) -> float:
    """Give the least time of many calls, in microseconds."""
    least = float("inf")
    for _ in range(STEPS):
        before()
        start = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - start)
    return least * 1e6


def measure(word: str, size: int) -> dict[str, float]:
    """Measure one kind of text at one size, in characters."""
    document = wholejson.Aggregator()
    document.feed('{"text": "' + (word * (size // len(word) + 1))[:size])
    text = document.snapshot() or ""
    raw = document.snapshot_bytes() or b""
    part = word[:4]
    return {
        "snapshot": best(document.snapshot, lambda: document.feed(part)),
        "bytes": best(document.snapshot_bytes, lambda: document.feed(part)),
        "decode": best(raw.decode, lambda: None),
        "copy": best(lambda: text[1:], lambda: None),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the smallest size only")
    sizes = SIZES[:1] if parser.parse_args().quick else SIZES
    print(f"wholejson {wholejson.__version__}, Python {platform.python_version()}")
    print(f"{'text':6} {'characters':>10} {'snapshot':>9} {'bytes':>9} {'decode':>9} {'copy':>9}")
    for name, word in TEXTS.items():
        for size in sizes:
            row = measure(word, size)
            print(f"{name:6} {size:10} " + " ".join(f"{value:9.2f}" for value in row.values()))


if __name__ == "__main__":
    main()
