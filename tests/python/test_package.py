"""The package: what it exports, who imports whom, and that importing it needs nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import wholejson

PACKAGE = Path(wholejson.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

# Who may know whom, from the leaves up. A name stands for the modules below it too.
LEAVES = {"_core", "errors", "aliases", "beside", "inputs", "joining", "types"}
OBJECTS = {"shapes", "facts", "calls", "carry", "making", "rewrite", "completion"}
CLIENT = {"transport", "exchange", "building"}
MAY_KNOW = {
    "errors": set(),
    "aliases": set(),
    "beside": set(),
    "inputs": set(),
    "joining": set(),
    "types": {"aliases"},
    "shapes": set(),
    "facts": LEAVES | {"shapes"},
    "calls": LEAVES | {"shapes", "facts"},
    "carry": {"shapes"},
    "completion": {"shapes"},
    "making": LEAVES | {"shapes", "facts", "calls", "carry"},
    "rewrite": LEAVES | {"shapes", "facts", "calls", "carry", "making"},
    "opening": LEAVES,
    "updates": LEAVES,
    "deltas": LEAVES | {"opening", "updates"},
    "operations": set(),
    "objects": LEAVES | {"opening", "shapes", "facts", "updates"},
    "partial": set(),
    "typed": LEAVES | {"objects", "partial", "updates"},
    "building": LEAVES,
    "waiting": set(),
    "stream": LEAVES | OBJECTS | {"waiting"},
    "exchange": LEAVES | {"_http"},
    "transport": LEAVES | {"exchange", "waiting", "_http"},
    "client": LEAVES | CLIENT,
    "_http": LEAVES | {"_http"},
    "asgi": LEAVES | {"_http"},
    "proxy": LEAVES | {"_http"},
    "replay": LEAVES | {"_http"},
    "server": LEAVES | {"_http", "server", "asgi", "proxy", "replay", "layout", "__init__"},
    "integrations": LEAVES | {"stream"},
    "layout": set(),
    "console": {"_core"},
    "piping": LEAVES | {"console", "waiting"},
    "recording": LEAVES | {"facts", "shapes"},
    "rerun": LEAVES | {"console", "layout", "recording", "shapes"},
    "cli": LEAVES | {"console", "piping", "server", "rerun"},
    "__main__": {"cli"},
    "__init__": LEAVES | {"deltas", "objects", "operations", "stream", "typed", "client"},
}

# What is not of the standard library, and the only modules that may import it.
OTHERS = {
    "aiohttp": {"proxy"},
    "yarl": {"proxy"},
    "httptools": {"server"},
    "uvicorn": {"server"},
    "pydantic": {"cli", "server", "partial", "typed"},
    "pydantic_settings": {"server"},
    "prometheus_client": {"server"},
    "rich": {"cli", "rerun", "server"},
    "typer": {"cli", "console", "piping", "rerun"},
    "fastapi": {"integrations"},
    "litellm": {"integrations"},
    "openai": {"completion", "server"},
    "typing_extensions": None,  # for type checkers only
}


def imports(module: str) -> set[str]:
    """Every module that is imported, wherever in the file, by its whole name."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    package = ["wholejson", *module.split(".")][:-1]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            inner = {f"{name}.{alias.name}" for alias in node.names}
            found |= {
                each for each in inner if each.removeprefix("wholejson.") in {*MODULES, "_core"}
            } or {name}
    return found


def room(module: str) -> str:
    return module.split(".")[0]


def test_every_module_has_its_place_in_the_architecture():
    assert set(MAY_KNOW) == {room(module) for module in MODULES}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_knows_only_whom_it_may(module):
    ours = {each for each in imports(module) if room(each) == "wholejson"}
    known = {room(each.removeprefix("wholejson").removeprefix(".") or "__init__") for each in ours}
    assert set() == known - MAY_KNOW[room(module)]


@pytest.mark.parametrize("module", MODULES)
def test_other_packages_are_imported_only_where_they_belong(module):
    others = {room(each) for each in imports(module)} - sys.stdlib_module_names - {"wholejson"}
    for other in others:
        assert other in OTHERS, f"{module} imports {other}"
        assert OTHERS[other] is None or room(module) in OTHERS[other], f"{module} imports {other}"


def test_what_is_exported_is_named_sorted_and_there():
    names = wholejson.__all__
    assert sorted(names) == names
    assert len(set(names)) == len(names)
    assert [] == [name for name in names if not hasattr(wholejson, name)]
    public = {name for name in dir(wholejson) if not name.startswith("_")}
    assert set(names) - {"__version__"} == public


def test_a_name_that_is_none_is_an_attribute_error():
    with pytest.raises(AttributeError, match="rap"):
        _ = wholejson.rap


def test_importing_it_needs_and_loads_nothing_else():
    code = (
        "import sys; before = set(sys.modules); import wholejson; "
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert {"wholejson"} == loaded - sys.stdlib_module_names
    assert set() == loaded & {"asyncio", "http", "ssl", "urllib", "email"}


def test_a_typed_package_says_so():
    assert (PACKAGE / "py.typed").is_file()
    assert (PACKAGE / "_core.pyi").is_file()


def test_the_version_is_the_same_everywhere():
    manifests = [ROOT / "Cargo.toml", ROOT / "bindings" / "python" / "Cargo.toml"]
    for manifest in manifests:
        lines = manifest.read_text("utf-8").splitlines()
        assert f'version = "{wholejson.__version__}"' in lines, manifest


def test_what_users_call_has_a_docstring():
    things = {name: getattr(wholejson, name) for name in wholejson.__all__ if name != "__version__"}
    stub = ast.parse((PACKAGE / "_core.pyi").read_text("utf-8"))
    documented = {
        node.name
        for node in ast.walk(stub)
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node)
    }
    assert [] == [n for n, thing in things.items() if not thing.__doc__ and n not in documented]
