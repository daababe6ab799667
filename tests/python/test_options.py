"""Each option of the wire, asked for by the Python SDK and by the JavaScript SDK."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from serving import FLAG, Gateway, ask, gateway
from test_endpoint_examples import KEY, WHOLE, javascript

import wholejson

FLAGS = "stream_options.valid_json_chunks"
WRONG = [
    ({"max_amplification": 0}, "max_amplification", "a whole number from 1, or null"),
    ({"max_amplification": "64"}, "max_amplification", "a whole number from 1, or null"),
    ({"every_ms": 1.5}, "every_ms", "a whole number of milliseconds from 1, or null"),
    ({"every_ms": True}, "every_ms", "a whole number of milliseconds from 1, or null"),
    ({"mode": "diff"}, "mode", '"snapshot" or "patch"'),
    ({"mode": None}, "mode", '"snapshot" or "patch"'),
    ({"final": 1}, "final", "true or false"),
    ({"amplification": 1}, "amplification", "is not an option; allowed are repair"),
    ({"whole": ["/a", "b"]}, "whole", 'JSON Pointers: "b" is no JSON Pointer: it is'),
    ({"whole": ["/a", 3]}, "whole", "JSON Pointers, and element 1 is no string"),
]


@pytest.fixture(scope="module")
def served() -> Iterator[Gateway]:
    with gateway("--replay", "--replay-pace", "0.001") as running:
        yield running


def python(url: str, options: dict[str, Any], client: Any = None) -> list[dict[str, Any]]:
    """What `options.mjs` says, by the Python SDK."""
    client = client or openai.OpenAI(base_url=url, api_key=KEY, max_retries=0)
    try:
        stream = client.chat.completions.create(
            model="gpt-4o",
            messages=[{"role": "user", "content": "A user as JSON."}],
            stream=True,
            stream_options={"valid_json_chunks": options},
        )
    except openai.BadRequestError as error:
        return [{"status": error.status_code, "param": error.param, "message": str(error)}]
    mode = stream.response.headers["x-valid-json-chunks"]
    said: list[dict[str, Any]] = [{"mode": mode}]
    value = None
    for chunk in stream:
        if not (chunk.choices and chunk.choices[0].delta.content):
            continue
        choice = chunk.choices[0]
        content = json.loads(choice.delta.content)
        value = wholejson.apply_operations(value, content) if mode == "patch" else content
        status = wholejson.json_status(choice)
        said.append({"value": value, "length": len(choice.delta.content), "status": status})
    return said


@pytest.fixture(params=["python", "openai6", "openai7"])
def sdk(request: pytest.FixtureRequest, served: Gateway) -> Any:
    if request.param == "python":
        return lambda options: python(served.url, options)
    return lambda options: javascript(
        request.param, "options.mjs", served.url, KEY, json.dumps(options)
    )


def grown(said: list[dict[str, Any]]) -> None:
    """The values are the document's, one after the other, up to the whole."""
    values = [each["value"] for each in said]
    assert values[0] == {"name": "John"}
    assert values[-1] == WHOLE
    for before, after in itertools.pairwise(values):
        assert list(before) == list(after)[: len(before)]


def test_a_patch_gives_every_value_and_the_document_at_the_end(sdk: Any) -> None:
    head, *said = sdk({"mode": "patch"})
    assert head == {"mode": "patch"}
    grown(said)
    assert said[-1]["status"] == {"complete": True, "repairs": 0, "document": WHOLE}
    assert [None] * (len(said) - 1) == [each["status"] for each in said[:-1]]


def test_a_patch_without_final_leaves_the_document_out(sdk: Any) -> None:
    _, *said = sdk({"mode": "patch", "final": False})
    grown(said)
    assert said[-1]["status"] == {"complete": True, "repairs": 0}


def test_an_interval_leaves_updates_out_and_never_the_last(sdk: Any) -> None:
    head, *all_of_them = sdk({})
    assert head == {"mode": "snapshot"}
    for mode in ("snapshot", "patch"):
        _, *said = sdk({"every_ms": 60_000, "mode": mode})
        assert [{"name": "John"}, WHOLE] == [each["value"] for each in said]
        assert said[-1]["status"]["complete"]
    _, *said = sdk({"every_ms": None})
    assert len(all_of_them) == len(said)


