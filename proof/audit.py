"""Licences, sources and advisories of what is built upon: run by `make audit`.

What can be checked here is checked first; advisories come from the network. All parts run, whatever
becomes of the others. Exit status: 0 if all is well, 1 if something was found, 3 if nothing was
found but a part could not be checked.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

# What cannot stand in a registry's list of advisories yet.
OURS = {"wholejson"}


class UncheckedError(Exception):
    """A part could not be checked; the message says why."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def deny(*checks: str) -> bool:
    """Let cargo-deny check; tell whether all is well."""
    return subprocess.run(("cargo", "deny", "check", *checks)).returncode == 0


def rust_rules() -> bool:
    return deny("bans", "licenses", "sources")


def rust_advisories() -> bool:
    got = subprocess.run(("cargo", "deny", "fetch", "db"), capture_output=True, text=True)
    if got.returncode:
        raise UncheckedError("the RustSec advisory database could not be fetched from the network")
    return deny("--disable-fetch", "advisories")


def python_advisories() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = (
            sys.executable,
            "-m",
            "pip_audit",
            "--progress-spinner",
            "off",
            "--format",
            "json",
        )
        done = subprocess.run(
            (*command, "--skip-editable", "--output", str(report)), capture_output=True, text=True
        )
        text = report.read_text("utf-8") if report.is_file() else ""
    if not text:
        said = done.stderr.strip().splitlines() or ["no reason was given"]
        raise UncheckedError(
            f"the advisories of the package index could not be reached ({said[-1][:200]})"
        )
    packages = [each for each in json.loads(text)["dependencies"] if each["name"] not in OURS]
    unknown = [each["name"] for each in packages if "skip_reason" in each]
    faulty = [each for each in packages if each.get("vulns")]
    for each in faulty:
        names = ", ".join(fault["id"] for fault in each["vulns"])
        say(f"{each['name']} {each['version']}: {names}")
    say(f"{len(packages) - len(unknown)} of {len(packages)} packages have advisories to look up")
    if unknown and not faulty:
        raise UncheckedError(
            f"the package index gave no advisories for {len(unknown)} of {len(packages)} packages, "
            f"such as {unknown[0]}; it may be a mirror without them, or out of reach"
        )
    return not faulty


PARTS: dict[str, Callable[[], bool]] = {
    "Rust crates: bans, licences, sources": rust_rules,
    "Rust crates: advisories": rust_advisories,
    "Python packages: advisories": python_advisories,
}


def main() -> int:
    said, status = [], 0
    for name, check in PARTS.items():
        say(f"\n{name}")
        try:
            good = check()
        except UncheckedError as why:
            said.append(f"NOT CHECKED  {name}: {why}")
            status = status or 3
        else:
            said.append(f"{'well       ' if good else 'FOUND      '}  {name}")
            status = status if good else 1
    say("\n" + "\n".join(said))
    return status


if __name__ == "__main__":
    sys.exit(main())
