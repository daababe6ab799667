"""What was repaired is recorded: by a kind that fits, in the order of the text, and boundedly."""

from __future__ import annotations

import json
import re

import pytest
from malformed.generator import MUTATIONS, generate
from malformed.relation import same

import wholejson

KIND = {
    "comments": "comment",
    "comments.unquoted_address": "unquoted_value",
    "scalars.python_words": "literal",
    "scalars.undefined": "literal",
    "scalars.not_a_number": "literal",
    "scalars.number_like_text": "unquoted_value",
    "scalars.word_like_literal": "unquoted_value",
    "scalars.typed_call": "function_call",
    "scalars": "number_form",
    "strings.escaped_apostrophe": "bad_escape",
    "strings.hex_escape": "bad_escape",
    "strings.long_escape": "bad_escape",
    "strings.octal_escape": "bad_escape",
    "strings.unknown_escape": "bad_escape",
    "strings.broken_unicode_escape": "bad_escape",
    "strings.lone_surrogate": "lone_surrogate",
    "strings.invalid_utf8": "invalid_utf8",
    "strings.comment_like_text": "trailing_comma",
    "strings": "control_character",
    "quotes.single": "quote_style",
    "quotes.single_with_apostrophes": "quote_style",
    "quotes.single_with_plural_apostrophes": "quote_style",
    "quotes.curly": "quote_style",
    "quotes.backtick": "quote_style",
    "quotes.escaped_delimiters": "quote_style",
    "quotes.doubled_opening": "repeated_quotes",
    "quotes.doubled_both": "repeated_quotes",
    "quotes.doubled_closing": "repeated_quotes",
    "quotes.inner_start": "repeated_quotes",
    "quotes.triple": "repeated_quotes",
    "quotes.unquoted_key": "unquoted_key",
    "quotes.unquoted_value": "unquoted_value",
    "quotes.unquoted_value_with_comma": "unquoted_value",
    "quotes.missing_opening": "missing_open_quote",
    "quotes.missing_closing_key": "missing_close_quote",
    "quotes.missing_closing": "missing_close_quote",
    "quotes.missing_closing_new_line": "missing_close_quote",
    "quotes.joined": "joined_strings",
    "quotes": "unescaped_quote",
    "punctuation.trailing_comma": "trailing_comma",
    "punctuation.doubled_comma": "extra_comma",
    "punctuation.leading_comma": "extra_comma",
    "punctuation.semicolon": "wrong_comma",
    "punctuation.missing_colon": "missing_colon",
    "punctuation.other_colon": "wrong_colon",
    "punctuation.missing_value": "missing_value",
    "punctuation.wrong_closer": "wrong_bracket",
    "punctuation.skipped_closer": "missing_bracket",
    "punctuation.doubled_closer": "early_end",
    "punctuation.ellipsis_in_list": "ellipsis",
    "punctuation.ellipsis_in_object": "ellipsis",
    "punctuation.tuple_for_list": "tuple",
    "punctuation.odd_spaces": "odd_space",
    "punctuation.missing_comma_same_line": "missing_comma",
    "punctuation.missing_comma_new_line": "missing_comma",
    "punctuation.missing_comma_touching": "missing_comma",
    "framing.escaped": "escaped_document",
    "framing.quoted": "escaped_document",
}
"""The kind that a mutation's repair has: by its name, or by its family."""

UNREPAIRED = [
    name
    for name, mutation in MUTATIONS.items()
    if (mutation.family == "framing" and name not in KIND and name != "framing.prose_after")
    or mutation.family == "ends"
    or name == "comments.before_document"
]
REPAIRED = [
    name
    for name, mutation in MUTATIONS.items()
    if name not in UNREPAIRED and (name in KIND or mutation.family in KIND)
]


def read(text: bytes | str) -> wholejson.Aggregator:
    aggregator = wholejson.Aggregator()
    aggregator.feed(text)
    aggregator.finish()
    return aggregator


@pytest.mark.parametrize("name", REPAIRED)
def test_a_repair_is_recorded_by_the_kind_that_fits_it(name: str) -> None:
    kind = KIND.get(name) or KIND[MUTATIONS[name].family]
    checked = 0
    for item in generate(2, [name], 8):
        aggregator = read(item.text)
        shown = aggregator.snapshot_bytes()
        if shown is None or not same(item.expected, json.loads(shown)):
            continue
        repairs = aggregator.repairs
        assert kind in {repair.kind for repair in repairs}, (item.text, repairs)
        assert len(repairs) == min(aggregator.repair_count, 256)
        offsets = [repair.offset for repair in repairs]
        assert sorted(offsets) == offsets
        assert offsets[-1] <= len(item.text)
        checked += 1
    assert checked > 3


@pytest.mark.parametrize("name", UNREPAIRED)
def test_framing_and_a_missing_end_are_no_repairs(name: str) -> None:
    for item in generate(2, [name], 8):
        aggregator = read(item.text)
        assert 0 == aggregator.repair_count, (item.text, aggregator.repairs)


@pytest.mark.parametrize(
    ("text", "kind", "offset"),
    [
        ("{'a': 1}", "quote_style", 1),
        ('[1,, "b"]', "extra_comma", 3),
        ('{"a": /* x */ 1}', "comment", 6),
        ('{"a": True}', "literal", 6),
        ('{"é": "x\ty"}', "control_character", 9),
        ('```json\n{"a": +1}\n```', "number_form", 14),
        ('{"a": "x \\d"}', "bad_escape", 9),
    ],
)
def test_the_offset_is_where_the_departure_stands_in_bytes(
    text: str, kind: str, offset: int
) -> None:
    aggregator = read(text)
    assert [(kind, offset)] == [(r.kind, r.offset) for r in aggregator.repairs][:1]


def test_the_list_is_bounded_and_the_count_is_not() -> None:
    aggregator = read("[" + "1,," * 5000 + "1]")
    assert 5000 == aggregator.repair_count
    assert 256 == len(aggregator.repairs)


def test_every_description_is_one_line_for_people() -> None:
    for name in REPAIRED:
        for item in generate(3, [name], 2):
            for repair in read(item.text).repairs:
                assert re.fullmatch(r"[a-z0-9_]+", repair.kind)
                assert re.fullmatch(r"[^\n]{10,90}", repair.description)
