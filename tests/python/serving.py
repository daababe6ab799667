"""Real servers on real sockets, for the tests of the endpoint."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn

LISTENING = re.compile(r"listening on http://[^:]+:(\d+)/v1")
PATIENCE = 20


@dataclass
class Gateway:
    """A gateway in a process of its own."""

    process: subprocess.Popen[str]
    port: int
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def log(self) -> list[dict[str, Any]]:
        """The access log so far."""
        return [json.loads(line) for line in list(self.lines) if line.startswith('{"time"')]

    def wait_for_log(self, count: int) -> list[dict[str, Any]]:
        until(lambda: len(self.log()) >= count)
        return self.log()


def until(true: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until something is true; fail if it never is."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError("it did not become true in time")
        time.sleep(0.005)


@contextlib.contextmanager
def gateway(*arguments: str, **environment: str) -> Iterator[Gateway]:
    """Run `wholejson serve` until the block ends; without `--port` on a free one."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("WHOLEJSON_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "wholejson", "serve", "--port", "0", *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**clean, **environment},
    )
    lines: list[str] = []
    reader = threading.Thread(target=_collect, args=(process, lines), daemon=True)
    reader.start()
    try:
        until(lambda: process.poll() is not None or any(map(LISTENING.search, list(lines))))
        found = next((m for m in map(LISTENING.search, list(lines)) if m), None)
        if found is None:
            raise AssertionError("the gateway did not start:\n" + "".join(lines))
        running = Gateway(process, int(found.group(1)), lines)
        until(lambda: accepts(running.port))
        yield running
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(PATIENCE)
        if process.stderr is not None:
            process.stderr.close()


def _collect(process: subprocess.Popen[str], lines: list[str]) -> None:
    for line in process.stderr or ():
        lines.append(line)  # noqa: PERF402 - line by line, as it is said


def accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an ASGI app from a thread of this process; give its base URL with `/v1`."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, loop="asyncio", http="httptools", ws="none", log_level="critical",
        server_header=False, date_header=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    try:
        until(lambda: server.started)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        bound.close()


class Upstream:
    """An upstream made of a raw socket: `script` takes each connection once its request is read.

    It does what a socket can do: half events, resets, silence, several responses, none.
    """

    def __init__(self, script: Callable[[socket.socket], None]) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._threads: list[threading.Thread] = []
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.requests: list[bytes] = []
        self.open: set[socket.socket] = set()
        self.closed_at: list[float] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Upstream:  # noqa: PYI034 - Self is not in Python 3.10
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        self.open.add(connection)
        try:
            with connection, contextlib.suppress(OSError):
                request = read_request(connection)
                if request:
                    self.requests.append(request)
                    self._script(connection)
        finally:
            self.open.discard(connection)
            self.closed_at.append(time.monotonic())


def read_request(connection: socket.socket) -> bytes:
    """Read one request with a Content-Length, or none."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def wait_for_close(connection: socket.socket) -> None:
    """Return when the other side has closed."""
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


# One response a connection, and it says so: a client that kept the connection for its next request
# would race against the close.
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    b"x-request-id: req_1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
)
LAST = b"0\r\n\r\n"


def piece(data: bytes) -> bytes:
    """One chunk of the chunked transfer coding."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(content: str | None = None, reason: str | None = None, **more: Any) -> bytes:
    """One event with a chat completion chunk."""
    given = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": given, "finish_reason": reason, **more}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps({**chunk, "choices": [choice]}).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


@dataclass
class Answer:
    """What came back over a raw socket."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool

    def events(self) -> list[Any]:
        """The data of its events, JSON read."""
        blocks = self.body.replace(b"\r\n", b"\n").split(b"\n\n")
        data = [b[5:].strip() for b in blocks if b.startswith(b"data:")]
        texts = [item.decode("utf-8", "replace") for item in data]
        return [json.loads(text) if text.startswith("{") else text for text in texts]

    def contents(self) -> list[str]:
        """The contents of its chunks."""
        chunks = [e for e in self.events() if isinstance(e, dict) and e.get("choices")]
        found = [chunk["choices"][0]["delta"].get("content") for chunk in chunks]
        return [content for content in found if content is not None]

    def error(self) -> Any:
        """The one error of its body or of its events; `None` if there is none."""
        if self.headers.get("content-type", "").startswith("application/json"):
            return json.loads(self.body).get("error")
        errors = [e["error"] for e in self.events() if isinstance(e, dict) and "error" in e]
        assert len(errors) <= 1
        return errors[0] if errors else None


FLAG = {"stream": True, "stream_options": {"valid_json_chunks": True}, "model": "m", "messages": []}
PLAIN = {"stream": True, "model": "m", "messages": []}


def request_bytes(
    body: bytes | dict[str, Any],
    path: str = "/v1/chat/completions",
    method: str = "POST",
    **headers: str,
) -> bytes:
    """One request as it goes over the wire; underscores in header names become hyphens."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "host: gateway", "content-type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines.append(f"content-length: {len(data)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + data


def ask(url: str, body: bytes | dict[str, Any] = b"", **options: Any) -> Answer:
    """Send one request over a raw socket and read the answer to its end, however it ends."""
    port = int(re.search(r":(\d+)/", url)[1])  # type: ignore[index]
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(request_bytes(body, **options))
        return read_answer(connection)


def read_answer(connection: socket.socket) -> Answer:
    """Read one response, undoing nothing but the chunked transfer coding."""
    stream = connection.makefile("rb")
    with contextlib.closing(stream):
        status = int(stream.readline().split()[1])
        headers: dict[str, str] = {}
        while (line := stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = bytearray()
        if headers.get("transfer-encoding") != "chunked":
            length = headers.get("content-length")
            body += stream.read(int(length)) if length else stream.read()
            return Answer(status, headers, bytes(body), length is None or len(body) == int(length))
        while True:
            try:
                size = stream.readline()
                if not size.strip():
                    return Answer(status, headers, bytes(body), whole=False)
                part = stream.read(int(size, 16) + 2)
            except OSError:
                return Answer(status, headers, bytes(body), whole=False)
            if int(size, 16) == 0:
                return Answer(status, headers, bytes(body), whole=True)
            body += part[:-2] if len(part) == int(size, 16) + 2 else part
