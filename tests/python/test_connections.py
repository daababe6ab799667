"""Connections of the gateway: what a client may send before and between its requests."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import pytest
from serving import PATIENCE, Gateway, gateway

BODY = json.dumps(
    {"model": "gpt-4o", "messages": [], "stream_options": {"valid_json_chunks": True}}
    | {"stream": True}
).encode()
H2C = (
    b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n"
    b"http2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
)


@pytest.fixture(scope="module")
def replay() -> Iterator[Gateway]:
    with gateway("--replay", "--replay-pace", "0", WHOLEJSON_REQUEST_TIMEOUT="1") as running:
        yield running


@contextlib.contextmanager
def connected(running: Gateway) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", running.port), PATIENCE) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield client


def asked(fields: bytes = b"", body: bytes = BODY) -> bytes:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n%bcontent-length: %d\r\n\r\n"
    return head % (fields, len(body)) + body


def until_closed(client: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionError):
        while data := client.recv(1 << 16):
            answer += data
    return answer


def until_done(client: socket.socket, times: int = 1) -> bytes:
    answer = b""
    while answer.count(b"\r\n0\r\n\r\n") < times:
        data = client.recv(1 << 16)
        assert data, answer
        answer += data
    return answer


@pytest.mark.parametrize("cut", [0, 20, 120, len(asked(H2C)) - len(BODY)])
def test_a_request_that_offers_another_protocol_keeps_its_body(replay: Gateway, cut: int) -> None:
    """As Java's own client does: without this its body got lost, and was read as a request."""
    request = asked(H2C)
    with connected(replay) as client:
        client.sendall(request[:cut])
        time.sleep(0.05)
        client.sendall(request[cut:])
        answer = until_done(client)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"x-valid-json-chunks: snapshot" in answer
        assert b'"complete": true' in answer
        # The connection goes on.
        client.sendall(asked())
        assert b'"complete": true' in until_done(client)


def test_requests_that_come_at_once_are_all_answered(replay: Gateway) -> None:
    with connected(replay) as client:
        client.sendall((asked(H2C) + asked()) * 3)
        assert 6 == until_done(client, 6).count(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("endless", [b"x-a: " + b"a" * 4096, b"x-a: a\r\n" * 512])
def test_a_head_without_end_is_refused_and_takes_no_memory(replay: Gateway, endless: bytes) -> None:
    with connected(replay) as client:
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n")
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 64 << 20:
                client.sendall(endless)
                sent += len(endless)
                endless = endless if b"\n" in endless else b"a" * 4096
    assert sent < 32 << 20, "the socket's buffers hold some megabytes; the gateway took more"


def test_a_head_that_is_too_long_is_told_so(replay: Gateway) -> None:
    with connected(replay) as client:
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nx-a: " + b"a" * (65 << 10))
        assert until_closed(client).startswith(b"HTTP/1.1 431 ")


def test_a_long_body_is_no_long_head(replay: Gateway) -> None:
    body = json.dumps({**json.loads(BODY), "user": "u" * (3 << 20)}).encode()
    with connected(replay) as client:
        client.sendall(asked(H2C, body) + asked(b"", body))
        assert 2 == until_done(client, 2).count(b'"complete": true')


@pytest.mark.parametrize("sent", [b"", b"POST /v1/chat", asked()[:60]])
def test_a_head_that_does_not_arrive_is_given_up(replay: Gateway, sent: bytes) -> None:
    with connected(replay) as client:
        client.sendall(sent)
        began = time.monotonic()
        answer = until_closed(client)
        assert answer.startswith(b"HTTP/1.1 408 ") if sent else answer == b""
        assert 0.5 < time.monotonic() - began < 10
