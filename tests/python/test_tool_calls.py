"""Tool calls through the endpoint, over real sockets, by the Python SDK and the JavaScript SDKs."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from serving import HEAD, LAST, Upstream, piece, serving
from support.forms import chunk
from test_endpoint_examples import KEY, javascript

import wholejson
from wholejson.asgi import ValidJSONChunks
from wholejson.proxy import ReverseProxy


def calls(*pieces: dict[str, Any], **more: Any) -> dict[str, Any]:
    return chunk(delta={"tool_calls": list(pieces)}, **more)


def text(index: int, arguments: str) -> dict[str, Any]:
    return {"index": index, "function": {"arguments": arguments}}


def begin(index: int, name: str) -> dict[str, Any]:
    function = {"name": name, "arguments": ""}
    return {"index": index, "id": f"call_{name}", "type": "function", "function": function}


STREAM = [
    chunk(delta={"role": "assistant", "content": None}),
    calls(begin(0, "weather")),
    calls(text(0, '{"ci')),
    calls(text(0, 'ty": "Rome", "days": 1')),
    # The index lies: it is another call, by its id.
    calls(begin(0, "time")),
    calls(text(0, "{'zone': \"Os")),
    calls({"index": 0, "id": "call_weather", "function": {"arguments": "0}"}}),
    calls({"index": 0, "id": "call_time", "function": {"arguments": 'lo"}'}}),
    calls(begin(1, "now")),
    chunk(finish="tool_calls"),
]
STRICT = [["call_weather", "weather", {"city": "Rome", "days": 10}]]
REPAIRED = [*STRICT, ["call_time", "time", {"zone": "Oslo"}]]


def said(connection: socket.socket) -> None:
    connection.sendall(HEAD)
    for each in STREAM:
        connection.sendall(piece(f"data: {json.dumps(each)}\n\n".encode()))
    connection.sendall(piece(b"data: [DONE]\n\n"))
    connection.sendall(LAST)


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with Upstream(said) as running:
        yield running.url


@pytest.fixture(scope="module")
def url(upstream: str) -> Iterator[str]:
    with serving(ValidJSONChunks(ReverseProxy(upstream))) as served:
        yield served


def python(client: openai.OpenAI, options: dict[str, Any]) -> list[dict[str, Any]]:
    """What `tool-calls.mjs` says, by the Python SDK."""
    out: list[dict[str, Any]] = []
    stream = client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": "The weather in Rome and Oslo."}],
        stream=True,
        stream_options={"valid_json_chunks": options},  # type: ignore[typeddict-unknown-key]
    )
    for each in stream:
        for choice in each.choices:
            found = choice.delta.tool_calls or []
            for call in found:
                assert call.function is not None
                given = call.function.arguments
                value = None if given is None else json.loads(given)
                name = call.function.name
                out.append({"index": call.index, "id": call.id, "name": name, "value": value})
            if choice.finish_reason:
                statuses = [wholejson.json_status(call) for call in found]
                ready = [
                    [call.id, call.function.name, json.loads(call.function.arguments or "")]
                    for call, status in zip(found, statuses, strict=True)
                    if call.function and status and status["complete"]
                ]
                out += [{"run": ready}, {"statuses": statuses}]
    return out


@pytest.fixture(params=["python", "wrapped", "openai6", "openai7"])
def sdk(request: pytest.FixtureRequest, upstream: str, url: str) -> Any:
    if request.param == "python":
        client = openai.OpenAI(base_url=url, api_key=KEY, max_retries=0)
        return lambda options: python(client, options)
    if request.param == "wrapped":
        client = openai.OpenAI(base_url=upstream, api_key=KEY, max_retries=0)
        return lambda options: python(wholejson.wrap(client), options)
    return lambda options: javascript(
        request.param, "tool-calls.mjs", url, KEY, json.dumps(options)
    )


def test_the_arguments_of_each_call_grow_and_only_whole_ones_are_run(sdk: Any) -> None:
    *grown, run, ends = sdk({"tool_calls": True})
    assert STRICT == run["run"]
    bad = {"complete": False, "repairs": 0, "error": "invalid_json"}
    none = {"complete": False, "repairs": 0}
    assert [{"complete": True, "repairs": 0}, bad, none] == ends["statuses"]
    first = [each["value"] for each in grown if each["index"] == 0]
    whole = {"city": "Rome", "days": 10}
    assert [None, {"city": "Rome"}, whole, whole] == first
    names = {each["index"]: each["name"] for each in grown if each["name"]}
    assert {0: "weather", 1: "time", 2: "now"} == names


def test_arguments_are_repaired_where_that_is_asked_for(sdk: Any) -> None:
    *grown, run, ends = sdk({"tool_calls": True, "repair": True})
    assert REPAIRED == run["run"]
    assert ends["statuses"][1] == {"complete": True, "repairs": 1}
    second = [each["value"] for each in grown if each["index"] == 1]
    assert [None, {"zone": "Os"}, {"zone": "Oslo"}, {"zone": "Oslo"}] == second


def test_a_wrong_value_is_refused_by_name(url: str) -> None:
    client = openai.OpenAI(base_url=url, api_key=KEY, max_retries=0)
    for which in (client, wholejson.wrap(client.copy())):
        with pytest.raises(openai.BadRequestError) as caught:
            python(which, {"tool_calls": "yes"})
        assert caught.value.param == "stream_options.valid_json_chunks.tool_calls"
        assert "must be true or false" in str(caught.value)


def test_a_wrong_value_in_a_call_is_told_at_once() -> None:
    makers: list[Any] = [
        wholejson.ChunkTransformer,
        lambda **given: wholejson.wrap_stream([], **given),
        lambda **given: wholejson.wrap(openai.OpenAI(api_key="k"), **given),
        lambda **given: ValidJSONChunks(None, **given),  # type: ignore[arg-type]
    ]
    for make in makers:
        with pytest.raises(TypeError, match="tool_calls must be True or False, not int"):
            make(tool_calls=1)


def test_without_the_option_the_sdk_joins_arguments_as_ever(url: str) -> None:
    client = openai.OpenAI(base_url=url, api_key=KEY, max_retries=0)
    stream = client.chat.completions.create(
        model="m",
        messages=[],
        stream=True,
        stream_options={"valid_json_chunks": True},  # type: ignore[typeddict-unknown-key]
    )
    given = [each.to_dict(mode="json") for each in stream]
    assert given == STREAM
