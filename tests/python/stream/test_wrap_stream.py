"""`wrap_stream`: chunk objects and dicts, with the same result as the bytes."""

from __future__ import annotations

import asyncio
import copy
import json
from pathlib import Path
from types import SimpleNamespace

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk
from support.forms import (
    CHUNKS,
    MODES,
    PACES,
    as_bytes,
    by_bytes,
    chunk,
    dicts_of,
    objects,
    run,
    run_async,
    usage,
)
from support.recorded import ABSENT, chunks, is_done, recorded

import wholejson

JOHN = [
    chunk("", delta={"role": "assistant"}),
    *map(chunk, ['{"name', '":"', "John", " Doe", '"', "}"]),
    chunk(finish="stop"),
    usage(),
]


def test_each_chunk_has_the_whole_document():
    given, error = run(JOHN)
    assert error is None
    contents = [each["choices"][0]["delta"]["content"] for each in given[:-1]]
    assert ['{"name": "John"}', '{"name": "John Doe"}', '{"name": "John Doe"}'] == contents
    assert given[0]["choices"][0]["delta"]["role"] == "assistant"
    assert {"complete": True, "repairs": 0} == given[2]["choices"][0]["json_status"]
    assert given[2]["choices"][0]["finish_reason"] == "stop"
    assert usage() == given[3]


def test_objects_of_the_sdk_are_given_out_as_such():
    given, error = run(objects(JOHN))
    assert error is None
    assert {ChatCompletionChunk} == {type(each) for each in given}
    last = given[2].choices[0]
    assert {"name": "John Doe"} == json.loads(last.delta.content)
    assert {"complete": True, "repairs": 0} == last.json_status
    assert given[3].usage.total_tokens == 3


@pytest.mark.parametrize("form", [list, objects], ids=["dicts", "objects"])
def test_what_came_in_is_never_changed(form):
    stream = form(
        [
            chunk("", delta={"role": "assistant"}, logprobs={"content": [{"token": "a"}]}),
            chunk(" ", logprobs={"content": [{"token": "b"}]}, top={"usage": {"total_tokens": 1}}),
            chunk('{"a": "b', logprobs={"content": [{"token": "c"}]}),
            chunk('"}', finish="stop"),
        ]
    )
    before = copy.deepcopy(stream)
    run(stream)
    assert before == stream


@pytest.mark.parametrize("collect", [run, run_async], ids=["sync", "async"])
@pytest.mark.parametrize("path", recorded() or [None], ids=lambda path: path.stem if path else "")
def test_recorded_streams_give_the_same_as_bytes_as_dicts_and_as_objects(path, collect):
    if path is None:
        pytest.skip(ABSENT)
    raw = path.read_bytes()
    expected, code = by_bytes(raw)
    if is_done(raw) and by_bytes(raw.replace(b"[DONE]", b": over"))[1] == "upstream_closed":
        # Objects don't tell whether [DONE] came: an end without finish_reason is a broken one.
        expected, code = by_bytes(raw.replace(b"[DONE]", b": over"))
    given, error = collect(chunks(raw))
    assert (expected, code) == (given, error)
    if any("error" in each for each in chunks(raw)):
        return  # the SDK raises these before a chunk object exists
    given, error = collect(objects(chunks(raw)))
    assert json.loads(json.dumps(expected)) == dicts_of(given)
    assert code == error


WORDS = st.lists(
    st.sampled_from(['{"a', '": ', '"b', 'c"', ", ", '"d": [1', ", 2", "]}", " ", "", "x", "```"])
)


@settings(max_examples=400, deadline=None)
@given(st.lists(CHUNKS, max_size=8), st.booleans(), st.integers(1, 2), PACES, MODES)
def test_any_stream_gives_the_same_as_bytes_and_as_dicts(stream, repair, choices, pace, mode):
    options = {"repair": repair, "choices": choices, **pace, **mode}
    assert by_bytes(as_bytes(stream), **options) == run(stream, **options)


@settings(max_examples=300, deadline=None)
@given(WORDS, st.booleans(), st.sampled_from(["stop", "length", None]), PACES, MODES)
def test_any_text_gives_the_same_as_bytes_as_dicts_and_as_objects(
    words, repair, finish, pace, mode
):
    options = {"repair": repair, **pace, **mode}
    stream = [chunk("", delta={"role": "assistant"}), *map(chunk, words)]
    if finish:
        stream.append(chunk(finish=finish))
    stream.append(usage())
    expected = by_bytes(as_bytes(stream), **options)
    assert expected == run(stream, **options)
    given, error = run(objects(stream), **options)
    assert expected == (dicts_of(given), error)


