"""The playground over HTTP: its files, its stream, and that it lets nobody in who was kept out."""

from __future__ import annotations

import json
import re
import socket
import time
import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from serving import (
    DONE,
    HEAD,
    LAST,
    PATIENCE,
    Answer,
    Gateway,
    Upstream,
    ask,
    event,
    gateway,
    piece,
    read_answer,
    request_bytes,
    until,
    wait_for_close,
)

import wholejson

PATH = "/playground/v1/chat/completions"
PACKAGE = Path(wholejson.__file__).parent
STATIC = PACKAGE / "server" / "playground" / "static"
DOCUMENT = '{"name": "Zoë Doe", "tags": ["a", "b"], "age": 30}'
PLANTED = "sk-planted-5d17"
FLAG = {"stream": True, "stream_options": {"valid_json_chunks": True}}


def from_document(document: str, **more: Any) -> dict[str, Any]:
    return {**FLAG, "playground": {"document": document, **more}}


def in_front_of(upstream: Upstream) -> AbstractContextManager[Gateway]:
    return gateway("--upstream", upstream.url, "--playground")


def asked(running: Gateway, body: Any, **headers: str) -> Answer:
    return ask(running.url, body, path=PATH, **headers)


def sides(answer: Answer) -> dict[str, str]:
    """What each side of the middleware sent; the bytes that are told are the texts'."""
    assert "text/event-stream" in answer.headers["content-type"]
    found = {"upstream": "", "client": ""}
    told = dict.fromkeys(found, 0)
    for block in answer.body.decode().split("\n\n")[:-1]:
        side, data = block.removeprefix("event: ").split("\ndata: ")
        piece = json.loads(data)
        found[side] += piece["text"]
        told[side] += piece["bytes"]
    assert {side: len(text.encode()) for side, text in found.items()} == told
    return found


def chunks(text: str) -> list[Any]:
    data = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(each) for each in data if each != "[DONE]"]


def contents(text: str) -> list[str]:
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks(text) if chunk.get("choices")]
    return [delta["content"] for delta in deltas if delta.get("content")]


@pytest.fixture(scope="module")
def served():
    with gateway("--replay", "--playground", "--replay-pace", "0") as running:
        yield running


def got(running: Gateway, path: str, **headers: str) -> Any:
    base = running.url.removesuffix("/v1")
    request = urllib.request.Request(base + path, headers=headers)  # noqa: S310
    return urllib.request.urlopen(request, timeout=PATIENCE)  # noqa: S310


def test_the_page_and_all_its_files_come_with_a_strict_policy(served):
    names = sorted(path.name for path in STATIC.iterdir() if path.suffix != ".html")
    paths = ["/", *(f"/playground/{name}" for name in names), "/playground/about.json"]
    paths += ["/playground/js/apply-operations.mjs", "/playground/js/read-stream.mjs"]
    for path in paths:
        with got(served, path) as answer:
            headers = answer.headers
            tag = headers["etag"]
        policy = headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
        assert "nosniff" == headers["x-content-type-options"]
        assert "no-referrer" == headers["referrer-policy"]
        assert "same-origin" == headers["cross-origin-resource-policy"]
        with pytest.raises(urllib.error.HTTPError, match="304"):
            got(served, path, **{"if-none-match": tag})
    assert "text/javascript" in got(served, "/playground/main.mjs").headers["content-type"]


def test_the_page_is_the_file_in_the_package_and_so_is_the_javascript(served):
    for path, file in (
        ("/", STATIC / "index.html"),
        ("/playground/js/apply-operations.mjs", PACKAGE / "js" / "apply-operations.mjs"),
        ("/playground/js/read-stream.mjs", PACKAGE / "js" / "read-stream.mjs"),
    ):
        with got(served, path) as answer:
            assert file.read_bytes() == answer.read()


