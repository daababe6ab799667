"""Hostile text costs time in proportion to its length, whatever its shape."""

from __future__ import annotations

import time

import pytest

import wholejson

SHAPES: dict[str, tuple[str, str]] = {
    "quotes": ('{"a": "', '"'),
    "quotes in an array": ('["', '"'),
    "quote and comma": ('{"a": "', '",'),
    "quote, comma, space": ('["x', '", '),
    "quote and colon": ('{"a": "', '":'),
    "quote and space": ('{"a": "', '" '),
    "quoted words": ('{"a": "', '"x" '),
    "quoted words and commas": ('{"a": "', '"x", '),
    "keys without values": ('{"a": "', 'x", "k'),
    "single quotes": ("{'a': '", "'"),
    "apostrophes": ("{'a': '", "it's "),
    "apostrophe and comma": ("{'a': '", "s', "),
    "single quotes in an array": ("['", "', "),
    "backticks": ("{`a`: `", "`"),
    "curly quotes": ("{“a”: “", "”"),
    "opening curly quotes": ("{“a”: “", "“ "),
    "triple quotes": ('{"a": """', '"" '),
    "opening braces": ("", "{"),
    "opening brackets": ('{"a": ', "["),
    "closing brackets in a string": ('{"a": "x', '"]'),
    "closing braces in a string": ('{"a": "x', '"}'),
    "closing braces": ('{"a": 1', "}"),
    "braces in prose": ("Use ", "{x} "),
    "open braces in prose": ("Use ", "{ x "),
    "open brackets in prose": ("Use ", "[ x "),
    "numbers in brackets in prose": ("See ", "[1] "),
    "lists in prose": ("See ", "[1, 2] "),
    "keys in prose": ("See ", '{"a" '),
    "almost a document": ("See ", '{"a": '),
    "angle brackets": ("", "<think"),
    "think blocks": ("", "<think>{</think>"),
    "open think block": ("<think>", "</thin"),
    "fences": ("", "```json\n"),
    "backslashes": ('{"a": "', "\\"),
    "backslashes outside": ("{", "\\"),
    "escaped quotes": ('{"a": "', '\\"'),
    "escaped quotes outside": ("{", '\\"'),
    "halves of pairs": ('{"a": "', "\\ud83d"),
    "beginnings of escapes": ('{"a": "', "\\u"),
    "commas": ("[1", ","),
    "colons": ('{"a"', ":"),
    "ellipses": ("[", "..., "),
    "dots": ("[1, ", "."),
    "slashes": ("[1, ", "/"),
    "comments": ("[1, ", "/**/"),
    "open comment": ("[1, /*", "* "),
    "line comments": ("[1, ", "//\n"),
    "hashes": ("[1", "#\n"),
    "plus signs": ('{"a": "x" ', "+ "),
    "joined strings": ('{"a": "x"', ' + "y"'),
    "words": ('{"a": ', "word "),
    "words and commas": ('{"a": ', "word, "),
    "words and colons": ("{", "word: "),
    "literals": ("[", "true "),
    "signs": ("[", "+-"),
    "zeros": ("[", "0 0"),
    "parentheses": ('{"a": ', "("),
    "calls": ("", "f("),
    "semicolons": ("[1", ";"),
    "line breaks in a string": ('{"a": "x', "\n"),
    "line breaks and quotes": ('{"a": "x', '\n"'),
    "line breaks and keys": ('{"a": "x', '\n"k'),
    "missing closing quotes": ('{"a": "x', ', "b": "y'),
    "reopened roots": ('{"a": 1}', ', "b": 2}'),
    "documents": ("", '{"a": 1}'),
    "the same key": ("{", '"a": 1, '),
    "the same key reopened": ('{"a": 1}', ', "a": 1}'),
    "long keys": ("{", '"k" '),
    "one key": ('{"', "k"),
    "one unquoted key": ("{", "k"),
    "empty strings": ("[", '"" '),
    "raw controls": ('{"a": "', "\x00"),
    "no-break spaces": ('{"a":', "\u00a0"),
    "byte order marks": ("", "\ufeff"),
    "mixed quotes": ('{"a": "', "\"'`“"),
    "mixed brackets": ('{"a": "', '"]}[{'),
}

SIZE = 24_000


def seconds(text: str, size: int) -> float:
    """Processor time for reading the text in deltas of this size."""
    deltas = [text[at : at + size] for at in range(0, len(text), size)]
    aggregator = wholejson.Aggregator()
    began = time.process_time()
    try:
        for delta in deltas:
            aggregator.feed(delta)
        aggregator.finish()
    except wholejson.Error:
        pass
    return time.process_time() - began


@pytest.mark.parametrize("size", [5, 1000])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_text_four_times_as_long_costs_about_four_times_as_much(shape: str, size: int) -> None:
    head, unit = SHAPES[shape]
    lengths = (SIZE, 2 * SIZE, 4 * SIZE)
    texts = [head + unit * (length // len(unit)) for length in lengths]
    best = [1e9] * len(texts)
    # Twice the proportion, and a floor for the clock: quadratic time would be sixteen times.
    for _ in range(8):
        best = [min(a, seconds(text, size)) for a, text in zip(best, texts, strict=True)]
        if best[2] < 8 * max(best[0], 0.002) and best[2] < lengths[2] * 20e-6:
            return
    pytest.fail(f"{[f'{t * 1000:.2f} ms' for t in best]} for {lengths} characters")
