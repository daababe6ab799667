"""Quotes that stand unescaped inside a string, by what follows them."""

from __future__ import annotations

import json
from random import Random

from . import texts
from .documents import Document, escape
from .quotes import any_string, give
from .registry import mutation


def quoted(rng: Random, kind: str) -> str:
    """Text with quotes inside, by what follows the inner closing quote."""
    a, b, c = rng.sample(texts.NOUNS, 3)
    if kind == "space":
        return rng.choice(
            (
                f'he said "{a}" to {b}',
                f'the "{a} of {b}" is old',
                f'"{a}" and "{b}" are here',
                f'a "{a}" - b',
                f'<a href="{a}.html">{b}</a>',
                f'{a} "{b}" {c} "{a}" it\'s',
                f"it's \"{a}\" or 'not' {b}",
                f'she asked "why, {a}?" and left',
                f'the so-called "{a}: {b}" report',
            )
        )
    if kind == "comma":
        return rng.choice(
            (
                f'say "{a}", {b}',
                f'"{a}", he said',
                f'the "{a}", "{b}" and "{c}" are here',
                f'a "{a}" , then {b}',
                f'x "{a}",{b}',
                f'like "{a}", for example: {b}',
                f'called "{a}", which {b} is',
                f'"{a}", "{b}", or {c}?',
            )
        )
    if kind == "bracket":
        return rng.choice(
            (
                f'print("{a}") now',
                f'see ["{a}"] here',
                f'(the "{a}")',
                f'use {{"{a}"}} there',
                f'f("{a}", "{b}")',
                f'["{a}", "{b}"] is a list',
                f'call {a}["{b}"] = 1',
                f'if (x == "{a}") {{ {b} }}',
                f'{{"{a}"}} or ["{b}"]',
            )
        )
    if kind == "colon":
        return rng.choice(
            (
                f'the "{a}": {b}',
                f'note "{a}" : see {b}',
                f'"{a}": a {b}',
                f'he said "{a}": "{b}" and left',
                f'key "{a}":{b} is set',
                f'{a} ("{b}": {c})',
            )
        )
    if kind == "stop":
        return rng.choice(
            (
                f'he said "{a}".',
                f'was it "{a}"?',
                f'it is "{a}"; {b}',
                f'"{a}"!',
                f'the "{a}"...',
                f'"{a}"-like {b}',
                f'a "{a}"/"{b}" thing',
                f'"{a}"s and {b}',
                f'not "{a}"…',
            )
        )
    if kind == "comment":
        return rng.choice(
            (
                f'the "{a}" // {b}',
                f'the "{a}" # {b} and so on',
                f'see "{a}" /* {b} */ there',
                f'"{a}" // "{b}" # {c}',
                f'is "{a}", // {b}',
            )
        )
    if kind == "line":
        return rng.choice(
            (
                f'he said "{a}"\nand {b}',
                f'the "{a}",\nthe "{b}",\nand {c}',
                f'- "{a}"\n- "{b}"\n',
                f'say "{a}":\n  {b}\n',
                f'print("{a}")\nreturn ["{b}"]\n',
                f'# "{a}"\n\n"{b}"\n\nis {c}',
            )
        )
    if kind == "end":
        return rng.choice(
            (
                f'he said "{a}"',
                f'the {b} called "{a}"',
                f'({b}) "{a}"',
                f'say "{a} {b}"',
                f'it\'s "{a}"',
            )
        )
    if kind == "start":
        return rng.choice((f'"{a}" he said', f'"{a} {b}" is a {c}', f'"{a}" ({b})', f'"{a}"'))
    return rng.choice(
        (f'a 5" {a}', f"6' 2\" tall {a}", f'27" {a} and 24" {b}', f'12"x8" {a}', f'3.5" {a}')
    )


def _inner(doc: Document, kind: str) -> bool:
    token = any_string(doc)
    if kind == "inch":  # in a list, an inch before a comma can't be told from an item
        token = doc.pick("string", doc.in_object)
    if not token:
        return False
    doc.lock(token)
    text = quoted(doc.rng, kind)
    if kind not in ("start", "end") and doc.rng.random() < 0.4:
        before, after = doc.rng.choice(
            (
                ("", " end"),
                ("So: ", ""),
                ("Well, ", " (see there)"),
                ("\t", ""),
                ("", " - it's ok, really"),
            )
        )
        text = before + text + after
    if kind != "start" and text.startswith('"'):
        text = "So " + text
    give(doc, token, text)
    if kind == "start":  # the second quote is dropped: it may as well be the opening quote, doubled
        doc.expect(token.path, text[1:-1] if text.endswith('"') else text[1:])
    token.body = escape(text, '"', doc.ascii_only).replace('\\"', '"')
    if kind == "line":
        token.body = token.body.replace("\\n", "\n")
    return True


for _kind in (
    "space",
    "comma",
    "bracket",
    "colon",
    "stop",
    "comment",
    "line",
    "end",
    "start",
    "inch",
):

    def _change(doc: Document, kind: str = _kind) -> bool:
        return _inner(doc, kind)

    _change.__name__ = (
        f"inner_before_{_kind}" if _kind not in ("inch", "end", "start") else f"inner_{_kind}"
    )
    mutation("quotes")(_change)


@mutation("quotes")
def embedded_json(doc: Document) -> bool:
    """`{"arguments": "{"x": 1, "y": [2]}"}`: a document in a string, its quotes unescaped."""
    token = doc.pick("string", doc.in_object)
    if not token:
        return False
    doc.lock(token)
    a, b = doc.rng.sample(texts.NOUNS, 2)
    inside = doc.rng.choice(
        ({a: 1}, {a: b}, {a: [1, b], b: {}}, [a, b], [{a: b}, {a: 2}], {a: True, b: f"the {b}"})
    )
    text = json.dumps(inside)
    give(doc, token, doc.rng.choice((text, text, f"json: {text}", f"{text} is it")))
    token.body = token.value
    return True
