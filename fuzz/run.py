"""Runs the fuzz targets: `run.py SECONDS [TARGET…]`, so many seconds each; installs what it needs.

With `--jobs=2` two run at a time. What a target reached is written down when it ends.
With `--keep` what was found goes into the corpus, as few inputs as reach all that was reached.
The core forbids unsafe code, so no sanitizer is needed, and the stable toolchain will do.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUZZ = ROOT / "fuzz"
TOOLS = ROOT / ".tools"
TARGETS = sorted(path.stem for path in (FUZZ / "fuzz_targets").glob("*.rs"))
SEEDS = FUZZ / "target" / "seeds"
FOUND = FUZZ / "target" / "found"
CRASHES = FUZZ / "artifacts"
LONGEST = {"work": 200}
# Seconds for one input.
PATIENCE = {"work": 90}
LINES_BETWEEN = 12
# The status with which libFuzzer ends when it is interrupted.
INTERRUPTED = 72
# Shorter runs are for a look, and leave the figures of longer ones.
WRITTEN = 60
# Results are written one at a time.
WRITING = threading.Lock()
sys.path.insert(0, str(ROOT / "proof"))

import record  # noqa: E402 - it stands beside this directory


def say(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


def environment() -> dict[str, str]:
    """The environment, with our own tools in front."""
    return {**os.environ, "PATH": f"{TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def prepare() -> None:
    """Install cargo-fuzz where it is missing, build the targets, write the seeds."""
    if not shutil.which("cargo-fuzz", path=environment()["PATH"]):
        say("installing cargo-fuzz into .tools")
        command = ("cargo", "install", "cargo-fuzz", "--locked", "--quiet", "--root", str(TOOLS))
        subprocess.run(command, check=True, env=environment())
    say("building the targets")
    command = ("cargo", "fuzz", "build", "--sanitizer", "none", "--target-dir", "fuzz/target")
    subprocess.run(command, check=True, cwd=ROOT, env=environment())
    subprocess.run((sys.executable, str(FUZZ / "seeds.py"), str(SEEDS)), check=True)


def program(target: str) -> str:
    """The program of a target."""
    [found] = (FUZZ / "target").glob(f"*/release/{target}")
    return str(found)


def broken(crashes: Path) -> set[Path]:
    """The inputs that broke a relation; one that only took long (`slow-unit-…`) broke none."""
    return {path for path in crashes.iterdir() if not path.name.startswith("slow-unit-")}


def run(target: str, seconds: int) -> bool:
    """Run one target; tell whether it found nothing."""
    found, crashes = FOUND / target, CRASHES / target
    for folder in (found, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    places = [found, SEEDS / target]
    if (FUZZ / "corpus" / target).is_dir():
        places.append(FUZZ / "corpus" / target)
    command = [
        program(target), *map(str, places), f"-dict={FUZZ / 'json.dict'}",
        f"-max_total_time={seconds}", f"-max_len={LONGEST.get(target, 2048)}",
        f"-timeout={PATIENCE.get(target, 20)}",
        "-rss_limit_mb=2048", "-print_final_stats=1", "-reload=0", f"-artifact_prefix={crashes}/",
    ]  # fmt: skip
    say(f"{target}: {seconds} seconds")
    before, began = broken(crashes), time.monotonic()
    executions, tail = 0, []
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        for count, line in enumerate(process.stderr or ()):
            tail = [*tail[-40:], line]
            if line.startswith("#") and count % LINES_BETWEEN == 0:
                say(f"  {target}: {line.strip()[:100]}")
            if total := re.match(r"stat::number_of_executed_units:\s*(\d+)", line):
                executions = int(total[1])
    findings = len(broken(crashes) - before)
    if process.returncode == INTERRUPTED:
        say(f"{target}: interrupted, and not written down")
        return False
    took = round(time.monotonic() - began)
    with WRITING:
        if took < WRITTEN and target in record.read().get("fuzz", {}):
            say(f"{target}: too short to be written down")
        else:
            record.write("fuzz", target, executions=executions, seconds=took, findings=findings)
    if findings or process.returncode:
        say("".join(tail))
        say(f"{target}: broken by an input in {crashes}; it belongs into fuzz/corpus/{target}")
        return False
    say(f"{target}: {executions:,} executions, nothing found")
    return True


def keep(target: str) -> None:
    """Make the corpus anew: a small set of inputs that reaches what all of them reach."""
    corpus, fresh = FUZZ / "corpus" / target, FUZZ / "target" / "fresh" / target
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    corpus.mkdir(parents=True, exist_ok=True)
    places = [str(folder) for folder in (fresh, corpus, FOUND / target) if folder.is_dir()]
    command = (program(target), "-set_cover_merge=1", "-use_counters=0", "-max_len=600", *places)
    subprocess.run(command, check=True, capture_output=True)
    shutil.rmtree(corpus)
    shutil.move(fresh, corpus)
    inputs = list(corpus.iterdir())
    say(f"{target}: {len(inputs)} inputs, {sum(path.stat().st_size for path in inputs):,} bytes")


def main(words: list[str]) -> int:
    """Run what is asked for."""
    keeping, jobs = "--keep" in words, 1
    for word in words:
        if word.startswith("--jobs="):
            jobs = max(1, int(word.partition("=")[2]))
    seconds, *asked = [word for word in words if not word.startswith("--")]
    if unknown := set(asked) - set(TARGETS):
        say(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
        return 2
    prepare()
    targets = (asked or TARGETS) if int(seconds) else []
    with ThreadPoolExecutor(jobs) as pool:
        try:
            good = list(pool.map(lambda target: run(target, int(seconds)), targets))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    if keeping:
        for target in asked or TARGETS:
            keep(target)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
