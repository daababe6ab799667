"""What a request gets wrong is said with the place and the remedy; and what asks for nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from serving import DONE, HEAD, LAST, PLAIN, Gateway, Upstream, ask, event, gateway, piece, serving

from wholejson.replay import Replay

STREAM = event('{"a": "x') + event('y"}', "stop") + DONE
COMPLETION = b'{"choices": [{"message": {"content": "{}"}}]}'
CHAT = "/v1/chat/completions"


def answer(connection: socket.socket) -> None:
    connection.sendall(HEAD + piece(STREAM) + LAST)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Gateway, Upstream]]:
    with (
        Upstream(answer) as upstream,
        gateway("--upstream", upstream.url, WHOLEJSON_MAX_REQUEST_BYTES="2000") as running,
    ):
        yield running, upstream


@pytest.fixture(scope="module")
def replay() -> Iterator[str]:
    with serving(Replay(['{"a": "xy"}'])) as url:
        yield url


def flagged(value: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [], "stream_options": {"valid_json_chunks": value}, **more}


@pytest.mark.parametrize(
    ("body", "options", "status", "code", "words"),
    [
        (b"", {"method": "GET"}, 405, "method_not_allowed", ["GET is not allowed", "use POST"]),
        (b"", {"method": "PUT", "path": "/v1/models"}, 405, "method_not_allowed", ["GET or HEAD"]),
        (b"{}", {"path": "/chat/completions"}, 404, "unknown_path", ["base URL", "/v1"]),
        (b"{}", {"path": "/v1/v1/chat/completions"}, 404, "unknown_path", ["POST /v1/chat"]),
        (b" " * 2001, {}, 413, "request_too_large", ["2000 bytes", "WHOLEJSON_MAX_REQUEST_BYTES"]),
        (b" " * 2001, {"path": "/v1/embeddings"}, 413, "request_too_large", ["shorten it"]),
        (flagged("yes"), {}, 400, "invalid_value", ["true, false or an object", "root: "]),
        (flagged("yes", stream=True), {}, 400, "invalid_value", ["true, false or an object"]),
        (flagged({"rapair": 1}), {}, 400, "invalid_value", ["rapair is not an option", "repair"]),
        (
            flagged(True, stream=True), {"path": "/v1/responses"}, 400, "unsupported_api",
            ["use /chat/completions"],
        ),
    ],
)  # fmt: skip
def test_the_gateway_says_what_is_wrong_and_what_to_do(
    served: tuple[Gateway, Upstream], body: Any, options: Any, status: int, code: str,
    words: list[str],
) -> None:  # fmt: skip
    running, upstream = served
    before = len(upstream.requests)
    said = ask(running.url, body, **options)
    assert (status, code) == (said.status, said.error()["code"])
    assert [] == [word for word in words if word not in said.error()["message"]]
    assert before == len(upstream.requests)
    if status == 405:
        assert said.headers["allow"] in ("POST", "GET, HEAD")


@pytest.mark.parametrize(
    ("body", "options", "status", "code", "words"),
    [
        (b"", {"method": "GET"}, 405, "method_not_allowed", ["GET is not allowed", "use POST"]),
        (b"{}", {"path": "/v1/models"}, 405, "method_not_allowed", ["use GET or HEAD"]),
        (b"{}", {"path": "/v1/completions"}, 404, "unknown_path", ["/chat/completions", "/models"]),
        (b'{"a": tru}', {}, 400, "invalid_json", ["line 1, column 7", '{"model": "m"']),
        (b"a=1", {}, 400, "invalid_json", ["no JSON", "line 1, column 1"]),
        (b'{"a": "\xff"}', {}, 400, "invalid_json", ["UTF-8"]),
        (b"[" * 200_000, {}, 400, "invalid_json", ["no JSON"]),
        (b"[]", {}, 400, "invalid_json", ["no object", '{"model": "m"']),
        ({**PLAIN, "stream": "yes"}, {}, 400, "invalid_type", ["stream must be true, false"]),
        ({**PLAIN, "stream_options": 1}, {}, 400, "invalid_type", ["stream_options must be an"]),
        (
            {"stream_options": {"include_usage": True}}, {}, 400, "invalid_value",
            ['set "stream": true'],
        ),
        ({**PLAIN, "stream_options": {"x": 1}}, {}, 400, "unknown_parameter", ["include_usage"]),
        ({**PLAIN, "n": 0}, {}, 400, "invalid_value", ["n must be", "1 to 128"]),
    ],
)  # fmt: skip
def test_replay_says_what_is_wrong_and_what_to_do(
    replay: str, body: Any, options: Any, status: int, code: str, words: list[str]
) -> None:
    said = ask(replay, body, **options)
    assert (status, code) == (said.status, said.error()["code"])
    assert [] == [word for word in words if word not in said.error()["message"]]


def test_the_models_of_replay_can_be_asked_for_without_their_list(replay: str) -> None:
    port = int(replay.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"HEAD /v1/models HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
        data = b""
        while part := connection.recv(65536):
            data += part
    assert data.startswith(b"HTTP/1.1 200 ")
    assert data.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("value", [None, False])
def test_an_option_that_asks_for_nothing_leaves_the_stream_as_it_is(
    served: tuple[Gateway, Upstream], value: Any
) -> None:
    running, upstream = served
    said = ask(running.url, flagged(value, stream=True))
    assert (200, STREAM, True) == (said.status, said.body, said.whole)
    assert "x-valid-json-chunks" not in said.headers
    assert b"stream_options" not in upstream.requests[-1]


@pytest.mark.parametrize("more", [{}, {"stream": False}, {"stream": None}])
@pytest.mark.parametrize("value", [True, None, {"repair": False}])
def test_where_nothing_is_streamed_the_option_is_taken_out_and_the_answer_passes(
    served: tuple[Gateway, Upstream], value: Any, more: dict[str, Any]
) -> None:
    running, upstream = served

    def whole(connection: socket.socket) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
        connection.sendall(head + b"content-length: %d\r\n\r\n" % len(COMPLETION) + COMPLETION)

    upstream._script = whole
    try:
        said = ask(running.url, flagged(value, **more))
    finally:
        upstream._script = answer
    assert (200, COMPLETION) == (said.status, said.body)
    sent = json.loads(upstream.requests[-1].partition(b"\r\n\r\n")[2])
    assert {"model": "m", "messages": [], **more} == sent


def test_a_text_format_leaves_the_stream_as_it_is(served: tuple[Gateway, Upstream]) -> None:
    body = flagged(True, stream=True, response_format={"type": "text"})
    assert STREAM == ask(served[0].url, body).body


def test_a_body_is_read_whatever_it_calls_itself(served: tuple[Gateway, Upstream]) -> None:
    """As `curl -d` sends it without a header."""
    body = json.dumps(flagged(True, stream=True)).encode()
    kind = b"content-type: application/x-www-form-urlencoded\r\n"
    request = b"POST %s HTTP/1.1\r\nhost: h\r\n%sconnection: close\r\n" % (CHAT.encode(), kind)
    with socket.create_connection(("127.0.0.1", served[0].port), 10) as connection:
        connection.sendall(request + b"content-length: %d\r\n\r\n" % len(body) + body)
        data = b""
        while part := connection.recv(65536):
            data += part
    assert b"x-valid-json-chunks: snapshot" in data
    assert b'{\\"a\\": \\"xy\\"}' in data
