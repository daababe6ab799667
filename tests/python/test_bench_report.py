"""The benchmarks run, and what people read comes from what the runs wrote."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import measuring
import pytest
import report
import run
from conftest import ROOT

BENCHES = ROOT / "benches"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a quick run wrote into."""
    folder = tmp_path_factory.mktemp("benches")
    readme = (ROOT / "README.md").read_bytes()
    done = subprocess.run(
        [sys.executable, str(BENCHES / "run.py"), "--quick", "--out", str(folder)],
        capture_output=True,
        text=True,
        env=os.environ,
        timeout=100,
    )
    assert 0 == done.returncode, done.stderr
    assert "" == done.stdout
    assert "all: " in done.stderr
    assert readme == (ROOT / "README.md").read_bytes()
    return folder


def test_a_quick_run_measures_everything_and_says_that_it_was_quick(quick: Path) -> None:
    results = json.loads((quick / "results.json").read_text("utf-8"))
    assert {name for name, _, _ in run.PARTS} <= set(results)
    assert all(
        timing["ns"] > 0 for row in results["feed"]["rows"] for timing in row["sizes"].values()
    )
    text = (quick / "RESULTS.md").read_text("utf-8")
    assert "these figures mean nothing" in text
    assert results["machine"]["cpu"] in text
    for package, version in results["versions"].items():
        assert f"{package} {version}" in text


def test_the_picture_is_whole_and_no_name_covers_another(quick: Path) -> None:
    drawing = ElementTree.fromstring((quick / "cost.svg").read_text("utf-8"))  # noqa: S314 - ours
    names = [text for group in drawing.iter(f"{SVG}g") for text in group.iter(f"{SVG}text")]
    assert {name for _, _, name in report.DRAWN} == {name.text for name in names}
    heights = sorted(float(name.attrib["y"]) for name in names)
    assert all(b - a >= 16 for a, b in itertools.pairwise(heights))


def test_figures_that_people_read_come_from_the_results() -> None:
    results = json.loads((BENCHES / "results.json").read_text("utf-8"))
    assert not results["quick"]
    assert report.page(results) == (BENCHES / "RESULTS.md").read_text("utf-8")
    assert report.drawing(results) == (BENCHES / "cost.svg").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    assert report.with_figures(readme, results) == readme


def test_windows_of_a_sample_lie_all_over_the_document() -> None:
    """Each delta is timed once if there is time enough, and one at least if there is none."""
    deltas = [str(number) for number in range(100)]
    read: list[str] = []

    def start() -> tuple[measuring.Step, measuring.Step]:
        return lambda _: None, read.append

    timing = measuring.sampled(start, deltas, 60)
    assert (100, 100, False) == (timing.deltas, timing.timed, timing.sampled)
    assert sorted(deltas) == sorted(read)
    assert 1 == measuring.sampled(start, deltas, 0).timed


def test_an_exponent_tells_flat_from_linear() -> None:
    assert 0 == measuring.exponent([1, 10, 100], [5, 5, 5])
    assert 1 == pytest.approx(measuring.exponent([1, 10, 100], [5, 50, 500]))
