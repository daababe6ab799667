"""What an event of a stream costs: `ChunkTransformer` beside what one would write by hand.

    python benches/transformer.py [--quick] [--json FILE]

Streams of chat completion chunks, one event a call, as a proxy meets them: generated ones with
documents of 2 KB and 20 KB, and recorded ones where `WHOLEJSON_SHARED` (or `../shared`) has any.
Given are microseconds of this thread's own time per event:

- `ChunkTransformer`: the whole document in each chunk, repair on;
- `copying the snapshots`: what of that is the copying of what came out, by itself;
- `json`, `orjson`: the event parsed, its content set, written again, and nothing else done: the
  least that a proxy has to do by hand, which would still have to make the document;
- `copy`: the event's bytes copied.
"""

from __future__ import annotations

import json
import random
import string
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
from measuring import asked, best_of, cut, log, well_formed, write

import wholejson

sys.path[:0] = [str(Path(__file__).parents[1] / "tests")]

from support.recorded import ABSENT, recorded  # noqa: E402

LETTERS = string.ascii_letters + string.digits
Stream = list[bytes]
"""The events of a stream, each with its blank line."""


def generated(size: int) -> Stream:
    """A document as a provider streams it, in events of about 300 bytes and with its padding."""
    chance = random.Random(size)
    envelope = {
        "id": "chatcmpl-BXf3kGm2Qz8Lr5Tn1Vw7Yb4Hc6Jd",
        "object": "chat.completion.chunk",
        "created": 1750000000,
        "model": "gpt-4o-2024-08-06",
        "service_tier": "default",
        "system_fingerprint": "fp_a288987b44",
    }

    def event(delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        padding = "".join(chance.choices(LETTERS, k=chance.randint(3, 17)))
        chunk = {**envelope, "choices": [choice], "obfuscation": padding}
        return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"

    first = event({"role": "assistant", "content": "", "refusal": None})
    deltas = [event({"content": delta}) for delta in cut(well_formed(size))]
    return [first, *deltas, event({}, "stop"), b"data: [DONE]\n\n"]


def events(stream: bytes) -> Stream:
    """Cut a recorded stream after each blank line, however its lines end."""
    end = b"\r\n\r\n" if b"\r\n\r\n" in stream else b"\n\n"
    *whole, rest = stream.split(end)
    return [part + end for part in whole] + ([rest] if rest else [])


def transform(streams: Sequence[Stream]) -> None:
    for stream in streams:
        transformer = wholejson.ChunkTransformer()
        for event in stream:
            transformer.feed(event)
        transformer.finish()


def by_hand(
    loads: Callable[[bytes], Any], dumps: Callable[[Any], bytes]
) -> Callable[[Sequence[Stream]], None]:
    def rewrite(streams: Sequence[Stream]) -> None:
        for stream in streams:
            for event in stream:
                if not event.startswith(b"data: {"):
                    continue
                chunk = loads(event[6:])
                for choice in chunk.get("choices") or ():
                    delta = choice.get("delta")
                    if delta and isinstance(delta.get("content"), str):
                        delta["content"] += ""
                _ = b"data: " + dumps(chunk) + b"\n\n"

    return rewrite


def _dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def copy(streams: Sequence[Stream]) -> None:
    for stream in streams:
        for event in stream:
            bytes(memoryview(event))


def outputs(streams: Sequence[Stream]) -> list[Stream]:
    """What comes out of each call."""
    found = []
    for stream in streams:
        transformer = wholejson.ChunkTransformer()
        found.append([*(transformer.feed(event) for event in stream), transformer.finish()])
    return found


WAYS: dict[str, Callable[[Sequence[Stream]], None]] = {
    "ChunkTransformer": transform,
    "json": by_hand(json.loads, _dumps),
    "orjson": by_hand(orjson.loads, orjson.dumps),
    "copy": copy,
}


def measure(name: str, streams: Sequence[Stream], rounds: int) -> dict[str, Any]:
    """Time all ways over some streams."""
    count = sum(map(len, streams))
    size = sum(len(event) for stream in streams for event in stream) / count
    ns = {way: best_of(rounds, lambda r=run: r(streams)) / count for way, run in WAYS.items()}
    out = outputs(streams)
    ns["copying the snapshots"] = best_of(rounds, lambda: copy(out)) / count
    row = {"streams": name, "count": len(streams), "events": count, "bytes": round(size), "ns": ns}
    row["bytes_out"] = round(sum(len(part) for parts in out for part in parts) / count)
    shown = ", ".join(f"{way} {value / 1000:.3f}" for way, value in ns.items())
    log(f"  {name}, {count} events: {shown} µs")
    return row


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and writes the figures."""
    options = asked(__doc__, "few streams, once", arguments)
    rounds = 1 if options.quick else 60
    rows = [measure("generated, 2 KB", [generated(2 << 10)] * 4, rounds)]
    if not options.quick:
        rows.append(measure("generated, 20 KB", [generated(20 << 10)], rounds))
    paths = recorded()[: 5 if options.quick else None]
    if paths:
        rows.append(measure("recorded", [events(path.read_bytes()) for path in paths], rounds))
    else:
        log(f"  {ABSENT}")
    result = {"rows": rows, "missing": [] if paths else ["recorded"]}
    write(result, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
