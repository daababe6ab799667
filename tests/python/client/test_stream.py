"""What a wrapped client gives, and what it sends."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionChunk
from support.sdk import (
    DOCUMENT,
    FLAG,
    Caller,
    Provider,
    ask,
    client_of,
    contents,
    expected,
    streaming,
)

import wholejson

# What arrives


def test_every_chunk_is_the_whole_document_and_the_last_says_how_it_ended(caller: Caller) -> None:
    chunks = caller.stream()
    assert [*expected(DOCUMENT), expected(DOCUMENT)[-1]] == contents(chunks)
    assert json.loads(DOCUMENT) == json.loads(contents(chunks)[-1])
    assert {ChatCompletionChunk} == {type(chunk) for chunk in chunks}
    assert "assistant" == chunks[0].choices[0].delta.role
    assert "stop" == chunks[-1].choices[0].finish_reason
    assert {"complete": True, "repairs": 0} == wholejson.json_status(chunks[-1].choices[0])
    assert wholejson.json_status(chunks[0].choices[0]) is None
    assert "fp_scripted" == chunks[0].system_fingerprint


def test_a_chunk_that_is_no_update_is_never_built(caller: Caller) -> None:
    text = '{"k": "' + "\\u00e9" * 50 + '"}'
    raw, whole = (
        caller.stream(document=text, wrapped=False, stream_options={}),
        caller.stream(document=text),
    )
    assert len(expected(text)) + 1 == len(whole) < len(raw)


def test_the_usage_chunk_arrives_when_asked_for(caller: Caller) -> None:
    options = {"valid_json_chunks": True, "include_usage": True}
    chunks = caller.stream(stream_options=options)
    assert chunks[-1].usage is not None
    assert 3 == chunks[-1].usage.total_tokens
    assert [] == chunks[-1].choices


def test_a_packed_stream_is_unpacked(caller: Caller) -> None:
    assert contents(caller.stream()) == contents(caller.stream("gzipped"))


def test_what_one_read_brings_is_not_held_as_snapshots_all_at_once(provider: Provider) -> None:
    document = json.dumps({"text": "lorem ipsum " * 2000})
    with openai.OpenAI(base_url=provider.url("packed"), api_key="k") as client:
        create = wholejson.wrap(client).chat.completions.with_streaming_response.create
        with create(**streaming(document)) as response:
            sizes = [len(part) for part in response.http_response.iter_raw()]
    assert len(expected(document)) * len(document) / 3 < sum(sizes)
    assert max(sizes) < 40 * len(document)


def test_options_reach_the_transformer(caller: Caller) -> None:
    options = {"valid_json_chunks": {"style": "compact"}}
    chunks = caller.stream(document='{"a": [1, 2]}', stream_options=options)
    assert '{"a":[1,2]}' == contents(chunks)[-1]


def test_options_given_to_wrap_hold_where_a_request_says_nothing_else(provider: Provider) -> None:
    with openai.OpenAI(base_url=provider.url("plain"), api_key="k") as raw:
        create = wholejson.wrap(raw, style="compact", repair=False).chat.completions.create
        assert '{"a":1}' == contents(list(create(**streaming('{"a": 1}'))))[-1]
        spaced: Any = {"valid_json_chunks": {"style": "spaced"}}
        assert (
            '{"a": 1}' == contents(list(create(**streaming('{"a":1}', stream_options=spaced))))[-1]
        )
        with pytest.raises(openai.APIError) as caught:
            list(create(**streaming("{'a': 1}")))
        assert "invalid_json" == caught.value.code


def test_a_wrong_option_of_wrap_is_told_at_once() -> None:
    with openai.OpenAI(api_key="k") as client:
        with pytest.raises(ValueError, match="style"):
            wholejson.wrap(client, style="wide")  # type: ignore[arg-type]
        assert "wholejson" not in type(client._client._transport).__module__


def test_limits_given_to_wrap_hold_for_each_stream(provider: Provider) -> None:
    limits = wholejson.Limits(document=32)
    with openai.OpenAI(base_url=provider.url("plain"), api_key="k") as raw:
        client = wholejson.wrap(raw, limits=limits)
        chunks: list[Any] = []
        with pytest.raises(openai.APIError) as caught:
            chunks.extend(client.chat.completions.create(**streaming()))
        assert "limit_exceeded" == caught.value.code
        small = client.chat.completions.create(**streaming('{"a": "b"}'))
        assert '{"a": "b"}' == contents(list(small))[-1]


# What is sent


def test_the_flag_is_taken_out_and_the_rest_is_sent_byte_for_byte(caller: Caller) -> None:
    since = len(caller.provider.sent())
    more: Any = {"temperature": 0.1, "metadata": {"agent_id": "Å"}, "extra_body": {"x": [1, None]}}
    usage = {"include_usage": True}
    caller.stream(stream_options=usage, wrapped=False, **more)
    caller.stream(stream_options={"valid_json_chunks": True, **usage}, **more)
    caller.stream(stream_options={**usage, "valid_json_chunks": {"repair": False}}, **more)
    (_, plain), (head, first), (_, last) = caller.provider.sent(since)
    assert plain == first == last
    assert f"content-length: {len(first)}" in head.lower().split("\r\n")


def test_nothing_is_left_of_stream_options_that_held_the_flag_alone(caller: Caller) -> None:
    since = len(caller.provider.sent())
    caller.stream()
    assert "stream_options" not in json.loads(caller.provider.sent(since)[0][1])


@pytest.mark.parametrize("off", [None, {"include_usage": True}, {"valid_json_chunks": False}])
def test_without_the_flag_the_chunks_are_the_providers_own(caller: Caller, off: Any) -> None:
    assert caller.stream(stream_options=None, wrapped=False) == [
        chunk for chunk in caller.stream(stream_options=off) if chunk.choices
    ]


def test_without_the_flag_requests_and_answers_are_untouched(provider: Provider) -> None:
    since, seen = len(provider.sent()), []
    request = ask(stream=True, stream_options={"include_usage": True})
    with openai.OpenAI(base_url=provider.url("gzipped"), api_key="k") as client:
        for _ in range(2):
            answer = client.chat.completions.with_streaming_response.create(**request)
            with answer as response:
                raw = b"".join(response.http_response.iter_raw())
                seen.append((raw, list(response.headers.items())))
            wholejson.wrap(client)
    assert seen[0] == seen[1]
    (first, second) = provider.sent(since)
    assert first == second


def test_an_answer_that_is_no_stream_comes_as_it_is(provider: Provider) -> None:
    with client_of(provider) as client:
        answer = client.chat.completions.create(**ask())
        assert DOCUMENT == answer.choices[0].message.content
        since = len(provider.sent())
        answer = client.chat.completions.create(**ask(extra_body={"stream_options": FLAG}))
        assert DOCUMENT == answer.choices[0].message.content
        assert "stream_options" not in json.loads(provider.sent(since)[0][1])
