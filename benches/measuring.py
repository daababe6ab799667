"""What the benchmarks share: documents, deltas, clocks, how a long run is sampled, arguments."""

from __future__ import annotations

import json
import math
import random
import sys
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PROSE = """\
the quick brown fox jumps over a lazy dog while seven café owners write naïve notes about tea, cups
& saucers (mostly blue) at https://example.com/a?b=c – “no rush”, they said"""
WORDS = PROSE.split()
WINDOW = 32
"""Deltas that are timed at one place of a document."""
SLOW = 20_000
"""Nanoseconds beyond which each is timed by itself."""


def log(text: str) -> None:
    """Say how far things are."""
    print(text, file=sys.stderr, flush=True)


def records(size: int, seed: int = 1) -> list[dict[str, Any]]:
    """Records, mostly text, of about `size` bytes as JSON."""
    chance = random.Random(seed)
    made: list[dict[str, Any]] = []
    length = 0
    while length < size:
        text = " ".join(chance.choices(WORDS, k=chance.randint(6, 30)))
        made.append(
            {
                "id": len(made),
                "title": text[:24].title(),
                "text": text,
                "price": round(chance.uniform(1, 900), 2),
                "tags": chance.sample(WORDS, 2),
                "sold": chance.random() < 0.5,
                "note": None,
            }
        )
        length += len(json.dumps(made[-1], ensure_ascii=False).encode())
    return made


def well_formed(size: int) -> str:
    """A document of about `size` bytes."""
    return json.dumps({"records": records(size)}, ensure_ascii=False)


def malformed(size: int) -> str:
    """The same, as a model writes it that thinks in Python: quotes, words, commas, comments."""
    lines = []
    for record in records(size):
        members = ", ".join(f"'{k}': {_python(v)}" for k, v in record.items() if k != "title")
        lines.append(f"  {{title: {_python(record['title'])}, {members},}}")
    return "{'records': [ // all of them\n" + ",\n".join(lines) + ",\n]}"


def _python(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, list):
        return "[" + ", ".join(map(_python, value)) + "]"
    return repr(value)


def cut(text: str, seed: int = 2) -> list[str]:
    """Deltas of one to eight characters, 4.5 on average."""
    chance = random.Random(seed)
    deltas, at = [], 0
    while at < len(text):
        width = chance.randint(1, 8)
        deltas.append(text[at : at + width])
        at += width
    return deltas


def spread() -> Iterator[float]:
    """Places between 0 and 1 that lie evenly however many are taken: 1/2, 1/4, 3/4, 1/8 …"""
    at = 1
    while True:
        place, part, rest = 0.0, 0.5, at
        while rest:
            place += part * (rest & 1)
            rest, part = rest >> 1, part / 2
        yield place
        at += 1


@dataclass(frozen=True)
class Timing:
    """What a delta cost on average."""

    ns: float
    deltas: int
    """How many there are in the document."""
    timed: int
    """How many of them were timed."""

    @property
    def sampled(self) -> bool:
        return self.timed < self.deltas

    def json(self) -> dict[str, Any]:
        return {**asdict(self), "sampled": self.sampled}


Step = Callable[[str], object]


def best_of(rounds: int, run: Callable[[], object]) -> float:
    """Nanoseconds of this thread's own time, the best of some rounds."""
    best = math.inf
    for _ in range(rounds):
        began = time.thread_time_ns()
        run()
        best = min(best, time.thread_time_ns() - began)
    return best


def whole(start: Callable[[], Step], deltas: Sequence[str], rounds: int) -> Timing:
    """Time every delta of a document."""

    def run() -> None:
        step = start()
        for delta in deltas:
            step(delta)

    return Timing(best_of(rounds, run) / len(deltas), len(deltas), len(deltas))


def sampled(
    start: Callable[[], tuple[Step, Step]], deltas: Sequence[str], seconds: float
) -> Timing:
    """Time windows of deltas at places all over a document, until the time is up.

    :param start: gives two functions for a new reader: one that reads what stands before a window
        (not timed), and one that does what is measured.
    """
    windows = math.ceil(len(deltas) / WINDOW)
    spent, timed, width = 0, 0, 1
    seen: set[int] = set()
    until = time.monotonic() + seconds
    for place in spread():
        window = int(place * windows)
        if window in seen:
            continue
        seen.add(window)
        prepare, step = start()
        prepare("".join(deltas[: window * WINDOW]))
        at, end = window * WINDOW, min((window + 1) * WINDOW, len(deltas))
        while at < end and (time.monotonic() < until or timed == 0):
            group = deltas[at : min(at + width, end)]
            began = time.thread_time_ns()
            for delta in group:
                step(delta)
            took = time.thread_time_ns() - began
            spent, timed, at = spent + took, timed + len(group), at + len(group)
            # Looking at the clock costs half a microsecond: cheap steps are timed together.
            width = WINDOW if took < SLOW * len(group) else 1
        if len(seen) == windows or time.monotonic() > until:
            break
    return Timing(spent / timed, len(deltas), timed)


def timed(start: Callable[[], tuple[Step, Step]], deltas: Sequence[str], seconds: float) -> Timing:
    """Time every delta if that fits into the time, and windows of them otherwise."""
    trial = sampled(start, deltas, seconds / 20)
    if trial.ns * len(deltas) < seconds * 1e9:
        rounds = int(seconds * 1e9 / 10 / (trial.ns * len(deltas)))
        return whole(lambda: start()[1], deltas, max(1, min(rounds, 25)))
    return sampled(start, deltas, seconds)


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """How the cost of a delta grows with the document: 0 is flat, 1 is in step with it.

    The slope of the line that fits best through the logarithms.
    """
    if len(sizes) < 2:
        return 0.0
    xs, ys = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    across = sum((a - x) ** 2 for a in xs)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / across


def asked(description: str | None, quick: str, arguments: Sequence[str] | None) -> Namespace:
    """Read what every benchmark takes: `--quick`, and `--json` for where its figures go."""
    parser = ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    return parser.parse_args(arguments)


def write(result: dict[str, Any], place: Path | None) -> None:
    """Write figures to a file, or to standard output."""
    text = json.dumps(result, indent=1)
    if place:
        place.write_text(text + "\n")
    else:
        print(text)
