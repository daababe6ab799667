"""Software that repairs JSON, each behind one function: text in, value out."""

from __future__ import annotations

import atexit
import importlib
import importlib.metadata
import json
import math
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

HERE = Path(__file__).parent
FAILED = object()
"""What stands for an exception."""


class Repairer(Protocol):
    """One of them."""

    name: str
    version: str

    def final(self, texts: Sequence[bytes]) -> list[Any]:
        """The value of each text."""

    def steps(self, text: str) -> Iterator[Any]:
        """The value after each character; nothing where there is none."""


def tidy(value: Any) -> Any:
    """Level what is convention: lone surrogates, numbers that JSON can't write."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list | tuple):
        return [tidy(item) for item in value]
    if isinstance(value, dict):
        return {tidy(key): tidy(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Batch:
    """A function that repairs a finished text. On a growing one it starts again each time."""

    def __init__(
        self, package: str, call: Callable[[str], Any], streaming: Callable[[str], Any]
    ) -> None:
        self.name, self.version = package, importlib.metadata.version(package)
        self._call, self._streaming = call, streaming

    def final(self, texts: Sequence[bytes]) -> list[Any]:
        return [self._one(self._call, text.decode("utf-8", "replace")) for text in texts]

    def steps(self, text: str) -> Iterator[Any]:
        for end in range(1, len(text) + 1):
            value = self._one(self._streaming, text[:end])
            if value is not FAILED:
                yield value

    @staticmethod
    def _one(call: Callable[[str], Any], text: str) -> Any:
        try:
            return tidy(call(text))
        except (ValueError, RecursionError, IndexError, TypeError, AttributeError, KeyError):
            return FAILED


class JsonMend:
    """jsonmend's resumable reader."""

    name = "jsonmend"

    def __init__(self) -> None:
        self._module = importlib.import_module("jsonmend")
        self.version = importlib.metadata.version(self.name)

    def final(self, texts: Sequence[bytes]) -> list[Any]:
        return [Batch._one(self._module.loads, text.decode("utf-8", "replace")) for text in texts]

    def steps(self, text: str) -> Iterator[Any]:
        mender = self._module.Mender()
        for character in text:
            yield tidy(mender.feed(character))
        yield tidy(mender.close())


class WholeJSON:
    """The project itself, fed one character at a time or all at once."""

    name = "wholejson"

    def __init__(self) -> None:
        self._module = importlib.import_module("wholejson")
        self.version = self._module.__version__

    def final(self, texts: Sequence[bytes]) -> list[Any]:
        return [self._final(text) for text in texts]

    def _final(self, text: bytes) -> Any:
        aggregator = self._module.Aggregator()
        try:
            aggregator.feed(text)
            aggregator.finish()
        except self._module.Error:
            pass
        shown = aggregator.snapshot()
        return FAILED if shown is None else json.loads(shown)

    def steps(self, text: str) -> Iterator[Any]:
        aggregator = self._module.Aggregator()
        try:
            for character in text:
                if aggregator.feed(character):
                    yield json.loads(aggregator.snapshot())
            if aggregator.finish():
                yield json.loads(aggregator.snapshot())
        except self._module.Error:
            return


class NodeRepair:
    """npm's jsonrepair, through one Node process for all texts."""

    name = "jsonrepair (npm)"

    def __init__(self) -> None:
        self._package = HERE / "node_modules" / "jsonrepair"
        described = json.loads((self._package / "package.json").read_text())
        self.version = described["version"]
        self._process: subprocess.Popen[str] | None = None

    def _repair(self, text: str) -> Any:
        if self._process is None:
            self._process = subprocess.Popen(
                ["node", str(HERE / "jsonrepair.cjs")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                cwd=HERE,
            )
            atexit.register(self.close)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(text) + "\n")
        self._process.stdin.flush()
        return Batch._one(_value, self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def final(self, texts: Sequence[bytes]) -> list[Any]:
        return [self._repair(text.decode("utf-8", "replace")) for text in texts]

    def steps(self, text: str) -> Iterator[Any]:
        values = (self._repair(text[:end]) for end in range(1, len(text) + 1))
        return (value for value in values if value is not FAILED)


def _value(line: str) -> Any:
    """A line of the Node process: the repaired text as a JSON string, or null for an error."""
    repaired = json.loads(line)
    if repaired is None:
        raise ValueError("not repaired")
    return json.loads(repaired)


def _json_repair() -> Repairer:
    module = importlib.import_module("json_repair")
    return Batch("json-repair", module.loads, lambda text: module.loads(text, stream_stable=True))


def _fast_json_repair() -> Repairer:
    module = importlib.import_module("fast_json_repair")
    return Batch("fast-json-repair", module.loads, module.loads)


def _node() -> Repairer:
    if shutil.which("node") is None:
        raise ImportError("node is not installed")
    return NodeRepair()


ALL: dict[str, tuple[Callable[[], Repairer], str]] = {
    "wholejson": (WholeJSON, "make install"),
    "json-repair": (_json_repair, "pip install --group peers"),
    "jsonmend": (JsonMend, "pip install --group peers"),
    "fast-json-repair": (_fast_json_repair, "pip install --group peers"),
    "jsonrepair (npm)": (_node, "npm install --prefix benches"),
}


def available() -> tuple[list[Repairer], dict[str, str]]:
    """Those that are installed, and how to get each of the others."""
    found: list[Repairer] = []
    missing: dict[str, str] = {}
    for name, (make, command) in ALL.items():
        try:
            found.append(make())
        except (ImportError, OSError):  # noqa: PERF203 (five rounds)
            missing[name] = command
    return found, missing