def test_the_page_holds_nothing_inline_and_names_no_other_place():
    page = (STATIC / "index.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert all(re.search(r'src="/', tag) for tag in re.findall(r"<script[^>]*>", page))
    for file in (*STATIC.iterdir(), *(PACKAGE / "js").glob("*.mjs")):
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        text = re.sub(r"/\*\*.*?\*/", "", text, flags=re.DOTALL)  # where types are imported
        assert not re.search(r"https?://|url\(|import\(|eval\(|innerHTML|insertAdjacentHTML", text)
    for file in STATIC.glob("*.mjs"):
        stored = r"localStorage|sessionStorage|indexedDB|document\.cookie"
        assert not re.search(stored, file.read_text("utf-8")), file.name


def test_there_is_no_page_unless_it_was_asked_for():
    with gateway("--replay", "--replay-pace", "0") as running:
        for path in ("/", "/playground/main.mjs", "/playground/about.json"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                got(running, path)
        answer = asked(running, from_document(DOCUMENT))
        assert b"event: upstream" not in answer.body


def test_each_of_several_processes_serves_it():
    with gateway(
        "--replay", "--playground", "--workers", "2", WHOLEJSON_REPLAY_PACE="0"
    ) as running:
        said = next(line for line in running.lines if "playground on" in line)
        assert f"http://127.0.0.1:{running.port}/" in said
        for _ in range(6):
            with got(running, "/") as answer:
                assert 200 == answer.status
            assert DOCUMENT == "".join(
                contents(sides(asked(running, from_document(DOCUMENT)))["upstream"])
            )


@pytest.mark.parametrize(
    "path",
    ["/playground", "/playground/", "/playground/../app.py", "/playground/%2e%2e/app.py",
     "/playground/__init__.py", "/playground/js/apply-operations.d.mts", "/playground/index.html",
     "/playground/v1/models", "/playground/v1/responses", "/index.html"],
)  # fmt: skip
def test_nothing_else_is_there(served, path):
    answer = ask(served.url, b"", path=path, method="GET")
    assert (404, "unknown_path") == (answer.status, answer.error()["code"])


def test_files_are_only_read(served):
    answer = ask(served.url, b"{}", path="/", method="POST")
    assert (405, "GET, HEAD") == (answer.status, answer.headers["allow"])


def test_a_document_of_the_page_is_seen_on_both_sides_of_the_middleware(served):
    found = sides(asked(served, from_document(DOCUMENT)))
    shreds = contents(found["upstream"])
    assert DOCUMENT == "".join(shreds)
    assert len(shreds) > 10
    expected = list(wholejson.snapshots(shreds))
    assert [*expected, expected[-1]] == contents(found["client"])
    assert found["upstream"].endswith("data: [DONE]\n\n")
    assert found["client"].endswith("data: [DONE]\n\n")
    last = chunks(found["client"])[-1]["choices"][0]
    assert {"complete": True, "repairs": 0} == last["json_status"]


def test_what_a_client_would_get_is_byte_for_byte_what_a_client_gets(served):
    body = {**FLAG, "model": "gpt-4o-mini", "messages": []}
    found = sides(asked(served, body))
    assert ask(served.url, body).body.decode() == found["client"]
    plain = ask(served.url, {"stream": True, "model": "gpt-4o-mini", "messages": []})
    assert plain.body.decode() == found["upstream"]


def test_a_document_takes_the_time_that_was_asked_for(served):
    begun = time.monotonic()
    events = sides(asked(served, from_document(DOCUMENT, pace=0.02)))["upstream"].count("\n\n")
    assert 0.02 * events < time.monotonic() - begun < PATIENCE


def test_the_access_log_and_the_metrics_know_it_by_one_name():
    with gateway("--replay", "--playground", "--replay-pace", "0") as running:
        asked(running, from_document(DOCUMENT))
        (line,) = running.wait_for_log(1)
    assert ("POST", "playground", 200, True) == tuple(
        line[name] for name in ("method", "route", "status", "ended")
    )
    assert line["stream"]["complete"]


def test_the_options_of_the_wire_are_the_pages_too(served):
    body = from_document("{'a': 1}")
    body["stream_options"] = {"valid_json_chunks": {"repair": False}}
    error = chunks(sides(asked(served, body))["client"])[-1]["error"]
    assert "invalid_json" == error["code"]
    body["stream_options"] = {"valid_json_chunks": {"mood": "good"}}
    answer = asked(served, body)
    assert (400, "invalid_value") == (answer.status, answer.error()["code"])


@pytest.mark.parametrize(
    ("member", "param"),
    [
        ("text", "playground"),
        ({"document": DOCUMENT, "url": "http://elsewhere"}, "playground"),
        ({}, "playground.document"),
        ({"document": ""}, "playground.document"),
        ({"document": ["a"]}, "playground.document"),
        ({"document": "é" * (32 << 10) + "."}, "playground.document"),
        ({"document": DOCUMENT, "pace": -1}, "playground.pace"),
        ({"document": DOCUMENT, "pace": 0.6}, "playground.pace"),
        ({"document": DOCUMENT, "pace": True}, "playground.pace"),
        ({"document": DOCUMENT, "pace": "1"}, "playground.pace"),
    ],
)
def test_a_wrong_member_is_named(served, member, param):
    answer = asked(served, {**FLAG, "playground": member})
    assert (400, param) == (answer.status, answer.error()["param"])


def test_a_request_of_the_page_is_bounded(served):
    answer = asked(served, from_document("x" * (600 << 10)))
    assert (413, "request_too_large") == (answer.status, answer.error()["code"])


@pytest.mark.parametrize(
    "headers",
    [{"content_type": "text/plain"}, {"content_type": ""}, {"sec_fetch_site": "cross-site"},
     {"sec_fetch_site": "same-site"}, {"sec_fetch_site": "none"}],
)  # fmt: skip
def test_pages_of_other_origins_cannot_use_it(served, headers):
    data = request_bytes(from_document(DOCUMENT), PATH, **headers)
    if "content_type" in headers:  # the last one of a name counts
        data = data.replace(b"content-type: application/json\r\n", b"", 1)
    answer = sent(served.port, data)
    assert (403, "playground_only") == (answer.status, answer.error()["code"])
    allowed = ask(served.url, b"", path=PATH, method="OPTIONS")
    assert 404 == allowed.status
    assert not any(name.startswith("access-control") for name in allowed.headers)


def sent(port: int, data: bytes) -> Answer:
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(data)
        return read_answer(connection)


def test_the_gateways_own_keys_guard_the_stream_but_not_the_page():
    with gateway(
        "--replay", "--playground", "--replay-pace", "0", WHOLEJSON_CLIENT_KEYS=PLANTED
    ) as running:
        for path in ("/", "/playground/main.mjs", "/playground/about.json"):
            with got(running, path) as answer:
                assert PLANTED not in answer.read().decode()
        with got(running, "/playground/about.json") as answer:
            assert "gateway" == json.load(answer)["key"]
        for body in (from_document(DOCUMENT), {**FLAG, "model": "m", "messages": []}):
            answer = asked(running, body)
            assert (401, "invalid_api_key") == (answer.status, answer.error()["code"])
            good = asked(running, body, authorization=f"Bearer {PLANTED}")
            assert contents(sides(good)["client"])
    assert PLANTED not in "".join(running.lines)


def test_a_prompt_goes_to_the_upstream_with_nothing_that_a_browser_adds():
    def whole(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(event('{"a": "x')) + piece(event('y"}', "stop") + DONE))
        connection.sendall(LAST)

    with (
        Upstream(whole) as upstream,
        gateway("--upstream", upstream.url, "--playground") as running,
    ):
        with got(running, "/playground/about.json") as answer:
            about = json.load(answer)
        assert ("provider", False) == (about["key"], about["replay"])
        found = sides(
            asked(
                running,
                {**FLAG, "model": "m", "messages": []},
                authorization=f"Bearer {PLANTED}",
                cookie="session=1",
                origin="http://127.0.0.1",
                referer="http://127.0.0.1/",
                sec_fetch_site="same-origin",
                user_agent="Browser",
            )
        )
        (request,) = upstream.requests
    assert ['{"a": "x"}', '{"a": "xy"}'] == contents(found["client"])[:2]
    head, _, body = request.lower().partition(b"\r\n\r\n")
    assert head.startswith(b"post /v1/chat/completions http/1.1")
    assert f"authorization: bearer {PLANTED}".encode() in head
    for name in (b"cookie", b"origin", b"referer", b"sec-fetch", b"user-agent", b"playground"):
        assert name not in head
    assert {"stream": True, "model": "m", "messages": []} == json.loads(body)
    assert PLANTED not in "".join(running.lines)


def test_a_document_does_not_reach_the_upstream_and_the_member_means_nothing_elsewhere():
    def whole(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(event('{"a": 1}', "stop") + DONE) + LAST)

    with (
        Upstream(whole) as upstream,
        gateway("--upstream", upstream.url, "--playground") as running,
    ):
        assert 200 == asked(running, from_document(DOCUMENT)).status
        assert [] == upstream.requests
        body = {**from_document(DOCUMENT), "model": "m", "messages": []}
        assert ['{"a": 1}'] == ask(running.url, body).contents()
        (request,) = upstream.requests
    assert DOCUMENT == json.loads(request.partition(b"\r\n\r\n")[2])["playground"]["document"]


def test_a_fault_of_the_upstream_is_seen_as_a_client_sees_it():
    def half(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(event('{"a": "x')))

    def refuses(connection: socket.socket) -> None:
        body = b'{"error": {"message": "no quota", "code": "insufficient_quota"}}'
        connection.sendall(
            b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\n"
            b"connection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        )

    body = {**FLAG, "model": "m", "messages": []}
    with Upstream(half) as upstream, in_front_of(upstream) as running:
        found = sides(asked(running, body))
        assert ['{"a": "x"}'] == contents(found["client"])
        assert "upstream_closed" == chunks(found["client"])[-1]["error"]["code"]
        upstream._script = refuses
        answer = asked(running, body)
        assert (429, "insufficient_quota") == (answer.status, answer.error()["code"])


def test_a_page_that_is_closed_closes_the_upstream():
    def hold(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(event('{"a": "x')))
        wait_for_close(connection)

    with (
        Upstream(hold) as upstream,
        in_front_of(upstream) as running,
        socket.create_connection(("127.0.0.1", running.port), PATIENCE) as page,
    ):
        page.sendall(request_bytes({**FLAG, "model": "m", "messages": []}, PATH))
        until(lambda: upstream.requests)
        page.close()
        until(lambda: upstream.closed_at)
