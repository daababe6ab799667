"""The tables of docs/contract.md say what the library does."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT

import wholejson
from wholejson._core import read_request

PAGE = (ROOT / "docs" / "contract.md").read_text("utf-8")
STANDS_FOR = {"⇥": b"\t", "⌷": b"\xff", "␣": "\u00a0".encode()}


def rows(heading: str) -> list[tuple[str, ...]]:
    """Give the rows of the table below a heading, without its head."""
    section = PAGE[PAGE.index(heading) :].split("\n|---", 1)[1]
    lines = section.split("\n\n", 1)[0].splitlines()[1:]
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]


def code(cell: str) -> str | None:
    """Give what stands between backquotes; nothing for a dot."""
    found = re.match(r"`(.*?)`", cell)
    return found[1] if found else None


def ended(text: str, **options: object) -> tuple[wholejson.Aggregator, bool]:
    """Read a text to its end, one byte at a time; tell whether there was something."""
    reader = wholejson.Aggregator(**options)  # type: ignore[arg-type]
    raw = text.encode()
    for sign, meant in STANDS_FOR.items():
        raw = raw.replace(sign.encode(), meant)
    for at in range(len(raw)):
        reader.feed(raw[at : at + 1])
    try:
        reader.finish()
    except wholejson.NoJSONError:
        return reader, False
    return reader, True


@pytest.mark.parametrize("repair", [True, False])
@pytest.mark.parametrize("row", rows("## What is visible when"), ids=lambda row: row[0])
def test_what_is_visible_is_what_the_table_says(row: tuple[str, ...], repair: bool) -> None:
    text, shown, at_end = row
    reader = wholejson.Aggregator(repair=repair)
    reader.feed(code(text) or "")
    assert code(shown) == reader.snapshot()
    reader, something = ended(code(text) or "", repair=repair)
    expected = code(shown) if at_end == "the same" else code(at_end)
    assert expected == reader.snapshot()
    assert something == (expected is not None)
    assert reader.repairs == []


@pytest.mark.parametrize("row", rows("## Kinds of repair"), ids=lambda row: row[0])
def test_a_repair_does_what_the_table_says(row: tuple[str, ...]) -> None:
    kind, example, becomes = row
    reader, _ = ended(code(example) or "")
    assert code(becomes) == reader.snapshot()
    recorded = sorted({repair.kind for repair in reader.repairs})
    others = re.findall(r"with `(\w+)`", example)
    assert recorded == sorted([code(kind), *others])


def test_the_table_names_every_kind_of_repair() -> None:
    source = (ROOT / "src" / "reader" / "repair" / "mod.rs").read_text("utf-8")
    kinds = re.findall(r'^    [A-Z]\w+, "(\w+)",', source, re.MULTILINE)
    assert kinds == [code(row[0]) for row in rows("## Kinds of repair")]


def test_the_table_names_every_option_of_a_request() -> None:
    source = (ROOT / "src" / "chunk" / "options.rs").read_text("utf-8")
    names = re.findall(r'^        name: "(\w+)",', source, re.MULTILINE)
    assert names == [code(row[0]) for row in rows("### The options")]
    for name, what, default in rows("### The options"):
        for value in re.findall(r"`(.*?)`", f"{what} {default}"):
            flag = b'{"stream": true, "stream_options": {"valid_json_chunks": {"%s": %s}}}'
            known = read_request(flag % ((code(name) or "").encode(), value.encode()))
            assert known is not None, (name, value)


def test_the_table_names_every_code_of_an_error_event() -> None:
    source = (ROOT / "src" / "chunk" / "failure.rs").read_text("utf-8")
    codes = re.findall(r'^    [A-Z]\w+, "(\w+)";', source, re.MULTILINE)
    assert codes == [code(row[0]) for row in rows("### Codes of the error event")]
