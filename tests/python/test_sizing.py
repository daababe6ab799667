"""The figures in docs/scale.md are those that were measured, and can be measured anew."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import sizing
from conftest import ROOT


def test_the_page_has_the_figures_that_were_measured() -> None:
    found = json.loads(sizing.RESULTS.read_text("utf-8"))
    shown = sizing.PAGE.read_text("utf-8").partition(sizing.BEGIN)[2].partition(sizing.END)[0]
    assert sizing.table(found) == shown.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of processes in /proc")
def test_measuring_works() -> None:
    command = [sys.executable, str(ROOT / "benches" / "sizing.py"), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert 0 == done.returncode, done.stderr
    assert 0 < json.loads(done.stdout)["gateway"] < 100_000
