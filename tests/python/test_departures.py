"""Clients that leave: those who have all that they wait for, and those who have not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from serving import (
    DONE,
    FLAG,
    HEAD,
    LAST,
    PATIENCE,
    PLAIN,
    Gateway,
    Upstream,
    event,
    gateway,
    piece,
    request_bytes,
    until,
)
from support.node import JAVASCRIPT, node
from test_server import metrics

from wholejson.asgi import ValidJSONChunks
from wholejson.server.access import Access
from wholejson.server.metrics import Metrics

X, END = event('{"a": "x'), event('y"}', "stop")
# Seconds for which the upstream keeps its answer open behind `[DONE]`.
LINGERS = 1.0
OPTIONS: Any = {True: {"valid_json_chunks": True}, False: openai.omit}


class Lingers:
    """Answers, and keeps the end of its response to itself; what goes before the end varies."""

    said = piece(X) + piece(END) + piece(DONE)
    head = HEAD

    def __call__(self, connection: socket.socket) -> None:
        connection.sendall(self.head + self.said)
        connection.settimeout(LINGERS)
        with contextlib.suppress(TimeoutError):
            if not connection.recv(1):
                return
        connection.sendall(LAST)


@pytest.fixture(scope="module")
def lingering() -> Iterator[tuple[Lingers, Upstream, Gateway]]:
    script = Lingers()
    with (
        Upstream(script) as upstream,
        gateway("--upstream", upstream.url, "--metrics-port", "0") as running,
    ):
        yield script, upstream, running


@contextlib.contextmanager
def logged(lingering: tuple[Lingers, Upstream, Gateway], **said: bytes) -> Iterator[dict[str, Any]]:
    """Give a dict that is the request's line in the log when the block has ended."""
    script, upstream, running = lingering
    vars(script).update(said)
    before, closed = len(running.log()), len(upstream.closed_at)
    line: dict[str, Any] = {}
    yield line
    until(lambda: len(running.log()) > before)
    until(lambda: len(upstream.closed_at) > closed)
    assert not upstream.open
    line.update(running.log()[before])
    vars(script).clear()


def python_sdk(url: str, flag: bool) -> None:
    client = openai.OpenAI(base_url=url, api_key="k", max_retries=0)
    stream = client.chat.completions.create(
        model="m", messages=[], stream=True, stream_options=OPTIONS[flag]
    )
    assert [chunk.choices[0].finish_reason for chunk in stream][-1] == "stop"


def python_async_sdk(url: str, flag: bool) -> None:
    async def read() -> None:
        client = openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0)
        stream = await client.chat.completions.create(
            model="m", messages=[], stream=True, stream_options=OPTIONS[flag]
        )
        assert [chunk.choices[0].finish_reason async for chunk in stream][-1] == "stop"

    asyncio.run(read())


def javascript_sdk(url: str, flag: bool) -> None:
    program = ["leave.mjs", "openai7", url, str(flag).lower()]
    subprocess.run([node("openai7"), *program], cwd=JAVASCRIPT, check=True, timeout=PATIENCE)


def bare_socket(url: str, flag: bool) -> None:
    leave_after(url, FLAG if flag else PLAIN, b"data: [DONE]\n\n")


