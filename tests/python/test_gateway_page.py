"""docs/gateway.md names every setting of the gateway, with its default and its flag."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from wholejson.cli import app
from wholejson.server.config import Settings

PAGE = Path(__file__).parents[2] / "docs" / "gateway.md"
ROWS = {
    cells[0].strip("`"): cells
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
    for cells in [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]]
}


def test_the_page_names_the_settings_there_are():
    assert {f"WHOLEJSON_{name.upper()}" for name in Settings.model_fields} == set(ROWS)


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_each_setting_has_its_default_and_its_flag(name):
    _, flag, default, what = ROWS[f"WHOLEJSON_{name.upper()}"]
    expected = Settings.model_fields[name].default
    assert ("" if expected in (None, ()) else str(expected)) == default
    serve = get_command(app).commands["serve"]  # type: ignore[attr-defined]
    flags = {option for parameter in serve.params for option in parameter.opts}
    known = f"--{name.replace('_', '-')}"
    assert (f"`{known}`" if known in flags else "") == flag
    assert what
