"""`ChunkTransformer`: the binding. What it decides is tested with the core, and by the streams."""

from __future__ import annotations

import json

import pytest
from support.recorded import ABSENT, chunks, recorded

import wholejson
from wholejson import _core


def event(content: str | None, finish: str | None = None) -> bytes:
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"object": "chat.completion.chunk", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


JOHN = b"".join(map(event, ['{"name', '":"', "John", " Doe", '"}'])) + event(None, "stop")
DONE = b"data: [DONE]\n\n"


def contents(stream: bytes) -> list:
    return [chunk["choices"][0]["delta"]["content"] for chunk in chunks(stream)]


def test_each_event_that_goes_out_has_the_whole_document():
    transformer = wholejson.ChunkTransformer()
    out = transformer.feed(JOHN + DONE) + transformer.finish()
    assert out.endswith(DONE)
    expected = ['{"name": "John"}', '{"name": "John Doe"}', '{"name": "John Doe"}']
    assert expected == contents(out)
    report = transformer.report
    assert (report["updates"], report["repairs"], report["events_in"]) == (2, 0, 7)
    assert (report["events_out"], report["complete"], report["error"]) == (4, True, None)
    assert (len(JOHN + DONE), len(out)) == (report["bytes_in"], report["bytes_out"])


def test_the_output_does_not_depend_on_the_cut():
    whole = wholejson.ChunkTransformer()
    expected = whole.feed(JOHN + DONE) + whole.finish()
    for size in (1, 2, 3, 7, 64):
        transformer = wholejson.ChunkTransformer()
        parts = [(JOHN + DONE)[at : at + size] for at in range(0, len(JOHN + DONE), size)]
        assert expected == b"".join(map(transformer.feed, parts)) + transformer.finish()


def test_a_slow_reader_gets_the_newest_snapshot_only():
    transformer = wholejson.ChunkTransformer()
    assert transformer.pending is False
    transformer.push(b": ping\n\n" + b"".join(map(event, ['{"name":"', "John", " Doe"])))
    assert (transformer.pending, transformer.waiting) == (True, 8)
    first = transformer.pull()
    assert first.startswith(b": ping\n\n")
    assert ['{"name": "John Doe"}'] == contents(first)
    assert (transformer.pending, transformer.pull()) == (False, b"")
    transformer.push(event('"}') + event(None, "stop") + DONE)
    rest = transformer.finish()
    assert ['{"name": "John Doe"}'] == contents(rest)
    assert transformer.report["bytes_out"] == len(first + rest)
    with pytest.raises(wholejson.UsageError, match=r"\(offset \d+\)$"):
        transformer.push(b"")


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview])
def test_any_bytes_are_taken(form):
    out = wholejson.ChunkTransformer().feed(form(JOHN))
    assert isinstance(out, bytes)
    assert len(contents(out)) == 3


@pytest.mark.parametrize("part", ["text", None, 3, [b"x"]])
def test_what_is_no_bytes_is_a_type_error(part):
    with pytest.raises(TypeError, match="bytes, bytearray or memoryview"):
        wholejson.ChunkTransformer().feed(part)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"root": "tree"}, ValueError, ["root", '"auto", "object", "array", "any"']),
        ({"style": 1}, TypeError, ["style", '"spaced", "compact"', "int"]),
        ({"repair": "no"}, TypeError, ["repair", "True or False"]),
        ({"limits": 3}, TypeError, ["limits", "wholejson.Limits"]),
        ({"choices": 0}, ValueError, ["choices", "at least 1"]),
        ({"choices": "2"}, TypeError, ["choices", "whole number"]),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(options, error, words):
    with pytest.raises(error) as caught:
        wholejson.ChunkTransformer(**options)
    assert [] == [word for word in words if word not in str(caught.value)]


def test_options_reach_the_documents():
    out = wholejson.ChunkTransformer(style="compact").feed(event('{"a": [1, 2], "b": "c'))
    assert ['{"a":[1,2],"b":"c"}'] == contents(out)
    strict = wholejson.ChunkTransformer(repair=False)
    last = chunks(strict.feed(event('{"a": ]')))[-1]
    assert last["error"]["code"] == "invalid_json"
    assert strict.ended
    assert strict.report["error"] == "invalid_json"


def test_fail_writes_the_one_error_event_and_ends():
    transformer = wholejson.ChunkTransformer()
    transformer.feed(event('{"a": "b'))
    last = chunks(transformer.fail("upstream_timeout", "took too long"))[-1]
    assert {"message", "type", "param", "code"} <= set(last["error"])
    assert (last["error"]["code"], last["error"]["message"]) == (
        "upstream_timeout",
        "took too long",
    )
    assert transformer.ended
    assert transformer.fail("upstream_closed") == b""
    assert transformer.finish() == b""
    with pytest.raises(wholejson.UsageError):
        transformer.feed(b"")


def test_a_code_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match='"no_json", "invalid_json"'):
        wholejson.ChunkTransformer().fail("oops")


def test_its_repr_says_where_it_stands():
    transformer = wholejson.ChunkTransformer()
    transformer.feed(JOHN)
    assert repr(transformer) == "<ChunkTransformer 6 events in, 3 out, ended=False>"


@pytest.mark.parametrize("api", ["responses", "anthropic"])
def test_streams_of_other_apis_pass_unchanged(api):
    paths = recorded(api)
    if not paths:
        pytest.skip(ABSENT)
    for path in paths:
        raw = path.read_bytes()
        transformer = wholejson.ChunkTransformer()
        assert raw == transformer.feed(raw) + transformer.finish(), path.name


def test_a_request_is_read_and_rewritten():
    body = b'{"stream": true, "stream_options": {"valid_json_chunks": {"repair": false}, "x": 1}}'
    request = _core.read_request(body)
    assert {"stream": True, "stream_options": {"x": 1}} == json.loads(request.body)
    assert (request.asked, request.stream, request.text) == (True, True, False)
    assert {"repair": False} == request.options
    assert wholejson.ChunkTransformer(**request.options)


def test_a_request_without_the_flag_keeps_its_bytes():
    body = b'{"stream" : true, "metadata": {"agent_id": "my-agent"}}'
    request = _core.read_request(body)
    assert (request.asked, request.options, request.body) == (False, None, body)
    assert request.agent_id == "my-agent"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a": \xff}', b"null"])
def test_what_is_no_request_is_none(body):
    assert _core.read_request(body) is None


def test_a_wrong_flag_is_named():
    with pytest.raises(wholejson.OptionError, match="repair") as caught:
        _core.read_request(b'{"stream_options": {"valid_json_chunks": {"repair": 1}}}')
    assert caught.value.param == "stream_options.valid_json_chunks.repair"
