"""The grammar of RFC 8259 as data: verdicts in strict mode, at every cut, and beside orjson's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
import pytest
from conftest import DATA
from reading import Reading, exactly, identical, in_two, one_by_one, read

FILES = sorted(path.stem for path in (DATA / "conformance").glob("*.jsonl"))


class Case(NamedTuple):
    """One document and what is to come of it."""

    name: str
    text: bytes
    verdict: str
    root: str
    difference: str | None


def cases(file: str) -> Iterator[Case]:
    with (DATA / "conformance" / f"{file}.jsonl").open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            text = bytes.fromhex(row["hex"]) if "hex" in row else row["text"].encode()
            verdict = row.get("here", row["verdict"])
            root = row.get("root", "any")
            yield Case(row["name"], text, verdict, root, row.get("difference"))


def verdict(reading: Reading) -> str:
    if reading.error == "no_json":
        return "incomplete"
    if reading.error is not None:
        return "reject"
    return "accept" if reading.complete else "incomplete"


def test_there_are_several_hundred_cases_with_names_of_their_own():
    names = [case.name for file in FILES for case in cases(file)]
    assert 1000 < len(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("file", FILES)
def test_the_verdict_is_as_written_and_does_not_depend_on_the_cut(file):
    for case in cases(file):
        whole = read([case.text], root=case.root)
        assert case.verdict == verdict(whole), case
        cuts: list[Any] = [one_by_one(case.text)]
        if len(case.text) <= 256:
            cuts += in_two(case.text)
        for pieces in cuts:
            assert whole.outcome == read(pieces, root=case.root).outcome, (case, pieces)


@pytest.mark.parametrize("file", FILES)
def test_the_verdict_of_a_str_is_that_of_its_bytes(file):
    for case in cases(file):
        try:
            text = case.text.decode()
        except UnicodeDecodeError:
            continue
        whole = read([case.text], root=case.root)
        cuts: list[Any] = [[text], one_by_one(text)]
        if len(text) <= 64:
            cuts += in_two(text)
        for pieces in cuts:
            assert whole.outcome == read(pieces, root=case.root).outcome, (case, pieces)


@pytest.mark.parametrize("file", [file for file in FILES if file != "roots"])
def test_the_verdict_is_that_of_orjson_where_no_difference_is_named(file):
    for case in cases(file):
        try:
            orjson.loads(case.text)
            theirs = True
        except orjson.JSONDecodeError:
            theirs = False
        ours = case.verdict == "accept"
        assert (case.difference is None) == (ours == theirs), case


@pytest.mark.parametrize("file", FILES)
def test_an_accepted_document_is_what_json_loads_reads(file):
    for case in cases(file):
        if case.verdict == "accept":
            shown = read([case.text], root=case.root).snapshot
            assert identical(exactly(case.text), exactly(shown)), case


@pytest.mark.parametrize("file", FILES)
def test_every_snapshot_of_every_case_is_a_document(file):
    for case in cases(file):
        if case.difference is None and len(case.text) <= 1000:
            for update in read(one_by_one(case.text), root=case.root).updates:
                orjson.loads(update)
                exactly(update)
