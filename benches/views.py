"""What looking costs: the live value and the operations after each delta, in nanoseconds.

    python benches/views.py [--quick] [--json FILE]

Documents of records and documents of one open string, 2 KB to 1 MB, in deltas of 4 characters.
`feed` alone is what those pay who never look; the other columns are feeding and looking after each
delta, less feeding alone. The table goes to standard output, progress to standard error.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import wholejson

Look = Callable[[wholejson.Aggregator], Any]


def newest(value: Any) -> Any:
    """What a program would read of a live value: the last thing in it."""
    while isinstance(value, (dict, list)) and value:
        value = value[-1] if isinstance(value, list) else value[next(reversed(value))]
    return value


LOOKS: dict[str, Look] = {
    "live value": lambda document: document.value(live=True),
    "live value, read": lambda document: newest(document.value(live=True)),
    "operations": lambda document: document.take_operations(),
    "settled": lambda document: document.take_settled(),
}


def records(size: int) -> str:
    """A document of many small objects."""
    items: list[str] = []
    length = 0
    while length < size:
        n = len(items)
        item = {"id": n, "name": f"Item number {n}", "price": n * 1.25, "ok": True, "tags": ["a"]}
        items.append(json.dumps(item))
        length += len(items[-1]) + 2
    return '{"items": [' + ", ".join(items) + "]}"


def one_string(size: int) -> str:
    """A document of one string."""
    sentence = "The quick brown fox jumps over the lazy dog. "
    return json.dumps({"text": sentence * (size // len(sentence) + 1)})


def seconds(deltas: list[str], look: Look | None) -> float:
    """The time for one document, of this thread alone."""
    document = wholejson.Aggregator()
    feed = document.feed
    began = time.thread_time()
    if look is None:
        for delta in deltas:
            feed(delta)
    else:
        for delta in deltas:
            feed(delta)
            look(document)
    return time.thread_time() - began


def measure(sizes: list[int], repeats: int) -> list[dict[str, Any]]:
    """Nanoseconds a delta, the best of several runs."""
    rows = []
    for kind, make in (("records", records), ("one string", one_string)):
        for size in sizes:
            text = make(size)
            deltas = [text[at : at + 4] for at in range(0, len(text), 4)]
            runs = repeats * max(1, 50_000 // len(deltas))

            def best(look: Look | None, deltas: list[str] = deltas, runs: int = runs) -> float:
                return min(seconds(deltas, look) for _ in range(runs)) / len(deltas) * 1e9

            feed = best(None)
            row: dict[str, Any] = {"document": kind, "bytes": len(text), "feed": round(feed)}
            for name, look in LOOKS.items():
                row[name] = round(best(look) - feed)
            rows.append(row)
            print(f"{kind}, {size >> 10} KB", file=sys.stderr)
    return rows


def main(given: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small documents, once: does it run?")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args(given)
    sizes = [2 << 10, 16 << 10] if arguments.quick else [2 << 10, 32 << 10, 256 << 10, 1 << 20]
    rows = measure(sizes, 1 if arguments.quick else 3)
    machine = f"CPython {platform.python_version()}, wholejson {wholejson.__version__}"
    print(f"nanoseconds a delta of 4 characters; {machine}, {platform.machine()}\n")
    print("| " + " | ".join(rows[0]) + " |")
    print("|" + "---|" * len(rows[0]))
    for row in rows:
        cells = [f"{each:,}" if isinstance(each, int) else each for each in row.values()]
        print("| " + " | ".join(cells) + " |")
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
