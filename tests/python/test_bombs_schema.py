"""Schemas that want to exhaust whoever reads them, or whoever gives a verdict by them.

Each comes with its document, and with what is said at the end: a verdict, or why there is none.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
from serving import DONE, FLAG, event
from watching import MB, SECONDS, Peak, Watched, status_of, watched_gateway, whole

import wholejson

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc"),
    pytest.mark.timeout(240),
]
COSTS = "costs too much"
LARGE = "its patterns are too many, or too large"


@dataclass(frozen=True)
class Trap:
    """A schema, its document, and the verdict; or a part of the warning that stands for one."""

    name: str
    schema: Any
    document: str
    said: bool | str

    @cached_property
    def text(self) -> str:
        return self.schema if isinstance(self.schema, str) else json.dumps(self.schema)

    def check(self, status: dict[str, Any]) -> None:
        """Does the stream's end say what it must?"""
        assert status["complete"]
        if isinstance(self.said, bool):
            assert (self.said, None) == (status.get("valid"), status.get("warning"))
        else:
            # What is only shown as it comes may have a verdict all the same.
            assert status.get("valid") is not False
            assert self.said in status["warning"]


def refer(name: object) -> dict[str, str]:
    return {"$ref": f"#/$defs/n{name}"}


def nested(depth: int) -> str:
    """Each of them refers to the next one twice."""
    defs: dict[str, Any] = {f"n{at}": {"allOf": [refer(at + 1)] * 2} for at in range(depth)}
    return json.dumps({**refer(0), "$defs": {**defs, f"n{depth}": {"type": "object"}}})


