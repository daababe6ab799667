"""What a delta costs, by the length of the document.

    python benches/feed.py [--quick] [--json FILE]

Documents of 2 KB, 20 KB, 200 KB and 1 MB in deltas of 1 to 8 characters. Given are microseconds of
this thread's own time per delta, so that the machine's other work does not count.

On well-formed text: `feed` alone, in repair mode (the default) and in strict mode; with the whole
document as text after each delta; with its live value; with the operations; with a new value, read
from the text by jiter; jiter and pydantic_core alone, which parse the text so far again each time;
streaming-json-parser with its native part and jsonriver (in Node, its process's time), whose values
grow; and jsoncurrent and LangChain's diff, which give operations. On malformed text: `feed`, and
other software that repairs a growing text. A way that would take longer than a few seconds is
sampled: windows of deltas all over the document are timed, each after a reader was given what
stands before in one piece.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jiter
import json_repair
import jsoncurrent
import jsonmend
import pydantic_core
import streaming_json_parser
from langchain_core.output_parsers import JsonOutputParser
from langchain_core.outputs import Generation
from measuring import (
    Step,
    Timing,
    asked,
    cut,
    exponent,
    log,
    malformed,
    timed,
    well_formed,
    whole,
    write,
)

import wholejson

SIZES = (2 << 10, 20 << 10, 200 << 10, 1 << 20)
QUICK = (1 << 10, 4 << 10)
Start = Callable[[], tuple[Step, Step]]


def feed(**options: Any) -> Callable[[], Step]:
    """Ask of each delta only whether the value changed."""
    return lambda: wholejson.Aggregator(**options).feed


def shown(show: Callable[[wholejson.Aggregator], object]) -> Start:
    """Ask for the document after each delta that is an update."""

    def start() -> tuple[Step, Step]:
        reader = wholejson.Aggregator()

        def step(delta: str) -> object:
            return show(reader) if reader.feed(delta) else None

        def prepare(delta: str) -> object:
            reader.feed(delta)
            return show(reader)  # whoever asks each time has asked before

        return prepare, step

    return start


text = shown(wholejson.Aggregator.snapshot)
utf8 = shown(wholejson.Aggregator.snapshot_bytes)
live = shown(lambda reader: reader.value(live=True))
operations = shown(wholejson.Aggregator.take_operations)
parsed = shown(lambda reader: jiter.from_json(reader.snapshot_bytes() or b"null"))


def parsing_again(parse: Callable[[bytes], object]) -> Start:
    """The text so far, parsed again after each delta. Keeping it is counted: it must be done."""

    def start() -> tuple[Step, Step]:
        so_far = bytearray()

        def prepare(delta: str) -> object:
            so_far.extend(delta.encode())

        def step(delta: str) -> object:
            so_far.extend(delta.encode())
            try:
                return parse(bytes(so_far))
            except ValueError:  # a text that breaks off after a minus sign, for one
                return None

        return prepare, step

    return start


with_jiter = parsing_again(lambda text: jiter.from_json(text, partial_mode="trailing-strings"))
with_pydantic = parsing_again(
    lambda text: pydantic_core.from_json(text, allow_partial="trailing-strings")
)


def repairing_again() -> tuple[Step, Step]:
    """The text so far, repaired by json-repair after each delta."""
    so_far: list[str] = []

    def step(delta: str) -> object:
        so_far.append(delta)
        return json_repair.loads("".join(so_far), stream_stable=True)

    return so_far.append, step


def native() -> tuple[Step, Step]:
    """streaming-json-parser; it uses its native part where that is installed."""
    parser = streaming_json_parser.StreamingJsonParser()

    def step(delta: str) -> object:
        return parser.feed(delta).value

    return step, step


def current() -> tuple[Step, Step]:
    emitter = jsoncurrent.Emitter()
    emitter.on("patch", [].append)
    return emitter.write, emitter.write


def langchain() -> tuple[Step, Step]:
    """LangChain's `JsonOutputParser(diff=True)`, as it goes from one chunk to the next."""
    parser = JsonOutputParser(diff=True)
    so_far, before = "", None

    def step(delta: str) -> object:
        nonlocal so_far, before
        so_far += delta
        value = parser.parse_result([Generation(text=so_far)], partial=True)
        if value is None or value == before:
            return None
        before, changed = value, parser._diff(before, value)
        return changed

    return step, step