class Source:
    """A stream that remembers whether it was closed."""

    response = "the response"

    def __init__(self, items, error=None):
        self.items, self.error, self.closed = list(items), error, 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.items:
            return self.items.pop(0)
        raise self.error or StopIteration

    def close(self):
        self.closed += 1


class AsyncSource(Source):
    __iter__ = None

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.items:
            return self.items.pop(0)
        raise self.error or StopAsyncIteration

    async def close(self):
        self.closed += 1


def test_closing_closes_the_stream_behind():
    source = Source(JOHN)
    with wholejson.wrap_stream(source) as stream:
        next(stream)
    assert source.closed == 1
    stream.close()
    assert source.closed == 1
    assert list(stream) == []
    assert source.items


def test_closing_closes_the_async_stream_behind():
    source = AsyncSource(JOHN)

    async def use():
        async with wholejson.wrap_stream(source) as stream:
            await anext(stream)
        await stream.close()
        assert [each async for each in stream] == []

    asyncio.run(use())
    assert source.closed == 1


def test_the_end_closes_the_stream_behind():
    source = Source(JOHN)
    list(wholejson.wrap_stream(source))
    assert source.closed == 1


def test_a_stream_that_ends_without_finish_reason_is_broken_and_what_was_shown_stays():
    source = Source(JOHN[:4])
    stream = wholejson.wrap_stream(source)
    assert len([next(stream)]) == 1
    for _ in range(2):
        with pytest.raises(wholejson.UpstreamError) as caught:
            next(stream)
        assert caught.value.kind == "upstream_closed"
    assert stream.snapshot() == '{"name": "John"}'
    assert source.closed == 1


SAID = [
    chunk("", delta={"role": "assistant"}),
    chunk("[1,", logprobs={"content": [{"token": "a"}]}),
    chunk("2", logprobs={"content": [{"token": "b"}]}, top={"usage": {"total_tokens": 1}}),
]


@pytest.mark.parametrize("collect", [run, run_async], ids=["sync", "async"])
@pytest.mark.parametrize("form", [list, objects], ids=["dicts", "objects"])
@pytest.mark.parametrize(
    "last",
    [
        {"error": {"message": "overloaded", "code": 529}},
        {**chunk("3", finish="error"), "error": {"message": "overloaded"}},
    ],
    ids=["alone", "with choices"],
)
def test_an_error_that_the_sender_reports_is_raised_after_all_that_was_said(collect, form, last):
    given, code = collect(form([*SAID, last, chunk("4]", finish="stop")]))
    assert code == "upstream_error"
    given = given if form is list else dicts_of(given)
    assert ["[1]", "[1]"] == [each["choices"][0]["delta"]["content"] for each in given]
    tokens = [each["choices"][0]["logprobs"]["content"] for each in given]
    assert [[{"token": "a"}], [{"token": "b"}]] == tokens
    assert {"total_tokens": 1} == given[-1]["usage"]


def test_what_the_sender_reports_stands_in_the_error_and_what_was_shown_stays():
    source = Source([*SAID, {"error": {"message": "overloaded"}}])
    stream = wholejson.wrap_stream(source)
    for _ in range(2):
        with pytest.raises(wholejson.UpstreamError, match="the sender reported: overloaded"):
            list(stream)
    assert stream.snapshot() == "[1]"
    assert source.closed == 1


def test_what_was_said_goes_out_before_the_error_that_the_sdk_raises():
    error = openai.OpenAIError("overloaded")
    stream = wholejson.wrap_stream(Source(objects(SAID), error=error))
    first, last = next(stream), next(stream)
    with pytest.raises(openai.OpenAIError, match="overloaded"):
        next(stream)
    contents = [each.choices[0].delta.content for each in (first, last)]
    assert ["[1]", "[1]"] == contents
    assert {"total_tokens": 1} == last.to_dict()["usage"]


def test_what_was_said_goes_out_before_a_limit():
    limits = wholejson.Limits(event=1 << 10)
    said = [*SAID, chunk(" ", logprobs={"content": [1] * 2000})]
    given, code = run(said, limits=limits)
    assert code == "limit_exceeded"
    assert given[0]["choices"][0]["logprobs"] == {"content": [{"token": "a"}]}
    too_many = {**chunk(), "choices": [chunk()["choices"][0]] * 2000}
    given, code = run([*SAID, too_many])
    assert code == "limit_exceeded"
    assert given[-1]["usage"] == {"total_tokens": 1}


