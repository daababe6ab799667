"""Virtual environments beside the main one, for what can't live in it: other versions, other peers.

Each is made once in the root of the repository (`.venv-…`, ignored by git) and brought up to date
when its requirements change. The package under test is the main environment's own, linked in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import wholejson

ROOT = Path(__file__).resolve().parents[2]
# What the project's own pytest settings name.
RUNNER = ("pytest>=8.3", "pytest-asyncio>=0.24", "pytest-timeout>=2.3")


class Environment:
    """An environment with `requirements`, made by pip when it is first asked for."""

    def __init__(self, name: str, requirements: tuple[str, ...]) -> None:
        self.directory = ROOT / f".venv-{name}"
        wanted = json.dumps([sys.version, *requirements, *RUNNER])
        ready = self.directory / "ready.json"
        if not ready.exists() or ready.read_text() != wanted:
            venv.create(self.directory, with_pip=True, clear=True)
            self.python("-m", "pip", "install", "--quiet", *requirements, *RUNNER)
            ready.write_text(wanted)
        self.packages = self.directory / "linked"
        self.packages.mkdir(exist_ok=True)
        link = self.packages / "wholejson"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(wholejson.__file__).parent, target_is_directory=True)

    def python(self, *arguments: str) -> str:
        """Run its interpreter in the repository's root; a failure raises with all it said."""
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_"))}
        environ["PYTHONPATH"] = str(self.directory / "linked")
        command = [self.directory / "bin" / "python", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def versions(self, *packages: str) -> str:
        """Tell which versions it has, for the report of a test."""
        code = "import sys, importlib.metadata as m; [print(p, m.version(p)) for p in sys.argv[1:]]"
        return ", ".join(self.python("-c", code, *packages).splitlines())

    def tests(self, name: str, pattern: str) -> list[str]:
        """Name the project's tests of a framework, such as `test_gateway_*.py`."""
        found = (ROOT / "tests" / "frameworks" / name).glob(pattern)
        return [str(path.relative_to(ROOT)) for path in sorted(found)]

    def test(self, folder: str, *, warnings: str = "error") -> str:
        """Run the project's tests in `folder`, or a file, with it; give pytest's last line."""
        cut = str(Path(folder).parent if folder.endswith(".py") else folder)
        options = ["-q", f"-W{warnings}", "-p", "no:cacheprovider", "--confcutdir", cut]
        return self.python("-m", "pytest", *options, folder).strip().splitlines()[-1]
