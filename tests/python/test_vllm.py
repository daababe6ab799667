"""`--middleware wholejson.asgi.ValidJSONChunks`: a server made as vLLM makes its own, and vLLM.

vLLM itself is run where `WHOLEJSON_VLLM` names its command (`make test-vllm VLLM=…`).
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import json
import os
import re
import shlex
import socket
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from conftest import ROOT
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict
from serving import DONE, FLAG, PLAIN, ask, event, request_bytes, serving, until
from starlette.middleware.cors import CORSMiddleware

import wholejson

PAGE = (ROOT / "docs" / "servers.md").read_text("utf-8")
COMMAND = next(line for line in PAGE.splitlines() if line.startswith("vllm serve MODEL "))
ARGUMENTS = COMMAND.split()[3:]
PIECES = ['{"na', 'me": "John', ' Doe"', ', "age": 3', "0}"]
KEY = "sk-of-the-server"


# -- a server put together as vLLM's is: routes, CORS, its key, then what --middleware names


class StreamOptions(BaseModel):
    """What the server knows of the options of a stream; it refuses what it does not."""

    model_config = ConfigDict(extra="forbid")
    include_usage: bool | None = None


class Completion(BaseModel):
    model_config = ConfigDict(extra="allow")
    stream: bool = False
    stream_options: StreamOptions | None = None


class Key:
    """Plain ASGI middleware with an argument: the server's own key."""

    def __init__(self, app: Any, tokens: list[str]) -> None:
        self.app, self.tokens = app, tokens

    def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        if scope["type"] == "http" and scope["path"].startswith("/v1"):
            said = dict(scope["headers"]).get(b"authorization", b"").decode()
            if said.removeprefix("Bearer ") not in self.tokens:
                return JSONResponse({"error": "Unauthorized"}, 401)(scope, receive, send)
        return self.app(scope, receive, send)


class Served:
    """Such a server, and what it saw."""

    def __init__(self, middleware: list[str], pause: float = 0.0) -> None:
        self.pause, self.bodies = pause, []  # type: float, list[dict[str, Any]]
        self.sent = self.cancelled = 0
        router = APIRouter()
        router.post("/v1/chat/completions")(self.complete)
        self.app = FastAPI()
        self.app.include_router(router)
        self.app.add_middleware(CORSMiddleware, allow_origins=["*"])
        self.app.add_middleware(Key, tokens=[KEY])
        for path in middleware:
            module, name = path.rsplit(".", 1)
            found = getattr(importlib.import_module(module), name)
            if inspect.isclass(found):
                self.app.add_middleware(found)
            elif inspect.iscoroutinefunction(found):
                self.app.middleware("http")(found)
            else:
                raise ValueError(f"{path} is neither a function nor a class")

    async def complete(self, request: Completion) -> StreamingResponse:
        self.bodies.append(request.model_dump(exclude_unset=True))
        return StreamingResponse(content=self.events(), media_type="text/event-stream")

    async def events(self) -> AsyncIterator[str]:
        try:
            for piece in PIECES:
                self.sent += 1
                yield event(piece).decode()
                await asyncio.sleep(self.pause)
            yield event("", "stop").decode()
            yield DONE.decode()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


NAMED = [word for word in ARGUMENTS if not word.startswith("--")]
LOG = "support.middleware.log_of_requests"  # a coroutine function: --middleware takes them too
ORDERS = [NAMED, [LOG, *NAMED], [*NAMED, LOG]]
EXPECTED = [{"name": "John"}, {"name": "John Doe"}, {"name": "John Doe", "age": 30}]


def test_the_page_names_the_class_by_its_path() -> None:
    assert ["--middleware", "wholejson.asgi.ValidJSONChunks"] == ARGUMENTS


@pytest.mark.parametrize("order", ORDERS, ids=["alone", "after another", "before another"])
def test_a_server_that_loads_it_by_its_path_streams_whole_json(order: list[str]) -> None:
    served = Served(order)
    with serving(served.app) as url:
        answer = ask(url, FLAG, authorization=f"Bearer {KEY}")
    assert (200, "snapshot") == (answer.status, answer.headers["x-valid-json-chunks"])
    assert [*EXPECTED, EXPECTED[-1]] == [json.loads(text) for text in answer.contents()]
    assert [{"model": "m", "messages": [], "stream": True}] == served.bodies
    assert (len(order) > 1) == ("x-logged" in answer.headers)


def test_without_the_option_every_byte_passes() -> None:
    answers = []
    for order in ([], NAMED):
        with serving(Served(order).app) as url:
            answers.append(ask(url, PLAIN, authorization=f"Bearer {KEY}"))
    assert answers[0].body == answers[1].body
    assert answers[0].headers == answers[1].headers
    assert "".join(PIECES) == "".join(answers[1].contents())


