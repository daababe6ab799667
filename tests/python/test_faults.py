"""What streams do wrong in the field, over real sockets: each fault, and what happens then."""

from __future__ import annotations

import json
import socket
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from serving import (
    DONE,
    FLAG,
    HEAD,
    LAST,
    Answer,
    Upstream,
    ask,
    event,
    piece,
    request_bytes,
    serving,
    until,
    wait_for_close,
)

from wholejson.asgi import ValidJSONChunks
from wholejson.proxy import ReverseProxy

Script = Callable[[socket.socket], None]
X = event('{"a": "x')
END = event('y"}') + event(reason="stop") + DONE
WHOLE = ['{"a": "x"}', '{"a": "xy"}', '{"a": "xy"}']


def sends(*parts: bytes | float, end: bytes = LAST) -> Script:
    """Send these parts, one write each; a number is a pause."""

    def script(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(HEAD)
        for part in parts:
            if isinstance(part, bytes):
                connection.sendall(piece(part))
            else:
                time.sleep(part)
        connection.sendall(end)

    return script


def through(script: Script, body: Any = FLAG, proxy: Any = None, **options: Any) -> Answer:
    with (
        Upstream(script) as upstream,
        serving(ValidJSONChunks(ReverseProxy(upstream.url, **(proxy or {})), **options)) as url,
    ):
        return ask(url, body)


def test_comments_pass_and_are_never_read_as_json() -> None:
    answer = through(
        sends(b": OPENROUTER PROCESSING\n\n", X, b": ping\n\n", b"data: : keepalive\n\n", END)
    )
    assert WHOLE == answer.contents()
    for comment in (b": OPENROUTER PROCESSING\n\n", b": ping\n\n", b"data: : keepalive\n\n"):
        assert comment in answer.body


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("space", [b" ", b""])
def test_line_ends_boms_and_missing_spaces_cut_anywhere(
    line_end: bytes, bom: bytes, space: bytes
) -> None:
    stream = bom + (X + END).replace(b"data: ", b"data:" + space).replace(b"\n", line_end)
    parts = [stream[at : at + 3] for at in range(0, len(stream), 3)]
    found = through(sends(*parts)).body.decode().splitlines()
    chunks = [json.loads(line.partition(":")[2]) for line in found if "choices" in line]
    assert WHOLE == [chunk["choices"][0]["delta"]["content"] for chunk in chunks]


def test_a_code_point_cut_between_two_reads_arrives_whole() -> None:
    document = '{"a": "é🙏"}'
    stream = event(document).replace(
        json.dumps(document)[1:-1].encode(), document.replace('"', '\\"').encode()
    )
    stream += event(reason="stop") + DONE
    parts = [stream[at : at + 1] for at in range(len(stream))]
    assert json.loads(document) == json.loads(through(sends(*parts)).contents()[-1])


@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf0\x9f"])
def test_bytes_that_are_not_utf8_are_replaced_and_abort_nothing(bad: bytes) -> None:
    answer = through(sends(X.replace(b': \\"x', b': \\"x' + bad), END))
    assert json.loads(answer.contents()[-1])["a"].startswith("x�")
    assert answer.body.endswith(DONE)


@pytest.mark.parametrize(
    ("script", "proxy", "code"),
    [
        (sends(X, 0.05, end=b""), {}, "upstream_closed"),
        (sends(X, event("y")[:20], 0.05, end=b""), {}, "upstream_closed"),
        (sends(X), {}, "upstream_closed"),
        (sends(X, 0.05, end=b"zz\r\n"), {}, "upstream_closed"),
        (sends(X, 3.0), {"idle_timeout": 0.3}, "upstream_timeout"),
    ],
    ids=["break", "half an event", "clean end", "bad framing", "stall"],
)
def test_an_upstream_that_breaks_off_gives_one_error_and_no_done(
    script: Script, proxy: Any, code: str
) -> None:
    began = time.monotonic()
    answer = through(script, proxy=proxy)
    assert time.monotonic() - began < 8
    assert (200, True, WHOLE[:1]) == (answer.status, answer.whole, answer.contents()[:1])
    assert code == answer.error()["code"]
    assert b"[DONE]" not in answer.body


def test_a_reset_in_the_middle_gives_one_error() -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(X))
        time.sleep(0.1)
        linger = b"\x01\0\0\0\0\0\0\0"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    answer = through(script)
    assert (WHOLE[:1], "upstream_closed") == (answer.contents(), answer.error()["code"])


