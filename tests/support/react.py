"""The React example, built and served as its page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "react"
PAGE = (ROOT / "docs" / "react.md").read_text("utf-8")
_MODULES = ROOT / "tests" / "js" / "node_modules"
RECIPE: dict[str, Any] = {
    "title": "Spaghetti al limone",
    "minutes": 20,
    "vegetarian": True,
    "ingredients": [
        {"name": "Spaghetti", "amount": "200 g"},
        {"name": "Lemon, unwaxed", "amount": "1"},
        {"name": "Butter", "amount": "40 g"},
    ],
    "steps": [
        "Cook the pasta in plenty of salted water.",
        "Melt the butter with the grated peel, and add half of the juice.",
        "Toss everything with a little of the cooking water until it shines.",
    ],
}


def build(place: Path) -> Path:
    """Build the example in a directory of its own, by the page's own command for the reader."""
    if not (_MODULES / "react").is_dir():
        raise AssertionError("React is missing: run `npm install` in tests/js, or `make test`")
    shutil.copytree(EXAMPLE, place, ignore=shutil.ignore_patterns("node_modules", "wholejson"))
    (place / "node_modules").symlink_to(_MODULES, target_is_directory=True)
    copy = re.search(r"^cp -r .*$", PAGE, re.MULTILINE)
    assert copy
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command in (copy[0], "npm run build --silent"):
        subprocess.run(["bash", "-ec", command], cwd=place, env=environ, check=True)
    return place


@contextmanager
def example(place: Path, provider: str) -> Iterator[str]:
    """Serve the example that was built in `place`, in front of a provider; give its address."""
    environ = {**os.environ, "OPENAI_BASE_URL": provider, "OPENAI_API_KEY": "sk-planted"}
    command = [sys.executable, "-m", "uvicorn", "server:app", "--port", "0"]
    with subprocess.Popen(
        command, cwd=place, env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        said = ""
        try:
            for line in process.stderr or ():
                said += line
                found = re.search(r"running on (http://\S+)", line)
                if found:
                    yield found[1]
                    break
            else:
                raise AssertionError(f"the example did not start:\n{said}")
        finally:
            process.terminate()
            process.communicate()