def in_node(deltas: Sequence[str], rounds: int) -> Timing | None:
    """jsonriver; nothing where Node or jsonriver is not installed."""
    given = json.dumps({"deltas": deltas, "rounds": rounds})
    command = ["node", str(Path(__file__).with_name("jsonriver.mjs"))]
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    return Timing(json.loads(done.stdout)["ns"], len(deltas), len(deltas))


def mender() -> tuple[Step, Step]:
    reader = jsonmend.Mender()
    return reader.feed, reader.feed


# Name, what it gives after each delta, how it starts.
WELL_FORMED: tuple[tuple[str, str, Start], ...] = (
    ("wholejson, feed and snapshot()", "text", text),
    ("wholejson, feed and snapshot_bytes()", "text", utf8),
    ("wholejson, feed and value(live=True)", "live value", live),
    ("wholejson, feed and take_operations()", "operations", operations),
    ("wholejson, snapshot read by jiter", "value", parsed),
    ("jiter, parsing again", "value", with_jiter),
    ("pydantic_core, parsing again", "value", with_pydantic),
    ("streaming-json-parser, native", "live value", native),
    ("jsoncurrent", "operations", current),
    ("LangChain, diff", "operations", langchain),
)
MALFORMED: tuple[tuple[str, str, Start], ...] = (
    ("wholejson, feed and snapshot_bytes()", "text", utf8),
    ("wholejson, feed and value(live=True)", "live value", live),
    ("jsonmend", "live value", mender),
    ("json-repair, parsing again", "value", repairing_again),
)


def measure(sizes: Sequence[int], seconds: float, rounds: int) -> dict[str, Any]:
    """Time all ways at all sizes; of each sampled one at most so many seconds."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}

    def add(kind: str, name: str, gives: str, size: int, timing: Timing) -> None:
        row = rows.setdefault(
            (kind, name), {"text": kind, "way": name, "gives": gives, "sizes": {}}
        )
        row["sizes"][str(size)] = timing.json()
        log(f"  {kind}, {size >> 10} KB, {name}: {timing.ns / 1000:.3f} µs")

    missing: list[str] = []
    for size in sizes:
        deltas = cut(well_formed(size))
        repeats = rounds if size > 50_000 else 8 * rounds
        for _ in range(2):  # in turns, so that both meet the same machine
            for name, options in (("feed", {}), ("feed, strict", {"repair": False})):
                timing = whole(feed(**options), deltas, repeats)
                row = rows.get(("well formed", f"wholejson, {name}"), {"sizes": {}})
                before = row["sizes"].get(str(size))
                if before is None or timing.ns < before["ns"]:
                    add("well formed", f"wholejson, {name}", "changed?", size, timing)
        for name, gives, start in WELL_FORMED:
            add("well formed", name, gives, size, timed(start, deltas, seconds))
        river = in_node(deltas, rounds if size > 50_000 else 10 * rounds)
        if river is None:
            missing = ["jsonriver (Node, and `npm install` in benches/)"]
        else:
            add("well formed", "jsonriver (Node)", "live value", size, river)
        deltas = cut(malformed(size))
        add("malformed", "wholejson, feed", "changed?", size, whole(feed(), deltas, repeats))
        for name, gives, start in MALFORMED:
            add("malformed", name, gives, size, timed(start, deltas, seconds))
    for row in rows.values():
        costs = [timing["ns"] for timing in row["sizes"].values()]
        row["exponent"] = round(exponent(sizes, costs), 2)
    return {"sizes": list(sizes), "rows": list(rows.values()), "missing": missing}


def check() -> None:
    """What is timed does what it is timed for."""
    for document in (well_formed(4 << 10), malformed(4 << 10)):
        reader = wholejson.Aggregator()
        for delta in cut(document):
            reader.feed(delta)
        reader.finish()
        assert reader.complete
        assert len(json.loads(reader.snapshot() or "")["records"]) > 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and writes the figures."""
    options = asked(__doc__, "small documents, little time", arguments)
    check()
    result = measure(QUICK, 0.05, 1) if options.quick else measure(SIZES, 3.0, 3)
    write(result, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
