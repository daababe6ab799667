"""A short soak: streams with and without faults, all at once, and what is left of them after."""

from __future__ import annotations

import sys

import pytest
from soak import SLACK_FILES, SLACK_MEMORY, soak

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")


def test_every_stream_is_right_or_ends_in_one_error_and_nothing_is_left_open() -> None:
    outcome = soak(streams=40, seconds=8)
    assert [] == outcome.wrong
    assert outcome.streams > 100
    assert {"success", "left", "error upstream_closed"} <= set(outcome.ended)
    assert outcome.memory[1] < outcome.memory[0] + SLACK_MEMORY
    assert outcome.files[1] <= outcome.files[0] + SLACK_FILES
