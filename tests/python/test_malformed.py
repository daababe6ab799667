"""Malformed documents keep the promises at every byte, and most of them are recovered."""

from __future__ import annotations

import os

import orjson
import pytest
from malformed.generator import MUTATIONS, Item, combined, each, generate
from malformed.promises import TINY, check_promises, final, parts, shown
from malformed.relation import extends, grows, read, same
from malformed.soup import ALPHABETS, soup

SEED = int(os.environ.get("WHOLEJSON_SEED", "1"))
COUNT = int(os.environ.get("WHOLEJSON_MALFORMED", "4"))
"""Documents of each class; raise it to look harder."""


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_kind_of_malformed_document_keeps_the_promises_at_every_byte(name: str) -> None:
    for item in generate(SEED, [name], COUNT):
        check_promises(item.text)


@pytest.mark.parametrize("size", [2, 3])
def test_combined_mutations_keep_the_promises_at_every_byte(size: int) -> None:
    for item in combined(SEED, size, COUNT * 25):
        check_promises(item.text)


def test_a_tiny_look_ahead_keeps_the_promises() -> None:
    for item in combined(SEED + 1, 2, COUNT * 25):
        check_promises(item.text, TINY)


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_random_sequences_of_tokens_keep_the_promises(alphabet: str) -> None:
    roots = ("auto", "any", "object", "array")
    for number, text in enumerate(soup(SEED, COUNT * 120, alphabet)):
        check_promises(text, root=roots[number % 4])


@pytest.mark.parametrize(
    "text",
    [
        "{““a””“0é",
        '[”””“”"',
        '[“““""”',
        '[`"```´',
        "{``a`´`'`",
        "{a:s . .",
        "[“a“”, “b””]",
    ],
)
def test_quotes_of_several_bytes_in_one_run_are_taken_whole(text: str) -> None:
    check_promises(text.encode())


def test_every_prefix_of_a_malformed_document_keeps_what_it_showed_when_it_ends() -> None:
    for item in combined(SEED + 2, 2, COUNT * 3):
        by_byte = shown(parts(item.text, 1))
        for end in range(1, len(item.text), 5):
            last = shown([item.text[:end]])[-1]
            before = by_byte[end - 1]
            assert before is None or (last is not None and extends(read(before), read(last))), (
                item.text[:end],
                before,
                last,
            )
            assert last is None or orjson.loads(last) is not NotImplemented


def recovered(item: Item) -> bool:
    last = final(item.text)
    value = None if last is None else orjson.loads(last)
    return same(item.expected, value) or same(item.original, value)


def test_nine_of_ten_malformed_documents_are_recovered() -> None:
    alone = list(each(SEED, COUNT * 3))
    assert sum(map(recovered, alone)) >= 0.95 * len(alone)
    pairs = list(combined(SEED, 2, COUNT * 50))
    assert sum(map(recovered, pairs)) >= 0.9 * len(pairs)


def test_the_generator_makes_the_same_documents_for_the_same_seed() -> None:
    first = list(combined(7, 3, 20))
    assert first == list(combined(7, 3, 20))
    assert first != list(combined(8, 3, 20))


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ('{"a": "x"}', '{"a": "xy"}', True),
        ('{"a": "x"}', '{"a": "x", "b": 1}', True),
        ('{"a": [1]}', '{"a": [1, 2]}', True),
        ('{"a": []}', '{"a": [{}]}', True),
        ('{"a": "x", "b": 1}', '{"a": "xy", "b": 1}', False),
        ('{"a": 1}', '{"a": 12}', False),
        ('{"a": 1.0}', '{"a": 1.00}', False),
        ('{"a": ""}', '{"a": null}', False),
        ('{"a": 1}', "{}", False),
        ('{"a": {}}', '{"a": []}', False),
        ('{"a": [1, 2]}', '{"a": [1]}', False),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', False),
    ],
)
def test_the_checker_tells_growth_from_retraction(old: str, new: str, kept: bool) -> None:
    assert kept == extends(read(old), read(new))


def test_the_checker_of_plain_values_does_too() -> None:
    assert grows({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "xy"}, 2], "c": None})
    assert not grows({"a": 1}, {"a": 1.5})
    assert not grows({"a": True}, {"a": 1})
