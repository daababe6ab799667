"""Recorded and generated streams through the whole endpoint, over real sockets."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from serving import FLAG, HEAD, LAST, PLAIN, Upstream, ask, gateway, piece, serving

import wholejson
from wholejson.asgi import ValidJSONChunks
from wholejson.proxy import ReverseProxy
from wholejson.replay import Replay

NESTED = '{"a": [1, {"b": "x\\u00e9\\n", "c": null}], "d": "Zoë 🙏", "e": {"f": []}}'


class Scripted:
    """An endpoint whose upstream sends `parts`, one write each."""

    parts: list[bytes]

    def __call__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(HEAD)
        for part in self.parts:
            connection.sendall(piece(part))
            if len(self.parts) < 20:
                time.sleep(0.001)
        connection.sendall(LAST)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[tuple[Scripted, str]]:
    script = Scripted()
    with (
        Upstream(script) as upstream,
        serving(ValidJSONChunks(ReverseProxy(upstream.url))) as url,
    ):
        yield script, url


def recorded(shared: Path, folder: str) -> list[Path]:
    found = sorted((shared / "streams" / folder).glob("*.sse"))
    if not found:
        pytest.skip(f"no recorded streams in {shared / 'streams' / folder}")
    return found


def in_parts(data: bytes, seed: str) -> list[bytes]:
    """Cut as a network would: a few cuts anywhere."""
    rng = random.Random(seed)
    cuts = sorted(rng.sample(range(1, len(data)), min(6, len(data) - 1)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def first_event_is_an_error(data: bytes) -> bool:
    first = next((line for line in data.splitlines() if line[:1] not in (b"", b":")), b"")
    return b'"error"' in first and b'"choices"' not in first


def test_recorded_streams_come_out_as_the_transformer_turns_them(
    endpoint: tuple[Scripted, str], shared: Path
) -> None:
    script, url = endpoint
    for path in recorded(shared, "chat.completions"):
        data = path.read_bytes()
        transformer = wholejson.ChunkTransformer()
        expected = transformer.feed(data) + transformer.finish()
        script.parts = in_parts(data, path.name)
        answer = ask(url, FLAG)
        assert answer.whole, path.name
        if first_event_is_an_error(data):
            assert answer.status >= 400, path.name
            continue
        assert expected == answer.body, path.name
        assert answer.headers["x-valid-json-chunks"] == "snapshot", path.name


@pytest.mark.parametrize("folder", ["chat.completions", "responses", "anthropic"])
def test_recorded_streams_without_the_flag_pass_byte_for_byte(
    endpoint: tuple[Scripted, str], shared: Path, folder: str
) -> None:
    script, url = endpoint
    for path in recorded(shared, folder):
        data = path.read_bytes()
        script.parts = in_parts(data, path.name)
        way = "/v1/responses" if folder == "responses" else "/v1/chat/completions"
        answer = ask(url, PLAIN, path=way)
        assert data == answer.body, path.name
        assert answer.whole, path.name


@pytest.mark.parametrize("folder", ["responses", "anthropic"])
def test_streams_of_other_apis_pass_unchanged_with_the_flag_too(
    endpoint: tuple[Scripted, str], shared: Path, folder: str
) -> None:
    script, url = endpoint
    for path in recorded(shared, folder):
        data = path.read_bytes()
        script.parts = in_parts(data, path.name)
        transformer = wholejson.ChunkTransformer()
        expected = transformer.feed(data) + transformer.finish()
        assert expected == ask(url, FLAG).body, path.name


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("usage", [True, False])
@pytest.mark.parametrize("document", [NESTED, "[1, 2, {}]", '{"a": "' + "x" * 5000 + '"}'])
def test_every_chunk_from_the_sdk_is_whole_and_the_last_is_the_document(
    document: str, usage: bool, n: int
) -> None:
    with serving(ValidJSONChunks(Replay([document]))) as url:
        client = openai.OpenAI(base_url=url, api_key="k", max_retries=0)
        options: Any = {"valid_json_chunks": True, **({"include_usage": True} if usage else {})}
        last: dict[int, Any] = {}
        counted = []
        stream = client.chat.completions.create(
            model="m", messages=[], stream=True, stream_options=options, n=n
        )
        for chunk in stream:
            for choice in chunk.choices:
                last[choice.index] = choice
                json.loads(choice.delta.content or "")
            counted += [chunk.usage] if chunk.usage else []
    assert set(range(n)) == set(last)
    for choice in last.values():
        assert json.loads(document) == json.loads(choice.delta.content)
        assert {"complete": True, "repairs": 0} == choice.json_status
    assert len(counted) == usage


def test_a_gateway_of_two_processes_serves_many_streams_at_once() -> None:
    """Each stream has its own document, and no two are mixed up."""
    import concurrent.futures

    with gateway("--replay", "--replay-pace", "0.001", "--workers", "2") as running:

        def one(number: int) -> bool:
            answer = ask(running.url, {**FLAG, "model": ["gpt-4o", "gpt-4o-mini"][number % 2]})
            key = ["name", "order"][number % 2]
            values = [json.loads(content) for content in answer.contents()]
            return all(next(iter(value)) == key for value in values) and len(values) > 5

        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            assert [True] * 64 == list(pool.map(one, range(64)))
