"""Uses an installed wheel with nothing else around: the shortest proof that it works."""

from __future__ import annotations

import sys
from importlib.metadata import requires

import wholejson

deltas = ['{"name', '":"', "John", " Doe", '"', "}"]
expected = ['{"name": "John"}', '{"name": "John Doe"}']
if list(wholejson.snapshots(deltas)) != expected:
    sys.exit("snapshots() gave something else than it should")

required = [each for each in requires("wholejson") or [] if "extra ==" not in each]
if required:
    sys.exit(f"the package alone should need nothing, but needs {required}")

others = {"httpx", "httpx2", "openai", "aiohttp", "uvicorn", "typer", "rich", "pydantic"}
if others & set(sys.modules):
    sys.exit(f"import wholejson brought {others & set(sys.modules)}")

print(f"wholejson {wholejson.__version__} works on Python {sys.version.split()[0]}")
