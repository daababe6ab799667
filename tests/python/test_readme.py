"""Every block of code in the README does what the README says."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from serving import Gateway, Upstream, gateway, serving
from serving import ask as asked
from support.blocks import Block, blocks, commands

from wholejson.replay import Replay
from wholejson.server.documents import DOCUMENTS

PAGES = [
    ROOT / "README.md",
    *(ROOT / "docs" / f"{n}.md" for n in ("client", "servers", "scale", "schema")),
]
ALL = [block for page in PAGES for block in blocks(page)]
PROVIDER = "https://api.openai.com/v1"
GATEWAY = "http://127.0.0.1:8080/v1"
FLAGGED = {
    "model": "gpt-4o",
    "messages": [],
    "stream": True,
    "stream_options": {"valid_json_chunks": True},
}
PLAIN = {"model": "gpt-4o", "messages": [], "stream": True}
WHOLE = {"name": "John Doe", "age": 30, "email": "john.doe@example.com"}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """What stands in for a provider: the embedded upstream."""
    with serving(Replay(DOCUMENTS)) as url:
        yield url


@pytest.fixture(scope="module")
def served(provider: str) -> Iterator[Gateway]:
    with gateway("--upstream", provider) as running:
        yield running


def ask(url: str, request: dict[str, object]) -> tuple[str, str]:
    """Post a request for a chat completion; give the stream, and what its header says of it."""
    headers = {"content-type": "application/json", "authorization": "Bearer k"}
    body = json.dumps(request).encode()
    asked = urllib.request.Request(f"{url}/chat/completions", body, headers)  # noqa: S310
    with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310 - our own socket
        return answer.read().decode(), answer.headers["x-valid-json-chunks"]


class Reader:
    """Somebody who does what the page says, with other addresses."""

    def __init__(self, provider: str, served: Gateway) -> None:
        self.provider, self.served = provider, served
        scripts = sysconfig.get_path("scripts")
        clean = {k: v for k, v in os.environ.items() if not k.startswith("WHOLEJSON_")}
        self.environment = {
            **clean,
            "PATH": scripts + os.pathsep + clean["PATH"],
            "OPENAI_API_KEY": "k",
            "OPENAI_BASE_URL": provider,
            "WHOLEJSON_PORT": "0",
        }

    def placed(self, text: str) -> str:
        """Put the addresses of here into a text."""
        return text.replace(PROVIDER, self.provider).replace(GATEWAY, self.served.url)

    def bash(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", self.placed(command)],
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=ROOT,
            timeout=60,
        )


@pytest.fixture(scope="module")
def reader(provider: str, served: Gateway) -> Reader:
    return Reader(provider, served)


def named(language: str) -> pytest.MarkDecorator:
    chosen = [block for block in ALL if block.language == language]
    return pytest.mark.parametrize("block", chosen, ids=str)


def test_every_block_is_of_a_kind_that_is_tested_here():
    known = {"python", "bash", "console", "json", "text"}
    assert [] == [str(block) for block in ALL if block.language not in known]
    assert {"python", "bash", "console", "json"} <= {block.language for block in ALL}


@named("python")
def test_python_prints_what_it_says(block: Block, reader: Reader, tmp_path: Path) -> None:
    """Each block runs by itself, in a process of its own."""
    text = reader.placed(block.text)
    if block.page == "client.md" and "ChatOpenAI(" in text:
        text = f"import httpx2 as httpx\nimport wholejson\nChatOpenAI = dict\n{text}"
    script = tmp_path / "block.py"
    script.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        env=reader.environment,
        timeout=60,
    )
    assert 0 == done.returncode, done.stderr
    if block.page == "README.md":
        assert block.promised == done.stdout.splitlines()


@named("python")
def test_apps_give_whole_json(block: Block, reader: Reader, monkeypatch: pytest.MonkeyPatch):
    """A block that makes an `app` is served, and asked for a stream with the option."""
    if not re.search(r"^app = ", block.text, re.MULTILINE):
        assert "app" not in block.text.split()
        return
    monkeypatch.setenv("OPENAI_BASE_URL", reader.provider)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    space: dict[str, object] = {"__name__": "block"}
    exec(compile(reader.placed(block.text), str(block), "exec"), space)  # noqa: S102 - our own page
    with serving(closing(space["app"], space.get("client"))) as url:
        stream, said = ask(url, FLAGGED)
        whole, unsaid = ask(url, {**FLAGGED, "stream": False})
    assert "snapshot" == said
    assert WHOLE == last_value(stream)
    assert unsaid is None
    assert WHOLE == json.loads(json.loads(whole)["choices"][0]["message"]["content"])


@named("python")
def test_apps_that_call_a_provider_keep_its_status(
    block: Block, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the provider refuses is refused with its status and its words."""
    if not (re.search(r"^app = ", block.text, re.MULTILINE) and "create(" in block.text):
        return
    error = b'{"error": {"message": "no such model", "type": "t", "param": "model", "code": "c"}}'

    def refuse(connection: socket.socket) -> None:
        head = b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\nconnection: close\r\n"
        connection.sendall(head + b"content-length: %d\r\n\r\n" % len(error) + error)

    with Upstream(refuse) as upstream:
        monkeypatch.setenv("OPENAI_BASE_URL", upstream.url)
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        space: dict[str, object] = {"__name__": "block"}
        exec(compile(block.text, str(block), "exec"), space)  # noqa: S102 - our own page
        with serving(closing(space["app"], space["client"])) as url:
            for request in (FLAGGED, PLAIN):
                answer = asked(url, request)
                assert (404, json.loads(error)["error"]) == (answer.status, answer.error())


