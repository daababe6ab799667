"""What `wire.py` measured, as people read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

WIRE = """\
Bytes of the whole stream of events, envelopes and all, and in brackets how many times the raw
stream that is. `paced`: `max_amplification` 64 at 60 tokens a second, as the middleware and the
gateway have it by default. `patch`: operations, with the whole document at the end. The envelopes
are OpenAI's (about 300 bytes an event), and the least that its clients take (150)."""
SILENCE = """\
The longest time without an update, in seconds, at 60 tokens of 4.5 characters a second, and how
many updates there were. Some tokens are no update, so that it is not 1/60 of a second even without
a pace. The budget alone, where no clock is told, is what the second of patience is there for."""

Table = Callable[..., str]
WAYS = ("every update", "paced", "patch", "patch, no final")


def wire_part(results: dict[str, Any], table: Table) -> list[str]:
    """The section of the report; nothing where nothing was measured."""
    wire = results.get("wire")
    if wire is None:
        return []
    parts = [
        "## What goes over the wire",
        WIRE,
        table(["stream", "raw", *WAYS], _rows(wire["rows"])),
    ]
    if wire["missing"]:
        parts.append("Not measured: recorded streams; there were none.")
    paces = [name for name in wire["silences"][0] if name not in ("size", "tokens")]
    names = ["no pace" if name == "none" else f"`{name}`" for name in paces]
    parts += [SILENCE, table(["document", "tokens", *names], _silences(wire["silences"], paces))]
    return [*parts, _cost(wire["rows"])]


def _rows(rows: Iterable[dict[str, Any]]) -> Iterable[list[str]]:
    for row in rows:
        name = row["streams"] + (f" ({row['count']} streams)" if row["count"] > 1 else "")
        cells = [f"{row[way]:,} ({row[way] / row['raw']:.2f})" for way in WAYS]
        yield [name, f"{row['raw']:,}", *cells]


def _silences(rows: Iterable[dict[str, Any]], paces: list[str]) -> Iterable[list[str]]:
    for row in rows:
        cells = [f"{row[pace]['longest']:.2f} ({row[pace]['updates']:,})" for pace in paces]
        yield [f"{row['size'] >> 10} KB", f"{row['tokens']:,}", *cells]


def _cost(rows: list[dict[str, Any]]) -> str:
    last = [row for row in rows if row["count"] == 1][-1]
    ns = {way: f"{value:,.0f}" for way, value in last["ns"].items()}
    return (
        f"An event of the last generated stream costs `ChunkTransformer` {ns['patch']} ns with "
        f"operations, {ns['every update']} ns with a snapshot after every update, and "
        f"{ns['held back']} ns where every update is held back: the difference is what making and "
        "writing a chunk costs."
    )
