"""Tool calls in `wrap_stream`: chunk objects and dicts, with the same result as the bytes."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.forms import (
    CHUNKS,
    MODES,
    PACES,
    as_bytes,
    by_bytes,
    chunk,
    dicts_of,
    ended,
    objects,
    run,
    run_async,
)
from support.recorded import ABSENT, chunks, is_done, recorded

import wholejson


def piece(arguments=None, *, index=0, name=None, **said) -> dict:
    function = {
        **({} if name is None else {"name": name}),
        **({} if arguments is None else {"arguments": arguments}),
    }
    return {"index": index, **said, "function": function}


def calls(*pieces: dict, **more) -> dict:
    return chunk(delta={"tool_calls": list(pieces)}, **more)


WEATHER = [
    chunk(delta={"role": "assistant", "content": None}),
    calls(piece("", name="weather", id="call_1", type="function")),
    *(calls(piece(text)) for text in ['{"ci', 'ty": "Ro', 'me"', "}"]),
    chunk(finish="tool_calls"),
]


def test_arguments_are_whole_documents_and_each_call_is_told_whole_at_the_end():
    given, error = run(objects(WEATHER), tool_calls=True)
    assert error is None
    said = [each.choices[0].delta.tool_calls for each in given]
    assert said[0] is None
    assert ("call_1", "weather") == (said[1][0].id, said[1][0].function.name)
    arguments = [each[0].function.arguments for each in said[1:]]
    assert [None, '{"city": "Ro"}', '{"city": "Rome"}', '{"city": "Rome"}'] == arguments
    last = said[-1][0]
    assert ("call_1", "function", "weather") == (last.id, last.type, last.function.name)
    assert {"complete": True, "repairs": 0} == wholejson.json_status(last)
    assert given[-1].choices[0].finish_reason == "tool_calls"
    assert wholejson.json_status(given[-1].choices[0]) is None
    assert type(WEATHER[1]) is dict
    assert {type(last)} == {type(each[0]) for each in said[1:]}
    assert {type(last.function)} == {type(each[0].function) for each in said[1:]}


def test_the_final_completion_is_that_of_the_chunks_as_they_came():
    completion = wholejson.wrap_stream(objects(WEATHER), tool_calls=True).get_final_completion()
    call = completion.choices[0].message.tool_calls[0]
    assert ("call_1", "weather") == (call.id, call.function.name)
    assert call.function.arguments == '{"city": "Rome"}'


def test_arguments_are_repaired_only_where_that_is_said_in_so_many_words():
    stream = [calls(piece("{'x': 1}", name="f", id="a")), chunk("{'y': 1}", finish="tool_calls")]
    for repair, text, arguments in [
        (None, '{"y": 1}', None),
        (True, '{"y": 1}', '{"x": 1}'),
    ]:
        given, error = run(stream, tool_calls=True, repair=repair)
        assert error is None
        delta = given[-1]["choices"][0]["delta"]
        assert text == delta["content"]
        assert arguments == delta["tool_calls"][0]["function"]["arguments"]
    given, error = run(stream, tool_calls=True, repair=False)
    assert error == "invalid_json"


def test_without_the_option_tool_calls_pass_as_they_came():
    assert (WEATHER, None) == run(WEATHER)


@pytest.mark.parametrize("mode", ["snapshot", "patch"])
@pytest.mark.parametrize("path", recorded() or [None], ids=lambda path: path.stem if path else "")
def test_recorded_tool_calls_are_the_same_as_bytes_as_dicts_and_as_objects(path, mode):
    if path is None:
        pytest.skip(ABSENT)
    raw = path.read_bytes()
    if b"tool_calls" not in raw:
        return
    options = {"tool_calls": True, "mode": mode}
    expected, code = by_bytes(raw, **options)
    if is_done(raw) and by_bytes(raw.replace(b"[DONE]", b": over"), **options)[1]:
        # Objects don't tell whether [DONE] came: an end without finish_reason is a broken one.
        expected, code = by_bytes(raw.replace(b"[DONE]", b": over"), **options)
    for collect in (run, run_async):
        given, error = collect(chunks(raw), **options)
        assert (expected, code) == (given, error)
    if any("error" in each for each in chunks(raw)):
        return  # the SDK raises these before a chunk object exists
    given, error = run(objects(chunks(raw)), **options)
    assert json.loads(json.dumps(expected)) == dicts_of(given)
    assert code == error


TEXTS = st.sampled_from(
    ["", "{}", '{"a', '": ', '"b"', "}", '{"a": 1}', "{", " ", "x", '{"c": [1, 2]}', None]
)
FUNCTIONS = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional={
            "arguments": st.one_of(TEXTS, TEXTS, TEXTS, st.sampled_from([{}, {"x": 1}, 7])),
            "name": st.sampled_from([None, "", "f", "g"]),
            "strict": st.sampled_from([None, True]),
        },
    ),
)
PIECES = st.one_of(
    st.fixed_dictionaries(
        {"function": FUNCTIONS},
        optional={
            "index": st.sampled_from([0, 0, 0, 1, 1, 2, "1", None, -1, True]),
            "id": st.sampled_from([None, "", "null", "a", "b", "c", 7]),
            "type": st.sampled_from([None, "", "function", "custom"]),
            "extra_content": st.sampled_from([None, {}, {"s": "t"}]),
        },
    ),
    st.sampled_from([None, 7, {}, {"type": "custom", "index": 3, "custom": {"input": "x"}}]),
)


@st.composite
def streams(draw) -> list[dict]:
    stream = draw(st.lists(CHUNKS, min_size=1, max_size=9))
    for each in stream:
        for choice in each.get("choices") or ():
            if isinstance(choice.get("delta"), dict):
                lists = st.one_of(st.none(), st.lists(PIECES, max_size=3))
                choice["delta"]["tool_calls"] = draw(lists)
    return stream


@settings(max_examples=600, deadline=None)
@given(streams(), st.sampled_from([None, True, False]), MODES, PACES)
def test_any_tool_calls_give_the_same_as_bytes_and_as_dicts(stream, repair, mode, pace):
    options = {"repair": repair, "tool_calls": True, **mode, **pace}
    assert by_bytes(as_bytes(stream), **options) == run(stream, **options)


# Chunks that are held, and what may stand around them.
ASIDE = st.one_of(
    st.fixed_dictionaries(
        {"delta": st.fixed_dictionaries({"role": st.just("assistant")})},
        optional={"logprobs": st.just({"content": [0]}), "own": st.sampled_from(["x", "y"])},
    ),
    st.fixed_dictionaries(
        {
            "delta": st.fixed_dictionaries(
                {},
                optional={
                    "role": st.just("assistant"),
                    "content": st.sampled_from(["", " ", '{"a', '": [1', ", 2", "]}"]),
                    "tool_calls": st.lists(
                        st.one_of(st.just({"function": None}), PIECES), max_size=2
                    ),
                },
            )
        },
        optional={"logprobs": st.sampled_from([{"content": [1]}, {"content": [2], "x": None}])},
    ),
    st.just({"delta": {}, "finish_reason": "stop"}),
)


@st.composite
def several(draw) -> list[dict]:
    """Streams of several choices, with much that is held or dropped."""
    stream = draw(st.lists(st.tuples(st.integers(0, 2), ASIDE, st.booleans()), max_size=10))
    made: list[dict] = []
    for count, (index, said, usage) in enumerate(stream):
        one = {
            "object": "chat.completion.chunk",
            "choices": [{**copy.deepcopy(said), "index": index}],
            **({"usage": {"t": count}} if usage else {"obfuscation": "x"}),
        }
        if made and draw(st.integers(0, 3)) == 0:
            made[-1]["choices"].extend(one["choices"])
        else:
            made.append(one)
    return made


FIRST_FINISHED = [
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"choices": [{"index": 1, "delta": {"role": "assistant"}}], "obfuscation": "x"},
    {"choices": [{"index": 0, "delta": {"role": "assistant", "tool_calls": [{"function": None}]}}]},
]


@settings(max_examples=600, deadline=None)
@given(
    several(),
    st.sampled_from([True, False]),
    MODES,
    PACES,
    st.sampled_from([[], [{"error": {"message": "no"}}]]),
)
@example(FIRST_FINISHED, True, {}, {}, [])
def test_any_choices_give_the_same_as_bytes_and_as_dicts(stream, tool_calls, mode, pace, end):
    options = {"tool_calls": tool_calls, **mode, **pace}
    stream = [*stream, *end]
    assert by_bytes(as_bytes(stream), **options) == run(stream, **options)


@settings(max_examples=300, deadline=None)
@given(streams(), st.integers(1, 400), st.integers(1, 5))
def test_a_slow_reader_gets_the_same_calls_at_the_end(stream, size, every):
    """Of what is pushed and pulled late, the last snapshot of each call is the same."""
    raw = as_bytes(stream)
    fed, code = by_bytes(raw, tool_calls=True)
    transformer = wholejson.ChunkTransformer(tool_calls=True)
    out = b""
    for turn, at in enumerate(range(0, len(raw), size)):
        transformer.push(raw[at : at + size])
        if turn % every == 0:
            out += transformer.pull()
    slow = chunks(out + transformer.finish())
    assert code == ended(transformer)
    assert last_of(fed) == last_of(slow[:-1] if code else slow)


def last_of(given: list[dict]) -> dict:
    """The last arguments, id and name of each call, and what else its pieces said."""
    found: dict = {}
    for each in given:
        for choice in each.get("choices") or ():
            for call in (choice.get("delta") or {}).get("tool_calls") or ():
                if not isinstance(call, dict):
                    continue
                key = (choice.get("index"), call.get("index"))
                said = found.setdefault(key, {})
                function = call.get("function") or {}
                for name, value in {**function, **call}.items():
                    if name != "function" and value not in (None, "", {}):
                        said[name] = value
    return found
