"""All benchmarks in one run, and one report.

    python benches/run.py [--quick] [--out FOLDER]

Runs `feed.py`, `views.py`, `snapshot_text.py`, `transformer.py`, `wire.py`, `recovery.py` and
`client.py` one after the other, each in a process of its own, and writes `results.json`,
`RESULTS.md` and `cost.svg` into this folder, and the figures into the README. With `--out`
everything goes into another folder and the README stays.
Takes about five minutes; `--quick` takes seconds, and its figures mean nothing.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import report
from measuring import log

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
# Name, arguments, arguments of a quick run.
PARTS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("feed", (), ("--quick",)),
    ("views", (), ("--quick",)),
    ("snapshot_text", (), ("--quick",)),
    ("transformer", (), ("--quick",)),
    ("wire", (), ("--quick",)),
    ("recovery", (), ("--count", "1", "--stepped", "0")),
    ("client", (), ("--sizes", "1", "--rounds", "1")),
)
# Measured by themselves, since they need what is not on every machine; their figures are kept.
APART = ("gateway",)
PACKAGES = (
    "wholejson", "jiter", "pydantic_core", "orjson", "openai", "jsonmend", "json-repair",
    "fast-json-repair", "streaming-json-parser", "streaming-json-parser-native", "jsoncurrent",
    "langchain-core",
)  # fmt: skip


def run(name: str, arguments: Sequence[str], folder: Path) -> dict[str, Any]:
    """Run one benchmark; its words go on to ours, its figures come back."""
    figures = folder / f"{name}.json"
    command = [sys.executable, str(HERE / f"{name}.py"), *arguments, "--json", str(figures)]
    began = time.monotonic()
    log(f"{name} …")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    log(f"{name}: {time.monotonic() - began:.0f} s")
    read = json.loads(figures.read_text())
    return read if isinstance(read, dict) else {"rows": read}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = lines[0].partition(":")[2].strip() if lines else cpu
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def versions() -> dict[str, str]:
    """What was measured."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:  # noqa: PERF203 - seven rounds
            found[package] = "not installed"
    river = HERE / "node_modules" / "jsonriver" / "package.json"
    if river.exists():
        found["jsonriver"] = json.loads(river.read_text("utf-8"))["version"]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="only to see that it runs")
    parser.add_argument("--out", type=Path, help="where to write instead")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    results: dict[str, Any] = {
        "quick": options.quick,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": machine(),
        "versions": versions(),
    }
    before = HERE / "results.json"
    if not options.quick and before.exists():
        known = json.loads(before.read_text("utf-8"))
        results.update({name: known[name] for name in APART if name in known})
    with tempfile.TemporaryDirectory() as folder:
        for name, full, quick in PARTS:
            results[name] = run(name, quick if options.quick else full, Path(folder))
    results["seconds"] = round(time.monotonic() - began)
    report.write(results, options.out or HERE, None if options.out else README)
    log(f"all: {results['seconds']} s; written: {(options.out or HERE) / 'RESULTS.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
