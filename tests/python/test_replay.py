"""The embedded upstream: streams documents as providers do."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from serving import PLAIN, Answer, ask, serving

from wholejson.replay import Replay

DOCUMENT = (
    '{"name": "John Doe",\n "words": ["Donaudampfschifffahrt", "é🙏", "\\u00e9"], "n": 12345}'
)


def once(replay: Any, body: Any = PLAIN, **how: Any) -> Answer:
    with serving(replay) as url:
        return ask(url, body, **how)


def deltas(answer: Answer, index: int = 0) -> list[dict[str, Any]]:
    chunks = [event for event in answer.events() if isinstance(event, dict)]
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    return [choice for choice in choices if choice["index"] == index]


def test_a_stream_is_a_role_then_tokens_then_a_reason_then_done() -> None:
    answer = once(Replay([DOCUMENT]))
    found = deltas(answer)
    assert {"role": "assistant", "content": "", "refusal": None} == found[0]["delta"]
    assert (({}), "stop") == (found[-1]["delta"], found[-1]["finish_reason"])
    assert all(set(choice["delta"]) == {"content"} for choice in found[1:-1])
    assert all(choice["finish_reason"] is None for choice in found[:-1])
    assert "[DONE]" == answer.events()[-1]
    assert DOCUMENT == "".join(answer.contents())
    assert "text/event-stream; charset=utf-8" == answer.headers["content-type"]


@pytest.mark.parametrize("document", [DOCUMENT, "", " ", "_a_\n\n", "x" * 10_000, "\ud800{"])
def test_tokens_are_of_realistic_size_and_join_to_the_document(document: str) -> None:
    contents = once(Replay([document])).contents()
    assert document == "".join(contents)
    if len(document) > 20:
        assert 2 < len(document) / (len(contents) - 1) < 8
        assert max(map(len, contents)) < 24


def test_the_same_seed_and_request_give_the_same_bytes() -> None:
    first, again, other = (once(Replay([DOCUMENT], seed=seed)).body for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_documents_are_served_in_turn_or_by_the_name_of_the_model() -> None:
    with serving(Replay(["a", "b"])) as url:
        assert ["a", "b", "a"] == ["".join(ask(url, PLAIN).contents()) for _ in range(3)]
    with serving(Replay({"m1": "a", "m2": "b"})) as url:
        bodies = [{**PLAIN, "model": model} for model in ("m2", "m1", "other")]
        assert ["b", "a", "a"] == ["".join(ask(url, body).contents()) for body in bodies]


def test_choices_are_interleaved_and_each_has_its_document() -> None:
    answer = once(Replay(["aaaa bbbb cccc", "dddd eeee ffff"]), {**PLAIN, "n": 2})
    texts = ["".join(c["delta"].get("content", "") for c in deltas(answer, i)) for i in (0, 1)]
    assert ["aaaa bbbb cccc", "dddd eeee ffff"] == texts
    chunks = [event for event in answer.events() if isinstance(event, dict)]
    assert [0, 1, 0, 1] == [chunk["choices"][0]["index"] for chunk in chunks[:4]]


def test_usage_comes_last_and_only_when_asked_for() -> None:
    asked = {**PLAIN, "stream_options": {"include_usage": True}}
    *_, usage, done = once(Replay([DOCUMENT]), asked).events()
    assert ([], "[DONE]") == (usage["choices"], done)
    assert usage["usage"]["completion_tokens"] > 10
    assert "usage" not in once(Replay([DOCUMENT])).body.decode()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"type": "text"}, DOCUMENT),
        ({"type": "json_object"}, DOCUMENT),
        (
            {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}},
            json.dumps(json.loads(DOCUMENT), separators=(",", ":"), ensure_ascii=False),
        ),
    ],
)
def test_every_type_of_response_format_is_served(kind: Any, expected: str) -> None:
    answer = once(Replay([DOCUMENT]), {**PLAIN, "response_format": kind})
    assert expected == "".join(answer.contents())


def test_log_probabilities_come_with_each_token() -> None:
    answer = once(Replay([DOCUMENT]), {**PLAIN, "logprobs": True})
    tokens = [c["logprobs"]["content"][0]["token"] for c in deltas(answer)[1:-1]]
    assert DOCUMENT == "".join(tokens)


def test_the_sdk_reads_answers_models_and_streams() -> None:
    with serving(Replay({"m1": DOCUMENT, "m2": "x"})) as url:
        client = openai.OpenAI(base_url=url, api_key="k", max_retries=0)
        whole = client.chat.completions.create(model="m1", messages=[])
        assert (DOCUMENT, "stop") == (
            whole.choices[0].message.content,
            whole.choices[0].finish_reason,
        )
        assert ["m1", "m2"] == [model.id for model in client.models.list()]
        with client.chat.completions.stream(model="m1", messages=[]) as stream:
            for _ in stream:
                pass
            assert DOCUMENT == stream.get_final_completion().choices[0].message.content


TOOLS = [{"type": "function", "function": {"name": name}} for name in ("one", "two")]


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        ("required", "one"),
        ({"type": "function", "function": {"name": "two"}}, "two"),
        ("auto", None),
        ("none", None),
        (None, None),
    ],
)
def test_the_tool_choice_decides_whether_a_function_is_called(
    choice: Any, name: str | None
) -> None:
    body: dict[str, Any] = {"model": "m", "messages": [], "tools": TOOLS}
    if choice is not None:
        body["tool_choice"] = choice
    with serving(Replay([DOCUMENT, "{}"])) as url:
        client = openai.OpenAI(base_url=url, api_key="k", max_retries=0)
        with client.chat.completions.stream(**body) as stream:
            streamed = [*stream] and stream.get_final_completion().choices[0]
        client.chat.completions.create(**body)
        whole = client.chat.completions.create(**body).choices[0]
    for found in (streamed, whole):
        if name is None:
            assert (DOCUMENT, "stop") == (found.message.content, found.finish_reason)
            assert not found.message.tool_calls
            continue
        assert (None, "tool_calls") == (found.message.content, found.finish_reason)
        (call,) = found.message.tool_calls
        assert (name, "function") == (call.function.name, call.type)
        assert json.loads(DOCUMENT) == json.loads(call.function.arguments)
        assert call.id.startswith("call_")


def test_a_replayed_call_comes_in_pieces_and_each_choice_has_one() -> None:
    answer = once(
        Replay([DOCUMENT, '{"b": 2}']), {**PLAIN, "n": 2, "tools": TOOLS, "tool_choice": "required"}
    )
    ids = set()
    for index, document in enumerate((DOCUMENT, '{"b": 2}')):
        first, *pieces, last = deltas(answer, index)
        assert "tool_calls" == last["finish_reason"]
        assert "assistant" == first["delta"]["role"]
        ids.add(first["delta"]["tool_calls"][0]["id"])
        said = [piece["delta"]["tool_calls"][0]["function"]["arguments"] for piece in pieces]
        assert len(said) > 2
        assert json.loads(document) == json.loads("".join(said))
    assert 2 == len(ids)


def test_the_middleware_makes_replayed_arguments_whole() -> None:
    from wholejson.asgi import ValidJSONChunks

    flag = {"stream_options": {"valid_json_chunks": {"tool_calls": True}}}
    body = {**PLAIN, **flag, "tools": TOOLS, "tool_choice": "required"}
    answer = once(ValidJSONChunks(Replay([DOCUMENT])), body)
    calls = [
        call
        for choice in deltas(answer)
        for call in choice["delta"].get("tool_calls") or ()
        if call["function"].get("arguments")
    ]
    values = [json.loads(call["function"]["arguments"]) for call in calls]
    assert len(values) > 5
    assert json.loads(DOCUMENT) == values[-1]
    assert calls[-1]["json_status"]["complete"]


def test_the_pace_is_kept() -> None:
    import time

    began = time.monotonic()
    count = len(once(Replay(["one two three four five six"], pace=0.03)).events())
    assert time.monotonic() - began > 0.03 * (count - 1)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"nonsense", None),
        ({**PLAIN, "stream_options": {"x": True}}, "stream_options.x"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({**PLAIN, "response_format": {"type": "xml"}}, "response_format.type"),
        ({**PLAIN, "n": 0}, "n"),
        ({**PLAIN, "messages": "x"}, "messages"),
        ({**PLAIN, "tools": []}, "tools"),
        ({**PLAIN, "tools": [*TOOLS, {"type": "custom", "custom": {"name": "x"}}]}, "tools[2]"),
        ({**PLAIN, "tools": [{"type": "function", "function": {}}]}, "tools[0]"),
        ({**PLAIN, "tools": [3]}, "tools[0]"),
        ({**PLAIN, "tool_choice": "auto"}, "tool_choice"),
        ({**PLAIN, "tools": TOOLS, "tool_choice": "one"}, "tool_choice"),
        ({**PLAIN, "tools": TOOLS, "tool_choice": ["one"]}, "tool_choice"),
        ({**PLAIN, "tools": TOOLS[:1], "tool_choice": TOOLS[1]}, "tool_choice"),
        ({**PLAIN, "functions": []}, "functions"),
    ],
)  # fmt: skip
def test_it_is_as_strict_as_the_real_one(body: Any, param: str | None) -> None:
    answer = once(Replay([DOCUMENT]), body)
    assert (400, param) == (answer.status, answer.error()["param"])


def test_unknown_paths_are_told() -> None:
    assert 404 == once(Replay(["x"]), path="/v1/files").status


@pytest.mark.parametrize("documents", [[], {}, "text"])
def test_nothing_to_serve_is_refused(documents: Any) -> None:
    with pytest.raises(ValueError, match="documents"):
        Replay(documents)


@pytest.mark.parametrize("documents", [[{"a": 1}], {"gpt-4o": {"a": 1}}, ["{}", None], [b"{}"]])
def test_what_is_no_text_is_refused_at_once(documents: Any) -> None:
    with pytest.raises(TypeError, match=r"a document is JSON text \(str\), not .*; json.dumps"):
        Replay(documents)


def test_faults_come_only_where_they_were_allowed() -> None:
    assert once(Replay([DOCUMENT]), x_replay_fault="empty").body
    assert not once(Replay([DOCUMENT], faults=True), x_replay_fault="empty").body
    assert not once(Replay([DOCUMENT], faults=True), x_replay_fault="half@3").whole
    assert 503 == once(Replay([DOCUMENT], faults=True), x_replay_fault="status").status
