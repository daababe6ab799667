"""The Node that npm's packages of the tests run on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

JAVASCRIPT = Path(__file__).resolve().parents[1] / "js"


def node(sdk: str) -> Path:
    """The Node that an SDK is to run on: the machine's for 6; for 7, which wants 22, npm's."""
    modules = JAVASCRIPT / "node_modules"
    if not (modules / sdk).is_dir():
        pytest.fail(f"{sdk} is missing: run `npm install` in {JAVASCRIPT}, or `make test`")
    own, machines = modules / ".bin" / "node", shutil.which("node")
    if sdk == "openai6" and machines is not None and version(Path(machines)) >= 20:
        return Path(machines)
    assert version(own) >= 22
    return own


def version(program: Path) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.lstrip("v").split(".")[0])
