"""The promises that hold for any text at all, checked at every byte of it."""

from __future__ import annotations

from itertools import groupby

import orjson

import wholejson

from .relation import extends, read

TINY = wholejson.Limits(look_ahead=8)
"""A look-ahead so short that every rule meets its end."""


def parts(text: bytes, size: int) -> list[bytes]:
    """The text in deltas of this many bytes."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def shown(
    deltas: list[bytes], limits: wholejson.Limits | None = None, root: str = "auto"
) -> list[bytes | None]:
    """The snapshot after each delta, then the one after the end."""
    aggregator = wholejson.Aggregator(limits=limits, root=root)
    seen: list[bytes | None] = []
    before: bytes | None = None
    for delta in deltas:
        changed = aggregator.feed(delta)
        seen.append(aggregator.snapshot_bytes())
        assert changed == (seen[-1] != before), (delta, before, seen[-1])
        before = seen[-1]
    try:
        aggregator.finish()
    except wholejson.NoJSONError:
        assert aggregator.snapshot_bytes() is None
    seen.append(aggregator.snapshot_bytes())
    return seen


def final(text: bytes, root: str = "auto") -> bytes | None:
    """The last snapshot of the text read in one piece."""
    return shown([text], root=root)[-1]


def check_promises(text: bytes, limits: wholejson.Limits | None = None, root: str = "auto") -> None:
    """Valid, never taken back, given out only when changed, cut-blind: at every byte of the text."""
    by_byte = shown(parts(text, 1), limits, root)
    before = None
    for snapshot, _ in groupby(by_byte):
        if snapshot is None:
            assert before is None, (text, "what was shown is gone")
            continue
        try:
            orjson.loads(snapshot)
            now = read(snapshot)
        except ValueError as error:
            raise AssertionError(f"{error}: {snapshot!r} for {text!r}") from error
        assert before is None or extends(before, now), (text, before, now)
        before = now
    for size in (2, 3, 7, len(text) or 1):
        coarse = shown(parts(text, size), limits, root)
        fine = [by_byte[min(end, len(text)) - 1] for end in range(size, len(text) + size, size)]
        assert [*fine[: len(coarse) - 1], by_byte[-1]] == coarse, (text, size)
