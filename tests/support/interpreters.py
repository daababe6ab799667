"""The Pythons of this machine, found by asking each whether it can make an environment."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

MINORS = range(10, 20)
QUESTION = (
    "import ensurepip, sys, venv;"
    "assert sys.implementation.name == 'cpython';"
    "assert getattr(sys, '_is_gil_enabled', lambda: True)();"
    "print(*sys.version_info[:3], sep='.')"
)


def candidates() -> list[str]:
    """Give what may be interpreters: by their names on PATH, and those that pyenv keeps."""
    named = [shutil.which(f"python3.{minor}") for minor in MINORS]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    kept = [str(path) for path in sorted(root.glob("versions/3.*/bin/python3"))]
    return [each for each in [*named, *kept] if each]


@functools.cache
def interpreters() -> dict[tuple[int, ...], str]:
    """Give the working interpreters from 3.10 on, by version, the oldest first."""
    found: dict[tuple[int, ...], str] = {}
    for candidate in candidates():
        try:
            asked = subprocess.run(
                [candidate, "-c", QUESTION], capture_output=True, text=True, timeout=60
            )
        except OSError:
            continue
        if asked.returncode == 0:
            version = tuple(map(int, asked.stdout.strip().split(".")))
            if version >= (3, 10):
                found.setdefault(version, candidate)
    return dict(sorted(found.items()))


def oldest_and_newest() -> list[tuple[str, str]]:
    """Give the oldest and the newest of them: version and path."""
    known = [(".".join(map(str, version)), path) for version, path in interpreters().items()]
    return known[:1] + known[1:][-1:]
