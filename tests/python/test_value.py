"""The value: what the snapshot stands for, as a copy or as the one object that grows in place."""

from __future__ import annotations

import copy
import gc
import json
import random
import sys
import threading
import weakref
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from looking import seeds, streamed
from reading import how_many, identical, in_pieces, one_by_one

import wholejson


def containers(value: Any) -> set[int]:
    """The identities of all containers in a value."""
    found, open_ = set(), [value]
    while open_:
        each = open_.pop()
        if isinstance(each, (dict, list)):
            found.add(id(each))
            open_ += each.values() if isinstance(each, dict) else each
    return found


def loads(document: wholejson.Aggregator) -> Any:
    snapshot = document.snapshot()
    return None if snapshot is None else json.loads(snapshot)


@settings(max_examples=how_many(400), deadline=None)
@given(seeds)
def test_the_value_is_that_of_the_snapshot_at_every_step(seed):
    document, root = wholejson.Aggregator(), None
    for piece in [*streamed(seed), None]:
        try:
            _ = document.finish() if piece is None else document.feed(piece)
        except wholejson.Error:
            piece = None
        expected = loads(document)
        live, own = document.value(live=True), document.value()
        assert identical(expected, live)
        assert identical(expected, own)
        assert containers(live).isdisjoint(containers(own))
        assert root is None or live is root
        root = live
        if piece is None:
            return


@settings(max_examples=how_many(150), deadline=None)
@given(seeds)
def test_looking_now_and_then_gives_the_same_value(seed):
    document = wholejson.Aggregator(root="any")
    for at, piece in enumerate(streamed(seed)):
        try:
            document.feed(piece)
        except wholejson.Error:
            return
        if (seed >> at % 60) & 1:
            assert identical(loads(document), document.value(live=True))


def vandalize(value: Any, source: random.Random) -> None:
    """Change or delete parts of a value, at any depth."""
    open_, found = [value], []
    while open_:
        each = open_.pop()
        if isinstance(each, (dict, list)):
            found.append(each)
            open_ += each.values() if isinstance(each, dict) else each
    for each in source.sample(found, min(len(found), 3)):
        kind = source.randrange(7)
        if kind == 0:
            each.clear()
        elif isinstance(each, list):
            if kind == 1:
                each.append(source.choice([None, [], "x"]))
            elif kind == 2 and each:
                each.pop(source.randrange(len(each)))
            elif kind == 3 and each:
                each[-1] = source.choice([None, [], {}, "y"])
            elif kind == 4:
                each.reverse()
            else:
                each[:0] = [1, 2]
        elif kind == 1 and each:
            del each[source.choice(list(each))]
        elif kind in (2, 3) and each:
            each[list(each)[-1]] = source.choice([None, [], {}, "z", 0])
        elif kind == 4:
            each["more"] = {}
        else:
            each[Awkward()] = 1


class Awkward:
    """A key that equals nothing and collides with much."""

    def __hash__(self) -> int:
        return hash("name")

    def __eq__(self, other: object) -> bool:
        return self is other


def check_growing(live: Any, expected: Any, settled: set[str]) -> None:
    """What is growing is there, all the way from the root."""
    path = ""
    while path not in settled:
        assert type(live) is type(expected)
        if isinstance(expected, str):
            assert live == expected
        if not isinstance(expected, (dict, list)) or not expected:
            return
        last = len(expected) - 1 if isinstance(expected, list) else list(expected)[-1]
        if isinstance(expected, list):
            assert len(live) == len(expected)
        path += "/" + str(last).replace("~", "~0").replace("/", "~1")
        if path not in settled:
            live, expected = live[last], expected[last]


@settings(max_examples=how_many(300), deadline=None)
@given(seeds)
def test_a_live_value_in_a_users_hands_never_crashes_and_what_grows_is_put_back(seed):
    source, document, root = random.Random(seed), wholejson.Aggregator(), None
    settled: set[str] = set()
    for piece in streamed(seed):
        try:
            document.feed(piece)
        except wholejson.Error:
            break
        settled.update(document.take_settled())
        live = document.value(live=True)
        assert root is None or live is root
        assert identical(loads(document), document.value())
        root = live
        if isinstance(live, (dict, list)):
            check_growing(live, loads(document), settled)
            vandalize(live, source)


