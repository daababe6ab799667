"""The reverse proxy between real sockets: what passes, what does not, and how it ends."""

from __future__ import annotations

import json
import socket
import ssl
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from serving import (
    DONE,
    HEAD,
    LAST,
    PLAIN,
    Answer,
    Upstream,
    ask,
    event,
    piece,
    read_answer,
    request_bytes,
    serving,
    until,
    wait_for_close,
)

from wholejson.proxy import ReverseProxy

ODD = b'data:{"x": "\xff\x00"}\r\r\n: \xf0\x9f\r\n\ndata: [DONE]'


def fixed(status: str, body: bytes = b"", *headers: str) -> Callable[[socket.socket], None]:
    """A script that answers with one response of a known length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"content-length: {len(body)}"]
    answer = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
    return lambda connection: connection.sendall(answer)


def streamed(*parts: bytes, end: bytes = LAST) -> Callable[[socket.socket], None]:
    """A script that answers with a stream in these pieces."""

    def script(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        for part in parts:
            connection.sendall(piece(part))
            time.sleep(0.01)
        if end != LAST:
            time.sleep(0.2)  # in one read with what is broken, what came before it is lost
        connection.sendall(end)

    return script


def through(
    script: Callable[[socket.socket], None],
    body: Any = PLAIN,
    options: dict[str, Any] | None = None,
    **how: Any,
) -> tuple[Answer, list[bytes]]:
    """Ask once through the proxy; give the answer and what the upstream was asked."""
    with (
        Upstream(script) as upstream,
        serving(ReverseProxy(upstream.url, **(options or {}))) as url,
    ):
        return ask(url, body, **how), upstream.requests


def test_the_clients_socket_sees_the_upstreams_bytes() -> None:
    answer, _ = through(streamed(ODD[:7], ODD[7:8], ODD[8:]))
    assert ODD == answer.body
    assert answer.whole


def test_the_upstreams_socket_sees_the_clients_body() -> None:
    body = b'{"model" :"m",\n"stream":true, "x": 1.10, "y": "\\ud800"}'
    _, (request,) = through(streamed(DONE), body)
    assert request.endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("401 Unauthorized", ("x-request-id: r1",)),
        ("429 Too Many Requests", ("retry-after: 7", "x-ratelimit-remaining-requests: 0")),
        ("500 Oops", ()),
        ("529 Overloaded", ()),
        ("204 No Content", ()),
        ("307 Temporary Redirect", ("location: http://127.0.0.1:1/elsewhere",)),
    ],
)
def test_status_body_and_headers_pass_and_no_redirect_is_followed(
    status: str, headers: tuple[str, ...]
) -> None:
    body = b"" if status.startswith("204") else b'{"error": {"message": "m"}}'
    answer, requests = through(fixed(status, body, "content-type: application/json", *headers))
    assert (int(status[:3]), body, 1) == (answer.status, answer.body, len(requests))
    for line in headers:
        name, _, value = line.partition(": ")
        assert value == answer.headers[name]


def test_headers_of_one_hop_do_not_pass() -> None:
    script = fixed(
        "200 OK", b"x", "connection: close, x-inner", "x-inner: 1", "x-outer: 2",
        "keep-alive: timeout=5", "proxy-authenticate: Basic", "trailer: x",
    )  # fmt: skip
    answer, (request,) = through(
        script,
        connection="keep-alive, x-mine",
        x_mine="1",
        x_yours="2",
        te="trailers",
        upgrade="h2c",
        proxy_authorization="Basic eA==",
    )
    assert {"x-outer", "content-length"} == set(answer.headers)
    head = request.lower()
    for name in (b"x-mine", b"\r\nte:", b"upgrade", b"proxy-authorization"):
        assert name not in head
    assert b"x-yours: 2" in head


def test_the_clients_authorization_passes_where_the_proxy_has_no_key() -> None:
    _, (request,) = through(streamed(DONE), authorization="Bearer sk-client")
    assert b"authorization: bearer sk-client" in request.lower()


def test_the_proxys_key_replaces_every_key_of_the_client() -> None:
    _, (request,) = through(
        streamed(DONE),
        options={"api_key": "sk-ours"},
        authorization="Bearer sk-client",
        api_key="sk-client",
        x_api_key="sk-client",
    )
    assert b"sk-client" not in request
    assert 1 == request.lower().count(b"authorization: bearer sk-ours")


def test_nothing_of_ours_is_added_to_the_request() -> None:
    _, (request,) = through(streamed(DONE))
    names = {line.split(b":")[0].lower() for line in request.split(b"\r\n\r\n")[0].split(b"\r\n")}
    assert {b"content-type", b"content-length", b"host"} == {n for n in names if b" " not in n}


def test_the_host_is_the_upstreams_and_the_path_is_appended_to_its_base() -> None:
    with (
        Upstream(streamed(DONE)) as upstream,
        serving(ReverseProxy(f"http://localhost:{upstream.port}/deep/v1/")) as url,
    ):
        ask(url, PLAIN, path="/v1/chat/completions?api-version=1&x=a%2Fb", x_forwarded_host="evil")
        (request,) = upstream.requests
    assert request.startswith(b"POST /deep/v1/chat/completions?api-version=1&x=a%2Fb HTTP/1.1\r\n")
    assert f"host: localhost:{upstream.port}".encode() in request.lower()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/files", 404),
        ("/v1/", 404),
        ("/", 404),
        ("/chat/completions", 404),
        ("/v1/models/../files", 404),
        ("/v1/models/%2e%2e/files", 404),
        ("/v1/models/..%2ffiles", 404),
        ("/v1/models//evil.example/", 404),
        ("/v1/chat/completions/", 200),
        ("http://evil.example/v1/files", 404),
    ],
)
def test_only_known_paths_leave(path: str, status: int) -> None:
    answer, requests = through(fixed("200 OK", b"x"), path=path)
    assert status == answer.status
    assert len(requests) == (status == 200)


def test_the_wrong_method_is_a_405() -> None:
    answer, requests = through(fixed("200 OK", b"x"), b"", method="DELETE", path="/v1/models/m")
    assert (405, "GET, HEAD", []) == (answer.status, answer.headers["allow"], requests)


def test_names_of_models_with_slashes_pass() -> None:
    _, (request,) = through(
        fixed("200 OK", b"x"), b"", method="GET", path="/v1/models/deepseek/r1:free"
    )
    assert request.startswith(b"GET /v1/models/deepseek/r1:free HTTP/1.1")


def test_a_request_beyond_the_limit_is_a_413_and_does_not_leave() -> None:
    answer, requests = through(streamed(DONE), b"x" * 101, {"max_request_bytes": 100})
    assert (413, []) == (answer.status, requests)


@pytest.mark.parametrize("end", [b"", b"zz\r\n"])
def test_an_upstream_that_breaks_off_breaks_the_clients_connection(end: bytes) -> None:
    began = time.monotonic()
    answer, _ = through(streamed(event("{"), end=end))
    assert (event("{"), False) == (answer.body, answer.whole)
    assert time.monotonic() - began < 3


def test_an_upstream_that_is_reset_breaks_the_clients_connection() -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(event("{")))
        time.sleep(0.1)
        linger = b"\x01\0\0\0\0\0\0\0"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    answer, _ = through(script)
    assert event("{") == answer.body
    assert not answer.whole


def test_a_length_that_is_not_reached_breaks_the_clients_connection() -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")

    answer, _ = through(script)
    assert (b"half", False) == (answer.body, answer.whole)


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        (lambda connection: None, 502, "upstream_closed"),
        (lambda connection: connection.sendall(b"HTTP/1.1 2"), 502, "upstream_closed"),
        (lambda connection: connection.sendall(b"nonsense\r\n\r\n"), 502, "upstream_closed"),
        (wait_for_close, 504, "upstream_timeout"),
    ],
)
def test_a_fault_before_the_first_byte_has_its_status(
    script: Callable[[socket.socket], None], status: int, code: str
) -> None:
    answer, _ = through(script, options={"first_byte_timeout": 1.0})
    assert (status, code) == (answer.status, answer.error()["code"])


def test_an_upstream_that_cannot_be_reached_is_a_502() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serving(ReverseProxy(f"http://127.0.0.1:{port}/v1")) as url:
        answer = ask(url, PLAIN)
    assert (502, "upstream_closed") == (answer.status, answer.error()["code"])
    assert str(port) not in answer.error()["message"]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("connect_timeout", 0),
        ("first_byte_timeout", "1"),
        ("idle_timeout", -1),
        ("max_request_bytes", 0),
        ("connections", -1),
    ],
)
def test_a_wrong_setting_is_told_when_the_proxy_is_made(name: str, given: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be a .*number of"):
        ReverseProxy("http://127.0.0.1:1/v1", **{name: given})


def test_an_upstream_that_does_not_take_the_connection_is_a_504() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = []
        for _ in range(4):  # fill the backlog: the next one gets no answer
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(("127.0.0.1", port))
        with serving(ReverseProxy(f"http://127.0.0.1:{port}/v1", connect_timeout=0.3)) as url:
            answer = ask(url, PLAIN)
        for connection in waiting:
            connection.close()
    assert (504, "upstream_timeout") == (answer.status, answer.error()["code"])


def test_silence_in_the_middle_breaks_the_clients_connection() -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(event("{")))
        wait_for_close(connection)

    began = time.monotonic()
    answer, _ = through(script, options={"idle_timeout": 0.4})
    assert 0.3 < time.monotonic() - began < 3
    assert (event("{"), False) == (answer.body, answer.whole)


def test_a_stream_that_keeps_coming_outlives_every_timeout() -> None:
    parts = [event("x")] * 30
    answer, _ = through(streamed(*parts), options={"idle_timeout": 0.2, "first_byte_timeout": 0.2})
    assert b"".join(parts) == answer.body
    assert answer.whole


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import subprocess

    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-keyout", folder / "key.pem", "-out", folder / "cert.pem"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    return folder


def test_a_certificate_that_nobody_signed_is_refused(certificate: Any) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    seen = []

    def accept(connection: socket.socket) -> None:
        seen.append(connection)

    class Secure(Upstream):
        def _serve(self, connection: socket.socket) -> None:
            with connection:
                try:
                    with context.wrap_socket(connection, server_side=True) as secure:
                        seen.append(secure.recv(65536))
                except OSError:
                    pass

    with (
        Secure(accept) as upstream,
        serving(ReverseProxy(f"https://localhost:{upstream.port}/v1")) as url,
    ):
        answer = ask(url, PLAIN, authorization="Bearer sk-planted")
    assert (502, "upstream_closed") == (answer.status, answer.error()["code"])
    assert "certificate" in answer.error()["message"]
    assert seen in ([], [b""])


@pytest.mark.parametrize(
    "url",
    [
        "api.example/v1",
        "ftp://x/v1",
        "http://",
        "http://u:p@x/v1",
        "http://x/v1?k=1",
        "file:///x",
        "http://x/v1/chat/completions/",
    ],
)
def test_what_is_no_base_url_is_refused_when_the_proxy_is_made(url: str) -> None:
    with pytest.raises(ValueError, match="upstream"):
        ReverseProxy(url)


def silent(connection: socket.socket) -> None:
    wait_for_close(connection)


def headers_only(connection: socket.socket) -> None:
    connection.sendall(HEAD)
    wait_for_close(connection)


def then_silent(connection: socket.socket) -> None:
    connection.sendall(HEAD + piece(event('{"a": "x')))
    wait_for_close(connection)


def endless(connection: socket.socket) -> None:
    connection.sendall(HEAD + piece(event('{"a": "x')))
    while True:
        connection.sendall(piece(event("y")))
        time.sleep(0.002)


def flood(connection: socket.socket) -> None:
    connection.sendall(HEAD + piece(event('{"a": "x')))
    block = piece(event("y")) * 200
    while True:
        connection.sendall(block)


@pytest.mark.parametrize("script", [silent, headers_only, then_silent, endless, flood])
def test_a_client_that_leaves_closes_the_upstreams_connection_at_once(script: Any) -> None:
    delays = []
    with Upstream(script) as upstream, serving(ReverseProxy(upstream.url)) as url:
        port = int(url.split(":")[2].split("/")[0])
        for number in range(1, 21):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(request_bytes(PLAIN))
                until(lambda n=number: len(upstream.requests) == n)  # type: ignore[misc]
                if script in (then_silent, endless, flood):
                    assert client.recv(1000)
                else:
                    time.sleep(0.02)
            left = time.monotonic()
            until(lambda n=number: len(upstream.closed_at) == n)  # type: ignore[misc]
            delays.append(upstream.closed_at[-1] - left)
        assert set() == upstream.open
    assert statistics.quantiles(delays, n=100)[98] < 0.25


def test_a_pool_of_two_still_serves_after_twenty_streams_were_left() -> None:
    scripts = iter([then_silent] * 20)

    def script(connection: socket.socket) -> None:
        next(scripts, streamed(DONE))(connection)

    with (
        Upstream(script) as upstream,
        serving(ReverseProxy(upstream.url, connections=2)) as url,
    ):
        port = int(url.split(":")[2].split("/")[0])
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(request_bytes(PLAIN))
                assert client.recv(1000)
        assert DONE == ask(url, PLAIN).body


def test_a_connection_serves_the_next_request_too() -> None:
    kept = HEAD.replace(b"connection: close\r\n", b"")

    def script(connection: socket.socket) -> None:
        for _ in range(2):
            connection.sendall(kept + piece(DONE) + LAST)
            connection.settimeout(5)
            connection.recv(65536)

    with Upstream(script) as upstream, serving(ReverseProxy(upstream.url)) as url:
        port = int(url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            for _ in range(2):
                client.sendall(request_bytes(PLAIN))
                assert DONE == read_answer(client).body
        assert 1 == len(upstream.requests)


def test_a_slow_client_slows_the_upstream_down_and_memory_stays_bounded() -> None:
    sent = [0]

    def script(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        block = piece(b": " + b"x" * 65_000 + b"\n\n")
        connection.settimeout(1.0)
        try:
            while sent[0] < 200 << 20:
                connection.sendall(block)
                sent[0] += len(block)
        except TimeoutError:
            pass

    with Upstream(script) as upstream, serving(ReverseProxy(upstream.url)) as url:
        port = int(url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(request_bytes(PLAIN))
            until(lambda: upstream.closed_at or (not upstream.open and upstream.requests))
    assert sent[0] < 32 << 20  # what the kernel's buffers hold, and a little of ours


def test_errors_are_written_as_openai_writes_them() -> None:
    answer, _ = through(lambda connection: None)
    assert "application/json" == answer.headers["content-type"]
    assert {"message", "type", "param", "code"} == set(json.loads(answer.body)["error"])
