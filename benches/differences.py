"""What this project makes of the texts that other repairers test themselves with.

    python benches/differences.py [--update]

Prints a table of what equals, what differs and why. `--update` writes the values of today into
tests/data/peers, with the reasons that stand there; a new difference gets the reason `behind`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from malformed.promises import final
from malformed.relation import same

DATA = Path(__file__).parents[1] / "tests" / "data" / "peers"
PROJECTS = ("json-repair", "jsonrepair")


def today(case: dict[str, Any]) -> dict[str, Any]:
    """What comes out: a `value`, or `nothing`."""
    shown = final(case["text"].encode(), case.get("root", "auto"))
    return {"nothing": True} if shown is None else {"value": json.loads(shown)}


def difference(case: dict[str, Any]) -> dict[str, Any] | None:
    """What comes out where it isn't what they give, with the reason why."""
    ours = today(case)
    if "error" in case:
        if "nothing" in ours:
            return None
    elif "value" in ours and same(case["value"], ours["value"]):
        return None
    why = case.get("differs", {}).get("why", "they_give_up" if "error" in case else "behind")
    return ours | {"why": why}


def read(project: str) -> list[dict[str, Any]]:
    """Their texts and values."""
    lines = (DATA / f"{project}.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]


def short(value: Any) -> str:
    """A value in one cell of a table."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text.replace("\n", "⏎").replace("|", "\\|")
    return f"`{text[:90]}…`" if len(text) > 90 else f"`{text}`"


def report(project: str, cases: Sequence[dict[str, Any]], reasons: dict[str, str]) -> str:
    """The table of one project."""
    differing = [case for case in cases if "differs" in case]
    count = Counter(case["differs"]["why"] for case in differing)
    lines = [f"## {project}: {len(cases) - len(differing)} of {len(cases)} the same", ""]
    lines += [f"- {number} × {why}: {reasons[why]}" for why, number in count.most_common()]
    lines += ["", "| text | they | here | why |", "|---|---|---|---|"]
    for case in sorted(differing, key=lambda case: case["differs"]["why"]):
        they = "an error" if "error" in case else short(case["value"])
        here = case["differs"]
        ours = "nothing" if here.get("nothing") else short(here["value"])
        lines.append(f"| {short(case['text'])} | {they} | {ours} | {here['why']} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--update", action="store_true", help="write the values of today")
    options = parser.parse_args(arguments)
    reasons = json.loads((DATA / "reasons.json").read_text(encoding="utf-8"))
    for project in PROJECTS:
        cases = read(project)
        for case in cases:
            differs = difference(case)
            case.pop("differs", None)
            if differs is not None:
                case["differs"] = differs
        if options.update:
            text = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
            (DATA / f"{project}.jsonl").write_text(text, encoding="utf-8")
        print(report(project, cases, reasons), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
