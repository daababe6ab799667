"""The benchmark of the gateway runs, and says what it could not measure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import report
from conftest import ROOT


def test_a_quick_run_measures_the_gateway_and_names_who_is_absent(tmp_path: Path) -> None:
    file = tmp_path / "gateway.json"
    command = [sys.executable, str(ROOT / "benches" / "gateway.py"), "--quick"]
    command += ["--litellm", "no-such-command", "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert 0 == done.returncode, done.stderr
    result = json.loads(file.read_text())
    rows = {row["gateway"]: row for row in result["rows"]}
    assert {"direct", "wholejson", "wholejson, with the flag"} <= set(rows)
    for row in rows.values():
        assert 0 == row["lost"]
        assert row["offered"] / 2 < row["rate"] < row["offered"] * 2
        assert 0 < row["p50"] <= row["p99"]
    assert rows["wholejson"]["arrived"] > rows["wholejson, with the flag"]["arrived"] > 0
    assert "LiteLLM" in result["missing"][-1]
    written = "\n".join(report.gateway_part({"gateway": result}))
    assert all(name in written for name in rows)
    assert "Not measured, because not installed: " in written