def test_the_servers_own_refusals_pass() -> None:
    with serving(Served(NAMED).app) as url:
        assert 401 == ask(url, FLAG).status
        options = {**FLAG, "stream_options": {"valid_json_chunks": True, "nonsense": 1}}
        refused = ask(url, options, authorization=f"Bearer {KEY}")
        assert (422, True) == (refused.status, b"nonsense" in refused.body)


def test_a_client_that_leaves_ends_the_generation() -> None:
    served = Served(NAMED, pause=0.05)
    with serving(served.app) as url:
        port = int(url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(request_bytes(FLAG, authorization=f"Bearer {KEY}"))
            assert b"snapshot" in connection.recv(65536)
        left = time.monotonic()
        until(lambda: served.cancelled)
        assert time.monotonic() - left < 0.25
        assert served.sent < len(PIECES)


# -- vLLM itself

SCHEMA = {
    "type": "object",
    "properties": {"name": {"enum": ["John Doe"]}, "age": {"enum": [30]}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
ANSWER: dict[str, Any] = {
    "model": "tiny",
    "messages": [{"role": "user", "content": "A user as JSON"}],
    "stream": True,
    "max_tokens": 200,
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "user", "strict": True, "schema": SCHEMA},
    },
}
OPTIONS: Any = {"valid_json_chunks": True, "include_usage": True}


@contextlib.contextmanager
def vllm(directory: Path) -> Iterator[str]:
    """Run vLLM on a tiny model with made-up weights; give its base URL without `/v1`."""
    command = Path(os.environ["WHOLEJSON_VLLM"])
    model = directory / "model"
    python = command.with_name("python")
    subprocess.run([python, ROOT / "tests" / "vllm" / "tiny_model.py", model], check=True)
    linked = directory / "linked"
    linked.mkdir()
    (linked / "wholejson").symlink_to(Path(wholejson.__file__).parent, target_is_directory=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = shlex.split(
        f"serve {model} --served-model-name tiny --host 127.0.0.1 --port {port} --api-key {KEY} "
        "--load-format dummy --enforce-eager --max-model-len 2048 --max-num-seqs 4"
    )
    # What the model says is the grammar's doing; white space would be a choice it has.
    grammar = {"backend": "xgrammar", "disable_any_whitespace": True}
    arguments += ["--structured-outputs-config", json.dumps(grammar), *ARGUMENTS]
    environment = {
        **os.environ, "PYTHONPATH": str(linked), "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
    }  # fmt: skip
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [command, *arguments], env=environment, stdout=log, stderr=log, cwd=directory
        )
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: process.poll() is not None or _answers(f"{url}/health"), 300)
        assert process.poll() is None, (directory / "log").read_text()
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):  # noqa: S310
        return True
    return False


def _metric(url: str, name: str) -> float:
    with urllib.request.urlopen(f"{url}/metrics", timeout=5) as answer:  # noqa: S310
        text = answer.read().decode()
    found = re.findall(rf"^vllm:{name}{{.*}} (\S+)$", text, re.MULTILINE)
    return sum(map(float, found))


@pytest.mark.timeout(600)
@pytest.mark.skipif(
    "WHOLEJSON_VLLM" not in os.environ,
    reason="needs vLLM: make test-vllm VLLM=/path/to/bin/vllm (its CPU build does)",
)
def test_vllm_itself_streams_whole_json(tmp_path: Path) -> None:
    with vllm(tmp_path) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)
        plain = list(client.chat.completions.create(**ANSWER))
        shreds = [chunk.choices[0].delta.content or "" for chunk in plain]
        assert len(shreds) > 20
        assert EXPECTED[-1] == json.loads("".join(shreds))

        chunks = list(client.chat.completions.create(**ANSWER, stream_options=OPTIONS))
        usage = chunks.pop().usage
        contents = [chunk.choices[0].delta.content or "" for chunk in chunks]
        # The schema is in the request: what it enumerates is shown whole.
        assert [*wholejson.snapshots(shreds, schema=SCHEMA), contents[-1]] == contents
        assert EXPECTED[-1] == json.loads(contents[-1])
        assert {"complete": True, "repairs": 0} == wholejson.json_status(chunks[-1].choices[0])
        # vLLM counts the tokens of the raw text: one a byte, and the end.
        assert usage is not None
        assert len("".join(shreds)) + 1 == usage.completion_tokens

        with pytest.raises(openai.BadRequestError, match="rot"):
            client.chat.completions.create(
                **ANSWER,
                stream_options={"valid_json_chunks": {"rot": 1}},  # type: ignore[typeddict-unknown-key]
            )

        # A client that leaves: the engine stops long before the tokens that were asked for.
        before = _metric(url, "generation_tokens_total")
        endless = {**ANSWER, "max_tokens": 1900, "extra_body": {"ignore_eos": True}}
        del endless["response_format"]
        stream = client.chat.completions.create(**endless, n=4, stream_options=OPTIONS)
        until(lambda: _metric(url, "num_requests_running"))
        stream.close()
        until(lambda: not _metric(url, "num_requests_running"), 2)
        assert _metric(url, "generation_tokens_total") - before < 4 * 1900