def test_what_is_growing_is_put_back_and_what_is_settled_stays_changed():
    document = wholejson.Aggregator()
    document.feed('{"done": [1], "list": [{"a": "x"}, {"b": ["y", "gro')
    live = document.value(live=True)
    inner = live["list"][1]["b"]
    live["done"] = "mine"
    live["list"][0]["a"] = "mine"
    del live["list"][1]["b"]
    document.feed("wi")
    assert document.value(live=True) is live
    assert live == {"done": "mine", "list": [{"a": "mine"}, {"b": ["y", "growi"]}]}
    assert live["list"][1]["b"] is inner
    inner[:] = []
    del live["list"]
    document.feed('ng", 7')
    assert document.value(live=True)["list"][1] == {"b": ["y", "growing"]}
    live["list"].insert(0, "mine")
    document.feed(", 8]")
    assert document.value(live=True)["list"] == [{"a": "x"}, {"b": ["y", "growing", 7, 8]}]
    live.clear()
    document.feed(', "c": 1}]}')
    document.finish()
    assert document.value(live=True) == {"list": document.value()["list"]}
    assert document.value() == loads(document)


def test_the_same_object_grows():
    document = wholejson.Aggregator()
    assert document.value(live=True) is document.value() is None
    document.feed('{"list": [{"text": "a')
    root = document.value(live=True)
    inner, text = root["list"], root["list"][0]["text"]
    document.feed('b"}, 1, ')
    assert document.value(live=True) is root
    assert root["list"] is inner
    assert root == {"list": [{"text": "ab"}, 1]}
    assert text == "a"
    before = copy.deepcopy(root)
    document.feed("2]")
    assert root == before, "it grows when it is asked for, not before"


TEXTS = ["ascii", "Müller", "東京", "🚀 mixed é 東", 'esc\\u00e9\\n\\"\\ud83d\\ude80']


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("place", ["{}", "[{}", '{{"a": {}', '["x", {{"b": [{}'])
def test_an_open_string_grows_wherever_it_is_and_whoever_holds_it(text, place):
    for hold in (False, True):
        document = wholejson.Aggregator(root="any")
        held, expected = [], []
        for piece in one_by_one(place.format(f'"{text * 3}')):
            document.feed(piece)
            value = document.value(live=True)
            assert identical(loads(document), value)
            while isinstance(value, (dict, list)):
                value = value[-1] if isinstance(value, list) else list(value.values())[-1]
            if hold:
                held.append(value)
                expected.append(None if value is None else "".join(value))
            hash(value)  # a str that was hashed can't grow in place
        assert held == expected, "a str that somebody holds never changes"


@pytest.mark.parametrize("root", ["auto", "any"])
def test_without_a_gil_an_open_string_is_never_out_of_its_place(monkeypatch, root):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    document = wholejson.Aggregator(root=root)
    for piece in one_by_one('"a🚀bc' if root == "any" else '{"a": ["x", {"b": "cé🚀d'):
        document.feed(piece)
        assert identical(loads(document), document.value(live=True))


def test_numbers_are_those_of_json():
    text = "[0, -0, -0.0, 1.10, 1e400, -1E400, 1e-400, 5e-324, 123456789012345678901234567890, "
    text += (
        f"1E5, 9223372036854775807, 9223372036854775808, -9223372036854775808, {'7' * 4300}, 2.5]"
    )
    document = wholejson.Aggregator()
    document.feed(text)
    assert identical(json.loads(text), document.value())
    assert identical(json.loads(text), document.value(live=True))
    assert str(document.value()[2]) == "-0.0"


def test_numbers_are_parsed_as_asked():
    text = '{"price": 1.10, "n": [12, -0, 1E5], "t": true, "x": null}'
    document = wholejson.Aggregator(parse_float=Decimal, parse_int=lambda digits: f"<{digits}>")
    document.feed(text)
    expected = json.loads(text, parse_float=Decimal, parse_int=lambda digits: f"<{digits}>")
    assert identical(expected, document.value())
    assert identical(expected, document.value(live=True))
    with pytest.raises(TypeError, match="parse_float must be a callable"):
        wholejson.Aggregator(parse_float=3)


