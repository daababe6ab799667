"""PROOF.md names tests that exist, and figures that runs wrote."""

from __future__ import annotations

import json
import re
import sys

import pytest
from conftest import DATA, ROOT

sys.path.insert(0, str(ROOT / "proof"))

import record

PAGE = (ROOT / "PROOF.md").read_text("utf-8")
PROMISES = [json.loads(line) for line in (DATA / "promises.jsonl").read_text("utf-8").splitlines()]


def test_the_tables_are_what_their_sources_say() -> None:
    assert PAGE == record.filled(PAGE, record.read())
    assert PAGE.count(record.END) == len(record.TABLES)


def test_each_promise_of_the_contract_has_its_row() -> None:
    contract = (ROOT / "docs" / "contract.md").read_text("utf-8")
    section = contract[contract.index("## The promises") :].split("\n## ")[0]
    promised = re.findall(r"^(\d+)\. \*\*(.+?)\.\*\*", section, re.MULTILINE)
    assert promised == [(str(row["promise"]), row["name"]) for row in PROMISES]


@pytest.mark.parametrize("row", PROMISES, ids=lambda row: row["name"])
def test_the_tests_and_cases_that_are_named_exist(row: dict) -> None:
    assert row["tests"]
    for name in row["tests"]:
        path, _, test = name.partition("::")
        text = (ROOT / path).read_text("utf-8")
        if test:
            assert re.search(rf"(fn|def|class) {test}\b", text), name
        else:
            assert "def test_" in text, name
    for name in row["cases"]:
        assert (DATA / name).exists(), name


def test_every_relation_that_is_fuzzed_has_its_figures() -> None:
    targets = {path.stem for path in (ROOT / "fuzz" / "fuzz_targets").glob("*.rs")}
    assert targets == set(record.read()["fuzz"])
