"""The middleware, around an app that records what it is asked."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from typing import Any

import pytest
from asgi_harness import FLAG, JSON, STREAM, Inside, Served, call, document
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from serving import event
from starlette.background import BackgroundTask

import wholejson
from wholejson.asgi import ValidJSONChunks

DONE = b"data: [DONE]\n\n"


def ask(inside: Any, body: Any = FLAG, options: dict[str, Any] | None = None, **how: Any) -> Served:
    return asyncio.run(call(ValidJSONChunks(inside, **(options or {})), body, **how))


def test_a_stream_with_the_flag_is_turned_as_the_transformer_turns_it() -> None:
    inside = Inside(document())
    answer = ask(inside).answer
    transformer = wholejson.ChunkTransformer()
    assert transformer.feed(document()) + transformer.finish() == answer.body
    assert ['{"a": "x"}', '{"a": "xy"}', '{"a": "xy"}'] == answer.contents()
    assert answer.whole


def test_a_turned_stream_has_the_headers_that_it_needs_and_no_stale_ones() -> None:
    given = [
        *STREAM, (b"content-length", b"9"), (b"cache-control", b"public"), (b"x-request-id", b"r1")
    ]  # fmt: skip
    headers = ask(Inside(document(), headers=given)).answer.headers
    assert {
        "content-type": "text/event-stream",
        "x-request-id": "r1",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
        "x-valid-json-chunks": "snapshot",
    } == headers


def test_the_app_inside_never_sees_our_key_and_the_length_follows() -> None:
    body = b'{"model" : "m", "stream":true,"stream_options": {"valid_json_chunks":true}, "x":1.10}'
    inside = Inside(document())
    ask(inside, body)
    assert inside.body == b'{"model" : "m", "stream":true, "x":1.10}'
    assert inside.header(b"content-length") == [str(len(inside.body)).encode()]
    assert inside.header(b"accept-encoding") == [b"identity"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"stream_options": {"valid_json_chunks": false}, "stream": true}', b'{ "stream": true}'),
        (b'{"stream_options": {"valid_json_chunks": null}}', b"{}"),
        (b'{"a": 1, "stream_options": {"valid_json_chunks": true}}', b'{"a": 1}'),
        (
            b'{"stream_options": {"include_usage": true, "valid_json_chunks": false}}',
            b'{"stream_options": {"include_usage": true}}',
        ),
    ],
)
def test_our_key_comes_out_where_nothing_is_turned(body: bytes, expected: bytes) -> None:
    inside = Inside(document())
    answer = ask(inside, body, headers=[(b"accept-encoding", b"gzip")]).answer
    assert expected == inside.body
    assert inside.header(b"accept-encoding") == [b"gzip"]
    assert document() == answer.body


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"no json", b"\xff", b'{"stream":true}', b'{"stream_options": null}']
)
def test_a_request_without_our_key_passes_byte_for_byte(body: bytes) -> None:
    inside = Inside(b"any", b"thing")
    served = ask(inside, body)
    assert body == inside.body
    assert [b"any", b"thing", b""] == [m["body"] for m in served.messages[1:]]
    assert STREAM == served.messages[0]["headers"]


def test_a_body_in_pieces_is_read_as_one() -> None:
    body = json.dumps(FLAG).encode()
    inside = Inside(document())
    answer = ask(inside, [body[:10], b"", body[10:30], body[30:]]).answer
    assert b"valid_json_chunks" not in inside.body
    assert "snapshot" == answer.headers["x-valid-json-chunks"]


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/embeddings", "/", "/chat/completions/x"])
def test_other_paths_pass_with_their_request_unread(path: str) -> None:
    inside = Inside(document())
    body = json.dumps(FLAG).encode()
    answer = ask(inside, [body[:5], body[5:]], path=path).answer
    assert [body[:5], body[5:]] == [message["body"] for message in inside.messages]
    assert document() == answer.body


@pytest.mark.parametrize(
    "path", ["/chat/completions", "/openai/deployments/x/chat/completions", "/chat/completions/"]
)
def test_every_path_that_ends_in_chat_completions_is_ours(path: str) -> None:
    assert "x-valid-json-chunks" in ask(Inside(document()), path=path).answer.headers


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_other_kinds_of_connections_pass(kind: str) -> None:
    inside = Inside()
    scope = {"type": kind, "path": "/chat/completions"}
    asyncio.run(ValidJSONChunks(inside)(scope, None, None))  # type: ignore[arg-type]
    assert inside.scopes == [scope]
    assert inside.scopes[0] is scope


def test_a_get_is_not_read() -> None:
    inside = Inside(b"list", headers=JSON)
    assert b"list" == ask(inside, method="GET").answer.body


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, JSON, b'{"choices": [], "error": null}'),
        (200, [(b"content-type", b"text/plain")], b'{"error": "is text"}'),
        (429, JSON, b'{"error": {"message": "slow down"}}'),
        (500, STREAM, b"data: oops\n\n"),
        (204, [], b""),
    ],
)
def test_any_other_status_or_type_passes_untouched(
    status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    served = ask(Inside(body, status=status, headers=headers))
    assert (status, headers) == (served.messages[0]["status"], served.messages[0]["headers"])
    assert body == served.answer.body


@pytest.mark.parametrize("flag", [1, "true", [], 0])
def test_a_flag_that_is_neither_boolean_nor_object_is_a_400_in_openais_format(flag: Any) -> None:
    inside = Inside(document())
    answer = ask(inside, {"stream": True, "stream_options": {"valid_json_chunks": flag}}).answer
    assert (400, []) == (answer.status, inside.scopes)
    error = answer.error()
    assert {"message", "type", "param", "code"} == set(error)
    assert error["type"] == "invalid_request_error"
    assert error["param"] == "stream_options.valid_json_chunks"


@pytest.mark.parametrize(
    ("options", "name", "allowed"),
    [
        ({"repiar": True}, "repiar", "repair"),
        ({"repair": "yes"}, "repair", "true or false"),
        ({"root": "tree"}, "root", '"auto"'),
        ({"style": None}, "style", '"compact"'),
    ],
)
def test_a_wrong_option_is_a_400_that_names_it_and_what_is_allowed(
    options: dict[str, Any], name: str, allowed: str
) -> None:
    body = {"stream": True, "stream_options": {"valid_json_chunks": options}}
    answer = ask(Inside(document()), body).answer
    assert answer.status == 400
    assert f"stream_options.valid_json_chunks.{name}" == answer.error()["param"]
    assert allowed in answer.error()["message"]


def test_the_options_of_a_request_stand_over_those_of_the_middleware() -> None:
    flag = {"style": "compact"}
    body = {"stream": True, "stream_options": {"valid_json_chunks": flag}}
    contents = ask(Inside(document()), body, {"style": "spaced"}).answer.contents()
    assert '{"a":"xy"}' == contents[-1]
    contents = ask(Inside(document()), FLAG, {"style": "compact"}).answer.contents()
    assert '{"a":"xy"}' == contents[-1]


def test_a_response_format_of_text_turns_the_flag_off() -> None:
    answer = ask(Inside(document()), {**FLAG, "response_format": {"type": "text"}}).answer
    assert document() == answer.body
    assert "x-valid-json-chunks" not in answer.headers


@pytest.mark.parametrize("helper", [b"chat.completions.stream", b"stream", b"runTools"])
def test_a_helper_that_joins_contents_is_refused(helper: bytes) -> None:
    inside = Inside(document())
    headers = [(b"x-stainless-helper-method", helper)]
    answer = ask(inside, headers=headers).answer
    assert (400, []) == (answer.status, inside.scopes)
    assert "stream=True" in answer.error()["message"]
    assert document() == ask(inside, {"stream": True}, headers=headers).answer.body


def test_a_helper_that_joins_nothing_is_served() -> None:
    headers = [(b"x-stainless-helper-method", b"chat.completions.parse")]
    assert 200 == ask(Inside(document()), headers=headers).answer.status


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_beyond_the_limit_is_a_413(announced: bool) -> None:
    inside = Inside(document())
    body: Any = b"x" * 101 if announced else [b"x" * 60, b"x" * 41]
    answer = ask(inside, body, {"max_request_bytes": 100}).answer
    assert (413, []) == (answer.status, inside.scopes)
    assert "100 bytes" in answer.error()["message"]
    assert 200 == ask(inside, b"x" * 100, {"max_request_bytes": 100}).answer.status


def test_the_responses_api_says_by_name_that_it_is_not_supported() -> None:
    answer = ask(Inside(document()), path="/v1/responses").answer
    assert answer.status == 400
    assert "Responses API" in answer.error()["message"]
    body = b'{"stream":true,"stream_options":{"include_obfuscation":false}}'
    inside = Inside(document())
    assert document() == ask(inside, body, path="/v1/responses").answer.body
    assert body == inside.body


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        (b"gzip", gzip.compress),
        (b"GZIP", lambda data: gzip.compress(data[:50]) + gzip.compress(data[50:])),
        (b"deflate", zlib.compress),
        (b"deflate", raw_deflate),
        (b"identity", bytes),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_an_encoding_that_came_all_the_same_is_undone(
    encoding: bytes, pack: Any, size: int
) -> None:
    packed = pack(document())
    pieces = [packed[at : at + size] for at in range(0, len(packed), size)]
    answer = ask(Inside(*pieces, headers=[*STREAM, (b"content-encoding", encoding)])).answer
    assert ['{"a": "x"}', '{"a": "xy"}', '{"a": "xy"}'] == answer.contents()
    assert "content-encoding" not in answer.headers


def test_an_encoding_that_cannot_be_undone_is_a_502() -> None:
    answer = ask(Inside(b"??", headers=[*STREAM, (b"content-encoding", b"br")])).answer
    assert (502, "upstream_encoding") == (answer.status, answer.error()["code"])


def test_a_compressed_answer_that_is_broken_ends_in_one_error() -> None:
    packed = gzip.compress(event('{"a": "x') * 100, 0)
    broken = packed[:2000] + b"\xff" * 500
    answer = ask(Inside(broken, headers=[*STREAM, (b"content-encoding", b"gzip")])).answer
    assert "upstream_closed" == answer.error()["code"]


def test_a_bomb_is_an_error_and_never_held_whole() -> None:
    packer = zlib.compressobj(9, wbits=31)
    block = b": " + b" " * (1 << 20) + b"\n\n"
    bomb = b"".join(packer.compress(block) for _ in range(64)) + packer.flush()
    headers = [*STREAM, (b"content-encoding", b"gzip")]
    served = ask(Inside(bomb, headers=headers))
    assert "limit_exceeded" == served.answer.error()["code"]
    largest = max(len(m["body"]) for m in served.messages if "body" in m)
    assert largest < 4 << 20
    assert len(served.answer.body) < 32 << 20


def test_it_is_added_to_fastapi_as_any_middleware() -> None:
    app = FastAPI()
    app.add_middleware(ValidJSONChunks, style="compact")
    finished = []

    @app.post("/v1/chat/completions")
    async def complete(request: Request) -> StreamingResponse:
        assert "stream_options" not in await request.json()

        async def chunks() -> Any:
            for line in document().split(b"\n\n")[:-1]:
                yield line + b"\n\n"

        async def after() -> None:
            await asyncio.sleep(0.05)
            finished.append(True)

        return StreamingResponse(
            chunks(), media_type="text/event-stream", background=BackgroundTask(after)
        )

    answer = asyncio.run(call(app, FLAG)).answer
    assert 200 == answer.status, answer.body
    assert ['{"a":"x"}', '{"a":"xy"}', '{"a":"xy"}'] == answer.contents()
    assert finished == [True]


def test_a_wrong_option_of_the_middleware_is_told_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="style"):
        ValidJSONChunks(Inside(), style="wide")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("heartbeat", 0, "a number of seconds above 0, or None for never"),
        ("heartbeat", "15", "a number of seconds above 0, or None for never"),
        ("hold_seconds", -1, "a number of seconds 0 or more"),
        ("hold_seconds", None, "a number of seconds 0 or more"),
        ("hold_bytes", 0.5, "a whole number of at least 0"),
        ("max_request_bytes", "1", "a whole number of at least 1"),
        ("max_held_bytes", 0, "a whole number of at least 1, or None for no limit"),
        ("on_report", 3, "something to call with a dict, or None"),
    ],
)
def test_a_wrong_setting_of_the_middleware_is_told_when_it_is_made(name, given, why) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be {why}$"):
        ValidJSONChunks(Inside(), **{name: given})


def test_settings_at_their_bounds_are_taken() -> None:
    ValidJSONChunks(Inside(), hold_seconds=0, hold_bytes=0, heartbeat=0.1, on_report=print)


def test_events_are_turned_as_they_come() -> None:
    served = ask(Inside(event('{"a": "x'), 0.2, event('y"}', "stop"), DONE))
    bodies = [(m.get("body"), t) for m, t in zip(served.messages, served.times, strict=True)]
    first = next(at for body, at in bodies if body and b'\\"x\\"' in body)
    last = next(at for body, at in bodies if body and b'\\"xy\\"' in body)
    assert last - first > 0.15
