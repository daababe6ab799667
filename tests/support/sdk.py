"""The real SDK, sync and async alike, against a provider in a process of its own."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import openai
from openai.types.chat import ChatCompletionChunk

import wholejson

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


@contextmanager
def running() -> Iterator[Provider]:
    """A provider in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("scripted.py"))]
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


def client_of(provider: Provider, script: str = "plain", **options: Any) -> openai.OpenAI:
    return wholejson.wrap(
        openai.OpenAI(base_url=provider.url(script), api_key="sk-planted", **options)
    )


def ask(document: str = DOCUMENT, **given: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": document}], **given}


def streaming(document: str = DOCUMENT, **given: Any) -> dict[str, Any]:
    return ask(document, **{"stream": True, "stream_options": FLAG, **given})
