"""Operations: applied in order they give every value, in Python and in Node (promise 8)."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT
from hypothesis import given, settings
from looking import seeds, streamed
from reading import how_many, identical

import wholejson

JS = ROOT / "tests" / "js"
Step = tuple[list[Any], str | None]


def steps(pieces: list[str | bytes], *, append: bool = True, **options: Any) -> Iterator[Step]:
    """The operations and the snapshot after each piece, and after the end."""
    document = wholejson.Aggregator(**options)
    try:
        for piece in pieces:
            document.feed(piece)
            yield document.take_operations(append=append), document.snapshot()
        document.finish()
    except wholejson.Error:
        pass
    yield document.take_operations(append=append), document.snapshot()


def check(pieces: list[str | bytes], *, append: bool) -> None:
    value, before = None, None
    for operations, snapshot in steps(pieces, append=append):
        untouched = copy.deepcopy(value)
        after = wholejson.apply_operations(value, operations)
        assert identical(untouched, value)
        assert identical(json.loads(snapshot) if snapshot else None, after)
        if before is None and snapshot is not None:
            assert [("add", "")] == [(each["op"], each["path"]) for each in operations]
        for each in operations:
            assert each["op"] in ({"add", "append", "replace"} if append else {"add", "replace"})
        grown = [each["path"] for each in operations if each["op"] == "append"]
        assert len(grown) == len(set(grown)) <= 1
        value, before = after, snapshot


@settings(max_examples=how_many(400), deadline=None)
@given(seeds)
def test_applying_the_operations_in_order_gives_every_value(seed):
    check(streamed(seed), append=True)


@settings(max_examples=how_many(150), deadline=None)
@given(seeds)
def test_without_append_they_are_operations_of_rfc_6902(seed):
    check(streamed(seed), append=False)


@settings(max_examples=how_many(150), deadline=None)
@given(seeds)
def test_looking_now_and_then_gives_the_same_values(seed):
    """A look that comes later, the first one too, tells all that happened until then."""
    pieces = streamed(seed)
    document, value = wholejson.Aggregator(), None
    for at, piece in enumerate(pieces):
        try:
            document.feed(piece)
        except wholejson.Error:
            break
        if (seed >> at % 60) & 1:
            value = wholejson.apply_operations(value, document.take_operations())
            snapshot = document.snapshot()
            assert identical(json.loads(snapshot) if snapshot else None, value)
            assert [] == document.take_operations()


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_applying_them_in_node_gives_every_value():
    lines = []
    for seed in range(how_many(300)):
        # Numbers as strings: Python writes infinity for 1e400, and JavaScript rounds integers.
        taken = steps(streamed(seed), parse_float=str, parse_int=str)
        case = [
            (json.dumps(operations), quoted(snapshot))
            for operations, snapshot in taken
            if snapshot is not None
        ]
        lines.append(json.dumps(case))
    done = subprocess.run(
        ["node", str(JS / "apply-steps.mjs")],
        input="\n".join(lines),
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.returncode) == ("", 0), done.stdout + done.stderr
    assert done.stderr.startswith(f"{len(lines)} cases, ")


def quoted(snapshot: str) -> str:
    return json.dumps(json.loads(snapshot, parse_float=str, parse_int=str))


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_tests_in_javascript_pass():
    done = subprocess.run(["node", "--test", str(JS)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# tests 19" in done.stdout


def test_the_javascript_has_the_types_that_it_says():
    compiler = JS / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        pytest.fail("typescript is missing: run `npm install` in tests/js, or `make test`")
    options = (
        "--noEmit --strict --target es2022 --module nodenext --lib es2022,dom,dom.asynciterable"
    )
    done = subprocess.run(
        [compiler, *options.split(), "types.mts"], cwd=JS, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_operations_by_example():
    document = wholejson.Aggregator()
    said = []
    for delta in ['{"name": "J', "ohn", ' Doe", "tags": ["a', '"], "name": "x', '", "a/b~": 1.5}']:
        document.feed(delta)
        said.append(document.take_operations())
    assert said == [
        [{"op": "add", "path": "", "value": {"name": "J"}}],
        [{"op": "append", "path": "/name", "value": "ohn"}],
        [
            {"op": "append", "path": "/name", "value": " Doe"},
            {"op": "add", "path": "/tags", "value": ["a"]},
        ],
        [{"op": "replace", "path": "/name", "value": "x"}],
        [{"op": "add", "path": "/a~1b~0", "value": 1.5}],
    ]


def test_numbers_are_parsed_as_asked():
    document = wholejson.Aggregator(parse_float=lambda text: f"f{text}", parse_int=str)
    document.feed('{"a": 1.10, "b": 12, "c": [-0, 1E5]}')
    assert document.take_operations()[0]["value"] == {"a": "f1.10", "b": "12", "c": ["-0", "f1E5"]}


def test_what_came_before_an_error_is_told():
    document = wholejson.Aggregator(repair=False)
    with pytest.raises(wholejson.InvalidJSONError):
        document.feed('["a", x]')
    assert document.take_operations() == [{"op": "add", "path": "", "value": ["a"]}]
    assert document.take_operations() == []


def test_values_settle_once_when_they_end():
    document = wholejson.Aggregator()
    said = []
    for delta in ['{"a": "x', 'y", "b": [1, tr', 'ue, {"c": null}', "]", ', "a": 2', "}"]:
        document.feed(delta)
        said.append(document.take_settled())
    document.finish()
    said.append(document.take_settled())
    assert said == [[], ["/a", "/b/0"], ["/b/1", "/b/2/c", "/b/2"], ["/b"], [], ["/a"], [""]]
    cut = wholejson.Aggregator()
    cut.feed('{"a": ["x')
    cut.finish()
    assert cut.take_settled() == []


def values_at(value: Any) -> Iterator[tuple[str, Any]]:
    """Every value with its path."""
    open_ = [("", value)]
    while open_:
        path, each = open_.pop()
        yield path, each
        inner = each.items() if isinstance(each, dict) else ()
        inner = enumerate(each) if isinstance(each, list) else inner
        for key, child in inner:
            token = str(key).replace("~", "~0").replace("/", "~1")
            open_.append((f"{path}/{token}", child))


def repeats_a_key(snapshot: str) -> bool:
    repeated = False

    def members(pairs: list[tuple[str, Any]]) -> None:
        nonlocal repeated
        repeated |= len({key for key, _ in pairs}) < len(pairs)

    json.loads(snapshot, object_pairs_hook=members)
    return repeated


@settings(max_examples=how_many(150), deadline=None)
@given(seeds)
def test_what_is_settled_never_changes_again_and_in_the_end_all_is(seed):
    """In documents that repeat no key."""
    document, known = wholejson.Aggregator(), {}
    try:
        for piece in [*streamed(seed), None]:
            _ = document.finish() if piece is None else document.feed(piece)
            snapshot = document.snapshot()
            if snapshot is None or repeats_a_key(snapshot):
                return
            values = dict(values_at(document.value()))
            for path in document.take_settled():
                assert path not in known
                known[path] = copy.deepcopy(values[path])
            assert all(identical(value, values[path]) for path, value in known.items())
    except wholejson.Error:
        return
    assert (set(known) == set(values)) == document.complete


def test_many_operations_at_long_paths_are_one_replacement():
    document = wholejson.Aggregator()
    key = "k" * 10_000
    document.feed(f'{{"{key}": [1,')
    value = wholejson.apply_operations(None, document.take_operations())
    document.feed("2," * 1000)
    operations = document.take_operations()
    assert [(each["op"], each["path"]) for each in operations] == [("replace", "")]
    assert wholejson.apply_operations(value, operations) == document.value()


def test_long_paths_settle_in_portions():
    document = wholejson.Aggregator()
    key, elements = "k" * 100_000, "1," * 1000
    document.feed(f'{{"{key}": [{elements}')
    count = 0
    while paths := document.take_settled():
        count += len(paths)
        assert sum(map(len, paths)) < 4 << 20
    assert count == 1000


def test_depth_does_not_use_the_call_stack():
    limits = wholejson.Limits(depth=100_000)
    document = wholejson.Aggregator(limits=limits)
    value = None
    for delta in ["[" * 50_000 + '"x', "y", '", ' + "[" * 50 + '"z', "z"]:
        document.feed(delta)
        value = wholejson.apply_operations(value, document.take_operations())
    document.feed('"' + "]" * 50_050)
    document.finish()
    assert document.take_operations() == []
    assert document.take_settled()
    assert identical(document.value(), value)


SHARED = {"kept": {"deep": [1]}, "list": [{"text": "a"}, {"text": "b"}]}


def test_applying_leaves_its_argument_alone_and_shares_what_did_not_change():
    before = copy.deepcopy(SHARED)
    more = {"op": "append", "path": "/list/1/text", "value": "c"}
    added = {"op": "add", "path": "/list/-", "value": {"text": ["d"]}}
    deeper = {"op": "add", "path": "/list/2/text/0", "value": "e"}
    after = wholejson.apply_operations(before, [more, more, added, deeper])
    assert before == SHARED
    assert added["value"] == {"text": ["d"]}
    assert after == {
        "kept": {"deep": [1]},
        "list": [{"text": "a"}, {"text": "bcc"}, {"text": ["e", "d"]}],
    }
    assert after["kept"] is before["kept"]
    assert after["list"][0] is before["list"][0]
    assert wholejson.apply_operations(after, []) is after


def test_names_of_python_and_of_javascript_are_keys_as_any_other():
    value = wholejson.apply_operations(
        {"__class__": {"x": "a"}},
        [
            {"op": "append", "path": "/__class__/x", "value": "b"},
            {"op": "add", "path": "/__proto__", "value": {}},
            {"op": "add", "path": "/__proto__/__dict__", "value": 1},
        ],
    )
    assert value == {"__class__": {"x": "ab"}, "__proto__": {"__dict__": 1}}


MISFITS = [
    ({}, {"op": "remove", "path": "/a", "value": 1}, "op must be"),
    ({}, {"op": "add", "path": "/a"}, "no dict with op, path and value"),
    ({}, None, "no dict with op, path and value"),
    ({}, {"op": "add", "path": "a", "value": 1}, "slash"),
    ({}, {"op": "add", "path": 3, "value": 1}, "slash"),
    ({}, {"op": "add", "path": "/a/b", "value": 1}, "leads nowhere"),
    ({"a": "text"}, {"op": "add", "path": "/a/0", "value": 1}, "neither a dict nor a list"),
    ({"a": (1,)}, {"op": "add", "path": "/a/0", "value": 1}, "neither a dict nor a list"),
    (None, {"op": "add", "path": "/a", "value": 1}, "neither a dict nor a list"),
    ([1], {"op": "add", "path": "/2", "value": 1}, "beyond the end"),
    ([1], {"op": "add", "path": "/01", "value": 1}, "no index"),
    ([1], {"op": "add", "path": "/-1", "value": 1}, "no index"),
    ([1], {"op": "add", "path": "/٣", "value": 1}, "no index"),
    ([1], {"op": "add", "path": "/__len__", "value": 1}, "no index"),
    ([1], {"op": "add", "path": "/" + "9" * 5000, "value": 1}, "no index"),
    ([1], {"op": "replace", "path": "/1", "value": 1}, "nothing at this path"),
    ([1], {"op": "replace", "path": "/-", "value": 1}, "nothing at this path"),
    ({}, {"op": "replace", "path": "/a", "value": 1}, "nothing at this path"),
    ({}, {"op": "append", "path": "/a", "value": "x"}, "nothing at this path"),
    ({"a": 1}, {"op": "append", "path": "/a", "value": "x"}, "only a string"),
    ({"a": "x"}, {"op": "append", "path": "/a", "value": 1}, "only a string"),
    ({"a": ["x"]}, {"op": "append", "path": "/a", "value": ["y"]}, "only a string"),
    ({"~2": 1}, {"op": "replace", "path": "/~2", "value": 1}, "tilde"),
    ({"~": 1}, {"op": "replace", "path": "/~", "value": 1}, "tilde"),
]


@pytest.mark.parametrize(
    ("operations", "remedy"),
    [
        ('[{"op": "add", "path": "", "value": 1}]', "json.loads"),
        (b"[]", "json.loads"),
        ({"op": "add", "path": "", "value": 1}, "put it in a list"),
        (None, "not NoneType"),
    ],
)
def test_what_is_no_list_of_operations_is_refused_with_the_remedy(operations, remedy):
    with pytest.raises(TypeError, match=f"^operations must be a list of operations, .*{remedy}"):
        wholejson.apply_operations(None, operations)


@pytest.mark.parametrize(("value", "operation", "why"), MISFITS)
def test_what_does_not_fit_is_refused_by_number(value, operation, why):
    before = copy.deepcopy(value)
    fits = {"op": "replace", "path": "", "value": value}
    with pytest.raises(ValueError, match=f"^operation 1 .*{why}"):
        wholejson.apply_operations(value, [fits, operation])
    assert before == value