def test_a_finish_reason_without_done_is_a_success() -> None:
    answer = through(sends(X, event('y"}') + event(reason="stop")))
    assert (WHOLE, None) == (answer.contents(), answer.error())


@pytest.mark.parametrize("reason", ["length", "stop", "tool_calls"])
def test_the_document_decides_whether_it_is_complete(reason: str) -> None:
    answer = through(sends(X, event("y", reason), DONE))
    last = [e for e in answer.events() if isinstance(e, dict)][-1]["choices"][0]
    assert ('{"a": "xy"}', False) == (last["delta"]["content"], last["json_status"]["complete"])


ERROR = b'{"error":{"message":"overloaded","type":"overloaded_error","code":503}}'


def plainly(head: bytes, body: bytes = b"") -> Script:
    length = b"content-length: %d\r\n" % len(body)
    return lambda connection: connection.sendall(
        b"HTTP/1.1 " + head + b"\r\n" + length + b"\r\n" + body
    )


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (sends(b"data: " + ERROR + b"\n\n", DONE), 503),
        (plainly(b"200 OK\r\ncontent-type: application/json", ERROR), 503),
        (plainly(b"200 OK\r\ncontent-type: text/event-stream", ERROR), 503),
        (plainly(b"200 OK\r\ncontent-type: text/event-stream"), 502),
        (plainly(b"200 OK"), 502),
        (sends(), 502),
        (sends(b": ping\n\n"), 502),
        (plainly(b"429 Slow down\r\ncontent-type: application/json", ERROR), 429),
        (lambda connection: None, 502),
        (lambda connection: connection.sendall(HEAD), 502),
        (wait_for_close, 504),
        (lambda connection: (connection.sendall(HEAD), wait_for_close(connection)), 504),
    ],
)
def test_a_fault_before_the_first_event_has_its_status(script: Script, status: int) -> None:
    limits = {"first_byte_timeout": 0.3, "idle_timeout": 0.3}
    answer = through(script, proxy=limits)
    assert status == answer.status
    assert answer.error()["message"]


def test_an_error_event_in_the_middle_passes_and_is_the_one_error() -> None:
    answer = through(sends(X, b"data: " + ERROR + b"\n\n", 2.0))
    assert (WHOLE[:1], "overloaded") == (answer.contents(), answer.error()["message"])
    assert b"data: " + ERROR + b"\n\n" in answer.body


@pytest.mark.parametrize(
    "odd",
    [
        b'data: {"id":"","choices":[],"prompt_filter_results":[]}\n\n',
        b'data: {"id":"c"}\n\n',
        b'data: {"choices":[{"index":0,"delta":null}]}\n\n',
        b'data: {"choices":[{"index":0,"delta":{"content":null}}]}\n\n',
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n',
        b'data: {"choices":[{"index":0,"delta":{}}]}\n\n',
    ],
)
def test_chunks_without_content_lose_nothing(odd: bytes) -> None:
    usage = b'data: {"choices":[],"usage":{"total_tokens":7}}\n\n'
    closing = event('y"}') + event(reason="stop") + usage + DONE
    answer = through(sends(odd, X, odd, closing))
    assert (WHOLE, None) == (answer.contents()[-3:], answer.error())
    assert usage in answer.body


def test_the_first_of_two_documents_counts() -> None:
    answer = through(sends(event('{"a": "x'), event('y"}{"a": "z"}'), event(reason="stop"), DONE))
    assert WHOLE == answer.contents()


