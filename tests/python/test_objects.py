"""values(): Python objects from deltas and from streams of chunks, sync and async."""

from __future__ import annotations

import asyncio
import json
import random
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pydantic
import pytest
from documents import document
from reading import identical, in_pieces
from test_snapshots import AsyncSource, Source

import wholejson

DELTAS = ['{"na', 'me": "J', "ohn", '", "tags": [1,', " 2.50]", "}"]
VALUES = [
    {"name": "J"},
    {"name": "John"},
    {"name": "John", "tags": [1]},
    {"name": "John", "tags": [1, 2.5]},
]


def chunk(content: Any = None, *, finish: str | None = None, index: int = 0, **delta: Any) -> dict:
    return {
        "object": "chat.completion.chunk",
        "choices": [
            {"index": index, "delta": {"content": content, **delta}, "finish_reason": finish}
        ],
    }


CHUNKS = [chunk(role="assistant"), *map(chunk, DELTAS), chunk(finish="stop"), {"choices": []}]


def sdk(chunks: list[dict]) -> list[Any]:
    chat = pytest.importorskip("openai.types.chat")
    rest = {"id": "c", "created": 0, "model": "m", "object": "chat.completion.chunk"}
    return [chat.ChatCompletionChunk.model_validate({**rest, **each}) for each in chunks]


async def listed(values: Any) -> list[Any]:
    return [value async for value in values]


@pytest.mark.parametrize("parts", [DELTAS, [each.encode() for each in DELTAS], CHUNKS, "sdk"])
def test_there_is_one_value_for_each_update(parts):
    parts = sdk(CHUNKS) if parts == "sdk" else parts
    given = Source(parts)
    with wholejson.values(given) as values:
        assert list(values) == VALUES
    assert given.closed == 1
    given = AsyncSource(parts)
    assert asyncio.run(listed(wholejson.values(given))) == VALUES
    assert given.closed == 1


def test_values_are_those_of_the_snapshots_and_share_nothing():
    source = random.Random(5)
    for _ in range(40):
        pieces = in_pieces(document(source), source)
        values = list(wholejson.values(pieces))
        expected = [json.loads(each) for each in wholejson.snapshots(pieces)]
        assert identical(expected, values)


def test_a_live_value_is_one_object():
    seen = [(id(value), json.dumps(value)) for value in wholejson.values(DELTAS, live=True)]
    assert len({each for each, _ in seen}) == 1
    assert [text for _, text in seen] == [json.dumps(value) for value in VALUES]


def test_numbers_are_parsed_as_asked():
    values = wholejson.values(DELTAS, parse_float=Decimal, parse_int=str)
    assert list(values)[-1] == {"name": "John", "tags": ["1", Decimal("2.50")]}


def test_a_scalar_may_be_null():
    assert list(wholejson.values(["nul", "l"], root="any")) == [None]


def test_the_parts_of_a_content_list_are_text():
    parts = [{"type": "text", "text": '["a'}, {"type": "image"}, {"type": "text", "text": 'b"]'}]
    assert list(wholejson.values([chunk(parts), chunk(finish="stop")])) == [["ab"]]


def test_another_choice_is_read_where_it_is_asked_for():
    chunks = [chunk('["a"'), chunk('{"b": 1', index=1), chunk("]", finish="stop")]
    chunks.append(chunk(', "c": 2}', index=1, finish="stop"))
    assert list(wholejson.values(chunks)) == [["a"]]
    assert list(wholejson.values(chunks, choice=1)) == [{"b": 1, "c": 2}]
    with pytest.raises(TypeError, match="choice must be an int"):
        wholejson.values(chunks, choice="1")


def test_the_first_finish_reason_ends_the_document():
    chunks = [chunk('["a"', finish="stop"), chunk(', "b"]', finish="stop")]
    assert list(wholejson.values(chunks)) == [["a"]]


def test_a_stream_that_broke_off_is_an_error_after_what_was_shown():
    values = wholejson.values([chunk('["a')])
    assert next(values) == ["a"]
    with pytest.raises(wholejson.UpstreamError, match="finish_reason") as caught:
        next(values)
    assert caught.value.kind == "upstream_closed"
    values = wholejson.values([chunk('["a'), {"error": {"message": "overloaded", "code": 500}}])
    assert next(values) == ["a"]
    with pytest.raises(wholejson.UpstreamError, match="overloaded"):
        next(values)


@pytest.mark.parametrize(
    "last",
    [
        chunk(tool_calls=[{"index": 0}], finish="tool_calls"),
        chunk(refusal="no", finish="stop"),
        chunk(finish="content_filter"),
    ],
)
def test_a_choice_without_text_that_said_something_else_gives_nothing(last):
    assert list(wholejson.values([chunk(role="assistant"), last])) == []


def test_no_json_is_an_error():
    with pytest.raises(wholejson.NoJSONError):
        list(wholejson.values([chunk("I can't."), chunk(finish="stop")]))
    with pytest.raises(wholejson.NoJSONError):
        list(wholejson.values([chunk(finish="stop")]))
    with pytest.raises(wholejson.NoJSONError):
        list(wholejson.values([]))


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([chunk("I am "), chunk("sorry é"), chunk(finish="stop")], "I am sorry é"),
        (["no", " JSON"], "no JSON"),
        ([b"caf\xc3", b"\xa9 \xff"], "café �"),
        (["\ud83d"], "���"),
        (["{", '"a": 1'], '{"a": 1'),
        ([], ""),
        (["é" * 40_000, "more"], "é" * 32_768),
        (["x" + "é" * 40_000], "x" + "é" * 32_767),
    ],
    ids=repr,
)
def test_an_error_for_no_json_has_the_text_that_came_instead(parts, text):
    takers = [wholejson.values, lambda parts: wholejson.models(parts, pydantic.BaseModel)]
    if not parts or not isinstance(parts[0], dict):
        takers.append(wholejson.snapshots)
    for take in takers:
        with pytest.raises(wholejson.NoJSONError) as error:
            list(take(parts))
        assert text == error.value.text

        async def read(take=take):
            return [each async for each in take(AsyncSource(parts))]

        with pytest.raises(wholejson.NoJSONError) as error:
            asyncio.run(read())
        assert text == error.value.text


def test_a_malformed_text_is_no_text_that_came_instead():
    with pytest.raises(wholejson.InvalidJSONError) as error:
        list(wholejson.values(["sorry"], repair=False))
    assert error.value.text is None


def test_an_update_before_an_error_is_given_out():
    values = wholejson.values(['["a", x]'], repair=False)
    assert next(values) == ["a"]
    with pytest.raises(wholejson.InvalidJSONError):
        next(values)


def test_what_is_no_text_and_no_chunk_is_refused():
    with pytest.raises(TypeError, match="put it in a list"):
        wholejson.values('["a"]')
    with pytest.raises(TypeError, match="int is neither"):
        list(wholejson.values([3]))
    with pytest.raises(TypeError, match="parse_int"):
        wholejson.values([], parse_int=3)


def test_closing_early_closes_the_stream_itself():
    class Stream:
        """As the SDK's: iterating is one thing, the response another."""

        closed = 0

        def __iter__(self):
            yield from CHUNKS

        def close(self):
            self.closed += 1

    stream = Stream()
    values = wholejson.values(stream)
    next(values)
    values.close()
    values.close()
    assert stream.closed == 1


def test_a_stream_that_is_transformed_already_is_refused() -> None:
    class Transformed(list):
        response = SimpleNamespace(headers={"x-valid-json-chunks": "patch"})

    with pytest.raises(ValueError, match="ask for it without"):
        wholejson.values(Transformed())
