"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

import wholejson

# The same random cases every time, unless more are asked for: `make proof` looks for new ones.
settings.register_profile("same", derandomize=True)
settings.load_profile("default" if os.environ.get("WHOLEJSON_DOCUMENTS") else "same")

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"


def pytest_report_header() -> str:
    """Say which `wholejson` is under test."""
    return f"wholejson {wholejson.__version__} from {Path(wholejson.__file__).parent}"


@pytest.fixture(scope="session", autouse=True)
def _installed_wheel() -> None:
    """The wheel is tested, not the tree: `make test` asks for it."""
    if os.environ.get("WHOLEJSON_INSTALLED"):
        assert (
            ROOT not in Path(wholejson.__file__).resolve().parents or ".venv" in wholejson.__file__
        )


@pytest.fixture(scope="session")
def shared() -> Path:
    """The directory of shared cases and recorded streams, where there is one."""
    path = Path(os.environ.get("WHOLEJSON_SHARED", ROOT.parent / "shared"))
    if not path.is_dir():
        pytest.skip(f"no shared cases at {path}; name their directory with WHOLEJSON_SHARED")
    return path
