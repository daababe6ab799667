"""Random documents against `json.loads`, orjson and the slow version, at every cut and any cut.

`WHOLEJSON_DOCUMENTS` sets the number of documents; the seed is fixed, so that runs repeat.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from typing import Any

import orjson
import pytest
from documents import document, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model.visible import Bounds, visible
from reading import (
    exactly,
    extends,
    how_many,
    identical,
    in_pieces,
    in_two,
    one_by_one,
    read,
    refuse,
)

import wholejson

# Surrogates can't be written in UTF-8; json.dumps writes NaN and infinity only if asked to.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
LEAVES = LEAVES.filter(lambda leaf: leaf not in (float("inf"), float("-inf")))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
ROOTS = st.lists(VALUES, max_size=4) | st.dictionaries(TEXT, VALUES, max_size=4)
SEEDS = st.integers(0, 2**32).map(random.Random)
ROOT_OPTIONS = {"auto", "object", "array", "any"}
TOKENS = [*'{}[],:"01-.\n\\é ', '"a"', '"k":', "e5", "true", "nul", "null", "x"]
TOKENS += ["\\u00e9", "\\ud83d", "\\ude80", "\ud83d", "\ude80"]
pytestmark = pytest.mark.timeout(120 + how_many(3000) // 100)
MANY = settings(
    max_examples=min(300 + how_many(3000) // 100, 3000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def check_whole(text: str, pieces: list[Any]) -> None:
    """The last value is what other parsers read."""
    reading = read(pieces)
    assert (None, True) == (reading.error, reading.complete), text
    assert reading.snapshot is not None
    assert identical(exactly(text), exactly(reading.snapshot)), text
    expected = json.loads(text, parse_constant=refuse)
    assert identical(expected, json.loads(reading.snapshot)), text
    try:
        theirs = orjson.loads(text)
    except orjson.JSONDecodeError:
        return  # a number outside a double's range
    assert identical(theirs, orjson.loads(reading.snapshot)), text


def check_steps(updates: list[str]) -> None:
    """Every update is a document, and extends the one before."""
    before = None
    for update in updates:
        value = exactly(update)
        assert before is None or extends(before, value), (before, update)
        before = value


@MANY
@given(ROOTS, SEEDS)
def test_the_last_value_is_what_json_loads_and_orjson_read(value, source):
    text = written(source, value)
    check_whole(text, [text])
    check_whole(text, in_pieces(text, source))
    check_whole(text, in_pieces(text.encode(), source))


@MANY
@given(ROOTS, SEEDS)
def test_every_prefix_of_a_document_is_shown_as_the_slow_version_shows_it(value, source):
    text = written(source, value).encode()[:200]
    style = source.choice(["spaced", "compact"])
    aggregator = wholejson.Aggregator(repair=False, style=style)
    for length in range(len(text) + 1):
        if length:
            aggregator.feed(text[length - 1 : length])
        expected = visible(text[:length], style=style)
        assert expected.error is None
        assert expected.snapshot == aggregator.snapshot(), text[:length]
        assert expected.complete == aggregator.complete, text[:length]
        ended = read([text[:length]], style=style)
        expected = visible(text[:length], style=style, ended=True)
        assert tuple(expected) == (ended.snapshot, ended.complete, ended.error), text[:length]


@MANY
@given(st.lists(st.sampled_from(TOKENS), max_size=14), st.sampled_from(sorted(ROOT_OPTIONS)))
def test_any_text_is_read_as_the_slow_version_reads_it(pieces, root):
    text = "".join(pieces).encode("utf-8", "surrogatepass")
    for ended in (False, True):
        expected = visible(text, root, ended=ended, halves=True)
        reading = read(pieces, root=root, end=ended)
        assert tuple(expected) == (reading.snapshot, reading.complete, reading.error), pieces


@MANY
@given(st.binary(max_size=24), st.sampled_from([b"", b"[", b'["', b'{"', b'{"a":', b'["x",']))
def test_any_bytes_are_read_as_the_slow_version_reads_them(tail, head):
    text = head + tail
    expected = visible(text, "any", ended=True)
    for pieces in [[text], one_by_one(text)]:
        reading = read(pieces, root="any")
        assert tuple(expected) == (reading.snapshot, reading.complete, reading.error), text


@MANY
@given(
    ROOTS,
    SEEDS,
    st.tuples(st.integers(1, 4), st.integers(1, 60), st.integers(1, 6), st.integers(1, 4)),
)
def test_tiny_limits_end_the_reading_where_the_slow_version_ends_it(value, source, sizes):
    depth, size, digits, white_space = sizes
    text = written(source, value).encode()
    bounds = Bounds(depth=depth, document=size, digits=digits, white_space=white_space)
    limits = wholejson.Limits(depth=depth, document=size, digits=digits, white_space=white_space)
    expected = visible(text, ended=True, bounds=bounds)
    for pieces in [[text], one_by_one(text), in_pieces(text, source)]:
        reading = read(pieces, limits=limits)
        assert tuple(expected) == (reading.snapshot, reading.complete, reading.error), text


def test_documents_of_models_in_random_pieces():
    """Every cut up to 256 bytes, random cuts above; a sample against the slow version."""
    source = random.Random(20)
    count, began = how_many(3000), time.monotonic()
    for number in range(count):
        text = document(source)
        data = text.encode()
        short = len(data) <= 256
        pieces = one_by_one(data) if short else in_pieces(data, source, most=40)
        reading = read(pieces)
        check_whole(text, [data])
        assert reading.outcome == read([text]).outcome, text
        if number % 10 == 0:
            check_steps(reading.updates)
            if short:
                for cut in in_two(data):
                    assert reading.outcome == read(cut).outcome, cut
        for update in reading.updates:
            json.loads(update)
        if number % 100 == 0:
            prefix = data[: source.randint(0, len(data))]
            expected = visible(prefix, ended=True)
            ended = read([prefix])
            assert tuple(expected) == (ended.snapshot, ended.complete, ended.error), prefix
        if number % 50_000 == 49_999:
            took = time.monotonic() - began
            print(f"{number + 1} of {count} documents, {took:.0f} s", file=sys.__stderr__)


def test_the_number_of_documents_is_the_one_asked_for():
    assert how_many(3000) == int(os.environ.get("WHOLEJSON_DOCUMENTS", "3000"))
