"""`wrap_stream` with the older major versions of the SDK, each in an environment of its own."""

from __future__ import annotations

import pytest
from support.environments import Environment
from test_client_versions import SDKS


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["openai-1", "openai-2"])
def test_chunk_objects_of_this_major_version_are_served(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = Environment(name, SDKS[name])
    last = environment.test("tests/python/stream")
    with capsys.disabled():
        print(f"\n  {environment.versions('openai')}: {last}")
    assert " passed" in last
    assert "failed" not in last
