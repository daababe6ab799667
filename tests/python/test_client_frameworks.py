"""`wrap` below other people's frameworks, which bring their own versions of the SDK."""

from __future__ import annotations

import pytest
from support.environments import Environment

FRAMEWORKS = (
    "instructor",
    "langchain-openai",
    "langsmith",
    "openai",
    "openinference-instrumentation-openai",
    "opentelemetry-instrumentation-openai",
)


@pytest.mark.timeout(400)
def test_the_table_of_frameworks_is_true(capsys: pytest.CaptureFixture[str]) -> None:
    environment = Environment("frameworks", (*FRAMEWORKS, "opentelemetry-sdk"))
    # Frameworks warn of what they deprecate themselves.
    last = environment.test("tests/frameworks", warnings="default")
    with capsys.disabled():
        print(f"\n  {environment.versions(*FRAMEWORKS)}: {last}")
    assert " passed" in last
    assert "skipped" not in last
