"""`wholejson.integrations.litellm` in a real LiteLLM proxy, which brings its own SDK."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.environments import Environment


@pytest.mark.timeout(600)
def test_the_callback_serves_a_litellm_proxy(capsys: pytest.CaptureFixture[str]) -> None:
    environment = Environment("litellm", ("litellm[proxy]",))
    last = environment.test("tests/litellm", warnings="default")
    with capsys.disabled():
        print(f"\n  {environment.versions('litellm', 'openai')}: {last}")
    assert " passed" in last
    assert "skipped" not in last


def test_without_litellm_the_import_says_what_to_install() -> None:
    command = [sys.executable, "-c", "import wholejson.integrations.litellm"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert 1 == done.returncode
    assert "pip install 'litellm[proxy]'" in done.stderr