def test_a_choice_without_an_index_stays_itself_where_others_are_taken_out():
    say = [{"delta": {"content": text}} for text in ('{"a', "[1,")]
    role = {"delta": {"role": "assistant"}}
    stream = [{"choices": [say[0], role, say[1]]}]
    given = []
    with pytest.raises(wholejson.UpstreamError):
        given.extend(wholejson.wrap_stream(iter(stream), choices=3))
    assert [
        {"choices": [{"delta": {"content": "[1]"}, "index": 2}]},
        {"choices": [{"delta": {"role": "assistant"}, "index": 1}]},
    ] == given


@pytest.mark.parametrize("digits", ["9" * 5000, "0" * 5000 + "1"])
def test_an_index_of_thousands_of_digits_is_read_like_any_other(digits):
    stream = [{"choices": [{"index": digits, "delta": {"content": "[1]"}, "finish_reason": "x"}]}]
    (given,) = wholejson.wrap_stream(iter(stream))
    assert "[1]" == given["choices"][0]["delta"]["content"]


def test_what_the_stream_behind_raises_comes_through():
    source = Source(JOHN[:4], error=OSError("gone"))
    stream = wholejson.wrap_stream(source)
    next(stream)
    with pytest.raises(OSError, match="gone"):
        next(stream)
    assert stream.snapshot() == '{"name": "John"}'
    assert source.closed == 1


def test_malformed_text_raises_with_its_place():
    stream = wholejson.wrap_stream([chunk('{"a": "b'), chunk('", ]}')], repair=False)
    assert next(stream)["choices"][0]["delta"]["content"] == '{"a": "b"}'
    with pytest.raises(wholejson.InvalidJSONError) as caught:
        next(stream)
    assert (caught.value.kind, caught.value.offset) == ("unexpected_character", 11)


def test_a_limit_raises_with_its_name():
    limits = wholejson.Limits(depth=2)
    with pytest.raises(wholejson.LimitError) as caught:
        list(wholejson.wrap_stream([chunk('{"a": [[1')], limits=limits))
    assert caught.value.kind == "depth"


def test_prose_instead_of_json_is_an_error_that_has_it():
    stream = wholejson.wrap_stream([chunk("I can't "), chunk("do that."), chunk(finish="stop")])
    with pytest.raises(wholejson.NoJSONError) as caught:
        list(stream)
    assert caught.value.text == "I can't do that."


def test_log_probabilities_of_an_endless_stream_of_nothing_are_bounded():
    nothing = chunk("", logprobs={"content": [{"token": "x"}] * 100})

    def endless():
        yield chunk("[")
        while True:
            yield nothing

    with pytest.raises(wholejson.LimitError, match=r"Limits\.event"):
        list(wholejson.wrap_stream(endless(), limits=wholejson.Limits(event=1 << 16)))


def test_other_attributes_are_those_of_the_stream_behind():
    assert wholejson.wrap_stream(Source([])).response == "the response"
    with pytest.raises(AttributeError):
        _ = wholejson.wrap_stream([]).response


async def not_awaited():
    return []


@pytest.mark.parametrize(
    ("make", "remedy"),
    [
        (not_awaited, "await it first"),
        (lambda: ChatCompletionChunk.model_construct(choices=[]), "stream=True"),
        (dict, "put it in a list"),
        (str, "put it in a list"),
        (lambda: None, "the stream itself"),
    ],
)
def test_what_is_no_stream_is_refused_at_once_with_the_remedy(make, remedy):
    with pytest.raises(TypeError, match=remedy):
        wholejson.wrap_stream(make())


def test_a_stream_that_has_whole_documents_already_is_refused():
    class Transformed(Source):
        response = SimpleNamespace(headers={"x-valid-json-chunks": "snapshot"})

    with pytest.raises(ValueError, match="read it as it is"):
        wholejson.wrap_stream(Transformed([]))


def test_a_wrong_option_is_refused_at_once():
    with pytest.raises(ValueError, match="root"):
        wholejson.wrap_stream([], root="tree")
    with pytest.raises(TypeError, match="choices"):
        wholejson.wrap_stream([], choices="2")


