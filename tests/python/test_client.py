"""`wrap`: the real SDK against a provider in a process of its own, with no server between.

The same tests run with each major version of the SDK: see `test_client_versions.py`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionChunk

import wholejson

SCRIPTED = Path(__file__).parents[1] / "support" / "scripted.py"
DOCUMENT = '{"name": "John Doe", "age": 30, "tags": ["a", {"b": null}], "email": "j@example.com"}'
FLAG: Any = {"valid_json_chunks": True}
# What the SDK's own transport is, and what else it takes where that is installed.
OWN = "httpx2" if int(openai.__version__.partition(".")[0]) >= 3 else "httpx"
LIBRARIES = [OWN, "httpx"] if OWN != "httpx" and find_spec("httpx") else [OWN]


def expected(document: str) -> list[str]:
    """The snapshots of a document that comes in pieces of four characters."""
    pieces = (document[i : i + 4] for i in range(0, len(document), 4))
    return list(wholejson.snapshots(pieces))


def contents(chunks: list[Any]) -> list[Any]:
    return [chunk.choices[0].delta.content for chunk in chunks]


class Provider:
    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, script: str) -> str:
        return f"http://127.0.0.1:{self.port}/{script}/v1"

    def look(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_seen") as answer:
            return dict(json.load(answer))

    def sent(self, since: int = 0) -> list[tuple[str, bytes]]:
        """Heads and bodies that arrived, byte for byte."""
        requests = self.look()["requests"][since:]
        return [(request["head"], base64.b64decode(request["body"])) for request in requests]

    def until(self, name: str, value: int) -> None:
        deadline = time.monotonic() + 5
        while self.look()["counts"][name] != value:
            assert time.monotonic() < deadline, self.look()["counts"]
            time.sleep(0.01)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    command = [sys.executable, str(SCRIPTED)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Provider(int(process.stdout.readline()))
        process.stdin.close()


class Caller:
    """Calls the sync or the async SDK, so that a test is written once."""

    def __init__(self, provider: Provider, kind: str) -> None:
        self.provider, self.kind = provider, kind

    def options(self, script: str, **given: Any) -> dict[str, Any]:
        return {"base_url": self.provider.url(script), "api_key": "sk-planted", **given}

    def stream(
        self, script: str = "plain", document: str = DOCUMENT, *, wrapped: bool = True, **given: Any
    ) -> list[ChatCompletionChunk]:
        """All chunks; what is raised on the way keeps those before it in `chunks`."""
        client_options = given.pop("client", {})
        request = {
            "model": "m",
            "messages": [{"role": "user", "content": document}],
            "stream": True,
            "stream_options": FLAG,
            **given,
        }
        chunks: list[ChatCompletionChunk] = []
        options = self.options(script, **client_options)
        try:
            if self.kind == "sync":
                self._sync(options, request, chunks, wrapped)
            else:
                asyncio.run(self._async(options, request, chunks, wrapped))
        except openai.APIError as error:
            error.chunks = chunks  # type: ignore[attr-defined]
            raise
        return chunks

    def _sync(self, options: Any, request: Any, chunks: list[Any], wrapped: bool) -> None:
        with openai.OpenAI(**options) as client:
            client = wholejson.wrap(client) if wrapped else client
            with client.chat.completions.create(**request) as stream:
                assert type(stream) is openai.Stream
                chunks.extend(stream)

    async def _async(self, options: Any, request: Any, chunks: list[Any], wrapped: bool) -> None:
        async with openai.AsyncOpenAI(**options) as client:
            client = wholejson.wrap(client) if wrapped else client
            async with await client.chat.completions.create(**request) as stream:
                assert type(stream) is openai.AsyncStream
                async for chunk in stream:
                    chunks.append(chunk)  # noqa: PERF401 - keeps what came before an error


@pytest.fixture(params=["sync", "async"])
def caller(provider: Provider, request: pytest.FixtureRequest) -> Caller:
    return Caller(provider, request.param)


def client_of(provider: Provider, script: str = "plain", **options: Any) -> openai.OpenAI:
    return wholejson.wrap(
        openai.OpenAI(base_url=provider.url(script), api_key="sk-planted", **options)
    )


def ask(document: str = DOCUMENT, **given: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": document}], **given}


def streaming(document: str = DOCUMENT, **given: Any) -> dict[str, Any]:
    return ask(document, **{"stream": True, "stream_options": FLAG, **given})


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


def test_options_reach_the_transformer(caller: Caller) -> None:
    options = {"valid_json_chunks": {"style": "compact"}}
    chunks = caller.stream(document='{"a": [1, 2]}', stream_options=options)
    assert '{"a":[1,2]}' == contents(chunks)[-1]


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


# What it survives


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


# A client that is handed an HTTP client


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_http_client_of_ones_own_is_kept_with_all_its_options(
    provider: Provider, library: str
) -> None:
    http = import_module(library)
    said: list[str] = []

    class Auth(http.Auth):  # type: ignore[name-defined,misc]
        def auth_flow(self, request: Any) -> Any:
            request.headers["x-auth"] = "own"
            yield request

    own = http.Client(
        auth=Auth(),
        headers={"x-own": "1"},
        cookies={"c": "2"},
        mounts={
            "http://mounted.test": http.HTTPTransport(proxy=f"http://127.0.0.1:{provider.port}")
        },
        event_hooks={"response": [lambda response: said.append(response.url.host)]},
    )
    client = wholejson.wrap(
        openai.OpenAI(base_url="http://mounted.test/plain/v1", api_key="k", http_client=own)
    )
    assert own is client._client
    since = len(provider.sent())
    with client:
        stream = client.chat.completions.create(**streaming())
        assert [*expected(DOCUMENT), DOCUMENT] == contents(list(stream))
        assert isinstance(stream.response, http.Response)
        local = client.with_options(base_url=provider.url("plain"))
        assert DOCUMENT == contents(list(local.chat.completions.create(**streaming())))[-1]
    heads = [head.lower() for head, _ in provider.sent(since)]
    assert heads[0].startswith("post http://mounted.test/plain/v1/chat/completions ")
    for head in heads:
        assert {"x-auth: own", "x-own: 1", "cookie: c=2"} <= set(head.split("\r\n"))
    assert ["mounted.test", "127.0.0.1"] == said


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_proxy_of_the_http_client_is_used(provider: Provider, library: str) -> None:
    http = import_module(library)
    own = http.Client(proxy=f"http://127.0.0.1:{provider.port}")
    options: Any = {"base_url": "http://elsewhere.test/gzipped/v1", "api_key": "k"}
    with wholejson.wrap(openai.OpenAI(http_client=own, **options)) as client:
        assert DOCUMENT == contents(list(client.chat.completions.create(**streaming())))[-1]


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_http_client_can_be_wrapped_for_somebody_else(provider: Provider, library: str) -> None:
    http = import_module(library)

    async def run() -> list[Any]:
        own = wholejson.wrap(http.AsyncClient())
        options: Any = {"base_url": provider.url("plain"), "api_key": "k"}
        async with openai.AsyncOpenAI(http_client=own, **options) as client:
            stream = await client.chat.completions.create(**streaming())
            return contents([chunk async for chunk in stream])

    assert [*expected(DOCUMENT), DOCUMENT] == asyncio.run(run())


def test_what_is_no_client_is_refused_with_what_is() -> None:
    with pytest.raises(TypeError, match=r"openai.OpenAI or AsyncOpenAI.*wrap_stream"):
        wholejson.wrap(object())


# What is refused, before anything is sent


def refused(provider: Provider, call: Any) -> str:
    since = len(provider.sent())
    with pytest.raises(openai.BadRequestError) as caught:
        call()
    assert [] == provider.sent(since)
    return str(caught.value)


def test_a_wrong_option_is_refused_by_name(caller: Caller) -> None:
    options = {"valid_json_chunks": {"repairs": True}}
    message = refused(caller.provider, lambda: caller.stream(stream_options=options))
    assert "stream_options.valid_json_chunks.repairs" in message
    assert "repair: true or false" in message


def test_the_stream_helper_is_refused_with_the_remedy(provider: Provider) -> None:
    with client_of(provider) as client:
        completions: Any = client.chat.completions
        if not hasattr(completions, "stream"):
            completions = client.beta.chat.completions

        def call() -> None:
            with completions.stream(**ask(stream_options=FLAG)):
                pass

        assert "create(stream=True, …)" in refused(provider, call)
        with completions.stream(**ask()) as stream:
            assert DOCUMENT == stream.get_final_completion().choices[0].message.content


@pytest.mark.parametrize("method", ["create", "stream"])
def test_the_responses_api_is_named_as_not_supported(provider: Provider, method: str) -> None:
    with client_of(provider) as client:
        responses: Any = client.responses
        body = {"extra_body": {"stream_options": FLAG}}

        def call() -> None:
            if method == "create":
                responses.create(model="m", input="hi", stream=True, **body)
            else:
                with responses.stream(model="m", input="hi", **body):
                    pass

        assert "not supported for the Responses API" in refused(provider, call)


def test_a_signed_body_is_refused(provider: Provider) -> None:
    signed = {"extra_headers": {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}}
    with client_of(provider) as client:
        create = client.chat.completions.create
        assert "SigV4" in refused(provider, lambda: create(**streaming(**signed)))


# What goes wrong on the way


def failing(caller: Caller, script: str, document: str = DOCUMENT, **given: Any) -> Any:
    with pytest.raises(openai.APIError) as caught:
        caller.stream(script, document, **given)
    return caught.value


def test_a_stream_that_breaks_off_keeps_what_was_shown_and_raises(caller: Caller) -> None:
    error = failing(caller, "broken")
    assert "upstream_closed" == error.code
    shown = contents(error.chunks)
    assert shown
    assert expected(DOCUMENT)[: len(shown)] == shown


def test_a_stream_that_stands_still_ends_at_the_clients_timeout(caller: Caller) -> None:
    error = failing(caller, "stalled", timeout=0.3)
    assert "upstream_timeout" == error.code
    assert expected(DOCUMENT)[: len(error.chunks)] == contents(error.chunks) != []


def test_an_empty_stream_is_no_success(caller: Caller) -> None:
    assert "upstream_closed" == failing(caller, "silent").code


def test_text_without_json_is_no_success_and_is_told(caller: Caller) -> None:
    error = failing(caller, "plain", "I am sorry, Dave.")
    assert "no_json" == error.code
    assert "I am sorry, Dave." in json.dumps(error.body)


def test_the_upstreams_own_error_event_comes_as_it_came(caller: Caller) -> None:
    error = failing(caller, "erring")
    assert "overloaded" == error.message
    assert "engine" == error.code


def test_an_error_status_is_the_providers_own(caller: Caller) -> None:
    error = failing(caller, "denied")
    assert openai.AuthenticationError is type(error)
    assert "bad_key" == error.code


def test_an_error_body_with_status_200_gets_the_status_it_speaks_of(caller: Caller) -> None:
    error = failing(caller, "sorry", client={"max_retries": 0})
    assert openai.RateLimitError is type(error)
    assert "no capacity" in str(error)


def test_an_answer_in_one_piece_is_no_empty_stream_and_is_paid_once(caller: Caller) -> None:
    since = len(caller.provider.sent())
    error = failing(caller, "unstreamed")
    assert 502 == error.status_code
    assert "where a stream was asked for" in str(error)
    assert 1 == len(caller.provider.sent(since))


# What is left behind


def test_a_stream_closed_early_closes_its_connection(provider: Provider) -> None:
    left = provider.look()["counts"]["left"]
    with client_of(provider, "stalled") as client:
        stream = client.chat.completions.create(**streaming())
        next(iter(stream))
        stream.close()
        provider.until("left", left + 1)
        provider.until("open", 1)


def test_an_async_stream_closed_early_closes_its_connection(provider: Provider) -> None:
    left = provider.look()["counts"]["left"]

    async def run() -> None:
        options: Any = {"base_url": provider.url("stalled"), "api_key": "k"}
        async with wholejson.wrap(openai.AsyncOpenAI(**options)) as client:
            stream = await client.chat.completions.create(**streaming())
            await anext(stream)
            await stream.close()
            await asyncio.to_thread(provider.until, "left", left + 1)

    asyncio.run(run())


def test_after_many_streams_left_early_a_pool_of_one_still_works(provider: Provider) -> None:
    http = import_module(OWN)
    own = http.Client(limits=http.Limits(max_connections=1), timeout=5)
    with client_of(provider, "stalled", http_client=own) as client:
        for _ in range(5):
            with closing(client.chat.completions.create(**streaming())) as stream:
                next(iter(stream))
        whole = client.with_options(base_url=provider.url("plain"))
        assert DOCUMENT == contents(list(whole.chat.completions.create(**streaming())))[-1]


def test_connections_are_used_again_as_the_sdk_does(provider: Provider) -> None:
    async def run(wrapped: bool) -> int:
        options: Any = {"base_url": provider.url("plain"), "api_key": "k"}
        async with openai.AsyncOpenAI(**options) as client:
            client = wholejson.wrap(client) if wrapped else client
            for _ in range(3):
                stream = await client.chat.completions.create(
                    **streaming(stream_options=FLAG if wrapped else {})
                )
                assert [chunk async for chunk in stream]
            return int((await asyncio.to_thread(provider.look))["counts"]["open"])

    assert asyncio.run(run(wrapped=False)) == asyncio.run(run(wrapped=True))
