"""The recovery table runs, and names whoever is missing from it."""

from __future__ import annotations

import json
from pathlib import Path

import differences
import pytest
import recovery
import repair_cost
import repairers
from malformed.generator import Item


def test_the_table_has_a_column_for_each_repairer_and_names_the_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "recovery.json"
    assert recovery.main(["--count", "1", "--stepped", "1", "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    result = json.loads(out.read_text())
    for name in repairers.ALL:
        assert (name in result["versions"]) != (name in result["missing"])
        assert name in printed
    assert result["retractions"]["wholejson"]["retractions"] == 0
    assert set(result["rates"]["all"]) == set(result["versions"])


def test_peers_that_pip_installs_are_there() -> None:
    found = {repairer.name for repairer in repairers.available()[0]}
    assert {"wholejson", "json-repair", "jsonmend", "fast-json-repair"} <= found


def test_a_document_counts_as_recovered_by_its_expected_or_its_original_value() -> None:
    item = Item(("quotes.missing_closing",), b"", {"a": "x, "}, {"a": "x"})
    assert recovery.recovered(item, {"a": "x, "})
    assert recovery.recovered(item, {"a": "x"})
    assert not recovery.recovered(item, {"a": "x,"})
    assert not recovery.recovered(item, repairers.FAILED)


def test_retractions_are_counted_step_by_step() -> None:
    class Stepper:
        name = version = "stepper"

        def steps(self, text: str) -> list[object]:
            return [{"a": 1}, {"a": 12}, {"a": 12, "b": "x"}, {"a": 12}]

    assert recovery.retractions(Stepper(), "") == 2


def test_the_table_of_differences_says_why_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert differences.main([]) == 0
    printed = capsys.readouterr().out
    for project in differences.PROJECTS:
        assert f"## {project}: " in printed
    assert "| text | they | here | why |" in printed


def test_the_cost_of_repairing_is_printed_by_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert repair_cost.main(["--sizes", "1", "2"]) == 0
    printed = capsys.readouterr().out
    for name in ("wholejson", "jsonmend", "json-repair", "well-formed, repair off"):
        assert f"| {name} |" in printed