def test_endless_white_space_is_an_error_at_the_limit() -> None:
    spaces = event('{"a": "x", ') + event(" " * 60_000) * 30
    answer = through(sends(spaces, 1.0), proxy={"idle_timeout": 5})
    assert (WHOLE[:1], "limit_exceeded") == (answer.contents(), answer.error()["code"])


@pytest.mark.parametrize(
    "content", ["[" * 100_000, '{"a": ' + "1" * 100_000, '{"a": "' + "x" * (9 << 20)]
)
def test_a_flood_is_an_error_at_the_limit(content: str) -> None:
    import wholejson

    limits = wholejson.Limits(document=8 << 20)
    answer = through(sends(event(content), event(reason="stop"), DONE), limits=limits)
    assert "limit_exceeded" == answer.error()["code"]


@pytest.mark.parametrize("key", ["__proto__", "constructor"])
def test_keys_that_mean_something_elsewhere_are_kept_as_text(key: str) -> None:
    document = json.dumps({key: {"x": 1}})
    answer = through(sends(event(document), event(reason="stop"), DONE))
    assert document == answer.contents()[-1]


def test_a_slow_client_slows_the_upstream_down_and_misses_nothing_that_counts() -> None:
    sent = [0]

    def script(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(event('{"a": "')))
        connection.settimeout(1.0)
        block = piece(event("0123456789" * 10) * 100)
        try:
            while sent[0] < 200 << 20:
                connection.sendall(block)
                sent[0] += len(block)
        except TimeoutError:
            pass

    with Upstream(script) as upstream, serving(ValidJSONChunks(ReverseProxy(upstream.url))) as url:
        port = int(url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(request_bytes(FLAG))
            until(lambda: upstream.closed_at)
    assert sent[0] < 32 << 20


def endless(connection: socket.socket) -> None:
    connection.sendall(HEAD + piece(X))
    while True:
        connection.sendall(piece(event("y")))
        time.sleep(0.002)


@pytest.mark.parametrize(
    "script",
    [
        wait_for_close,
        lambda connection: (connection.sendall(HEAD), wait_for_close(connection)),
        lambda connection: (connection.sendall(HEAD + piece(X)), wait_for_close(connection)),
        endless,
    ],
    ids=["before the head", "before the first byte", "while nothing is sent", "in the middle"],
)
def test_a_client_that_leaves_closes_the_upstreams_connection_at_once(script: Any) -> None:
    delays = []
    with (
        Upstream(script) as upstream,
        serving(ValidJSONChunks(ReverseProxy(upstream.url, connections=2))) as url,
    ):
        port = int(url.split(":")[2].split("/")[0])
        for number in range(1, 21):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(request_bytes(FLAG))
                until(lambda n=number: len(upstream.requests) == n)  # type: ignore[misc]
                time.sleep(0.02)
            left = time.monotonic()
            until(lambda n=number: len(upstream.closed_at) == n)  # type: ignore[misc]
            delays.append(upstream.closed_at[-1] - left)
        assert set() == upstream.open
    assert statistics.quantiles(delays, n=100)[98] < 0.25


def test_a_model_that_thinks_is_no_silence() -> None:
    answer = through(sends(X, 0.7, END), heartbeat=0.15)
    assert WHOLE == answer.contents()
    assert 3 <= answer.body.count(b": keep-alive\n\n") <= 6


def test_nothing_buffers_a_turned_stream() -> None:
    headers = through(sends(X, END)).headers
    assert ("no", "no-cache, no-transform") == (
        headers["x-accel-buffering"],
        headers["cache-control"],
    )
    assert {"content-length", "content-encoding"}.isdisjoint(headers)


def test_the_upstream_is_asked_for_identity_encoding() -> None:
    with (
        Upstream(sends(X, END)) as upstream,
        serving(ValidJSONChunks(ReverseProxy(upstream.url))) as url,
    ):
        ask(url, FLAG, accept_encoding="gzip, br")
        (request,) = upstream.requests
    assert b"accept-encoding: identity\r\n" in request.lower()
    assert b"gzip" not in request
