"""The benchmark of `wrap` runs, and reads what was sent in every way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_benchmark_of_the_client_runs(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, str(ROOT / "benches" / "client.py"), "--sizes", "1", "--rounds", "1"]
    done = subprocess.run([*command, "--json", str(figures)], capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    rows = {row["way"]: row for row in json.loads(figures.read_text())}
    assert {"raw", "jiter", ".stream()", "wrap", "wrap, jiter", "wrap, values"} == set(rows)
    # Chunks that are no update are never built.
    assert rows["wrap"]["values"] < rows["raw"]["values"]
