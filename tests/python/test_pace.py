"""A stream that is thinned: by a budget, by an interval; what was held back goes out in time."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest
from asgi_harness import Inside, Served, call
from serving import DONE, FLAG, HEAD, LAST, Upstream, event, piece, serving
from serving import ask as asked

import wholejson
from wholejson.asgi import ValidJSONChunks
from wholejson.waiting import END, Waiting

STOP = event(reason="stop") + DONE


def ask(inside: Any, options: dict[str, Any], asked: Any = True, **how: Any) -> Served:
    body = {**FLAG, "stream_options": {"valid_json_chunks": asked}}
    return asyncio.run(call(ValidJSONChunks(inside, **options), body, **how))


def contents_at(served: Served) -> list[tuple[float, list[str]]]:
    """When contents came, in seconds after the first message, and which."""
    found = []
    for message, at in zip(served.messages, served.times, strict=True):
        data = [line[6:] for line in message.get("body", b"").split(b"\n") if b"choices" in line]
        chunks = [json.loads(each) for each in data]
        given = [chunk["choices"][0]["delta"].get("content") for chunk in chunks]
        if any(given):
            found.append((at - served.times[0], [each for each in given if each]))
    return found


def numbers(count: int) -> list[bytes]:
    """The events of `[0, 1, 2, …`, a number each."""
    return [event("[0,"), *(event(f"{number},") for number in range(1, count))]


def test_the_newest_update_goes_out_when_the_upstream_pauses() -> None:
    served = ask(Inside(*numbers(3), 0.3, event("3]"), STOP), {"every_ms": 100})
    (first, one), (second, two), (third, three) = contents_at(served)[:3]
    assert (["[0]"], ["[0, 1, 2]"], ["[0, 1, 2, 3]"]) == (one, two, three[:1])
    assert 0.09 < second - first
    assert 0.29 < third


def test_an_upstream_that_does_not_pause_is_thinned_to_the_interval() -> None:
    pieces = [each for number in numbers(60) for each in (number, 0.01)]
    came = contents_at(ask(Inside(*pieces, STOP), {"every_ms": 100}))
    assert 5 <= len(came) <= came[-1][0] / 0.1 + 3
    gaps = [after - before for (before, _), (after, _) in itertools.pairwise(came)]
    assert min(gaps[:-1]) > 0.08
    assert json.loads(came[-1][1][-1]) == list(range(60))


@pytest.mark.parametrize("mode", ["snapshot", "patch"])
def test_whatever_the_upstream_and_the_client_do_nothing_comes_out_of_order(mode: str) -> None:
    """Chunks of reads, updates that were due and comments are sent by different tasks."""
    source = random.Random(7)
    for _ in range(12):
        pieces: list[Any] = []
        for number in numbers(30):
            pieces.append(number)
            pieces += [source.choice([0, 0.001, 0.012])] if source.random() < 0.7 else []
        options = {"every_ms": source.choice([5, 10]), "mode": mode, "heartbeat": 0.01}
        slow = source.choice([0, 0.002, 0.02])
        served = ask(Inside(*pieces, event("30]"), STOP), options, slow=slow)
        value: Any = None
        for content in served.answer.contents():
            before = value
            value = json.loads(content)
            if mode == "patch":
                value = wholejson.apply_operations(before, value)
            assert (before or []) == value[: len(before or [])]
        assert list(range(31)) == value
        assert served.answer.whole


def test_by_default_a_long_document_is_sent_no_more_than_its_budget() -> None:
    document = '{"a": "' + "x" * 48_000 + '"}'
    deltas = [document[at : at + 4] for at in range(0, len(document), 4)]
    inside = Inside(b"".join(map(event, deltas)), STOP)
    contents = ask(inside, {}).answer.contents()
    assert sum(map(len, contents[:-1])) <= (1 << 20) + 64 * len(document)
    assert json.loads(document) == json.loads(contents[-1])
    assert 150 < len(contents) < len(deltas) / 10


def test_null_turns_the_default_off() -> None:
    long = event('{"a": "' + "x" * 100_000)
    inside = Inside(long, event("y") * 150, event('"}', "stop") + DONE)
    assert 152 == len(ask(inside, {}, {"max_amplification": None}).answer.contents())
    assert 74 <= len(ask(inside, {}).answer.contents()) <= 76
    assert 152 == len(ask(inside, {"max_amplification": None}).answer.contents())
    (first, last) = ask(
        inside, {}, {"max_amplification": None, "every_ms": 60_000}
    ).answer.contents()
    assert (100_000, 100_150) == (len(json.loads(first)["a"]), len(json.loads(last)["a"]))


def test_beyond_the_budget_an_update_goes_out_once_a_second() -> None:
    long = event('{"a": "' + "x" * 900_000)
    pieces = [each for _ in range(12) for each in (event("y"), 0.1)]
    served = ask(Inside(long, event("y"), *pieces, 1.2, STOP), {"max_amplification": 1})
    times = [at for at, _ in contents_at(served)]
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert min(gaps[1:-1]) > 0.9
    assert 4 <= len(times) <= times[-1] + 4


def test_without_a_time_told_only_the_bytes_count() -> None:
    stream = b"".join([*numbers(50), STOP])
    outputs = set()
    for size in (1, 7, 300, len(stream)):
        transformer = wholejson.ChunkTransformer(every_ms=1000, max_amplification=1)
        parts = [stream[at : at + size] for at in range(0, len(stream), size)]
        outputs.add(b"".join(map(transformer.feed, parts)) + transformer.finish())
        assert transformer.due_at is None
    assert len(outputs) == 1
    assert outputs.pop().count(b"data:") == 52


def chunks(count: int) -> list[dict[str, Any]]:
    return [json.loads(each[6:]) for each in numbers(count)]


def shown(given: list[Any]) -> list[str]:
    return [each["choices"][0]["delta"]["content"] for each in given]


def test_a_sync_stream_of_chunks_gives_what_is_due_with_the_next_chunk() -> None:
    def slowly() -> Iterator[dict[str, Any]]:
        yield from chunks(3)
        time.sleep(0.06)
        yield json.loads(event("3,")[6:])
        yield json.loads(event("4]", "stop")[6:])

    given = list(wholejson.wrap_stream(slowly(), every_ms=50))
    assert ["[0]", "[0, 1, 2, 3]", "[0, 1, 2, 3, 4]"] == shown(given)


def test_an_async_stream_of_chunks_gives_what_is_due_while_the_stream_pauses() -> None:
    async def slowly() -> AsyncIterator[dict[str, Any]]:
        for chunk in chunks(3):
            yield chunk
        await asyncio.sleep(0.3)
        yield json.loads(event("3]", "stop")[6:])

    async def read() -> list[tuple[float, str]]:
        began = time.monotonic()
        stream = wholejson.wrap_stream(slowly(), every_ms=50)
        return [
            (time.monotonic() - began, chunk["choices"][0]["delta"]["content"])
            async for chunk in stream
        ]

    times, contents = zip(*asyncio.run(read()), strict=True)
    assert ("[0]", "[0, 1, 2]", "[0, 1, 2, 3]") == contents
    assert 0.04 < times[1] < times[2]


def test_what_was_held_back_comes_before_the_error_of_the_upstream() -> None:
    stream = [*chunks(3), {"error": {"message": "x"}}]
    given = wholejson.wrap_stream(stream, every_ms=60_000)
    assert ["[0]", "[0, 1, 2]"] == shown([next(given), next(given)])
    with pytest.raises(wholejson.UpstreamError, match="the sender reported: x"):
        next(given)


def test_a_stream_that_is_left_while_something_is_due_waits_for_nothing() -> None:
    closed = []

    async def endless() -> AsyncIterator[dict[str, Any]]:
        try:
            for chunk in chunks(3):
                yield chunk
            await asyncio.sleep(60)
        finally:
            closed.append(True)

    async def leave(how: str) -> None:
        stream = wholejson.wrap_stream(endless(), every_ms=200)
        assert "[0]" == (await anext(stream))["choices"][0]["delta"]["content"]
        if how == "cancel":
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        else:
            await anext(stream)
        await stream.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left

    for count, how in enumerate(["cancel", "close"], 1):
        asyncio.run(leave(how))
        assert count == len(closed)


def paused(connection: Any) -> None:
    connection.sendall(HEAD)
    for each in numbers(3):
        connection.sendall(piece(each))
    time.sleep(0.3)
    connection.sendall(piece(event("3]", "stop") + DONE))
    connection.sendall(LAST)


def test_a_wrapped_async_client_gives_what_is_due_while_the_provider_pauses() -> None:
    async def read(url: str) -> list[tuple[float, str]]:
        client = wholejson.wrap(
            openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0), every_ms=50
        )
        stream = await client.chat.completions.create(**FLAG)  # type: ignore[call-overload]
        began = time.monotonic()
        return [
            (time.monotonic() - began, chunk.choices[0].delta.content) async for chunk in stream
        ]

    with Upstream(paused) as upstream:
        came = asyncio.run(read(upstream.url))
    contents = [content for _, content in came]
    assert "[0, 1, 2]" in contents[:-1]
    assert "[0, 1, 2, 3]" == contents[-1]


def test_a_wrapped_sync_client_thins_by_time_and_cannot_wake_up() -> None:
    with Upstream(paused) as upstream:
        client = wholejson.wrap(
            openai.OpenAI(base_url=upstream.url, api_key="k", max_retries=0), every_ms=50
        )
        stream = client.chat.completions.create(**FLAG)  # type: ignore[call-overload]
        contents = [chunk.choices[0].delta.content for chunk in stream]
    assert "[0]" == contents[0]
    assert "[0, 1, 2, 3]" == contents[-1]


def test_outside_of_asyncio_a_part_is_waited_for_as_long_as_it_takes() -> None:
    async def parts() -> AsyncIterator[int]:
        yield 1
        time.sleep(0.02)  # noqa: ASYNC251 - nothing here can wake up
        yield 2

    waiting = Waiting(parts())
    given = []
    for _ in range(3):
        step = waiting.next(0.001)
        with pytest.raises(StopIteration) as ended:
            step.send(None)
        given.append(ended.value.value)
    assert [1, 2, END] == given


def test_the_command_gives_what_is_due_while_its_input_pauses() -> None:
    if os.name != "posix":
        pytest.skip("Windows can't tell whether a pipe has something")
    process = subprocess.Popen(
        [sys.executable, "-m", "wholejson", "sse", "--every-ms", "50", "--mode", "patch"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(b"".join(numbers(3)))
        process.stdin.flush()
        lines = [process.stdout.readline() for _ in range(4)]
        assert b'\\"path\\":\\"/2\\"' in lines[2]
        process.stdin.write(event("3]", "stop") + DONE)
        process.stdin.close()
        rest = process.stdout.read()
    assert b'"document": [0,1,2,3]' in rest
    assert 0 == process.returncode


@pytest.mark.parametrize(("setting", "count"), [({}, 75), ({"max_amplification": 0}, 152)])
def test_the_gateway_has_the_budget_that_its_settings_say(setting: Any, count: int) -> None:
    from wholejson.server.app import compose
    from wholejson.server.config import Settings
    from wholejson.server.metrics import Metrics

    def upstream(connection: Any) -> None:
        whole = event('{"a": "' + "x" * 100_000) + event("y") * 150 + event('"}', "stop") + DONE
        connection.sendall(HEAD + piece(whole) + LAST)

    with Upstream(upstream) as provider:
        settings = Settings(upstream=provider.url, **setting)
        with serving(compose(settings, Metrics())) as url:
            assert abs(len(asked(url, FLAG).contents()) - count) < 3


def test_the_middleware_has_the_budget_on() -> None:
    from wholejson.replay import Replay

    with serving(ValidJSONChunks(Replay(['{"a": "' + "x" * 20_000 + '"}']))) as url:
        client = openai.OpenAI(base_url=url, api_key="k", max_retries=0)
        counts = []
        for options in (True, {"max_amplification": None}):
            stream = client.chat.completions.create(
                **{**FLAG, "stream_options": {"valid_json_chunks": options}}  # type: ignore[call-overload]
            )
            counts.append(sum(len(chunk.choices[0].delta.content or "") for chunk in stream))
    assert counts[0] < (1 << 20) + 66 * 20_000 < counts[1]
