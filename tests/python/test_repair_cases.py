"""Malformed documents as data: what each means, and what is visible on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from malformed.promises import TINY, check_promises, final
from malformed.relation import same

import wholejson

DATA = Path(__file__).parents[1] / "data"


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def text_of(case: dict[str, Any]) -> bytes:
    return bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode()


def check_value(case: dict[str, Any]) -> None:
    """The last snapshot has the case's value, or the one it is known to differ by."""
    actual = final(text_of(case), case.get("root", "auto"))
    readings = [case, *([case["differs"]] if "differs" in case else [])]
    assert any(agrees(reading, actual) for reading in readings), (readings, actual)


def agrees(reading: dict[str, Any], actual: bytes | None) -> bool:
    if reading.get("nothing"):
        return actual is None
    if "value" in reading:
        return actual is not None and same(reading["value"], json.loads(actual))
    return bool(reading.get("promises"))


CASES = rows(DATA / "repair" / "cases.jsonl")
REASONS = json.loads((DATA / "peers" / "reasons.json").read_text(encoding="utf-8"))
PEERS = {
    f"{name}-{number}": case
    for name in ("json-repair", "jsonrepair")
    for number, case in enumerate(rows(DATA / "peers" / f"{name}.jsonl"), 1)
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_malformed_document_has_its_value_and_keeps_the_promises(case: dict[str, Any]) -> None:
    check_value(case)
    check_promises(text_of(case), root=case.get("root", "auto"))
    check_promises(text_of(case), TINY, root=case.get("root", "auto"))


@pytest.mark.parametrize(
    "case", [case for case in CASES if "shows" in case], ids=lambda case: case["name"]
)
def test_what_is_visible_on_the_way_is_what_the_case_says(case: dict[str, Any]) -> None:
    for beginning, value in case["shows"]:
        aggregator = wholejson.Aggregator(root=case.get("root", "auto"))
        aggregator.feed(beginning)
        shown = aggregator.snapshot()
        assert (value is None) == (shown is None), (beginning, shown)
        assert shown is None or same(value, json.loads(shown)), (beginning, shown)


@pytest.mark.parametrize("name", PEERS)
def test_the_texts_of_other_repairers_mean_the_same_or_differ_for_a_reason(name: str) -> None:
    case = PEERS[name]
    check_promises(text_of(case), root=case.get("root", "auto"))
    if "differs" in case:
        assert case["differs"]["why"] in REASONS
    if "error" in case and "differs" not in case:
        assert final(text_of(case), case.get("root", "auto")) is None
    else:
        check_value(case)


def test_every_reason_is_a_sentence_that_tells_why() -> None:
    assert all(reason.endswith(".") for reason in REASONS.values())
