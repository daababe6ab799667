"""How many malformed documents are recovered: this project beside other software, by class.

    python benches/recovery.py [--count 50] [--seed 1] [--json FILE] [--only NAME …]

A document counts as recovered if its value is the expected one, or the one it had before it was
harmed. Retractions are steps after which the value no longer extends the one before, with the text
fed one character at a time. The table goes to standard output, progress to standard error.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1] / "tests"), str(Path(__file__).parent)]

from malformed.generator import Item, corpus  # noqa: E402
from malformed.relation import grows, same  # noqa: E402
from repairers import FAILED, Repairer, available  # noqa: E402


def recovered(item: Item, value: Any) -> bool:
    """Say whether this is a right value for the document."""
    return value is not FAILED and (same(item.expected, value) or same(item.original, value))


def retractions(repairer: Repairer, text: str) -> int:
    """Steps that take something back."""
    count, before = 0, None
    for value in repairer.steps(text):
        if before is not None and not grows(before, value):
            count += 1
        before = value
    return count


def measure(repairers: Sequence[Repairer], items: Sequence[Item], stepped: int) -> dict[str, Any]:
    """Rates by class and repairer in percent; retractions over the first documents of each."""
    by_class: dict[str, list[int]] = defaultdict(list)
    for at, item in enumerate(items):
        by_class[item.label].append(at)
    rates: dict[str, dict[str, float]] = {label: {} for label in by_class}
    taken_back: dict[str, dict[str, float]] = {}
    for repairer in repairers:
        began = time.perf_counter()
        values = repairer.final([item.text for item in items])
        right = [recovered(item, value) for item, value in zip(items, values, strict=True)]
        for label, places in by_class.items():
            rates[label][repairer.name] = round(
                100 * sum(right[at] for at in places) / len(places), 1
            )
        rates.setdefault("all", {})[repairer.name] = round(100 * sum(right) / len(right), 1)
        print(
            f"{repairer.name}: {time.perf_counter() - began:.1f} s for {len(items)} documents",
            file=sys.stderr,
        )
        sample = [items[at] for places in by_class.values() for at in places[:stepped]]
        counts = [retractions(repairer, item.text.decode("utf-8", "replace")) for item in sample]
        if counts:
            taken_back[repairer.name] = {
                "documents": len(counts),
                "with_retractions": sum(map(bool, counts)),
                "retractions": sum(counts),
            }
            print(f"{repairer.name}: {sum(counts)} retractions", file=sys.stderr)
    return {"rates": rates, "retractions": taken_back}


def table(result: dict[str, Any], repairers: Sequence[Repairer]) -> str:
    """The result as Markdown; the best of a row in bold."""
    names = [repairer.name for repairer in repairers]
    lines = [
        "| class | " + " | ".join(f"{r.name} {r.version}" for r in repairers) + " |",
        "|---" + "|--:" * len(names) + "|",
    ]
    for label, row in result["rates"].items():
        best = max(row.values())
        cells = [f"**{row[name]:g}**" if row[name] == best else f"{row[name]:g}" for name in names]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    taken = result["retractions"]
    if taken:
        documents = next(iter(taken.values()))["documents"]
        lines.append(
            f"| retractions in {documents} documents | "
            + " | ".join(str(taken[n]["retractions"]) for n in names)
            + " |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--count", type=int, default=50, help="documents of each class (default: 50)"
    )
    parser.add_argument(
        "--stepped", type=int, default=1, help="of these, how many are fed character by character"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where to write the result as JSON")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these repairers")
    options = parser.parse_args(arguments)
    repairers, missing = available()
    for name, command in missing.items():
        print(f"missing: {name} ({command})", file=sys.stderr)
    if options.only:
        repairers = [repairer for repairer in repairers if repairer.name in options.only]
    items = list(corpus(options.seed, options.count))
    result = measure(repairers, items, options.stepped)
    result["missing"] = sorted(missing)
    result["versions"] = {repairer.name: repairer.version for repairer in repairers}
    result["setting"] = {
        "seed": options.seed,
        "count": options.count,
        "documents": len(items),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    print(table(result, repairers))
    for name, command in missing.items():
        print(f"\nnot measured: {name} ({command})")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
