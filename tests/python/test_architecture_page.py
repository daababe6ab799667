"""ARCHITECTURE.md is true to the tree."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT

PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
FILES = sorted([*(ROOT / "src").rglob("*.rs"), *(ROOT / "python" / "wholejson").glob("*.py")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_room_is_named(path) -> None:
    """A file by its name; `mod.rs` and `__init__.py` stand for their room."""
    if path.name == "lib.rs" or path == ROOT / "python" / "wholejson" / "__init__.py":
        return  # each is the whole house
    room = path.name in ("mod.rs", "__init__.py")
    name = f"{path.parent.name}/" if room else path.name.replace("_tests", "")
    assert f"/{name}" in PAGE or f"`{name}" in PAGE, f"say in ARCHITECTURE.md what {name} is for"


def test_every_file_that_is_named_is_there() -> None:
    folders = [ROOT / name for name in ("src", "bindings", "python", "tests", "benches")]
    files = [path for folder in folders for path in folder.rglob("*.*")]
    there = {path.name for path in files}
    named = set(re.findall(r"([a-z_]+\.(?:rs|py))\b", PAGE))
    assert set() == named - there
