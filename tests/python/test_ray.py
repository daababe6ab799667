"""The gateway on a real Ray Serve, which is large: `make test-ray` installs it and runs this."""

from __future__ import annotations

import os

import pytest
from support.environments import Environment

PACKAGES = ("ray[serve]", "aiohttp>=3.10", "uvicorn>=0.30", "httptools>=0.6")


@pytest.mark.timeout(900)
@pytest.mark.skipif(
    "WHOLEJSON_RAY" not in os.environ,
    reason="needs Ray, half a gigabyte of it: make test-ray installs it into .venv-ray",
)
def test_the_gateway_runs_on_ray_serve(capsys: pytest.CaptureFixture[str]) -> None:
    environment = Environment("ray", PACKAGES)
    last = environment.test("tests/ray", warnings="default")
    with capsys.disabled():
        print(f"\n  {environment.versions('ray')}: {last}")
    assert " passed" in last
    assert "skipped" not in last