def test_a_budget_may_be_named_or_turned_off(sdk: Any) -> None:
    for budget in (1, 1000, None):
        head, *said = sdk({"max_amplification": budget})
        assert head == {"mode": "snapshot"}
        grown(said)


@pytest.mark.parametrize(("options", "name", "allowed"), WRONG)
def test_a_wrong_option_is_refused_by_name_with_what_is_allowed(
    served: Gateway, options: dict[str, Any], name: str, allowed: str
) -> None:
    wrapped = wholejson.wrap(openai.OpenAI(base_url=served.url, api_key=KEY, max_retries=0))
    for client in (None, wrapped):
        (said,) = python(served.url, options, client)
        assert (400, f"{FLAGS}.{name}") == (said["status"], said["param"])
        assert allowed in said["message"]


def test_a_wrong_option_is_refused_by_name_in_javascript_too(served: Gateway) -> None:
    (said,) = javascript("openai6", "options.mjs", served.url, KEY, '{"mode": "diff"}')
    assert (400, f"{FLAGS}.mode") == (said["status"], said["param"])


def test_a_wrapped_client_takes_the_same_options(served: Gateway) -> None:
    client = openai.OpenAI(base_url=served.url, api_key=KEY, max_retries=0)
    head, *said = python(served.url, {"final": False}, wholejson.wrap(client, mode="patch"))
    assert head == {"mode": "patch"}
    grown(said)
    assert said[-1]["status"] == {"complete": True, "repairs": 0}


def test_the_endpoint_counts_what_it_left_out() -> None:
    """The report tells how often the value changed, whatever was sent."""
    with gateway("--replay", "--replay-pace", "0.001") as running:
        for options in ({}, {"every_ms": 60_000}):
            body = {**FLAG, "stream_options": {"valid_json_chunks": options}}
            assert ask(running.url, body).whole
        one, other = (line["stream"] for line in running.wait_for_log(2))
    assert one["updates"] == other["updates"] > 5
    assert one["events_out"] > other["events_out"] >= 2


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"max_amplification": 0}, ValueError, "max_amplification must be at least 1, not 0"),
        ({"every_ms": -5}, ValueError, "every_ms must be at least 1, not -5"),
        ({"every_ms": 2**70}, ValueError, "every_ms is too large: it must fit into 64 bits"),
        ({"every_ms": "5"}, TypeError, "every_ms must be a whole number, not str"),
        ({"mode": "diff"}, ValueError, 'mode must be one of "snapshot", "patch", not "diff"'),
        ({"final": 1}, TypeError, "final must be True or False, not int"),
    ],
)
def test_wrong_options_of_calls_are_told_at_once(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    from wholejson.asgi import ValidJSONChunks

    makers: list[Any] = [
        wholejson.ChunkTransformer,
        lambda **given: wholejson.wrap_stream([], **given),
        lambda **given: wholejson.wrap(openai.OpenAI(api_key="k"), **given),
        lambda **given: ValidJSONChunks(None, **given),  # type: ignore[arg-type]
    ]
    for make in makers:
        with pytest.raises(error, match=words):
            make(**options)
    with pytest.raises(TypeError, match='unexpected keyword argument "pace"'):
        wholejson.ChunkTransformer(pace=1)  # type: ignore[call-arg]


def test_the_status_of_a_whole_chunk_is_refused_with_the_remedy() -> None:
    choice = {"index": 0, "delta": {}, "finish_reason": None}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunk["choices"] = [choice]
    built = openai.types.chat.ChatCompletionChunk.model_validate(chunk)
    assert wholejson.json_status(choice) is None
    assert wholejson.json_status(built.choices[0]) is None
    for wrong in (chunk, built, chunk["choices"], built.choices):
        with pytest.raises(TypeError, match=r"such as json_status\(chunk\.choices\[0\]\)"):
            wholejson.json_status(wrong)
