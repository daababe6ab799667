"""What the middleware does while a stream runs: held headers, true statuses, heartbeats, ends."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from asgi_harness import FLAG, JSON, STREAM, Inside, Served, call, document
from serving import event

from wholejson import UpstreamError
from wholejson.asgi import ValidJSONChunks

DONE = b"data: [DONE]\n\n"
ERROR = b'{"error":{"message":"overloaded","type":"overloaded_error","code":503}}'
LATE = {"hold_seconds": 5.0}


def ask(inside: Any, options: dict[str, Any] | None = None, **how: Any) -> Served:
    return asyncio.run(call(ValidJSONChunks(inside, **(options or {})), FLAG, **how))


def waited(served: Served) -> list[float]:
    """When each message came, in seconds after the first."""
    return [at - served.times[0] for at in served.times]


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (b"data: " + ERROR + b"\n\n", 503),
        (b"data:" + ERROR + b"\r\n\r\n", 503),
        (b": ping\n\nevent: error\ndata: " + ERROR + b"\n\n", 503),
        (b'data: {"error": {"code": "429", "message": "m"}}\n\n', 429),
        (b'data: {"error": {"type": "rate_limit_error", "message": "m"}}\n\n', 429),
        (b'data: {"error": {"code": "invalid_api_key", "message": "m"}}\n\n', 401),
        (b'data: {"error": {"message": "m"}}\n\n', 502),
        (b'data: {"error": "no such thing"}\n\n', 502),
        (b'error: {"code": 400, "message": "m"}\n\n', 400),
        (ERROR, 503),
    ],
)
@pytest.mark.parametrize("pause", [0.0, 0.02])
def test_an_error_as_the_first_event_of_a_200_gets_its_status(
    first: bytes, expected: int, pause: float
) -> None:
    after = (pause, DONE) if first.endswith(b"\n") else ()
    inside = Inside(first[:9], pause, first[9:], *after)
    answer = ask(inside, LATE).answer
    assert expected == answer.status
    assert "application/json" == answer.headers["content-type"]
    assert len(answer.body) == int(answer.headers["content-length"])
    assert json.loads(answer.body)["error"]


def test_an_error_body_with_200_gets_its_status() -> None:
    answer = ask(Inside(ERROR[:20], 0.01, ERROR[20:], headers=JSON)).answer
    assert (503, ERROR) == (answer.status, answer.body)


def test_an_answer_in_json_that_is_no_error_passes_whatever_its_size() -> None:
    body = json.dumps({"error": None, "choices": ["x" * 100_000]}).encode()
    assert (200, body) == (lambda a: (a.status, a.body))(ask(Inside(body, headers=JSON)).answer)


@pytest.mark.parametrize("headers", [STREAM, JSON, []])
def test_an_empty_200_is_a_502(headers: list[tuple[bytes, bytes]]) -> None:
    answer = ask(Inside(headers=headers)).answer
    assert (502, "upstream_closed") == (answer.status, answer.error()["code"])


@pytest.mark.parametrize(("kind", "status"), [("upstream_closed", 502), ("upstream_timeout", 504)])
def test_a_fault_of_the_upstream_before_its_first_event_keeps_its_status(
    kind: str, status: int
) -> None:
    fault = UpstreamError("it broke", kind=kind)
    answer = ask(Inside(b": ping\n\n", fault), LATE).answer
    assert (status, kind, "it broke") == (
        answer.status,
        answer.error()["code"],
        answer.error()["message"],
    )


@pytest.mark.parametrize("kind", ["upstream_closed", "upstream_timeout"])
def test_a_fault_of_the_upstream_after_that_is_one_error_event_and_no_done(kind: str) -> None:
    answer = ask(Inside(event('{"a": "x'), UpstreamError("it broke", kind=kind))).answer
    assert (200, kind) == (answer.status, answer.error()["code"])
    assert ['{"a": "x"}'] == answer.contents()
    assert answer.whole
    assert b"[DONE]" not in answer.body


def test_an_app_that_raises_in_the_middle_has_broken_off_and_its_error_is_raised() -> None:
    served = Served()

    async def send(message: Any) -> None:
        served.messages.append(message)

    async def receive() -> Any:
        if not served.messages and not receive_calls:
            receive_calls.append(1)
            return {"type": "http.request", "body": json.dumps(FLAG).encode()}
        return await asyncio.Future()

    receive_calls: list[int] = []
    inside = Inside(event('{"a": "x'), RuntimeError("a bug"))
    scope = {"type": "http", "method": "POST", "path": "/chat/completions", "headers": []}
    with pytest.raises(RuntimeError, match="a bug"):
        asyncio.run(ValidJSONChunks(inside)(scope, receive, send))
    assert "upstream_closed" == served.answer.error()["code"]
    assert served.answer.whole


def test_an_app_that_ends_without_the_end_of_its_response_has_broken_off() -> None:
    answer = ask(Inside(event('{"a": "x'), ends=False)).answer
    assert "upstream_closed" == answer.error()["code"]
    assert answer.whole


def test_a_fault_of_the_document_is_told_after_a_200() -> None:
    prose = event("no JSON") + event(reason="stop") + DONE
    for options in ({}, LATE):
        answer = ask(Inside(prose), options).answer
        assert (200, "no_json") == (answer.status, answer.error()["code"])


def test_headers_are_held_until_the_first_event_but_no_longer_than_they_may() -> None:
    served = ask(Inside(b": ping\n\n", 0.6, event('{"a": "x'), 0.3, DONE))
    started, first = served.messages[0], served.messages[1]
    assert (200, b": ping\n\n") == (started["status"], first["body"])
    rest = [m for m in served.messages if b"choices" in m.get("body", b"")]
    after = served.times[served.messages.index(rest[0])] - served.times[0]
    assert 0.2 < after < 0.5  # held for 0.25 of the 0.6 s


def test_headers_are_held_for_so_many_bytes_at_most() -> None:
    comments = b": " + b"x" * 4000 + b"\n\n"
    served = ask(Inside(comments, comments, 0.2, comments, 0.2, event('{"a": 1}')), LATE)
    held = b"".join(m["body"] for m in served.messages[1:2])
    assert comments * 3 == held


def test_the_first_event_lets_the_headers_go_although_nothing_is_shown_yet() -> None:
    role = event(delta={"role": "assistant", "content": ""})
    served = ask(Inside(role, 0.3, event('{"a": 1}', "stop"), DONE), LATE)
    assert served.times[1] - served.times[0] > 0.2


def test_silence_is_broken_by_comments_between_events_only() -> None:
    half = event('{"a": "x')
    inside = Inside(half[:30], 0.35, half[30:], 0.35, event('y"}', "stop"), DONE)
    body = ask(inside, {"heartbeat": 0.1, "hold_seconds": 0.01}).answer.body
    blocks = body.split(b"\n\n")
    beats = [block for block in blocks if block.startswith(b":")]
    assert 4 <= len(beats) <= 8
    assert all(block.startswith((b":", b"data: ")) for block in blocks if block)
    before = body.index(b"keep-alive"), body.index(b"data:")
    assert before == tuple(sorted(before))


def test_there_are_no_comments_where_they_were_not_asked_for() -> None:
    assert b": keep-alive" not in ask(Inside(event("{"), 0.3, event('"a": 1}', "stop"))).answer.body


def test_a_client_that_leaves_cancels_the_app_inside_in_every_window() -> None:
    for inside in (
        _Waits(),  # before its headers
        Inside(30.0),  # before the first byte
        Inside(b": ping\n\n", 30.0),  # while headers are held
        Inside(event('{"a": "x'), 30.0),  # in the middle, while nothing is sent
        Inside(*[event('{"a": "x') + event("y"), 0.001] * 20_000),  # while much is sent
    ):
        reports: list[Any] = []
        app = ValidJSONChunks(inside, on_report=reports.append)
        asyncio.run(asyncio.wait_for(call(app, FLAG, leave_after=0.1), 5))
        assert inside.cancelled
        assert [True] * len(reports) == [report["client_gone"] for report in reports]


class _Waits(Inside):
    async def answer(self, send: Any) -> None:
        await asyncio.sleep(30)


def test_a_client_that_leaves_while_its_request_is_read_never_reaches_the_app() -> None:
    inside = Inside(document())

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "POST", "path": "/chat/completions", "headers": []}
    asyncio.run(ValidJSONChunks(inside)(scope, receive, None))  # type: ignore[arg-type]
    assert inside.scopes == []


def test_an_error_in_the_middle_ends_the_stream_and_cancels_the_app_inside() -> None:
    inside = Inside(event('{"a": "x'), b"data: " + ERROR + b"\n\n", 30.0)
    answer = asyncio.run(asyncio.wait_for(call(ValidJSONChunks(inside), FLAG), 5)).answer
    assert "overloaded" == answer.error()["message"]
    assert answer.whole
    assert inside.cancelled


def test_a_slow_client_slows_the_app_inside_down() -> None:
    sent = []

    class Fast(Inside):
        async def answer(self, send: Any) -> None:
            async def counting(message: Any) -> None:
                sent.append(asyncio.get_running_loop().time())
                await send(message)

            await super().answer(counting)

    pieces = [event('{"a": "x'), *[event("y")] * 20]
    ask(Fast(*pieces), slow=0.02)
    assert sent[-1] - sent[0] > 0.3


def test_what_one_read_brought_goes_out_in_one_send() -> None:
    served = ask(Inside(document()))
    assert [True, False] == [bool(m.get("body")) for m in served.messages[1:]]


def test_a_report_tells_what_happened() -> None:
    reports: list[Any] = []
    body = {**FLAG, "metadata": {"agent_id": "my-agent"}}
    app = ValidJSONChunks(Inside(document()), on_report=reports.append)
    served = asyncio.run(call(app, body))
    (report,) = reports
    assert (2, 0, 5, True, None, False, "my-agent") == tuple(
        report[name]
        for name in (
            "updates", "repairs", "events_in", "complete", "error", "client_gone", "agent_id",
        )
    )  # fmt: skip
    assert (len(document()), len(served.answer.body)) == (report["bytes_in"], report["bytes_out"])
    assert 0 <= report["first_snapshot_seconds"] <= report["seconds"] < 5


def test_a_report_that_fails_harms_no_stream() -> None:
    def fails(_: Any) -> None:
        raise RuntimeError

    assert ask(Inside(document()), {"on_report": fails}).answer.whole


def test_the_server_that_shuts_down_ends_a_stream_with_an_error() -> None:
    async def shut_down() -> Served:
        served = Served()
        inside = Inside(event('{"a": "x'), 30.0)

        async def send(message: Any) -> None:
            served.messages.append(message)

        first = [{"type": "http.request", "body": json.dumps(FLAG).encode()}]

        async def receive() -> Any:
            return first.pop() if first else await asyncio.Future()

        scope = {"type": "http", "method": "POST", "path": "/chat/completions", "headers": []}
        task = asyncio.create_task(ValidJSONChunks(inside)(scope, receive, send))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert inside.cancelled
        return served

    answer = asyncio.run(shut_down()).answer
    assert ['{"a": "x"}'] == answer.contents()
    assert "upstream_closed" == answer.error()["code"]
    assert "shut down" in answer.error()["message"]
    assert answer.whole


def test_one_read_is_never_held_as_snapshots_all_at_once() -> None:
    """A read of 64 KB holds 200 events; each of them becomes 200 KB, and so do no two at once."""
    long = event('{"a": "' + "x" * 200_000)
    inside = Inside(long, event("y") * 200, event('"}', "stop"))
    served = ask(inside, {"max_amplification": None})
    sizes = [len(message.get("body", b"")) for message in served.messages]
    assert sum(sizes) > 200 * 200_000
    assert max(sizes) < 4 << 20
    values = [json.loads(content)["a"] for content in served.answer.contents()]
    assert [200_000 + count for count in range(201)] == [len(value) for value in values[:201]]


def test_a_slow_client_gets_the_newest_snapshot_of_a_read_and_the_last_one() -> None:
    count = 50
    many = event("y") * count
    inside = Inside(event('{"a": "x'), many, many, many, event('"}', "stop") + DONE)
    served = ask(inside, slow=0.15)
    lengths = [len(json.loads(content)["a"]) for content in served.answer.contents()]
    assert [1, 1 + count, 1 + 2 * count, 1 + 3 * count, 1 + 3 * count] == lengths
    assert served.answer.body.endswith(DONE)
    assert 3 * count + 2 == len(ask(inside).answer.contents())


def test_all_streams_together_hold_no_more_than_they_may() -> None:
    async def many() -> list[Served]:
        inside = Inside(event('{"a": "' + "x" * 1000), 0.2, event('"}', "stop") + DONE)
        app = ValidJSONChunks(inside, max_held_bytes=5500)
        crowd = await asyncio.gather(*[call(app, FLAG) for _ in range(8)])
        return [*crowd, *[await call(app, FLAG) for _ in range(8)]]

    codes = [(served.answer.error() or {}).get("code") for served in asyncio.run(many())]
    assert [None] * 5 + ["limit_exceeded"] * 3 == sorted(codes[:8], key=str)
    assert [None] * 8 == codes[8:]  # what was held is given back
