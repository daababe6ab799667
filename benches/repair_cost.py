"""What repairing costs: time a delta while a malformed document grows, and on well-formed text.

    python benches/repair_cost.py [--sizes 2 20 200 1000] [--json FILE]

The document is a list of records with a fault in every one; it comes in deltas of 1 to 8
characters. For this project and jsonmend the time is that of feeding all deltas; json-repair starts
again at each, so some of its deltas are timed and the rest estimated.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from malformed import texts

import wholejson


def malformed(rng: Random, size: int) -> str:
    """A list of records of about this many characters, with a fault in every one."""
    parts = ["```json\n["]
    length = 0
    while length < size:
        a, b = rng.sample(texts.NOUNS, 2)
        fault = rng.choice(
            (
                f'"kind": \'{a}\', "n": 1,',
                f'kind: "{a}", n: True',
                f'"kind": "the "{a}" here" "n": .5',
                f'"kind": {a} {b}, // {a}\n"n": 0x1F',
                f'"kind": "{a}\t{b}", "n": 1_000,,',
            )
        )
        record = f'{{"text": {json.dumps(texts.prose(rng))}, {fault}}},\n'
        parts.append(record)
        length += len(record)
    return "".join(parts)


def well_formed(rng: Random, size: int) -> str:
    """The same without a fault."""
    records: list[dict[str, Any]] = []
    length = 0
    while length < size:
        records.append({"text": texts.prose(rng), "kind": rng.choice(texts.NOUNS), "n": 0.5})
        length += len(json.dumps(records[-1])) + 2
    return json.dumps(records)


def cut(text: str, rng: Random) -> list[str]:
    """Deltas of 1 to 8 characters."""
    deltas, at = [], 0
    while at < len(text):
        step = rng.randint(1, 8)
        deltas.append(text[at : at + step])
        at += step
    return deltas


def best(run: Callable[[], float], times: int = 3) -> float:
    """The least of several measurements."""
    return min(run() for _ in range(times))


def whole(deltas: Sequence[str], repair: bool = True) -> float:
    """Seconds to feed all deltas."""
    aggregator = wholejson.Aggregator(repair=repair)
    began = time.perf_counter()
    for delta in deltas:
        aggregator.feed(delta)
    return time.perf_counter() - began


def mended(deltas: Sequence[str]) -> float:
    """Seconds that jsonmend takes."""
    import jsonmend

    mender = jsonmend.Mender()
    began = time.perf_counter()
    for delta in deltas:
        mender.feed(delta)
    return time.perf_counter() - began


def restarted(deltas: Sequence[str], samples: int = 12) -> float:
    """Seconds that json-repair takes, from some of the deltas."""
    import json_repair

    text = "".join(deltas)
    spent = 0.0
    for number in range(samples):
        end = len(text) * (2 * number + 1) // (2 * samples)
        began = time.perf_counter()
        json_repair.loads(text[:end], stream_stable=True)
        spent += time.perf_counter() - began
    return spent / samples * len(deltas)


def measure(size: int, seed: int) -> dict[str, float]:
    """Nanoseconds a delta for one size of document."""
    rng = Random(seed)
    broken, sound = cut(malformed(rng, size), rng), cut(well_formed(rng, size), rng)
    seconds = {
        "wholejson": (best(lambda: whole(broken)), broken),
        "jsonmend": (best(lambda: mended(broken), 1), broken),
        "well-formed, repair on": (best(lambda: whole(sound), 7), sound),
        "well-formed, repair off": (best(lambda: whole(sound, False), 7), sound),
    }
    if size <= 20_000:
        seconds["json-repair"] = (restarted(broken), broken)
    return {name: spent / len(deltas) * 1e9 for name, (spent, deltas) in seconds.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[2, 20, 200, 1000], help="in KB")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where to write the result as JSON")
    options = parser.parse_args(arguments)
    rows: dict[str, dict[str, float]] = {}
    for size in options.sizes:
        print(f"{size} KB …", file=sys.stderr)
        rows[f"{size} KB"] = measure(size * 1000, options.seed)
    names = list(next(iter(rows.values())))
    print("| ns a delta | " + " | ".join(rows) + " |\n|---" + "|--:" * len(rows) + "|")
    for name in names:
        cells = [f"{row[name]:,.0f}" if name in row else "–" for row in rows.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")
    versions = f"Python {platform.python_version()}, wholejson {wholejson.__version__}"
    print(f"\n{versions}, {platform.machine()}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
