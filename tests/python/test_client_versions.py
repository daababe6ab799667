"""`wrap` with every major version of the SDK: the tests in `client/`, each in its own."""

from __future__ import annotations

import pytest
from support.environments import Environment

# Since 3 the SDK's transport is httpx2, before that httpx; 3 takes clients of both. The main
# environment has the newest.
SDKS = {
    "openai-1": ("openai>=1,<2", "httpx", "hypothesis"),
    "openai-2": ("openai>=2,<3", "httpx", "hypothesis"),
    "openai-3": ("openai>=3,<4", "httpx", "hypothesis"),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SDKS)
def test_wrap_serves_this_major_version(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    environment = Environment(name, SDKS[name])
    last = environment.test("tests/python/client")
    with capsys.disabled():
        print(f"\n  {environment.versions('openai', 'httpx')}: {last}")
    assert " passed" in last
    assert "skipped" not in last
