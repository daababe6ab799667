"""The schema of `response_format` at the endpoint, asked for by the SDKs of both languages."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from asgi_harness import Inside, call
from serving import Gateway, event, gateway
from test_endpoint_examples import KEY, WHOLE, javascript

import wholejson
from wholejson.asgi import ValidJSONChunks

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"$ref": "#/$defs/age"},
        "email": {"type": "string", "format": "email"},
    },
    "required": ["name", "age", "email"],
    "$defs": {"age": {"type": "integer", "minimum": 0}},
}
WRONG = {**SCHEMA, "$defs": {"age": {"type": "integer", "maximum": 17}}}


@pytest.fixture(scope="module")
def served() -> Iterator[Gateway]:
    with gateway("--replay", "--replay-pace", "0.001") as running:
        yield running


def request(schema: Any, options: Any) -> dict[str, Any]:
    named = {"name": "user", "strict": True, "schema": schema}
    return {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "A user as JSON."}],
        "stream": True,
        "response_format": {"type": "json_schema", "json_schema": named},
        "stream_options": {"valid_json_chunks": options},
    }


def told(chunks: Any) -> Iterator[dict[str, Any]]:
    """What `schema.mjs` says."""
    for chunk in chunks:
        if chunk.choices and chunk.choices[0].delta.content:
            choice = chunk.choices[0]
            yield {
                "value": json.loads(choice.delta.content),
                "status": wholejson.json_status(choice),
            }


def by_python(url: str, schema: Any, options: Any) -> list[dict[str, Any]]:
    client = openai.OpenAI(base_url=url, api_key=KEY, max_retries=0)
    return list(told(client.chat.completions.create(**request(schema, options))))


def by_wrapped(url: str, schema: Any, options: Any) -> list[dict[str, Any]]:
    client = wholejson.wrap(openai.OpenAI(base_url=url, api_key=KEY, max_retries=0))
    return list(told(client.chat.completions.create(**request(schema, options))))


def by_wrapped_async(url: str, schema: Any, options: Any) -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        async with openai.AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0) as client:
            wholejson.wrap(client)
            stream = await client.chat.completions.create(**request(schema, options))
            return list(told([chunk async for chunk in stream]))

    return asyncio.run(read())


@pytest.fixture(params=["python", "wrapped", "wrapped-async", "openai6", "openai7"])
def sdk(request: pytest.FixtureRequest, served: Gateway) -> Any:
    ways = {"python": by_python, "wrapped": by_wrapped, "wrapped-async": by_wrapped_async}
    if request.param in ways:
        return lambda schema, options: ways[request.param](served.url, schema, options)
    return lambda schema, options: javascript(
        request.param, "schema.mjs", served.url, KEY, json.dumps(schema), json.dumps(options)
    )


def test_a_string_with_a_format_appears_whole_and_others_grow(sdk: Any) -> None:
    said = sdk(SCHEMA, options=True)
    values = [each["value"] for each in said]
    assert {WHOLE["email"]} == {value["email"] for value in values if "email" in value}
    assert len({value["name"] for value in values}) > 1
    assert values[-1] == WHOLE
    assert said[-1]["status"] == {"complete": True, "repairs": 0}


def test_without_the_schema_it_grows(sdk: Any) -> None:
    values = [each["value"] for each in sdk(SCHEMA, {"schema": False})]
    assert len({value["email"] for value in values if "email" in value}) > 1


def test_more_values_can_be_named_by_their_pointers(sdk: Any) -> None:
    values = [each["value"] for each in sdk({"type": "object"}, {"whole": ["/name"]})]
    assert {WHOLE["name"]} == {value["name"] for value in values if "name" in value}


def test_a_verdict_is_given_at_the_end(sdk: Any) -> None:
    *_, last = sdk(SCHEMA, {"validate": True})
    assert {"complete": True, "repairs": 0, "valid": True} == last["status"]
    *_, last = sdk(WRONG, {"validate": True})
    assert (False, ["/age"]) == (
        last["status"]["valid"],
        [error["path"] for error in last["status"]["errors"]],
    )
    assert "17" in last["status"]["errors"][0]["message"]


def test_a_schema_of_the_option_counts_before_that_of_the_request(sdk: Any) -> None:
    *_, last = sdk(WRONG, {"validate": True, "schema": SCHEMA})
    assert last["status"]["valid"] is True


def test_a_schema_that_is_not_understood_is_a_warning(sdk: Any) -> None:
    away = {"type": "object", "properties": {"email": {"$ref": "https://example.com/email"}}}
    *_, last = sdk(away, {"validate": True})
    assert last["value"] == WHOLE
    assert last["status"]["complete"]
    assert "valid" not in last["status"]
    assert "nothing is fetched" in last["status"]["warning"]


@pytest.mark.parametrize(
    ("options", "name", "allowed"),
    [
        ({"schema": "x"}, "schema", "true for response_format's, false for none, or a JSON Schema"),
        ({"whole": "/a"}, "whole", "a list of JSON Pointers"),
        ({"whole": ["a"]}, "whole", "a list of JSON Pointers"),
        ({"validate": 1}, "validate", "true or false"),
    ],
)
def test_a_wrong_option_is_refused_by_name(
    served: Gateway, options: dict[str, Any], name: str, allowed: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        by_python(served.url, SCHEMA, options)
    assert caught.value.param == f"stream_options.valid_json_chunks.{name}"
    assert allowed in str(caught.value)


def test_the_event_loop_goes_on_while_a_verdict_is_given() -> None:
    """The whole stream takes long; the loop beside it is never away for as long."""
    twice = {"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]}
    defs = {"a": {"items": {"type": "integer", "maximum": 3}}}
    schema = {"allOf": [twice] * 8, "$defs": defs}
    document = json.dumps(list(range(20_000)))
    stream = event(document) + event(reason="stop") + b"data: [DONE]\n\n"
    body = request(schema, {"validate": True})

    async def watched() -> tuple[Any, float, float]:
        gap, over, before = 0.0, asyncio.Event(), time.monotonic()

        async def beat() -> None:
            nonlocal gap
            last = time.monotonic()
            while not over.is_set():
                await asyncio.sleep(0.001)
                gap, last = max(gap, time.monotonic() - last), time.monotonic()

        beating = asyncio.create_task(beat())
        served = await call(ValidJSONChunks(Inside(stream)), body)
        took = time.monotonic() - before
        over.set()
        await beating
        return served, took, gap

    asyncio.run(watched())  # the schema is read
    threads = threading.active_count()
    for _ in range(5):
        served, took, gap = asyncio.run(watched())
        assert b'"valid": false' in served.answer.body
        if gap < took / 2:
            break
    assert gap < took / 2, (gap, took)
    assert threading.active_count() <= threads + 1
