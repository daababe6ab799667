"""A client that is handed an HTTP client, and what is left of connections."""

from __future__ import annotations

import asyncio
from contextlib import closing
from importlib import import_module
from typing import Any

import openai
import pytest
from support.sdk import (
    DOCUMENT,
    FLAG,
    LIBRARIES,
    OWN,
    Provider,
    client_of,
    contents,
    expected,
    streaming,
)

import wholejson

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
