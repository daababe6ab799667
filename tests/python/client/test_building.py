"""Chunks of a wrapped client are those of the SDK, whichever way they were built."""

from __future__ import annotations

import asyncio
import importlib
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionChunk
from support.sdk import OWN

import wholejson

HTTP = importlib.import_module(OWN)
WORDS = ["a", " ", '{"k": ', '"x y"', "\\", "\n", "é", "🚀", "\u2028", "null", "", "\x7f", "</"]


def client_of(kind: type[Any], *, wrapped: bool) -> Any:
    client = kind(base_url="http://127.0.0.1:9/v1", api_key="k")
    return wholejson.wrap(client) if wrapped else client


def chunks(client: Any, parts: list[bytes], cast_to: Any = ChatCompletionChunk) -> list[Any]:
    """What a stream of these bytes gives: objects, and the error that ended it."""
    request = HTTP.Request("POST", "http://127.0.0.1:9/v1/chat/completions")
    if isinstance(client, openai.AsyncOpenAI):

        async def sent() -> AsyncIterator[bytes]:
            for part in parts:
                yield part

        async def read() -> list[Any]:
            response = HTTP.Response(200, content=sent(), request=request)
            stream = openai.AsyncStream(cast_to=cast_to, response=response, client=client)
            found: list[Any] = []
            try:
                async for chunk in stream:
                    found.append(chunk)  # noqa: PERF401 - what came before an error counts
            except (openai.APIError, ValueError) as error:
                found.append((type(error), str(error)))
            return found

        return asyncio.run(read())
    response = HTTP.Response(200, content=iter(parts), request=request)
    found: list[Any] = []
    try:
        for chunk in openai.Stream(cast_to=cast_to, response=response, client=client):
            found.append(chunk)  # noqa: PERF402 - what came before an error counts
    except (openai.APIError, ValueError) as error:
        found.append((type(error), str(error)))
    return found


def event(content: Any, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": None}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"} | (
        {"choices": [choice]} | more
    )


def written(data: Any, rng: random.Random) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=rng.random() < 0.5)
    return f"data: {text}\n\n".encode("utf-8", "surrogatepass")


def random_stream(rng: random.Random) -> bytes:
    """Mostly events that differ in their text, and now and then all that a provider sends."""
    others: list[Any] = [
        event(None),
        event("x", usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}),
        event("x", provider="somebody"),
        event("x", obfuscation="abc", more={"nested": [1]}),
        event("x", choices=[]),
        event("x", choices=[event("a")["choices"][0], event("b")["choices"][0] | {"index": 1}]),
        event("x", choices=[{"index": 0, "delta": {"tool_calls": [{"index": 0}]}}]),
        event("x", choices=[{"index": 0, "delta": {"content": "a", "role": "assistant"}}]),
        event("x", id="d"),
        '{"choices": [{"index": 0, "delta": {"content": "a", "content": "b"}}]}',
        '{"error": {"message": "no more", "code": "x"}}' if rng.random() < 0.1 else event("y"),
        "[DONE]" if rng.random() < 0.1 else event("z"),
        '{"half": ' if rng.random() < 0.05 else event("half"),
    ]
    between = [b"", b"", b"", b": a comment\n\n", b"event: x\n", b"id: 7\nretry: 5\n", b"\n"]
    out = b""
    for _ in range(rng.randrange(1, 30)):
        if rng.random() < 0.2:
            out += rng.choice(between) + written(rng.choice(others), rng)
        else:
            text = "".join(rng.choices(WORDS, k=rng.randrange(4)))
            padding = {"obfuscation": "p" * rng.randrange(4)} if rng.random() < 0.5 else {}
            out += written(event(text, **padding), rng)
    return out.replace(b"\n", b"\r\n") if rng.random() < 0.1 else out


def cut(data: bytes, rng: random.Random) -> list[bytes]:
    places = sorted(rng.choices(range(len(data) + 1), k=rng.randrange(12)))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def shown(found: list[Any]) -> list[Any]:
    """All there is to see of chunks: values, which of them were given, in which order."""
    return [
        one
        if isinstance(one, tuple)
        else (type(one), one.model_dump(), one.to_json(), one.model_fields_set, one.model_extra)
        for one in found
    ]


@pytest.mark.parametrize("kind", [openai.OpenAI, openai.AsyncOpenAI])
def test_the_chunks_are_the_sdks_own(kind: type[Any]) -> None:
    plain, wrapped = client_of(kind, wrapped=False), client_of(kind, wrapped=True)
    for seed in range(150):
        rng = random.Random(seed)
        parts = cut(random_stream(rng), rng)
        expected, actual = chunks(plain, parts), chunks(wrapped, parts)
        assert shown(expected) == shown(actual), seed
        assert all(a == b for a, b in zip(expected, actual, strict=True)), seed


@pytest.mark.parametrize("kind", [openai.OpenAI, openai.AsyncOpenAI])
def test_no_chunk_shares_anything_with_another(kind: type[Any]) -> None:
    rng = random.Random(1)
    client = client_of(kind, wrapped=True)
    found = chunks(client, [written(event(text, obfuscation="p"), rng) for text in "abcd"])
    found[0].choices[0].delta.content = "changed"
    found[0].choices.append(None)
    found[1].model_extra["obfuscation"] = "changed"
    found[1].id = "changed"
    found[2].choices[0].index = 5
    assert ["c", "c"] == [found[0].id, found[2].id]
    assert ("d", 0, "c", "p") == (
        found[3].choices[0].delta.content,
        found[3].choices[0].index,
        found[3].id,
        found[3].obfuscation,
    )


def test_who_changes_a_chunk_while_reading_changes_that_one_only() -> None:
    client = client_of(openai.OpenAI, wrapped=True)
    rng = random.Random(1)
    parts = [written(event(text), rng) for text in "abc"]
    request = HTTP.Request("POST", "http://127.0.0.1:9/v1/chat/completions")
    response = HTTP.Response(200, content=iter(parts), request=request)
    seen = []
    for chunk in openai.Stream(cast_to=ChatCompletionChunk, response=response, client=client):
        seen.append((chunk.id, len(chunk.choices), chunk.choices[0].delta.content))
        chunk.id, chunk.choices[0].delta.content = "changed", "changed"
        chunk.choices.append(chunk.choices[0])
    assert [("c", 1, "a"), ("c", 1, "b"), ("c", 1, "c")] == seen


@pytest.mark.parametrize("copied", [False, True])
def test_only_the_first_of_many_like_it_is_built_by_the_sdk(*, copied: bool) -> None:
    client = openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="k")
    built = []
    kind = type(client)
    original = kind._process_response_data

    def counting(self: Any, **options: Any) -> Any:
        built.append(options["data"])
        return original(self, **options)

    rng = random.Random(1)
    parts = [written(event(str(n)), rng) for n in range(50)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "_process_response_data", counting)
        wrapped = wholejson.wrap(client)
        wrapped = wrapped.with_options(timeout=5) if copied else wrapped
        assert 50 == len(chunks(wrapped, parts))
    assert 1 == len(built)


def test_other_objects_are_built_by_the_sdk() -> None:
    rng = random.Random(1)
    parts = [written(event(text), rng) for text in "abc"]
    wrapped = client_of(openai.OpenAI, wrapped=True)
    found = chunks(wrapped, parts, cast_to=object)
    assert [event(text) for text in "abc"] == found


def test_wrapping_twice_changes_nothing() -> None:
    client = client_of(openai.OpenAI, wrapped=True)
    before = client._process_response_data
    assert client is wholejson.wrap(client)
    assert before is client._process_response_data
