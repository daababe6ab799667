"""`deploy/ray_serve.py` on a real Ray, in a process of its own: replicas, streams, and their ends.

It runs in an environment of its own, with Ray: see `tests/python/test_ray.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from serving import (
    DONE,
    FLAG,
    HEAD,
    LAST,
    PLAIN,
    Upstream,
    ask,
    event,
    piece,
    read_answer,
    request_bytes,
    until,
)

ROOT = Path(__file__).parents[2]
REPLICAS = 3
START = """
import os, sys, time
import ray
from ray import serve
sys.path.insert(0, {root!r})
ray.init(num_cpus={replicas}, include_dashboard=False, _temp_dir={directory!r})
serve.start(http_options={{"host": "127.0.0.1", "port": {port}}})
from deploy.ray_serve import Gateway, app
serve.run(app, route_prefix="/")
print("ready", flush=True)
for line in sys.stdin:  # so many replicas from now on
    serve.run(Gateway.options(num_replicas=int(line)).bind(), route_prefix="/")
    print("scaled", flush=True)
serve.shutdown()
"""


class Provider:
    """An upstream that sends half of each document, and the rest when told to go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def script(self, connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(event('{"a": "x')))
        while not self.go_on.is_set():
            if select.select([connection], [], [], 0.02)[0]:
                return  # the client has left
        connection.sendall(piece(event('y"}', "stop") + DONE) + LAST)


@pytest.fixture(scope="module")
def provider() -> Iterator[tuple[Provider, Upstream]]:
    made = Provider()
    with Upstream(made.script) as upstream:
        yield made, upstream


@dataclass
class Served:
    """The application on Ray: where it answers, and the process that started it."""

    url: str
    process: subprocess.Popen[bytes]

    def scale(self, count: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"%d\n" % count)
        self.process.stdin.flush()


@pytest.fixture(scope="module")
def served(
    provider: tuple[Provider, Upstream], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    # Ray's sockets lie below it, and their paths must be short.
    directory = tmp_path_factory.mktemp("r")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    script = START.format(root=str(ROOT), replicas=REPLICAS, directory=str(directory), port=port)
    environment = {
        **os.environ, "WHOLEJSON_UPSTREAM": provider[1].url, "WHOLEJSON_REPLICAS": str(REPLICAS),
        "RAY_USAGE_STATS_ENABLED": "0",
    }  # fmt: skip
    with (directory / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE, stdout=said, stderr=said, env=environment,
        )  # fmt: skip
    try:
        text = (directory / "said").read_text
        until(lambda: process.poll() is not None or "ready" in text().splitlines(), 120)
        assert process.poll() is None, text()
        yield Served(f"http://127.0.0.1:{port}/v1", process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.wait(60)


@pytest.fixture
def ray_serve(served: Served) -> str:
    return served.url


@contextlib.contextmanager
def opened(url: str, count: int, body: object = FLAG) -> Iterator[list[socket.socket]]:
    """Open streams one after the other, and read nothing of them but that they have begun."""
    port = int(url.split(":")[2].split("/")[0])
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(count):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), 20))
            client.sendall(request_bytes(body))  # type: ignore[arg-type]
            clients.append(client)
        for client in clients:
            until(lambda client=client: b"data: " in client.recv(65536, socket.MSG_PEEK))
        yield clients


def replicas() -> list[int]:
    """The processes of the replicas."""
    said = subprocess.run(
        ["pgrep", "-f", "^ray::ServeReplica"], capture_output=True, text=True, check=False
    )
    return [int(word) for word in said.stdout.split()]


def test_streams_are_whole_json_in_every_replica(
    ray_serve: str, provider: tuple[Provider, Upstream]
) -> None:
    provider[0].go_on.clear()
    with opened(ray_serve, 12) as clients:
        provider[0].go_on.set()
        answers = [read_answer(client) for client in clients]
    assert {"snapshot"} == {answer.headers["x-valid-json-chunks"] for answer in answers}
    contents = [[json.loads(text) for text in answer.contents()] for answer in answers]
    assert [[{"a": "x"}, {"a": "xy"}]] * 12 == contents
    assert all(answer.whole and answer.body.endswith(DONE) for answer in answers)
    assert len(replicas()) == REPLICAS


def test_events_go_out_when_they_come(ray_serve: str, provider: tuple[Provider, Upstream]) -> None:
    for body in (FLAG, PLAIN):
        provider[0].go_on.clear()
        with opened(ray_serve, 1, body) as (client,):
            assert DONE not in client.recv(65536, socket.MSG_PEEK)
            provider[0].go_on.set()
            assert read_answer(client).body.endswith(DONE)


def test_a_client_that_leaves_ends_the_call_to_the_provider(
    ray_serve: str, provider: tuple[Provider, Upstream]
) -> None:
    made, upstream = provider
    made.go_on.clear()
    before = len(upstream.closed_at)
    with opened(ray_serve, 1):
        assert before == len(upstream.closed_at)
    left = time.monotonic()
    until(lambda: len(upstream.closed_at) > before)
    assert upstream.closed_at[-1] - left < 2


def test_when_a_replica_dies_its_clients_learn_it_and_the_others_go_on(
    ray_serve: str, provider: tuple[Provider, Upstream]
) -> None:
    made, _ = provider
    made.go_on.clear()
    with opened(ray_serve, 12) as clients:
        os.kill(replicas()[0], signal.SIGKILL)
        time.sleep(1)
        made.go_on.set()
        answers = [read_answer(client) for client in clients]
    lost = [answer for answer in answers if DONE not in answer.body]
    assert 0 < len(lost) < len(answers)
    for answer in lost:
        # Ray's proxy breaks the connection off: there is no end, and no error event of ours.
        assert not answer.whole
        assert [{"a": "x"}] == [json.loads(text) for text in answer.contents()]
    others = [answer for answer in answers if DONE in answer.body]
    assert {'{"a": "xy"}'} == {answer.contents()[-1] for answer in others}
    until(lambda: len(replicas()) == REPLICAS, 60)
    assert DONE in ask(ray_serve, FLAG).body


def test_replicas_that_are_taken_away_finish_their_streams_first(
    served: Served, provider: tuple[Provider, Upstream]
) -> None:
    made, _ = provider
    until(lambda: len(replicas()) == REPLICAS, 60)
    made.go_on.clear()
    with opened(served.url, 12) as clients:
        served.scale(1)
        time.sleep(3)
        made.go_on.set()
        answers = [read_answer(client) for client in clients]
    assert [] == [answer for answer in answers if not answer.body.endswith(DONE)]
    until(lambda: len(replicas()) == 1, 60)
    assert DONE in ask(served.url, FLAG).body
