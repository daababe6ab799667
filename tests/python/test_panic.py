"""A panic of the core, in a build for this, is an exception, and the process lives on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

CARGO = shutil.which("cargo")
MARK = "a panic that was asked for"
WHEEL = Path(os.environ.get("WHOLEJSON_WHEEL", "absent"))

LIBRARY = """
import json, threading, wholejson

reader = wholejson.Aggregator()
reader.feed('{"a": "x')
try:
    reader.feed("\\0panic")
except BaseException as error:
    caught = error
said = {"type": type(caught).__name__, "text": str(caught)}
for call in (lambda: reader.feed("y"), reader.finish, reader.snapshot, lambda: reader.value()):
    try:
        call()
    except RuntimeError as error:
        said.setdefault("then", []).append("internal error" in str(error))
transformer = wholejson.ChunkTransformer()
event = json.dumps({"choices": [{"index": 0, "delta": {"content": "\\0panic"}}]})
try:
    transformer.feed(f"data: {event}\\n\\n".encode())
except BaseException as error:
    said["transformer"] = type(error).__name__
try:
    transformer.finish()
except RuntimeError as error:
    said["transformer then"] = "internal error" in str(error)
# Others are well, in this thread and in a new one.
found = []
thread = threading.Thread(target=lambda: found.extend(wholejson.snapshots(['{"a": 1}'])))
thread.start()
thread.join()
said["others"] = [*found, *wholejson.snapshots(['{"a": 1}'])]
print(json.dumps(said))
"""

GATEWAY = """
import asyncio, json
from asgi_harness import call
from wholejson.asgi import ValidJSONChunks

def event(content, reason=None):
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": reason}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\\n\\n"

def app(parts):
    async def answer(scope, receive, send):
        await receive()
        head = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    return ValidJSONChunks(answer)

BODY = {"stream": True, "stream_options": {"valid_json_chunks": True}}

async def main():
    broken = app([event('{"a": "x'), event("\\0panic")])
    well = app([event('{"a": 1}', "stop"), b"data: [DONE]\\n\\n"])
    results = await asyncio.gather(
        call(broken, BODY), call(well, BODY), return_exceptions=True
    )
    after = await call(well, BODY)
    print(json.dumps({
        "broken": type(results[0]).__name__,
        "well": results[1].answer.body.decode(),
        "after": after.answer.body.decode(),
    }))

asyncio.run(main())
"""

pytestmark = [
    pytest.mark.skipif(CARGO is None, reason="no cargo: the build with a panic can't be made"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with an extension that panics when it is asked to."""
    command = [
        CARGO, "build", "--quiet", "--locked", "--package", "wholejson-python",
        "--features", "inject-panic", "--message-format", "json",
    ]  # fmt: skip
    environ = {**os.environ, "PYO3_PYTHON": sys.executable}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    messages = map(json.loads, done.stdout.splitlines())
    files = [name for each in messages for name in each.get("filenames", ())]
    [library] = {name for name in files if Path(name).stem in ("lib_core", "_core")}
    place = tmp_path_factory.mktemp("panics")
    shutil.copytree(
        ROOT / "python" / "wholejson", place / "wholejson",
        ignore=shutil.ignore_patterns("_core*.so", "_core*.pyd", "__pycache__"),
    )  # fmt: skip
    suffix = "pyd" if sys.platform == "win32" else "abi3.so"
    shutil.copy(library, place / "wholejson" / f"_core.{suffix}")
    return place


def run(package: Path, code: str) -> dict[str, object]:
    paths = [package, ROOT / "tests" / "python", ROOT / "tests"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert MARK in done.stderr  # where it happened, for whoever reports it
    return json.loads(done.stdout.splitlines()[-1])


def test_a_panic_is_an_exception_and_the_object_says_that_it_is_broken(package: Path) -> None:
    said = run(package, LIBRARY)
    assert ("PanicException", MARK) == (said["type"], said["text"])
    assert [True] * 4 == said["then"]
    assert ("PanicException", True) == (said["transformer"], said["transformer then"])
    assert ['{"a": 1}'] * 2 == said["others"]


def test_a_panic_in_one_stream_of_a_server_leaves_the_others_well(package: Path) -> None:
    said = run(package, GATEWAY)
    # What ends the stream may meet the object after it was broken.
    assert said["broken"] in ("PanicException", "RuntimeError")
    assert said["well"] == said["after"]
    assert '{\\"a\\": 1}' in str(said["after"])


@pytest.mark.skipif(not WHEEL.is_file(), reason="no wheel: make test builds one")
def test_the_wheel_cannot_be_made_to_panic_that_way() -> None:
    with zipfile.ZipFile(WHEEL) as wheel:
        [name] = [each for each in wheel.namelist() if "/_core." in each and "pyi" not in each]
        assert MARK.encode() not in wheel.read(name)
