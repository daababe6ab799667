"""What wrapping survives: copies, raw responses, retries, threads, twice."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import openai
import pytest
from support.sdk import (
    DOCUMENT,
    Caller,
    Provider,
    client_of,
    contents,
    expected,
    streaming,
)

import wholejson


@pytest.mark.parametrize("copy", ["with_options", "copy"])
def test_copies_understand_the_flag(provider: Provider, copy: str) -> None:
    with client_of(provider) as client:
        other = getattr(client, copy)(timeout=7, max_retries=0, default_headers={"x-own": "1"})
        since = len(provider.sent())
        stream = other.chat.completions.create(**streaming())
        assert expected(DOCUMENT)[-1] == contents(list(stream))[-1]
        assert "x-own: 1" in provider.sent(since)[0][0]


def test_with_raw_response_tells_what_its_chunks_are(provider: Provider) -> None:
    with client_of(provider) as client:
        raw = client.chat.completions.with_raw_response.create(**streaming())
        assert "snapshot" == raw.headers["x-valid-json-chunks"]
        assert "req_scripted" == raw.headers["x-request-id"]
        stream = raw.parse()
        assert type(stream) is openai.Stream
        assert [*expected(DOCUMENT), DOCUMENT] == contents(list(stream))


def test_with_streaming_response_gives_the_transformed_lines(provider: Provider) -> None:
    with client_of(provider) as client:
        asked = client.chat.completions.with_streaming_response.create(**streaming())
        with asked as response:
            lines = [line for line in response.iter_lines() if line]
    assert "data: [DONE]" == lines.pop()
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert [*expected(DOCUMENT), DOCUMENT] == [c["choices"][0]["delta"]["content"] for c in chunks]


def test_retries_carry_the_flag(caller: Caller) -> None:
    document = json.dumps({"retried": caller.kind, "at": time.time()})
    since = len(caller.provider.sent())
    assert document == contents(caller.stream("flaky", document))[-1]
    bodies = [body for _, body in caller.provider.sent(since)]
    assert 3 == len(bodies)
    assert 1 == len(set(bodies))


def test_a_redirect_is_followed_without_the_flag(caller: Caller) -> None:
    since = len(caller.provider.sent())
    assert DOCUMENT == contents(caller.stream("moved"))[-1]
    bodies = [body for _, body in caller.provider.sent(since)]
    assert 2 == len(bodies)
    assert not any(b"valid_json_chunks" in body for body in bodies)


def test_wrapping_twice_changes_nothing(provider: Provider) -> None:
    with client_of(provider) as client:
        transport, mounts = client._client._transport, client._client._mounts
        assert client is wholejson.wrap(client)
        assert transport is client._client._transport
        assert mounts == client._client._mounts
        again = wholejson.wrap(client.with_options(max_retries=0))
        assert [*expected(DOCUMENT), DOCUMENT] == contents(
            list(again.chat.completions.create(**streaming()))
        )


def test_wrapping_again_with_other_options_is_refused(provider: Provider) -> None:
    with client_of(provider) as client:
        limits = wholejson.Limits(depth=9)
        with pytest.raises(ValueError, match=r"already, with mode='snapshot' and not mode='patch'"):
            wholejson.wrap(client, mode="patch")
        with pytest.raises(ValueError, match="limits=None and not limits=Limits"):
            wholejson.wrap(client.with_options(max_retries=0), limits=limits)
        assert [*expected(DOCUMENT), DOCUMENT] == contents(
            list(client.chat.completions.create(**streaming()))
        )
        other = wholejson.wrap(client.copy(http_client=openai.DefaultHttpxClient()), limits=limits)
        assert other is wholejson.wrap(other, limits=wholejson.Limits(depth=9))
        other.close()


def test_close_closes_the_connections(provider: Provider) -> None:
    client = client_of(provider)
    list(client.chat.completions.create(**streaming()))
    client.close()
    assert client.is_closed()
    provider.until("open", 1)  # the connection that asks
    with pytest.raises((RuntimeError, openai.APIConnectionError)):
        client.chat.completions.create(**streaming())


def test_azures_client_is_one_too(provider: Provider) -> None:
    azure = openai.AzureOpenAI(
        azure_endpoint=f"http://127.0.0.1:{provider.port}/plain", api_key="k", api_version="1"
    )
    with wholejson.wrap(azure) as client:
        assert DOCUMENT == contents(list(client.chat.completions.create(**streaming())))[-1]


def test_threads_that_share_a_client_get_their_own_documents(provider: Provider) -> None:
    documents = [json.dumps({"thread": i, "text": str(i) * 200}) for i in range(8)]
    results: dict[str, list[Any]] = {}
    with client_of(provider) as client:

        def run(document: str) -> None:
            results[document] = contents(
                list(client.chat.completions.create(**streaming(document)))
            )

        threads = [threading.Thread(target=run, args=(document,)) for document in documents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {d: [*expected(d), d] for d in documents} == results