def final_by_sdk(stream: list[ChatCompletionChunk]):
    from openai.lib.streaming.chat import ChatCompletionStreamState

    state = ChatCompletionStreamState()
    for each in stream:
        if each.object == "chat.completion.chunk":
            state.handle_chunk(each)
    return state.get_final_completion()


def outcome(call) -> object:
    try:
        return call()
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("path", recorded() or [None], ids=lambda path: path.stem if path else "")
def test_the_final_completion_is_what_the_sdk_makes_of_the_raw_stream(path: Path | None):
    if path is None:
        pytest.skip(ABSENT)
    raw = chunks(path.read_bytes())
    if any("error" in each for each in raw):
        return  # the SDK raises these before a chunk object exists
    stream = wholejson.wrap_stream(objects(raw))
    if (failed := outcome(lambda: list(stream))) and isinstance(failed, type):
        with pytest.raises(failed):
            stream.get_final_completion()
        return
    assert outcome(lambda: final_by_sdk(objects(raw))) == outcome(stream.get_final_completion)


@pytest.mark.parametrize("path", recorded() or [None], ids=lambda path: path.stem if path else "")
def test_the_final_completion_of_dicts_is_the_same_as_a_dict(path: Path | None):
    if path is None:
        pytest.skip(ABSENT)
    raw = chunks(path.read_bytes())
    try:
        expected = final_by_sdk(objects(raw)).to_dict(mode="json")
        stream = wholejson.wrap_stream(raw)
        given = stream.get_final_completion()
    except Exception:
        return  # where the SDK or the stream raises, there is nothing to compare
    expected.pop("obfuscation", None)  # padding, which the SDK left in before 2.50
    for choice in expected["choices"]:
        choice["message"].pop("parsed", None)
        for call in choice["message"].get("tool_calls") or ():
            call["function"].pop("parsed_arguments", None)
    assert without_nulls(expected) == without_nulls(given)


def without_nulls(value):
    """What a value says, whether members are null or missing."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None and v != []}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return value


def test_the_final_completion_of_a_short_stream():
    completion = wholejson.wrap_stream(objects(JOHN)).get_final_completion()
    assert completion.choices[0].message.content == '{"name":"John Doe"}'
    assert completion.usage.total_tokens == 3
    whole = wholejson.wrap_stream(JOHN).get_final_completion()
    assert {"role": "assistant", "content": '{"name":"John Doe"}'} == whole["choices"][0]["message"]


def test_the_final_completion_of_an_async_stream():
    async def use():
        return await wholejson.wrap_stream(AsyncSource(objects(JOHN))).get_final_completion()

    assert asyncio.run(use()).choices[0].message.content == '{"name":"John Doe"}'


def test_a_long_answer_is_remembered_in_about_its_own_length():
    words = ["lorem ipsum "] * 50_000
    stream = wholejson.wrap_stream(
        [chunk('{"a": "'), *map(chunk, words), chunk('"}', finish="stop")]
    )
    # A snapshot for each would be quadratic; only the record is asked about here.
    record = stream._record
    for each in [chunk('{"a": "'), *map(chunk, words)]:
        record.add(each)
    assert len(record._runs) == 1


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (['{"a": ', "1}"], r"the first part is str; for text there are wholejson\.snapshots"),
        ([b'{"a": 1}'], r"the first part is bytes; for text"),
        ([1, 2], "the first part is int; hand over the stream"),
        ([None], "the first part is NoneType"),
        ([[JOHN[0]]], "the first part is list"),
    ],
)
def test_what_can_be_no_chunk_is_refused_and_its_stream_closed(parts, said) -> None:
    closed = []

    def source():
        try:
            yield from parts
        finally:
            closed.append(True)

    async def later():
        try:
            for part in parts:
                yield part
        finally:
            closed.append(True)

    async def read() -> None:
        async for _ in wholejson.wrap_stream(later()):
            raise AssertionError("it gave a chunk")

    with pytest.raises(TypeError, match=said):
        list(wholejson.wrap_stream(source()))
    with pytest.raises(TypeError, match=said):
        asyncio.run(read())
    assert [True, True] == closed


def test_events_of_another_api_still_pass_as_they_are() -> None:
    events = [SimpleNamespace(type="message_start"), {"type": "ping"}, SimpleNamespace(type="x")]
    assert events == list(wholejson.wrap_stream(iter(events)))
