"""What is around a document, and what is no character: framing and encodings with repair on."""

from __future__ import annotations

import json

import pytest
from reading import in_two

import wholejson

NONE: list[str] = []


def ends(pieces: object, root: str) -> tuple[str | None, bool, list[str]]:
    aggregator = wholejson.Aggregator(root=root)
    try:
        for piece in pieces:
            aggregator.feed(piece)
        aggregator.finish()
    except wholejson.NoJSONError:
        assert aggregator.snapshot() is None
    kinds = [repair.kind for repair in aggregator.repairs]
    return aggregator.snapshot(), aggregator.complete, kinds


ROOTS = [
    ("auto", "Sure! Here it is:\n{'a': 1}", '{"a": 1}'),
    ("auto", 'Sure! Here it is:\n{"a": 1}\nBye.', '{"a": 1}'),
    ("auto", 'See [1] and then {"a": 1}', '{"a": 1}'),
    ("auto", "See [1] and [2].", None),
    ("auto", 'Use {x} here: {"a": 1}', '{"a": 1}'),
    ("auto", 'The list is ["a", "b"].', '["a", "b"]'),
    ("auto", '```json\n{"a": 1}\n```', '{"a": 1}'),
    ("auto", '<think>maybe {"b": 2}?</think>\n{"a": 1}', '{"a": 1}'),
    ("auto", '\ufeff{"a": 1}', '{"a": 1}'),
    ("auto", "12", None),
    ("auto", "Nothing to see.", None),
    ("object", '{"a": [1]}', '{"a": [1]}'),
    ("array", '[{"a": 1}]', '[{"a": 1}]'),
    ("object", '[{"a": 1}]', '{"a": 1}'),
    ("array", '{"a": [1]}', "[1]"),
    ("object", '[[{"a": "x"}]]', '{"a": "x"}'),
    ("any", " 12 ", "12"),
    ("any", "```json\n12\n```", "12"),
    ("any", "<think>a dozen</think>12", "12"),
    ("any", "note: 12", None),
    ("any", '"John"', '"John"'),
    ("any", "null", "null"),
]


@pytest.mark.parametrize(("root", "text", "shown"), ROOTS)
def test_framing_is_left_out_at_every_cut_and_is_no_repair(root, text, shown):
    for pieces in in_two(text.encode()):
        snapshot, complete, repairs = ends(pieces, root)
        assert (shown, shown is not None) == (snapshot, complete), pieces
        if "'" not in text:
            assert repairs == NONE, pieces


@pytest.mark.parametrize(
    ("text", "value", "kinds"),
    [
        (b'{"a": "x\xffy"}', "x\ufffdy", ["invalid_utf8"]),
        (b'{"a": "x\xc3(y"}', "x\ufffd(y", ["invalid_utf8"]),
        (b'{"a": "x\xf0\x9f\x98y"}', "x\ufffdy", ["invalid_utf8"]),
        (b'{"a": "x\xc0\xafy"}', "x\ufffd\ufffdy", ["invalid_utf8"] * 2),
        (b'{"a": "x\\ud83dy"}', "x\ufffdy", ["lone_surrogate"]),
        (b'{"a": "x\\ude80y"}', "x\ufffdy", ["lone_surrogate"]),
    ],
)
def test_what_is_no_character_is_replaced_and_recorded_at_every_cut(text, value, kinds):
    for pieces in in_two(text):
        snapshot, complete, repairs = ends(pieces, "auto")
        assert ({"a": value}, True, kinds) == (json.loads(snapshot), complete, repairs), pieces


def test_half_a_pair_in_a_str_without_its_other_half_is_replaced():
    expected = ('{"a": "x\ufffdy"}', True, ["lone_surrogate"])
    for half in ("\ud83d", "\ude80"):
        for pieces in in_two(f'{{"a": "x{half}y"}}'):
            assert expected == ends(pieces, "auto"), pieces


@pytest.mark.parametrize(
    "text", [b'{"a": "x\xc3', b'{"a": "x\xf0\x9f\x98', b'{"a": "x\\', b'{"a": "x\\ud83d\\ude']
)
def test_half_of_anything_at_the_end_is_dropped_without_a_repair(text):
    for pieces in in_two(text):
        assert ('{"a": "x"}', False, NONE) == ends(pieces, "auto"), pieces