def test_both_frameworks_are_shown() -> None:
    apps = [block for block in ALL if block.language == "python" and "exception" in block.text]
    assert ["README.md", "servers.md"] == [block.page for block in apps]


def closing(app: Any, client: Any) -> Any:
    """Give the app, but so that a client it has is closed with the server, in the server's loop."""

    async def closing_app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan" or client is None:
            await app(scope, receive, send)
            return
        for moment in ("startup", "shutdown"):
            await receive()
            if moment == "shutdown":
                await client.close()
            await send({"type": f"lifespan.{moment}.complete"})

    return closing_app


def last_value(stream: str) -> object:
    """Read each content of an event stream; give the last value."""
    lines = [line[6:] for line in stream.splitlines() if line.startswith("data: ")]
    assert "[DONE]" == lines.pop()
    return [json.loads(json.loads(line)["choices"][0]["delta"]["content"]) for line in lines][-1]


@named("bash")
def test_commands_of_the_shell_do_what_they_say(
    block: Block, reader: Reader, tmp_path: Path
) -> None:
    """Each command runs, or is looked up where running it would take the test along."""
    lines = block.text.replace("\\\n", " ").replace("\n       ", " ").splitlines()
    for line in lines:
        command = line.partition(" #")[0].strip()
        if command.startswith("make "):
            done = reader.bash(f"make --dry-run {command.removeprefix('make ')}")
            assert 0 == done.returncode, done.stderr
        elif command.startswith("pip install"):
            what = command.removeprefix("pip install").strip().strip("'")
            named = re.fullmatch(r"wholejson\[(\w+)\]", what)
            if named is None:
                assert "dist/wholejson-*.whl" == what
            else:
                assert named[1] in (metadata("wholejson").get_all("Provides-Extra") or [])
        elif " wholejson serve " in f" {command}":
            said, _, flags = reader.placed(command).partition("wholejson serve ")
            settings = dict(setting.split("=") for setting in said.split())
            settings["WHOLEJSON_SHUTDOWN_DELAY"] = "0"  # or the test would wait for as long
            arguments = re.sub(r"--port \d+", "--port 0", flags).split()
            with gateway(*arguments, **settings) as running:
                assert WHOLE == last_value(ask(running.url, FLAGGED)[0])
        elif command == "wholejson replay answer.sse":
            answer = tmp_path / "answer.sse"
            answer.write_text(ask(reader.provider, PLAIN)[0])
            done = reader.bash(command.replace("answer.sse", str(answer)))
            assert (0, "") == (done.returncode, done.stderr)
            assert '"email": "john.doe@example.com"' in done.stdout
        elif command.startswith("vllm serve MODEL "):
            continue  # see test_vllm.py, which takes its arguments from here
        elif command.endswith(" serve run deploy.ray_serve:app"):
            continue  # see test_ray.py, which runs this file with these settings
        elif command.startswith("curl"):
            done = reader.bash(command)
            assert 0 == done.returncode, done.stderr
            assert WHOLE == last_value(done.stdout)
        else:
            raise AssertionError(f"{block}: no way is known here to test {command!r}")


@named("console")
def test_sessions_print_what_they_show(block: Block, reader: Reader) -> None:
    for command, printed in commands(block.text):
        done = reader.bash(command)
        assert 0 == done.returncode, done.stderr
        assert printed == done.stdout + done.stderr


@named("json")
def test_json_is_what_the_gateway_takes_or_gives(block: Block, served: Gateway) -> None:
    value = json.loads(block.text)
    if "stream_options" in value:
        request = {"model": "gpt-4o", "messages": [], **value}
        assert WHOLE == last_value(ask(served.url, request)[0])
    else:
        last = ask(served.url, FLAGGED)[0].split("\n\n")[-3]
        assert value == {"json_status": json.loads(last[6:])["choices"][0]["json_status"]}


def test_links_within_the_project_lead_somewhere() -> None:
    for page in [*PAGES, *(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_target_that_is_named_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        named = set(re.findall(r"`make ([a-z-]+)`", page.read_text("utf-8")))
        assert set() == named - targets, page.name


def test_the_picture_is_what_the_library_shows() -> None:
    """The shreds at the top of the page, read by the library, give what stands beside them."""
    import wholejson

    picture = next(block for block in blocks(PAGES[0]) if block.language == "text")
    rows = [line for line in picture.text.splitlines()[2:] if line.strip()]
    document = wholejson.Aggregator()
    for row in rows:
        shred, shown = row[1:29].rstrip(" "), row[29:].strip()
        changed = document.feed(shred)
        assert shown == (document.snapshot() if changed else "·")
