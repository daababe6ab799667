"""The examples of the feature's first description run as they stand, but for address and key."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from serving import Gateway, gateway
from support.node import JAVASCRIPT, node

KEY = "wai--planted"
WHOLE = {"name": "John Doe", "age": 30, "email": "john.doe@example.com"}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {"name": "user", "strict": True, "schema": {"type": "object"}},
}


@pytest.fixture(scope="module")
def served() -> Iterator[Gateway]:
    with gateway("--replay", "--replay-pace", "0.001") as running:
        yield running


def growing(values: list[Any]) -> None:
    """Every value extends the one before, and the last is the whole document."""
    assert values[0] == {"name": "John"}
    assert values[1] == {"name": "John Doe"}
    assert values[-1] == WHOLE
    for before, after in itertools.pairwise(values):
        assert list(before) == list(after)[: len(before)]
        for key in before:
            assert str(after[key]).startswith(str(before[key]))


def test_a_plain_stream_has_a_role_then_shreds_then_an_empty_delta(
    served: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    client = openai.OpenAI(base_url=served.url, api_key=KEY)
    stream = client.chat.completions.create(
        model="gpt-4.1",
        messages=[
            {
                "role": "user",
                "content": "Say 'double bubble bath' ten times fast.",
            },
        ],
        stream=True,
    )
    deltas = []
    for chunk in stream:
        print(chunk)
        print(chunk.choices[0].delta)
        print("****************")
        deltas.append(chunk.choices[0].delta.model_dump(exclude_unset=True))
    assert deltas[0] == {"role": "assistant", "content": "", "refusal": None}
    assert all(set(delta) == {"content"} for delta in deltas[1:-1])
    assert len(deltas) > 10
    assert deltas[-1] == {}
    assert capsys.readouterr().out.count("****************") == len(deltas)


def test_the_text_only_loop_prints_the_text(
    served: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    client = openai.OpenAI(base_url=served.url, api_key=KEY)
    stream = client.chat.completions.create(
        model="gpt-4.1",
        messages=[{"role": "user", "content": "Say 'double bubble bath' ten times fast."}],
        stream=True,
    )
    for chunk in stream:
        if chunk.choices[0].delta.content is not None:
            print(chunk.choices[0].delta.content, end="")
    expected = "Why don't scientists trust atoms?\n\nBecause they make up everything!"
    assert expected == capsys.readouterr().out


@pytest.mark.parametrize("response_format", [{"type": "json_object"}, SCHEMA])
def test_every_content_delta_of_the_async_example_is_valid_json(
    served: Gateway, response_format: dict[str, Any]
) -> None:
    async def example() -> list[Any]:
        values = []
        async with openai.AsyncOpenAI(base_url=served.url, api_key=KEY) as openai_client:
            streamer = await openai_client.chat.completions.create(
                model="gpt-4o",
                metadata={"agent_id": "my-agent"},
                messages=[{"role": "user", "content": "A user as JSON."}],
                stream=True,
                stream_options={"valid_json_chunks": True},  # type: ignore[typeddict-unknown-key]
                response_format=response_format,  # type: ignore[arg-type]
            )
            async for chunk in streamer:  # Every content delta is a valid JSON object
                content = chunk.choices[0].delta.content
                values.append(json.loads(content))  # type: ignore[arg-type]
                print(values[-1])
        return values

    growing(asyncio.run(example()))


def test_the_agent_of_a_request_is_in_the_access_log() -> None:
    with gateway("--replay", "--replay-pace", "0") as running:
        client = openai.OpenAI(base_url=running.url, api_key=KEY)
        stream = client.chat.completions.create(
            model="gpt-4o",
            metadata={"agent_id": "my-agent"},
            messages=[],
            stream=True,
            extra_body={"stream_options": {"valid_json_chunks": True}},
        )
        assert WHOLE == json.loads([c.choices[0].delta.content for c in stream][-1] or "")
        line = running.wait_for_log(1)[0]
    assert ("my-agent", 200, "chat/completions") == (
        line["agent_id"],
        line["status"],
        line["route"],
    )
    assert line["stream"]["updates"] > 5
    assert line["stream"]["complete"]


def javascript(sdk: str, script: str, *arguments: str) -> list[Any]:
    ran = subprocess.run(
        [node(sdk), script, sdk, *arguments],
        cwd=JAVASCRIPT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.mark.parametrize("response_format", ["json_object", "json_schema"])
@pytest.mark.parametrize("sdk", ["openai6", "openai7"])
def test_every_content_delta_of_the_javascript_example_is_valid_json(
    served: Gateway, sdk: str, response_format: str
) -> None:
    growing(javascript(sdk, "example.mjs", served.url, KEY, response_format))


@pytest.mark.parametrize("sdk", ["openai6", "openai7"])
def test_the_javascript_helper_that_joins_contents_is_refused_with_the_remedy(
    served: Gateway, sdk: str
) -> None:
    (said,) = javascript(sdk, "helper.mjs", served.url, KEY)
    assert said["status"] == 400
    assert "stream=True" in said["message"]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_python_helper_that_joins_contents_is_refused_with_the_remedy(
    served: Gateway, kind: str
) -> None:
    options: dict[str, Any] = {
        "model": "gpt-4o",
        "messages": [],
        "stream_options": {"valid_json_chunks": True},
    }

    async def asynchronous() -> None:
        async with (
            openai.AsyncOpenAI(base_url=served.url, api_key=KEY) as client,
            client.chat.completions.stream(**options) as stream,
        ):
            async for _ in stream:
                pass

    def synchronous() -> None:
        with (
            openai.OpenAI(base_url=served.url, api_key=KEY) as client,
            client.chat.completions.stream(**options) as stream,
        ):
            list(stream)

    with pytest.raises(openai.BadRequestError, match="stream=True"):
        synchronous() if kind == "sync" else asyncio.run(asynchronous())


def test_curl_with_a_bearer_key_gets_whole_objects(served: Gateway) -> None:
    body = """{
    "model": "gpt-4o",
    "messages": [],
    "stream": true,
    "stream_options": {
      "valid_json_chunks": true
    },
    "response_format": {
      "type": "json_object"
    },
    "metadata": {
      "agent_id": "my-agent"
    }
  }"""
    ran = subprocess.run(
        [
            *("curl", "-sS", "-i", "-X", "POST", f"{served.url}/chat/completions"),
            *("-H", f"Authorization: Bearer {KEY}", "-H", "Content-Type: application/json"),
            *("-d", body),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    head, _, stream = ran.stdout.replace("\r\n", "\n").partition("\n\n")
    assert "x-valid-json-chunks: snapshot" in head.lower()
    events = [line[6:] for line in stream.splitlines() if line.startswith("data: ")]
    assert events.pop() == "[DONE]"
    growing([json.loads(json.loads(e)["choices"][0]["delta"]["content"]) for e in events])
