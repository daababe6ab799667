"""A user's code with `wrap` passes the type checkers without a cast."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TYPING = Path(__file__).parents[1] / "typing"


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_the_public_types_need_no_cast(checker: str, tmp_path: Path) -> None:
    # Away from the project, as a user is: the installed package is checked, by default settings.
    strict = {
        "mypy": ["--strict", "--cache-dir", str(tmp_path)],
        "pyright": ["--pythonpath", sys.executable],
    }
    command = [sys.executable, "-m", checker, *strict[checker], str(TYPING / "client_api.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert 0 == done.returncode, done.stdout + done.stderr


def test_a_wrong_option_is_found_by_the_type_checker(tmp_path: Path) -> None:
    code = "import wholejson\nwholejson.StreamOptions(valid_json_chunks={'repairs': True})\n"
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path), "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert 1 == done.returncode
    assert "valid_json_chunks" in done.stdout
