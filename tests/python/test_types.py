"""A user's code with the library passes the type checkers, and mistakes don't."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

CODE = sorted((ROOT / "tests" / "typing").glob("*.py"))


def check(checker: str, files: list[Path], place: Path) -> subprocess.CompletedProcess[str]:
    """Away from the project, as a user is: the installed package is checked."""
    options = {
        "mypy": ["--strict", "--cache-dir", str(place)],
        "pyright": ["--pythonpath", sys.executable],
    }
    command = [sys.executable, "-m", checker, *options[checker], *map(str, files)]
    return subprocess.run(command, cwd=place, capture_output=True, text=True)


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_the_public_types_need_no_cast(checker, tmp_path):
    assert {"client_api.py", "library_api.py"} <= {file.name for file in CODE}
    done = check(checker, CODE, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


MISTAKES = [
    'wholejson.Aggregator(root="tree")',
    'wholejson.Aggregator("auto")',
    "wholejson.Aggregator().feed(3)",
    "wholejson.Limits(deep=3)",
    'wholejson.ChunkTransformer().feed("text")',
    'wholejson.ChunkTransformer().fail("oops")',
    "wholejson.wrap_stream(3)",
    "wholejson.snapshots([1, 2])",
    'wholejson.snapshots(["{}"], style="wide")',
    "wholejson.Aggregator().snapshot().upper()",
    "wholejson.Aggregator().value(True)",
    "wholejson.Aggregator(parse_int=3)",
    "wholejson.apply_operations(None, [3])",
    "wholejson.models([], int)",
    'wholejson.StreamOptions(valid_json_chunks={"repairs": True})',
    'wholejson.StreamOptions(valid_json_chunks={"mode": "diff"})',
    'wholejson.wrap_stream([], every_ms="50")',
    'wholejson.json_status({})["complete"]',
]


def test_each_mistake_is_found(tmp_path):
    file = tmp_path / "mistakes.py"
    file.write_text("\n".join(["import wholejson", *MISTAKES]))
    done = check("mypy", [file], tmp_path)
    found = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    assert {at + 2 for at in range(len(MISTAKES))} == found
