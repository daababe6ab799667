"""The provider, and the SDK that calls it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.sdk import Caller, Provider

SCRIPTED = Path(__file__).parents[2] / "support" / "scripted.py"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    command = [sys.executable, str(SCRIPTED)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Provider(int(process.stdout.readline()))
        process.stdin.close()


@pytest.fixture(params=["sync", "async"])
def caller(provider: Provider, request: pytest.FixtureRequest) -> Caller:
    return Caller(provider, request.param)