def test_what_a_parser_raises_comes_through_and_the_next_live_value_is_whole():
    fail = True

    def parse(digits: str) -> int:
        if fail:
            raise LookupError(digits)
        return int(digits)

    document = wholejson.Aggregator(parse_int=parse)
    document.feed('["a", 1, "b')
    with pytest.raises(LookupError, match="1"):
        document.value(live=True)
    with pytest.raises(LookupError, match="1"):
        document.value()
    fail = False
    assert document.value(live=True) == ["a", 1, "b"]
    document.feed("c")
    assert document.value(live=True) == ["a", 1, "bc"]


def test_code_that_a_call_runs_may_use_the_document():
    seen: list[Any] = []

    def parse(digits: str) -> int:
        seen.append((document.snapshot(), document.value, document.take_settled()))
        with pytest.raises(RuntimeError, match="live"):
            document.value(live=True)
        document.feed(", ")
        return int(digits)

    document = wholejson.Aggregator(parse_int=parse)
    document.feed('["a", 1 ')
    document.feed(",")
    assert document.value(live=True) == ["a", 1]
    assert [each[0] for each in seen] == ['["a", 1]']


def test_none_is_told_from_null_by_the_snapshot():
    document = wholejson.Aggregator(root="any")
    document.feed("null")
    assert (document.value(), document.snapshot()) == (None, None)
    document.finish()
    assert (document.value(live=True), document.snapshot()) == (None, "null")


def test_the_value_stays_readable_after_an_error():
    document = wholejson.Aggregator(repair=False)
    document.feed('{"a": "x')
    assert document.value(live=True) == {"a": "x"}
    with pytest.raises(wholejson.InvalidJSONError):
        document.feed('y", ]')
    assert document.value() == document.value(live=True) == {"a": "xy"}


def test_depth_does_not_use_the_call_stack():
    depth = 100_000
    document = wholejson.Aggregator(limits=wholejson.Limits(depth=depth))
    for delta in ["[" * (depth // 2) + '"x', 'y", ' + '[{"k":' * (depth // 4) + '"z']:
        document.feed(delta)
        live, own = document.value(live=True), document.value()
        assert identical(live, own)
    document.feed('"' + "}]" * (depth // 4) + "]" * (depth // 2))
    document.finish()
    assert document.complete
    assert identical(document.value(live=True), document.value())
    del document, live, own
    gc.collect()


def test_a_value_that_holds_its_document_is_collected():
    class Witness:
        pass

    document, witness = wholejson.Aggregator(), Witness()
    document.feed('{"a": [{"b": "x')
    live = document.value(live=True)
    live["document"], live["witness"] = document, witness
    gone = weakref.ref(witness)
    del document, live, witness
    gc.collect()
    assert gone() is None


def test_looking_leaks_no_references():
    text = '{"a": ["x", 1.5, {"b": null}], "s": "some text"}'

    def look() -> None:
        document = wholejson.Aggregator()
        for piece in in_pieces(text, random.Random(1)):
            document.feed(piece)
            document.value()
            document.value(live=True)
            document.take_operations()
            document.take_settled()

    look()
    grown = []
    for _ in range(3):
        gc.collect()
        none, blocks = sys.getrefcount(None), sys.getallocatedblocks()
        for _ in range(300):
            look()
        gc.collect()
        grown.append((abs(sys.getrefcount(None) - none), sys.getallocatedblocks() - blocks))
    # Other threads of the process allocate too; a leak would show every time.
    assert min(nones for nones, _ in grown) < 50
    assert min(blocks for _, blocks in grown) < 100


def test_threads_that_share_a_live_value_take_turns():
    document = wholejson.Aggregator()
    text = json.dumps([{"n": n, "text": "x" * 20} for n in range(2000)])
    errors: list[BaseException] = []

    def look() -> None:
        try:
            while not document.complete:
                document.value(live=True)
                document.take_operations()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for piece in in_pieces(text, random.Random(3), 200):
        document.feed(piece)
    document.finish()
    for thread in threads:
        thread.join()
    assert errors == []
    assert document.value(live=True) == json.loads(text)
