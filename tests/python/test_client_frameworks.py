"""`wrap` below other people's frameworks, which bring their own versions of the SDK."""

from __future__ import annotations

import pytest
from support.environments import Environment
from support.table import table

# Pydantic AI and instructor want different versions of what both need.
FRAMEWORKS = {
    "joined": (
        "instructor",
        "langchain-openai",
        "langsmith",
        "openai",
        "openinference-instrumentation-openai",
        "opentelemetry-instrumentation-openai",
        "opentelemetry-sdk",
    ),
    "pydantic_ai": ("openai", "pydantic-ai-slim[openai]>=2"),
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_table_of_frameworks_is_true(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    environment = Environment(f"frameworks-{name}", FRAMEWORKS[name])
    # Frameworks warn of what they deprecate themselves.
    (file,) = environment.tests(name, "test_wrap_*.py")
    last = environment.test(file, warnings="default")
    packages = [wanted.partition("[")[0] for wanted in FRAMEWORKS[name]]
    with capsys.disabled():
        print(f"\n  {environment.versions(*packages)}: {last}")
    assert " passed" in last
    assert "skipped" not in last


def test_every_row_of_the_table_has_a_framework_that_is_tried() -> None:
    tried = {"LangChain", "instructor", "OpenInference", "OpenLLMetry", "LangSmith", "Pydantic AI"}
    assert {framework for framework, *_ in table()} == tried
