"""A delta of many megabytes costs time in proportion to its length."""

from __future__ import annotations

import time

from serving import event

import wholejson


def cost(megabytes: int) -> float:
    """Seconds of this process's own time to read one long delta: the best of three."""
    data = event('{"a": "' + "x" * (megabytes << 20))
    times = []
    for _ in range(3):
        transformer = wholejson.ChunkTransformer()
        began = time.process_time()
        transformer.feed(data)
        times.append(time.process_time() - began)
    return min(times)


def test_a_delta_four_times_as_long_costs_about_four_times_as_much() -> None:
    assert cost(12) < 10 * cost(3)
