"""What goes over the wire, and what a user sees of it: every update, a pace, operations.

    python benches/wire.py [--quick] [--json FILE]

Documents of 1 to 64 KB as streams of chunks, and recorded ones where `WHOLEJSON_SHARED` (or
`../shared`) has any. Bytes are those of the whole stream of events, envelopes and all:

- `raw`: as the provider sent it;
- `every update`: a snapshot after each update;
- `paced`: `max_amplification` 64 at 60 tokens a second, as in the middleware;
- `patch`: operations, and the whole document at the end;
- `patch, no final`: operations only.

Then the longest time without an update under each pace, on a clock of its own: a token comes each
60th of a second, and what was held back is sent when it may go out, as the middleware does.
Nothing here depends on the machine, but for `ns`: this thread's own time for an event, one event a
call, with a snapshot in each chunk, with operations, and with every update held back.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measuring import PROSE, asked, best_of, cut, log, well_formed, write
from transformer import Stream, events, generated

import wholejson

sys.path[:0] = [str(Path(__file__).parents[1] / "tests")]

from support.recorded import ABSENT, recorded  # noqa: E402

RATE = 60
"""Tokens a second."""
WAYS: dict[str, dict[str, Any]] = {
    "every update": {},
    "paced": {"max_amplification": 64},
    "patch": {"mode": "patch"},
    "patch, no final": {"mode": "patch", "final": False},
}
TIMED: dict[str, dict[str, Any]] = {
    "every update": {},
    "patch": {"mode": "patch"},
    "held back": {"every_ms": 1 << 40},
}
BUDGET_ALONE = "the budget alone, no clock"
PACES: dict[str, dict[str, Any]] = {
    "none": {},
    "max_amplification 64": {"max_amplification": 64},
    "max_amplification 64, patch": {"max_amplification": 64, "mode": "patch"},
    BUDGET_ALONE: {"max_amplification": 64},
    "every_ms 50": {"every_ms": 50},
}


def one_string(size: int) -> str:
    """A document of one long string."""
    chance = random.Random(size)
    text = ""
    while len(text) < size:
        text += " ".join(chance.sample(PROSE.split(), 12)) + ". "
    return json.dumps({"text": text}, ensure_ascii=False)


def least(document: str) -> Stream:
    """A document in the smallest envelope that a client of OpenAI's takes."""

    def event(delta: dict[str, Any], reason: str | None = None) -> bytes:
        chunk = {
            "id": "c1",
            "object": "chat.completion.chunk",
            "created": 1750000000,
            "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        }
        return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"

    deltas = [event({"content": delta}) for delta in cut(document)]
    return [event({"role": "assistant"}), *deltas, event({}, "stop"), b"data: [DONE]\n\n"]


class Sent:
    """What a stream sends, on a clock of its own: told to the transformer, unless `clockless`."""

    def __init__(self, stream: Stream, options: dict[str, Any], *, clockless: bool = False) -> None:
        transformer = wholejson.ChunkTransformer(**options)
        self.bytes = 0
        self.times: list[float] = []

        def sent(out: bytes, at: float) -> None:
            self.bytes += len(out)
            if b'"content":"' in out:
                self.times.append(at)

        for number, event in enumerate(stream):
            now = number * 1000 / RATE
            while (due := transformer.due_at) is not None and due <= now:
                transformer.set_time(due)
                sent(transformer.flush_due(), due)
            if not clockless:
                transformer.set_time(int(now))
            sent(transformer.feed(event), now)
        sent(transformer.finish(), len(stream) * 1000 / RATE)

    @property
    def longest(self) -> float:
        """The longest time between two updates, in seconds."""
        return max(b - a for a, b in itertools.pairwise(self.times)) / 1000


def measure(name: str, streams: Sequence[Stream], rounds: int) -> dict[str, Any]:
    """Bytes by way, and what writing an event costs."""
    raw = sum(len(event) for stream in streams for event in stream)
    row: dict[str, Any] = {
        "streams": name,
        "count": len(streams),
        "events": sum(map(len, streams)),
        "raw": raw,
    }
    for way, options in WAYS.items():
        row[way] = sum(Sent(stream, options).bytes for stream in streams)

    def turn(options: dict[str, Any]) -> None:
        for stream in streams:
            transformer = wholejson.ChunkTransformer(**options)
            transformer.set_time(0)
            for event in stream:
                transformer.feed(event)

    row["ns"] = {
        way: best_of(rounds, lambda o=options: turn(o)) / row["events"]
        for way, options in TIMED.items()
    }
    shown = ", ".join(f"{way} {row[way] / raw:.2f}" for way in WAYS)
    log(f"  {name}: {raw:,} bytes raw; times that: {shown}")
    return row


def silence(size: int) -> dict[str, Any]:
    """The longest time without an update, and how many there were, by pace."""
    stream = least(well_formed(size))
    row: dict[str, Any] = {"size": size, "tokens": len(stream) - 3}
    for pace, options in PACES.items():
        sent = Sent(stream, options, clockless=pace == BUDGET_ALONE)
        row[pace] = {"longest": round(sent.longest, 3), "updates": len(sent.times)}
    log(f"  {size >> 10} KB: {row}")
    return row


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and writes the figures."""
    options = asked(__doc__, "small documents only", arguments)
    sizes = [1 << 10, 4 << 10] if options.quick else [1 << 10, 4 << 10, 16 << 10, 64 << 10]
    rows = []
    for size in sizes:
        rounds = 1 if options.quick else max(2, (1 << 17) // size)
        rows.append(measure(f"records, {size >> 10} KB", [generated(size)], rounds))
        least_of = [least(well_formed(size))]
        rows.append(measure(f"records, {size >> 10} KB, least envelope", least_of, rounds))
        text = [least(one_string(size))]
        rows.append(measure(f"one string, {size >> 10} KB, least envelope", text, rounds))
    paths = recorded()[: 5 if options.quick else None]
    if paths:
        found = [events(path.read_bytes()) for path in paths]
        rows.append(measure("recorded", found, 1 if options.quick else 5))
    else:
        log(f"  {ABSENT}")
    silences = [silence(size) for size in (sizes[1:] if not options.quick else sizes)]
    result = {"rows": rows, "silences": silences, "missing": [] if paths else ["recorded"]}
    write(result, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
