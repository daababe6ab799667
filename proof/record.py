"""The figures of the long runs: `proof/results.json`, and the tables of `PROOF.md` made from it.

A run writes what it reached, and nobody else does. `python proof/record.py` writes the tables anew.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "proof" / "results.json"
PAGE = ROOT / "PROOF.md"
BEGIN = "<!-- figures of {}: written by proof/record.py from proof/results.json -->"
END = "<!-- end of figures -->"


def read() -> dict[str, Any]:
    """All results; none if nothing was run."""
    return json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}


def write(kind: str, name: str, **figures: Any) -> None:
    """Keep what a run reached, in place of what the same run reached before."""
    results = read()
    when = {"date": time.strftime("%Y-%m-%d", time.gmtime()), "version": version()}
    results.setdefault(kind, {})[name] = {**figures, **when}
    put(RESULTS, json.dumps(results, indent=1, sort_keys=True) + "\n")
    put(PAGE, filled(PAGE.read_text("utf-8"), results))


def put(path: Path, text: str) -> None:
    """Write a file whole, or not at all where that is interrupted."""
    beside = path.with_suffix(".new")
    beside.write_text(text, "utf-8")
    beside.replace(path)


def version() -> str:
    """The commit that was run, with a plus where the tree was changed since."""
    command = ("git", "describe", "--always", "--dirty=+", "--exclude=*")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def number(value: float) -> str:
    """A number as people read it."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"


def table(head: list[str], rows: list[list[str]], others: str = "---:") -> str:
    """A table of Markdown; the first column is text, the others are numbers."""
    rule = ["---", *[others] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def fuzz(results: dict[str, Any]) -> str:
    """What fuzzing reached."""
    rows = [
        [
            f"`{name}`",
            number(it["executions"]),
            number(it["seconds"]),
            number(it["findings"]),
            it["date"],
        ]
        for name, it in sorted(results.items())
    ]
    return table(["target", "executions", "seconds", "findings at the end", "date"], rows)


def runs(results: dict[str, Any]) -> str:
    """What the other long runs reached."""
    rows = []
    for name, it in sorted(results.items()):
        figures = {
            key: value for key, value in sorted(it.items()) if key not in ("date", "version")
        }
        said = ", ".join(
            f"{key.replace('_', ' ')} {number(value) if isinstance(value, (int, float)) else value}"
            for key, value in figures.items()
        )
        rows.append([name, said, it["date"]])
    return table(["run", "reached", "date"], rows, "---")


def promises(_: dict[str, Any]) -> str:
    """Each promise and what holds it, from the data of the tests."""
    lines = (ROOT / "tests" / "data" / "promises.jsonl").read_text("utf-8").splitlines()
    rows = [
        [
            f"{row['promise']}. {row['name']}",
            "<br>".join(f"`{name.removeprefix('tests/')}`" for name in row["tests"]),
            ", ".join(f"`{name}`" for name in row["cases"]),
        ]
        for row in map(json.loads, lines)
    ]
    return table(["promise", "tests, below `tests/`", "cases, below `tests/data/`"], rows, "---")


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "fuzz": fuzz,
    "runs": runs,
    "promises": promises,
}


def filled(page: str, results: dict[str, Any]) -> str:
    """The page with the tables of these results."""
    for kind, make in TABLES.items():
        begin = BEGIN.format(kind)
        text = f"{begin}\n\n{make(results.get(kind, {}))}\n\n{END}"
        page = re.sub(
            re.escape(begin) + ".*?" + re.escape(END), lambda _, t=text: t, page, flags=re.DOTALL
        )
    return page


if __name__ == "__main__":
    if sys.argv[1:]:
        kind, name, *figures = sys.argv[1:]
        pairs = (each.split("=", 1) for each in figures)
        write(
            kind, name, **{key: float(n) if re.fullmatch(r"[\d.]+", n) else n for key, n in pairs}
        )
    else:
        put(PAGE, filled(PAGE.read_text("utf-8"), read()))