def leave_after(url: str, body: Any, last: bytes) -> None:
    port = int(url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(request_bytes(body))
        data = b""
        while last not in data:
            part = connection.recv(65536)
            assert part
            data += part


CLIENTS = [python_sdk, python_async_sdk, javascript_sdk, bare_socket]


@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
def test_a_client_that_leaves_behind_done_has_had_its_stream(
    lingering: tuple[Lingers, Upstream, Gateway], client: Callable[[str, bool], None], flag: bool
) -> None:
    running = lingering[2]
    succeeded = metrics(running).get('wholejson_streams_total{end="success"}', 0)
    with logged(lingering) as line:
        client(running.url, flag)
    assert line["ended"]
    if flag:
        assert (None, False) == (line["stream"]["error"], line["stream"]["client_gone"])
    assert succeeded + flag == metrics(running).get('wholejson_streams_total{end="success"}', 0)


def test_done_may_be_cut_and_followed_by_comments(
    lingering: tuple[Lingers, Upstream, Gateway],
) -> None:
    cut = piece(X) + piece(END + DONE[:9]) + piece(DONE[9:]) + piece(b": that was all\n\n")
    crlf = piece((X + END + DONE).replace(b"\n", b"\r\n"))
    for said, last in ((cut, b"was all\n\n"), (crlf, b"[DONE]\r\n\r\n")):
        for body in (FLAG, PLAIN):
            with logged(lingering, said=said) as line:
                leave_after(lingering[2].url, body, last)
            assert line["ended"]


@pytest.mark.parametrize("flag", [True, False])
def test_a_client_that_leaves_before_done_is_gone(
    lingering: tuple[Lingers, Upstream, Gateway], flag: bool
) -> None:
    running = lingering[2]
    # What looks like it in a content, or in a line that has not ended, is not `[DONE]`.
    for said in (
        piece(X),
        piece(X) + piece(END),
        piece(X + event("data: [DONE]")),
        piece(X + END + DONE[:-1]),
    ):
        gone = metrics(running).get('wholejson_streams_total{end="client_gone"}', 0)
        with logged(lingering, said=said) as line:
            leave_after(running.url, FLAG if flag else PLAIN, b'{\\"a\\": \\"x')
        assert not line["ended"]
        if flag:
            assert line["stream"]["client_gone"]
            assert gone + 1 == metrics(running)['wholejson_streams_total{end="client_gone"}']


def test_an_answer_that_is_no_stream_has_ended_with_its_last_byte(
    lingering: tuple[Lingers, Upstream, Gateway],
) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n"
    for said, ended in ((b'{"a": "0123456789ab"', True), (b'{"a": "01234', False)):
        with logged(lingering, head=head, said=said) as line:
            leave_after(lingering[2].url, {"model": "m", "messages": []}, said)
        assert ended == line["ended"]


@pytest.mark.parametrize("flag", [True, False])
def test_a_client_that_never_took_done_is_gone(
    flag: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Its buffers are full, `[DONE]` waits for them, and it leaves."""
    reports: list[dict[str, Any]] = []

    async def inside(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        leaving = asyncio.ensure_future(receive())  # as every app that watches its client
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in (X + END, DONE):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await leaving

    async def run() -> None:
        left, free = asyncio.Event(), asyncio.Event()
        request = [json.dumps(FLAG if flag else PLAIN).encode()]

        async def receive() -> Any:
            if request:
                return {"type": "http.request", "body": request.pop(), "more_body": False}
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if b"[DONE]" in message.get("body", b""):
                loop = asyncio.get_running_loop()
                loop.call_later(0.05, lambda: (left.set(), free.set()))  # in uvicorn's order
                await free.wait()

        app = Access(ValidJSONChunks(inside, on_report=reports.append), Metrics(), lambda: True)
        scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": []}
        await asyncio.wait_for(app(scope, receive, send), PATIENCE)

    with caplog.at_level(logging.INFO, "wholejson.access"):
        asyncio.run(run())
    (line,) = [json.loads(record.getMessage()) for record in caplog.records]
    assert not line["ended"]
    assert [True] * flag == [report["client_gone"] for report in reports]


def test_a_gateway_with_its_own_documents_knows_it_too() -> None:
    """Its upstream pauses between `[DONE]` and the end of the response."""
    with gateway("--replay", "--replay-pace", "0.05") as running:
        for body in (FLAG, PLAIN):
            bare_socket(running.url, "stream_options" in body)
        lines = running.wait_for_log(2)
    assert [True, True] == [line["ended"] for line in lines]
    assert not lines[0]["stream"]["client_gone"]
