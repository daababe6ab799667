"""The forms of a stream of chunks (bytes, dicts, the SDK's objects), and what comes of each."""

from __future__ import annotations

import asyncio
import copy
import json

from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk

import wholejson

from .recorded import chunks

CODES = {
    wholejson.NoJSONError: "no_json",
    wholejson.InvalidJSONError: "invalid_json",
    wholejson.LimitError: "limit_exceeded",
}


def code_of(error: wholejson.Error) -> str:
    """The code of the error event that says the same."""
    return error.kind if isinstance(error, wholejson.UpstreamError) else CODES[type(error)]


def chunk(content=None, *, finish=None, index=0, delta=None, top=None, **choice) -> dict:
    """A chunk as providers send it."""
    delta = dict(delta or {})
    if content is not None:
        delta["content"] = content
    one = {"index": index, "delta": delta, "finish_reason": finish, **choice}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [one],
        **(top or {}),
    }


def usage() -> dict:
    return {
        **chunk(),
        "choices": [],
        "usage": {"completion_tokens": 2, "prompt_tokens": 1, "total_tokens": 3},
    }


def objects(dicts: list[dict]) -> list[ChatCompletionChunk]:
    """The SDK's objects, made as the SDK makes them."""
    return [ChatCompletionChunk.construct(**copy.deepcopy(each)) for each in dicts]


def run(stream, **options) -> tuple[list, str | None]:
    """All that is given out, and the code of the error at the end."""
    given = []
    try:
        for each in wholejson.wrap_stream(stream, **options):
            given.append(each)  # noqa: PERF402 - what came before an error counts
    except wholejson.Error as error:
        return given, code_of(error)
    return given, None


def run_async(items, **options) -> tuple[list, str | None]:
    async def source():
        for each in items:
            yield each

    async def collect():
        given = []
        try:
            async for each in wholejson.wrap_stream(source(), **options):
                given.append(each)  # noqa: PERF401 - what came before an error counts
        except wholejson.Error as error:
            return given, code_of(error)
        return given, None

    return asyncio.run(collect())


def by_bytes(stream: bytes, **options) -> tuple[list[dict], str | None]:
    """The same by the bytes form, its error event taken off."""
    transformer = wholejson.ChunkTransformer(**options)
    if options.get("every_ms"):
        transformer.set_time(0)
    given = chunks(transformer.feed(stream) + transformer.finish())
    code = ended(transformer)
    return (given[:-1], code) if code else (given, None)


def ended(transformer: wholejson.ChunkTransformer) -> str | None:
    """The code of the error event that ended a stream; the sender's own has one for itself."""
    report = transformer.report
    return "upstream_error" if report["upstream_error"] else report["error"]


def as_bytes(dicts: list[dict], *, done: bool = False) -> bytes:
    events = "".join(f"data: {json.dumps(each)}\n\n" for each in dicts)
    return (events + ("data: [DONE]\n\n" if done else "")).encode()


def dicts_of(given: list) -> list[dict]:
    return [each.to_dict(mode="json", warnings=False) for each in given]


# What a choice may say beside its text, and how its text may be cut and end.
DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "content": st.one_of(
            st.none(),
            st.text(st.sampled_from('{}[]",:ab1 \\'), max_size=6),
            st.just([{"type": "text", "text": '{"p": "q'}]),
            st.just([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "[1,"}]),
            st.just([{"type": "image"}]),
        ),
        "role": st.sampled_from(["assistant", "", None]),
        "tool_calls": st.sampled_from([None, [], [{"index": 0, "id": "c"}]]),
        "refusal": st.sampled_from([None, "", "no"]),
        "data": st.sampled_from([{"a": None, "b": {"c": []}}, {"a": [None]}, {"a": 0}, {}]),
        "reasoning": st.sampled_from([None, "because"]),
    },
)
CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "delta": st.one_of(st.none(), DELTAS, DELTAS, DELTAS),
        "index": st.sampled_from([0, 0, 0, 1, "1", None]),
        "finish_reason": st.sampled_from([None, None, "", "stop", "content_filter"]),
        "logprobs": st.sampled_from(
            [None, {}, {"content": []}, {"content": [1]}, {"content": None, "refusal": [2]}, [0.5]]
        ),
        "own": st.sampled_from([None, {"a": 1}, "x"]),
    },
)
CHUNKS = st.fixed_dictionaries(
    {"object": st.just("chat.completion.chunk")},
    optional={
        "choices": st.lists(CHOICES, max_size=3),
        "usage": st.sampled_from([None, {"total_tokens": 1}]),
        "obfuscation": st.just("xyz"),
        "model": st.sampled_from(["m", "", None]),
        "error": st.sampled_from([None, None, None, {}, {"message": "no"}]),
    },
)
# The last is so slow that nothing goes out between the first update and the end.
PACES = st.sampled_from([{}, {}, {"max_amplification": 1}, {"every_ms": 1 << 40}])
MODES = st.sampled_from([{}, {"mode": "patch"}, {"mode": "patch", "final": False}])
