"""Other people's frameworks pointed at the gateway: the table in docs/frameworks.md."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from serving import Gateway, ask, gateway
from support.environments import Environment
from support.node import JAVASCRIPT, node
from support.sdk import running
from support.table import DOCUMENT, GATEWAY, JOINED, WHOLE, Rows, table
from test_client_frameworks import FRAMEWORKS

rows = Rows(GATEWAY)
row = rows.row
VALUE = json.loads(DOCUMENT)


@pytest.fixture(scope="module")
def served() -> Iterator[Gateway]:
    with running() as provider, gateway("--upstream", provider.url("plain")) as gate:
        yield gate


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_table_of_frameworks_is_true_of_the_gateway(
    name: str,
    served: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WHOLEJSON_TEST_GATEWAY", served.url)
    environment = Environment(f"frameworks-{name}", FRAMEWORKS[name])
    (file,) = environment.tests(name, "test_gateway_*.py")
    last = environment.test(file, warnings="default")
    packages = [wanted.partition("[")[0] for wanted in FRAMEWORKS[name]]
    with capsys.disabled():
        print(f"\n  {environment.versions(*packages)}: {last}")
    assert " passed" in last
    assert "skipped" not in last


def ai_sdk(served: Gateway, provider: str, use: str, flag: str) -> dict[str, Any]:
    ran = subprocess.run(
        [node("ai"), "ai-sdk.mjs", served.url, provider, use, flag],
        cwd=JAVASCRIPT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout.splitlines()[-1]))


@row("AI SDK", "anything without the option", "works")
@pytest.mark.parametrize("provider", ["compatible", "chat"])
def test_the_ai_sdk_without_the_option_is_as_ever(served: Gateway, provider: str) -> None:
    told = ai_sdk(served, provider, "text", "without")
    assert (DOCUMENT, None) == (told["text"], told["error"])
    for use in ("output", "object"):
        told = ai_sdk(served, provider, use, "without")
        assert (VALUE, VALUE, None) == (told["parts"][-1], told["value"], told["error"])


@row("AI SDK", "`streamText().textStream` with the option, each part read", "works")
@row("AI SDK", "the `text` of the same, its messages, `onFinish`", "no: it joins contents")
@pytest.mark.parametrize("provider", ["compatible", "chat"])
def test_the_ai_sdk_streams_whole_documents_and_joins_them_at_the_end(
    served: Gateway, provider: str
) -> None:
    told = ai_sdk(served, provider, "text", "with")
    assert (WHOLE, JOINED, None) == (told["parts"], told["text"], told["error"])


@row("AI SDK", "`Output.object()`, `streamObject()` with the option", "no: refused by name")
@pytest.mark.parametrize("use", ["output", "object"])
@pytest.mark.parametrize("provider", ["compatible", "chat"])
def test_structured_output_of_the_ai_sdk_is_refused_with_the_remedy(
    served: Gateway, provider: str, use: str
) -> None:
    error = ai_sdk(served, provider, use, "with")["error"]
    assert 400 == error["status"]
    assert "structured output of the AI SDK" in error["message"]
    assert "Leave valid_json_chunks out there" in error["message"]


@row("AI SDK", "`openai(…)`, which uses the Responses API, with the option", "no: refused by name")
def test_the_ai_sdks_responses_model_is_refused_with_the_remedy(served: Gateway) -> None:
    error = ai_sdk(served, "responses", "text", "with")["error"]
    assert 400 == error["status"]
    assert "/chat/completions" in error["message"]


FLAGGED = {"stream": True, "model": "m", "stream_options": {"valid_json_chunks": True}}
STRUCTURED = {"response_format": {"type": "json_object"}}
ASKED = [{"role": "user", "content": DOCUMENT}]


@pytest.mark.parametrize(
    ("agent", "more", "status"),
    [
        ("ai-sdk-openai/9.0.0 node.js/22", STRUCTURED, 400),
        ("my-app/1 ai-sdk-xai/9.0.0", STRUCTURED, 400),
        ("pydantic-ai/9.0.0", STRUCTURED, 400),
        ("pydantic-ai/9.0.0", {}, 200),
        ("pydantic-ai/9.0.0", {"response_format": {"type": "text"}}, 200),
        ("not-ai-sdk-openai", STRUCTURED, 200),
        ("OpenAI/Python 3.54.0", STRUCTURED, 200),
        ("", STRUCTURED, 200),
    ],
)
def test_who_joins_is_told_by_name_and_nobody_else(
    served: Gateway, agent: str, more: dict[str, Any], status: int
) -> None:
    body = {**FLAGGED, "messages": ASKED, **more}
    answer = ask(served.url, body, user_agent=agent)
    assert status == answer.status
    if status == 400:
        error = answer.error()
        assert ("unsupported_helper", "stream_options.valid_json_chunks") == (
            error["code"],
            error["param"],
        )
    plain = {name: value for name, value in body.items() if name != "stream_options"}
    assert 200 == ask(served.url, plain, user_agent=agent).status


@pytest.mark.parametrize(("calls", "status"), [(True, 400), (False, 200)])
def test_arguments_that_would_be_joined_are_refused_too(
    served: Gateway, calls: bool, status: int
) -> None:
    option = {"stream_options": {"valid_json_chunks": {"tool_calls": calls}}}
    body = {**FLAGGED, **option, "messages": ASKED}
    for agent in ("pydantic-ai/9.0.0", "ai-sdk-openai/9.0.0"):
        assert status == ask(served.url, body, user_agent=agent).status
    assert 200 == ask(served.url, body, user_agent="OpenAI/Python 3.54.0").status


def test_every_row_of_the_table_has_a_framework_that_is_tried() -> None:
    tried = {"LangChain", "instructor", "Pydantic AI", "AI SDK"}
    assert tried == {framework for framework, *_ in table(GATEWAY)}
    assert rows.in_the_docs() == rows.held