def left_over(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(depth):
        schema = {"anyOf": [schema], "unevaluatedProperties": {"type": "integer"}}
    return schema


def ways(depth: int) -> dict[str, Any]:
    """The value so many members below some a: as many sets of schemas as ways to get there."""
    a_or_b = {"a": {"anyOf": [refer(0), refer(1)]}, "b": refer(0)}
    defs: dict[str, Any] = {"n0": {"properties": a_or_b}, f"n{depth}": {"const": "x"}}
    for at in range(1, depth):
        defs[f"n{at}"] = {"properties": {"a": refer(at + 1), "b": refer(at + 1)}}
    return {**refer(0), "$defs": defs}


def patterns(pattern: str, count: int) -> dict[str, Any]:
    return {"properties": {f"k{at}": {"pattern": f"{pattern}{at}"} for at in range(count)}}


def same_name(count: int) -> dict[str, Any]:
    named = [{"$dynamicAnchor": "x", "const": "a"}] * count
    return {"properties": {"a": {"anyOf": named}, "b": {"allOf": [{"$dynamicRef": "#x"}] * count}}}


def noise(length: int) -> str:
    return "".join(random.Random(5).choices("ab", k=length))


TREE = {"items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}}
TWICE = {"allOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]}
DEEP = "[" * 100 + "]" * 100
LATE = "a[ab]{50}c"
TRAPS = (
    Trap("a tree of itself", TREE, DEEP, True),
    Trap("itself for the same value", {"$ref": "#"}, "[1]", "without end"),
    Trap("a circle of two", {**refer(0), "$defs": {"n0": refer(1), "n1": refer(0)}},
         "[1]", "without end"),
    Trap("a circle beside a tree", {"anyOf": [TREE, {"$ref": "#"}]}, "[1]", "without end"),
    Trap("itself twice at each level", TWICE, DEEP, COSTS),
    Trap("two of each of thirty", nested(30), "{}", COSTS),
    Trap("what is left over of what is left over", left_over(30), '{"a": 1}', COSTS),
    Trap("too many ways", ways(20), '{"a": {"b": 1}}', "too many ways"),
    Trap("names that many share", same_name(10_000), '{"c": 1}', "lead to more than"),
    Trap("a pattern that goes back", {"items": {"pattern": "^(a+)+$"}},
         json.dumps(["a" * 50_000 + "!"]), False),
    Trap("a pattern that goes back twice", {"items": {"pattern": "^(a|a?)+$"}},
         json.dumps(["a" * 50_000 + "!"]), False),
    Trap("a pattern of a gigabyte", {"items": {"pattern": "((a{1000}){1000}){1000}"}},
         '["a"]', "regular expression"),
    Trap("a pattern that decides late", {"items": {"pattern": LATE}},
         json.dumps([noise(1_000_000)]), COSTS),
    Trap("a name that is matched", {"patternProperties": {LATE: {}}},
         json.dumps({noise(1_000_000): 1}), COSTS),
    Trap("a name that is looked at", {"propertyNames": {"pattern": LATE}},
         json.dumps({noise(1_000_000): 1}), COSTS),
    Trap("many large patterns", patterns("a{900}", 20_000), '{"a": 1}', LARGE),
    Trap("many small patterns", patterns("a", 20_000), '{"a": 1}', LARGE),
    Trap("a text that is a pattern", {"items": {"format": "regex"}},
         json.dumps(["\\w" * 1_000_000]), COSTS),
    Trap("one of many constants", {"items": {"enum": [[at] for at in range(50_000)]}},
         json.dumps([[1]] * 10_000), COSTS),
    Trap("a schema of two megabytes", {"title": "x" * (2 * MB)}, "[1]", "longer than"),
    Trap("a schema a hundred thousand deep", '{"not": ' * 100_000 + "{}" + "}" * 100_000,
         "[1]", "can't be read as JSON"),
)  # fmt: skip
BY_NAME = pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)


def end(said: bytes) -> dict[str, Any]:
    """The status at the end of a stream's bytes."""
    chunks = [json.loads(part[6:]) for part in said.split(b"\n\n") if b'"json_status"' in part]
    return dict(chunks[-1]["choices"][0]["json_status"])


@BY_NAME
def test_a_verdict_takes_bounded_time_and_memory(trap: Trap) -> None:
    peak, began = Peak(), time.process_time()
    transformer = wholejson.ChunkTransformer(schema=trap.text, validate=True)
    said = transformer.feed(event(trap.document) + event(None, "stop") + DONE)
    said += transformer.finish()
    assert time.process_time() - began < SECONDS
    assert peak.taken() < 160 * MB
    trap.check(end(said))


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with watched_gateway() as watched:
        yield watched


def body_with(trap: Trap, door: str) -> bytes:
    """A request whose schema stands in its format, or in our option; as text, since it is deep."""
    options = '{"validate": true}'
    asked = json.dumps({**FLAG, "stream_options": {"valid_json_chunks": "HERE"}})
    if door == "option":
        options = f'{{"validate": true, "schema": {trap.text}}}'
    else:
        named = f'{{"name": "n", "schema": {trap.text}}}'
        given = f'"response_format": {{"type": "json_schema", "json_schema": {named}}}'
        asked = f"{asked[:-1]}, {given}}}"
    return asked.replace('"HERE"', options).encode()


@pytest.mark.parametrize("door", ["format", "option"])
@BY_NAME
def test_through_the_gateway_the_answer_comes_and_others_go_on(
    trap: Trap, door: str, watched: Watched
) -> None:
    answer = watched.ask(whole(trap.document), body_with(trap, door), most=200 * MB)
    if door == "option" and "deep" in trap.name:
        # What is in our own option is read, and this can't be.
        assert 400 == answer.status
        assert "stream_options.valid_json_chunks" == answer.error()["param"]
    else:
        assert (200, True) == (answer.status, answer.whole)
        assert answer.error() is None
        assert json.loads(trap.document) == json.loads(answer.contents()[-1])
        trap.check(status_of(answer))
    watched.still_well()


def test_pointers_that_meet_in_too_many_ways_are_refused_by_name(watched: Watched) -> None:
    steps = random.Random(13)
    many = ["".join(steps.choices(["/a", "/b", "/*", "/*"], k=30)) for _ in range(1_000)]
    answer = watched.ask(whole("[1]"), whole=many)
    assert 400 == answer.status
    assert "stream_options.valid_json_chunks.whole" == answer.error()["param"]
    watched.still_well()


def test_a_hundred_schemas_in_turn_are_not_all_kept(watched: Watched) -> None:
    """What is kept for the next request is bounded by its size."""
    peak = Peak(watched.running.process.pid)
    for at in range(100):
        trap = Trap("one of them", patterns(f"x{at}a{{60}}", 500), '{"a": 1}', said=True)
        answer = watched.ask(whole(trap.document), body_with(trap, "format"))
        trap.check(status_of(answer))
    assert peak.taken() < 320 * MB
