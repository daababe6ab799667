"""The wheel and the source distribution: ours and nothing else, and they work where nothing is.

`make test` names the wheel that it built and installed with WHOLEJSON_WHEEL.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT
from support.environments import RUNNER
from support.interpreters import interpreters, oldest_and_newest

WHEEL = Path(os.environ.get("WHOLEJSON_WHEEL", "absent")).resolve()
needs_wheel = pytest.mark.skipif(
    not WHEEL.is_file(), reason="no wheel: make test builds one and names it in WHOLEJSON_WHEEL"
)
# The tests that show that a build works on this Python. The others show what the code does.
TESTS = [
    "stream",
    "test_aggregator.py",
    "test_errors.py",
    "test_package.py",
    "test_promises.py",
    "test_snapshots.py",
    "test_threads.py",
    "test_transformer.py",
]


def tracked(*paths: str) -> set[str]:
    """The files of the project, as git knows them."""
    listed = subprocess.run(
        ["git", "ls-files", *paths], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(listed.stdout.split())


def test_what_make_says_is_plain_and_not_on_stdout_where_no_terminal_is():
    said = subprocess.run([ROOT / "scripts/say", "a step"], capture_output=True, text=True)
    assert (0, "", "\n== a step\n") == (said.returncode, said.stdout, said.stderr)


@needs_wheel
def test_the_wheel_is_for_every_python_from_3_10_on_this_platform():
    tag = r"wholejson-[\d.]+-cp310-abi3-(manylinux_\d+_\d+|manylinux2014|musllinux|macosx|win)\w*"
    assert re.match(tag, WHEEL.name)
    with zipfile.ZipFile(WHEEL) as wheel:
        [name] = [each for each in wheel.namelist() if each.endswith(".dist-info/WHEEL")]
        tags = re.findall(r"^Tag: (.*)$", wheel.read(name).decode(), re.MULTILINE)
    assert tags
    assert all(tag.startswith("cp310-abi3-") for tag in tags)


@needs_wheel
def test_the_wheel_has_our_files_and_nothing_else():
    ours = {each.removeprefix("python/") for each in tracked("python/wholejson")}
    with zipfile.ZipFile(WHEEL) as wheel:
        names = set(wheel.namelist())
        [record] = [each for each in names if each.endswith("/RECORD")]
    info = record.removesuffix("RECORD")
    meta = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    native = {each for each in names if re.fullmatch(r"wholejson/_core\.(abi3\.so|pyd)", each)}
    assert len(native) == 1
    assert ours | native | {info + each for each in meta} == names


@needs_wheel
def test_the_wheel_requires_nothing_and_offers_its_extras():
    with zipfile.ZipFile(WHEEL) as wheel:
        [name] = [each for each in wheel.namelist() if each.endswith("/METADATA")]
        lines = wheel.read(name).decode().splitlines()
    required = [each for each in lines if each.startswith("Requires-Dist:")]
    assert [] == [each for each in required if "extra ==" not in each]
    extras = {each.split(": ")[1] for each in lines if each.startswith("Provides-Extra:")}
    assert {"openai", "gateway", "cli", "pydantic", "all"} == extras
    assert "License-Expression: MIT" in lines
    assert "Requires-Python: >=3.10" in lines


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory) -> Path:
    """The tests without the tree: no source of the package is near."""
    place = tmp_path_factory.mktemp("elsewhere")
    for name in tracked(
        "tests", "pyproject.toml", "scripts/smoke.py", "Cargo.toml", "bindings/python/Cargo.toml"
    ):
        copy = place / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy)
    return place


@needs_wheel
@pytest.mark.timeout(400)
@pytest.mark.parametrize(("version", "python"), oldest_and_newest())
def test_the_wheel_works_in_a_clean_environment(version, python, elsewhere, tmp_path, capsys):
    def run(*command: str | Path) -> str:
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "PYTHON"))}
        environ.pop("WHOLEJSON_INSTALLED", None)
        environ["WHOLEJSON_SHARED"] = str(tmp_path / "none")
        done = subprocess.run(command, cwd=elsewhere, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    run(python, "-m", "venv", tmp_path / "venv")
    clean = next((tmp_path / "venv").glob("*/python"))
    # First alone: what it needs must not come from anywhere else.
    run(clean, "-m", "pip", "install", "--quiet", "--no-index", WHEEL)
    smoke = run(clean, "scripts/smoke.py")
    packages = ["hypothesis", "orjson", f"wholejson[openai] @ {WHEEL.as_uri()}"]
    run(clean, "-m", "pip", "install", "--quiet", *RUNNER, *packages)
    tests = [f"tests/python/{name}" for name in TESTS]
    options = ["-q", "-p", "no:cacheprovider", "-o", "pythonpath=tests/python tests"]
    last = run(clean, "-m", "pytest", *options, *tests).strip().splitlines()[-1]
    with capsys.disabled():
        print(f"\n  {smoke.strip()}: {last} ({python})")
    assert " passed" in last
    assert version in smoke


def test_there_is_more_than_one_python_to_try():
    """On a machine with one Python only the oldest is the newest; it says so instead of passing."""
    assert sys.version_info[:2] in {version[:2] for version in interpreters()}
    if len(interpreters()) < 2:
        pytest.skip("one Python on this machine: the wheel is tried on no other")


@pytest.mark.skipif(
    not shutil.which("maturin", path=Path(sys.executable).parent), reason="no maturin"
)
def test_the_source_distribution_is_reproducible_and_has_our_files(tmp_path):
    maturin = Path(sys.executable).parent / "maturin"
    digests = set()
    for turn in ("one", "two"):
        out = tmp_path / turn
        environ = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
        command = [maturin, "sdist", "--out", out]
        subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, check=True)
        [archive] = out.iterdir()
        digests.add(hashlib.sha256(archive.read_bytes()).hexdigest())
    assert len(digests) == 1
    with tarfile.open(archive) as tar:
        names = {each.split("/", 1)[1] for each in tar.getnames()}
    assert {"PKG-INFO"} == names - tracked()
    for needed in ("Cargo.toml", "Cargo.lock", "LICENSE", "README.md", "pyproject.toml"):
        assert needed in names
    assert tracked("python/wholejson", "src", "bindings", "validator") <= names


def workflows() -> list[Path]:
    return sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("workflow", workflows(), ids=lambda path: path.name)
def test_a_workflow_names_its_actions_by_commit_with_the_version_beside(workflow):
    used = re.findall(r"^\s*(?:- )?uses:\s*(.+)$", workflow.read_text("utf-8"), re.MULTILINE)
    assert used
    assert [] == [
        each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d[\d.]*", each)
    ]


def test_the_workflows_call_the_same_commands_as_everybody():
    texts = {path.name: path.read_text("utf-8") for path in workflows()}
    assert "run: .ci/run" in texts["ci.yml"]
    assert "make wheel TARGET=" in texts["wheels.yml"]
    assert "exec make test" in (ROOT / ".ci" / "run").read_text("utf-8")
    for machine in ("x86_64", "aarch64"):
        for system in (
            "unknown-linux-gnu",
            "unknown-linux-musl",
            "apple-darwin",
            "pc-windows-msvc",
        ):
            assert f"target: {machine}-{system} " in texts["wheels.yml"]
