"""The gateway as it runs: doors, limits, metrics, logs, its end, and keys that appear nowhere."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import threading
import time
import urllib.request
from typing import Any

import pytest
from serving import (
    DONE,
    FLAG,
    HEAD,
    LAST,
    PATIENCE,
    PLAIN,
    Answer,
    Gateway,
    Upstream,
    accepts,
    ask,
    event,
    gateway,
    piece,
    read_answer,
    request_bytes,
    until,
    wait_for_close,
)

PLANTED = "sk-planted-9c2e71"
X, END = event('{"a": "x'), event('y"}', "stop") + DONE


def whole(connection: socket.socket) -> None:
    connection.sendall(HEAD + piece(X) + piece(END) + LAST)


def metrics(running: Gateway) -> dict[str, float]:
    port = next(m[1] for m in map(re.compile(r"metrics on .*:(\d+)/").search, running.lines) if m)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)
        if name.startswith("wholejson_")
    }  # fmt: skip


def test_health_and_readiness_are_told() -> None:
    with gateway("--replay") as running:
        base = running.url.removesuffix("/v1")
        for path in ("/healthz", "/readyz"):
            with urllib.request.urlopen(base + path, timeout=10) as response:  # noqa: S310
                assert (200, b"ok\n") == (response.status, response.read())
        assert [] == running.log()


def test_the_upstreams_key_is_used_and_clients_need_none_on_loopback() -> None:
    with (
        Upstream(whole) as upstream,
        gateway("--upstream", upstream.url, WHOLEJSON_UPSTREAM_KEY=PLANTED) as running,
    ):
        assert 200 == ask(running.url, FLAG, authorization="Bearer anything").status
        (request,) = upstream.requests
    assert f"authorization: bearer {PLANTED}".encode() in request.lower()
    assert b"anything" not in request


def test_a_page_of_another_site_cannot_spend_the_upstreams_key() -> None:
    with (
        Upstream(whole) as upstream,
        gateway("--upstream", upstream.url, WHOLEJSON_UPSTREAM_KEY=PLANTED) as running,
    ):
        for path in ("/v1/chat/completions", "/v1/embeddings"):
            answer = ask(running.url, FLAG, path=path, sec_fetch_site="cross-site")
            assert (403, "cross_site") == (answer.status, answer.error()["code"])
        assert [] == upstream.requests
        for site in ("same-origin", "none"):
            assert 200 == ask(running.url, FLAG, sec_fetch_site=site).status
    with Upstream(whole) as upstream, gateway("--upstream", upstream.url) as running:
        # It holds no key that could be spent: whoever has one of their own may ask.
        assert 200 == ask(running.url, FLAG, sec_fetch_site="cross-site").status


def test_clients_present_a_key_of_the_gateway_and_it_ends_there() -> None:
    with (
        Upstream(whole) as upstream,
        gateway(
            "--upstream", upstream.url, "--host", "0.0.0.0",  # noqa: S104
            WHOLEJSON_UPSTREAM_KEY="sk-upstream", WHOLEJSON_CLIENT_KEYS=f"k1, {PLANTED}",
        ) as running,
    ):  # fmt: skip
        for header in ({}, {"authorization": "Bearer k"}, {"authorization": f"Basic {PLANTED}"}):
            answer = ask(running.url, FLAG, **header)
            assert (401, "invalid_api_key") == (answer.status, answer.error()["code"])
        assert [] == upstream.requests
        for key in ("k1", PLANTED):
            assert 200 == ask(running.url, FLAG, authorization=f"Bearer {key}").status
        assert 2 == len(upstream.requests)
    assert not any(PLANTED.encode() in request for request in upstream.requests)
    assert all(b"bearer sk-upstream" in request.lower() for request in upstream.requests)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_metrics_are_on_a_port_of_their_own(workers: str) -> None:
    with gateway(
        "--replay", "--workers", workers, "--metrics-port", "0", "--replay-pace", "0",
        WHOLEJSON_REPLAY_FAULTS="true",
    ) as running:  # fmt: skip
        for _ in range(3):
            ask(running.url, FLAG)
        ask(running.url, FLAG, x_replay_fault="cut@9")
        ask(running.url, PLAIN)
        ask(running.url, PLAIN, path=f"/v1/{PLANTED}")
        running.wait_for_log(6)
        found = metrics(running)
        base = running.url.removesuffix("/v1")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(base + "/metrics", timeout=10)  # noqa: S310
    assert 3 == found['wholejson_streams_total{end="success"}']
    assert 1 == found['wholejson_streams_total{end="error"}']
    assert 1 == found['wholejson_errors_total{code="upstream_closed"}']
    assert 5 == found['wholejson_requests_total{route="chat/completions",status="200"}']
    assert 1 == found['wholejson_requests_total{route="other",status="404"}']
    assert 4 == found["wholejson_first_snapshot_seconds_count"]
    assert found["wholejson_events_in_total"] > found["wholejson_events_out_total"] > 20
    assert found["wholejson_updates_total"] > 20
    assert 0 == sum(value for name, value in found.items() if "requests_open" in name)
    assert not any(PLANTED in name for name in found)


def test_the_access_log_tells_each_request_on_a_line() -> None:
    with gateway("--replay", "--replay-pace", "0") as running:
        ask(running.url, {**FLAG, "metadata": {"agent_id": "a7"}})
        running.wait_for_log(1)  # a line is written when all is done, after the answer's end
        ask(running.url, {**PLAIN, "metadata": {"agent_id": "a8"}})
        running.wait_for_log(2)
        ask(running.url, b"", method="GET", path=f"/v1/models?key={PLANTED}")
        one, two, three = running.wait_for_log(3)
    assert ("POST", "chat/completions", 200, "a7", True) == tuple(
        one[name] for name in ("method", "route", "status", "agent_id", "ended")
    )
    assert one["stream"]["updates"] > 5
    assert one["stream"]["error"] is None
    assert one["bytes"] == one["stream"]["bytes_out"]
    assert ("a8", True) == (two["agent_id"], "stream" not in two)
    assert ("GET", "models", 200) == (three["method"], three["route"], three["status"])


def test_requests_that_do_not_wait_for_each_other_are_answered_in_their_order() -> None:
    with (
        gateway("--replay", "--replay-pace", "0.001") as running,
        socket.create_connection(("127.0.0.1", running.port), PATIENCE) as connection,
    ):
        models = request_bytes(b"", path="/v1/models", method="GET")
        connection.sendall(request_bytes(FLAG) + models + models + request_bytes(PLAIN))
        data = b""
        while data.count(b"[DONE]") < 2:
            data += connection.recv(65536)
    marks = (b"x-valid-json-chunks", b"[DONE]", b'"object": "list"')
    found = sorted((match.start(), mark) for mark in marks for match in re.finditer(
        re.escape(mark), data))  # fmt: skip
    assert [marks[0], marks[1], marks[2], marks[2], marks[1]] == [mark for _, mark in found]


def test_more_requests_than_allowed_are_asked_to_come_again() -> None:
    def hold(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(X))
        wait_for_close(connection)

    with (
        Upstream(hold) as upstream,
        gateway("--upstream", upstream.url, WHOLEJSON_MAX_REQUESTS="1") as running,
        socket.create_connection(("127.0.0.1", running.port)) as first,
    ):
        first.sendall(request_bytes(FLAG))
        until(lambda: upstream.requests)
        answer = ask(running.url, FLAG)
        assert (503, "1", "overloaded") == (
            answer.status,
            answer.headers["retry-after"],
            answer.error()["code"],
        )
        first.close()
        until(lambda: upstream.closed_at)
        upstream._script = whole
        until(lambda: ask(running.url, FLAG).status == 200)


def test_a_request_that_does_not_arrive_is_a_408_and_holds_no_place() -> None:
    with (
        gateway(
            "--replay", "--replay-pace", "0",
            WHOLEJSON_REQUEST_TIMEOUT="0.3", WHOLEJSON_MAX_REQUESTS="1",
        ) as running,
        socket.create_connection(("127.0.0.1", running.port), PATIENCE) as slow,
    ):  # fmt: skip
        slow.sendall(request_bytes(FLAG)[:-10])
        answer = read_answer(slow)
        assert (408, "request_timeout") == (answer.status, answer.error()["code"])
        assert 200 == ask(running.url, FLAG).status


def test_the_document_of_a_stream_is_limited() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(X))
        for _ in range(20):
            connection.sendall(piece(event("y" * 1000)))
        wait_for_close(connection)

    with (
        Upstream(flood) as upstream,
        gateway("--upstream", upstream.url, WHOLEJSON_MAX_DOCUMENT_BYTES="5000") as running,
    ):
        answer = ask(running.url, FLAG)
        until(lambda: upstream.closed_at)
    assert "limit_exceeded" == answer.error()["code"]
    assert json.loads(answer.contents()[-1])["a"].startswith("xyyy")


@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_streams_finish_when_the_gateway_is_told_to_stop(flag: bool, workers: str) -> None:
    def slow(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(X))
        time.sleep(1.0)
        connection.sendall(piece(END) + LAST)

    with (
        Upstream(slow) as upstream,
        gateway("--upstream", upstream.url, "--workers", workers) as running,
        socket.create_connection(("127.0.0.1", running.port), PATIENCE) as client,
    ):
        client.sendall(request_bytes(FLAG if flag else PLAIN))
        until(lambda: upstream.requests)
        time.sleep(0.2)
        running.process.send_signal(signal.SIGTERM)
        answer = read_answer(client)
        assert answer.whole
        assert answer.body.endswith(DONE)
        assert running.process.wait(PATIENCE) in (0, -signal.SIGTERM)


def test_with_a_delay_requests_are_taken_while_readyz_tells_to_send_no_more() -> None:
    with gateway("--replay", "--replay-pace", "0", WHOLEJSON_SHUTDOWN_DELAY="2") as running:
        assert 200 == ask(running.url, path="/readyz", method="GET").status
        running.process.send_signal(signal.SIGTERM)
        until(lambda: ask(running.url, path="/readyz", method="GET").status == 503)
        assert DONE == ask(running.url, FLAG).body[-len(DONE) :]
        assert running.process.wait(PATIENCE) in (0, -signal.SIGTERM)


def test_a_connection_that_was_just_made_still_gets_its_answer_when_the_gateway_stops() -> None:
    with (
        gateway("--replay", "--replay-pace", "0") as running,
        socket.create_connection(("127.0.0.1", running.port), PATIENCE) as client,
    ):
        time.sleep(0.2)  # it was accepted
        running.process.send_signal(signal.SIGTERM)
        until(lambda: not accepts(running.port))
        client.sendall(request_bytes(FLAG))
        assert DONE == read_answer(client).body[-len(DONE) :]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_streams_that_cannot_finish_in_time_end_with_an_error(workers: str) -> None:
    def stuck(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(X))
        wait_for_close(connection)

    with (
        Upstream(stuck) as upstream,
        gateway(
            "--upstream", upstream.url, "--workers", workers, WHOLEJSON_SHUTDOWN_GRACE="1"
        ) as running,
        socket.create_connection(("127.0.0.1", running.port), PATIENCE) as turned,
        socket.create_connection(("127.0.0.1", running.port), PATIENCE) as plain,
    ):
        turned.sendall(request_bytes(FLAG))
        plain.sendall(request_bytes(PLAIN))
        until(lambda: len(upstream.requests) == 2)
        time.sleep(0.5)
        running.process.send_signal(signal.SIGTERM)
        told, cut = read_answer(turned), read_answer(plain)
        assert (['{"a": "x"}'], "upstream_closed", True) == (
            told.contents(),
            told.error()["code"],
            told.whole,
        )
        assert (X, False) == (cut.body, cut.whole)
        running.process.wait(PATIENCE)
        until(lambda: not upstream.open)
    assert "Traceback" not in "".join(running.lines)


def reset(connection: socket.socket) -> None:
    connection.sendall(HEAD + piece(X))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def says(status: str, kind: str, body: bytes) -> Any:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return lambda connection: connection.sendall(head.encode() + body)


UPSTREAMS: list[Any] = [
    whole,
    lambda connection: None,
    reset,
    lambda connection: connection.sendall(b"HTTP/1.1 2"),
    lambda connection: connection.sendall(b"nonsense\r\n\r\n"),
    lambda connection: connection.sendall(HEAD + piece(X) + b"zz\r\n"),
    lambda connection: connection.sendall(HEAD + piece(X[:30])),
    lambda connection: connection.sendall(HEAD + LAST),
    lambda connection: connection.sendall(HEAD + piece(event("prose") + END) + LAST),
    lambda connection: connection.sendall(HEAD + piece(event("[" * 999) + END) + LAST),
    lambda connection: connection.sendall(HEAD + piece(b"data: \xff{\n\n") + LAST),
    wait_for_close,
    lambda connection: (connection.sendall(HEAD + piece(X)), wait_for_close(connection)),
    says("200 OK", "application/json", b'{"error": {"code": 500, "message": "m"}}'),
    says("401 No", "application/json", b'{"error": {"code": "invalid_api_key"}}'),
    says("500 Oops", "text/html", b"<h1>oops</h1>"),
    says("302 Found", "text/plain", b""),
    says("200 OK", "text/event-stream; x=\xe9", b"data: [DONE]\n\n"),
]
REQUESTS: list[dict[str, Any]] = [
    {"body": FLAG},
    {"body": PLAIN},
]
WRONG_REQUESTS: list[dict[str, Any]] = [
    {"body": {**FLAG, "stream_options": {"valid_json_chunks": 7}}},
    {"body": {**FLAG, "stream_options": {"valid_json_chunks": {"root": PLANTED}}}},
    {"body": FLAG, "path": "/v1/responses"},
    {"body": FLAG, "x_stainless_helper_method": "stream"},
    {"body": f'{{"{PLANTED}'.encode()},
    {"body": PLANTED.encode() * 100_000},
    {"body": b"", "method": "GET", "path": f"/v1/{PLANTED}"},
    {"body": b"", "method": "DELETE", "path": f"/v1/models/{PLANTED}"},
    {"body": b"", "method": "GET", "path": f"/{PLANTED}?key={PLANTED}"},
    {"body": b"", "method": "GET", "path": f"/v1/models?key={PLANTED}"},
    {"body": b"", "method": PLANTED.upper().replace("-", ""), "path": "/v1/models"},
]


def everything_said(answer: Answer) -> str:
    return f"{answer.status} {answer.headers} {answer.body!r}"


def test_a_planted_key_appears_nowhere_whatever_fails() -> None:
    """Forty-odd kinds of failure, a key in the configuration and one in every request."""
    scripts: list[Any] = []
    said: list[str] = []

    def script(connection: socket.socket) -> None:
        scripts[-1](connection)

    with (
        Upstream(script) as upstream,
        gateway(
            "--upstream", upstream.url, "--metrics-port", "0",
            WHOLEJSON_UPSTREAM_KEY=f"{PLANTED}-ours", WHOLEJSON_CLIENT_KEYS=PLANTED,
            WHOLEJSON_FIRST_BYTE_TIMEOUT="0.2", WHOLEJSON_IDLE_TIMEOUT="0.2",
            WHOLEJSON_MAX_REQUEST_BYTES="1000000",
        ) as running,
    ):  # fmt: skip
        keys = {"authorization": f"Bearer {PLANTED}", "x_api_key": f"{PLANTED}-theirs"}
        cases = [(up, request) for up in UPSTREAMS for request in REQUESTS]
        cases += [(whole, request) for request in WRONG_REQUESTS]
        assert len(cases) >= 40
        for up, request in cases:
            scripts.append(up)
            said.append(everything_said(ask(running.url, **request, **keys)))
        said.append(everything_said(ask(running.url, FLAG, authorization=f"Basic {PLANTED}")))
        with socket.create_connection(("127.0.0.1", running.port), PATIENCE) as client:
            client.sendall(f"{PLANTED} nonsense\r\n\r\n".encode())
            said.append(repr(client.recv(65536)))
        said.append(str(metrics(running)))
        running.wait_for_log(len(cases))  # one is refused before there is a request
        assert all(PLANTED.encode() + b"-ours" in request for request in upstream.requests)
        assert not any(PLANTED.encode() + b"-theirs" in request for request in upstream.requests)
    logged = "".join(running.lines)
    assert PLANTED not in logged
    assert PLANTED.upper().replace("-", "") not in logged
    assert "Traceback" not in logged
    assert [] == [text for text in said if PLANTED in text]


def test_nothing_leaves_for_an_address_that_is_not_the_configured_upstreams() -> None:
    elsewhere = []

    def trap() -> None:
        with contextlib.suppress(OSError):
            while True:
                elsewhere.append(listener.accept())

    def redirect(connection: socket.socket) -> None:
        port = listener.getsockname()[1]
        says("307 Go", f"text/plain\r\nlocation: http://127.0.0.1:{port}/v1/models", b"")(
            connection
        )

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=trap, daemon=True).start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with (
            Upstream(redirect) as upstream,
            gateway("--upstream", upstream.url, http_proxy=f"http://{address}") as running,
        ):
            routes = [
                ("POST", "/v1/chat/completions"), ("POST", "/v1/completions"),
                ("POST", "/v1/responses"), ("GET", "/v1/responses/r1"),
                ("POST", "/v1/responses/r1/cancel"), ("POST", "/v1/embeddings"),
                ("POST", "/v1/moderations"), ("GET", "/v1/models"), ("GET", "/v1/models/m"),
                ("POST", "/v1/audio/speech"), ("POST", "/v1/images/generations"),
                ("GET", f"http://{address}/v1/models"), ("GET", f"/v1/models//{address}/x"),
                ("GET", f"/v1/models/@{address}"), ("GET", f"/v1/models?base_url=http://{address}"),
            ]  # fmt: skip
            for method, path in routes:
                for body in (FLAG, PLAIN):
                    ask(
                        running.url,
                        {**body, "base_url": f"http://{address}/v1"},
                        method=method,
                        path=path,
                        x_forwarded_host=address,
                        x_portkey_custom_host=f"http://{address}",
                        forwarded=f"host={address}",
                    )
            assert len(upstream.requests) > 20
        listener.shutdown(socket.SHUT_RDWR)
    assert [] == elsewhere
