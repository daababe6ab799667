"""The benchmark of the views runs, and measures what it says."""

from __future__ import annotations

import json

import views


def test_the_benchmark_runs_and_has_a_row_for_each_document(tmp_path, capsys):
    file = tmp_path / "views.json"
    views.main(["--quick", "--json", str(file)])
    printed = capsys.readouterr().out
    rows = json.loads(file.read_text())["rows"]
    assert [row["document"] for row in rows] == ["records", "records", "one string", "one string"]
    assert all(row[name] > 0 for row in rows for name in ("live value", "operations"))
    assert all(f"| {name} " in printed for name in ("feed", *views.LOOKS))


def test_the_documents_are_json_of_the_size_that_was_asked_for():
    for make in (views.records, views.one_string):
        text = make(20_000)
        assert 20_000 <= len(text) < 20_500
        assert json.loads(text)
