"""Several gateways behind nginx and Envoy, by the configurations in `deploy/`."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from serving import (
    DONE,
    FLAG,
    HEAD,
    LAST,
    PLAIN,
    Answer,
    Gateway,
    Upstream,
    accepts,
    ask,
    event,
    gateway,
    piece,
    read_answer,
    request_bytes,
    until,
    wait_for_close,
)
from support.balancers import NO_NGINX, Balancer, Running, envoy, free_port, has_nginx, nginx

PACE = 0.01
WHOLE = {"name": "John Doe", "age": 30, "email": "john.doe@example.com"}
REQUEST = {**FLAG, "model": "gpt-4o"}

without_nginx = pytest.mark.skipif(not has_nginx(), reason=NO_NGINX)


@pytest.fixture(
    params=[pytest.param(nginx, marks=without_nginx), envoy], ids=["nginx", "envoy"], scope="module"
)
def balancer(request: pytest.FixtureRequest) -> Balancer:
    chosen: Balancer = request.param
    return chosen


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with gateway("--replay", "--replay-pace", str(PACE)) as running:
        yield running.url


@contextlib.contextmanager
def behind(
    balancer: Balancer, directory: Path, upstream: str, **environment: str
) -> Iterator[tuple[Running, list[Gateway]]]:
    """Run two gateways behind a balancer; give it, and them."""
    with (
        gateway("--upstream", upstream, **environment) as first,
        gateway("--upstream", upstream, **environment) as second,
        balancer(directory, (first.port, second.port)) as running,
    ):
        until(lambda: ask(running.url, path="/readyz", method="GET").status == 200)
        yield running, [first, second]


class Load:
    """Clients that ask again and again until told to stop; what each answer was, and when."""

    def __init__(self, url: str, clients: int) -> None:
        self._url = url
        self._stop = False
        self.answers: list[Answer] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]

    def _run(self) -> None:
        while not self._stop:
            self.answers.append(ask(self._url, REQUEST))

    def __enter__(self) -> Load:  # noqa: PYI034 - Self is not in Python 3.10
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        for thread in self._threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in self._threads)

    def more(self, count: int) -> None:
        """Wait for so many more answers."""
        wanted = len(self.answers) + count
        until(lambda: len(self.answers) >= wanted)


def right(answer: Answer) -> bool:
    """Tell whether it is whole JSON to its end."""
    if not (answer.status == 200 and answer.whole and answer.body.endswith(b"data: [DONE]\n\n")):
        return False
    return json.loads(answer.contents()[-1]) == WHOLE


@pytest.fixture(scope="module")
def served(
    balancer: Balancer, provider: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, list[Gateway]]]:
    with behind(balancer, tmp_path_factory.mktemp("balancer"), provider) as (running, gateways):
        yield running.url, gateways


def test_streams_are_whole_json_and_spread_over_the_processes(
    served: tuple[str, list[Gateway]],
) -> None:
    url, gateways = served
    client = openai.OpenAI(base_url=url, api_key="k", max_retries=0)
    stream = client.chat.completions.create(**REQUEST)
    values = [json.loads(chunk.choices[0].delta.content) for chunk in stream]
    assert ({"name": "John"}, WHOLE) == (values[0], values[-1])
    with Load(url, 8) as load:
        load.more(16)
    assert all(map(right, load.answers))
    counts = [sum(line["route"] == "chat/completions" for line in g.log()) for g in gateways]
    assert min(counts) > 4


def test_events_go_out_one_by_one_with_and_without_the_option(
    served: tuple[str, list[Gateway]],
) -> None:
    for body in (REQUEST, {**PLAIN, "model": "gpt-4o"}):
        came = []
        with socket.create_connection(("127.0.0.1", _port(served[0]))) as connection:
            connection.sendall(request_bytes(body))
            while not (part := connection.recv(65536)).endswith(b"0\r\n\r\n"):
                came += [time.monotonic()] * part.count(b"data: ")
        gaps = [after - before for before, after in itertools.pairwise(came)]
        assert len(came) > 10
        assert came[-1] - came[0] > PACE * len(came) / 2
        assert sum(gap > PACE / 2 for gap in gaps) > 5


def _port(url: str) -> int:
    return int(re.search(r":(\d+)/", url)[1])  # type: ignore[index]


def test_a_client_that_leaves_ends_the_call_to_the_provider(
    balancer: Balancer, tmp_path: Path
) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(event('{"a": "x')))
        wait_for_close(connection)

    with Upstream(script) as upstream, behind(balancer, tmp_path, upstream.url) as (running, _):
        url = running.url
        for body in (FLAG, PLAIN):
            before = len(upstream.closed_at)
            with socket.create_connection(("127.0.0.1", _port(url))) as connection:
                connection.sendall(request_bytes(body))
                while b"x" not in connection.recv(65536).partition(b"data: ")[2]:
                    pass
                assert before == len(upstream.closed_at)
            left = time.monotonic()
            until(lambda before=before: len(upstream.closed_at) > before)
            assert upstream.closed_at[-1] - left < 0.5


def test_a_client_that_does_not_read_stops_the_stream_and_fills_no_memory(
    balancer: Balancer, tmp_path: Path
) -> None:
    block = piece(b": " + b"x" * (1 << 16) + b"\n\n")
    accepted = []
    stopped = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.settimeout(1)
        connection.sendall(HEAD)
        try:
            while len(accepted) < 4096:
                connection.sendall(block)
                accepted.append(len(block))
        except TimeoutError:
            stopped.set()

    with (
        Upstream(script) as upstream,
        behind(balancer, tmp_path, upstream.url) as (running, _),
        socket.create_connection(("127.0.0.1", _port(running.url))) as connection,
    ):
        connection.sendall(request_bytes(PLAIN))
        assert stopped.wait(20)
    # What lies in the buffers of six sockets, and no more: a quarter of a gigabyte was on offer.
    assert sum(accepted) < 64 << 20


def _die(servers: list[Upstream], connection: socket.socket) -> None:
    """Answer what asks whether the server is ready, and nothing else."""
    port = connection.getsockname()[1]
    server = next(server for server in servers if server.port == port)
    if server.requests[-1].startswith(b"GET"):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


def test_a_request_that_was_seen_goes_to_no_other_process_and_tells_nothing_of_the_client(
    balancer: Balancer, tmp_path: Path
) -> None:
    """Two processes that read a request and die."""
    with contextlib.ExitStack() as stack:
        servers: list[Upstream] = []
        for _ in range(2):
            server = Upstream(lambda connection: _die(servers, connection))
            servers.append(stack.enter_context(server))
        running = stack.enter_context(balancer(tmp_path, (servers[0].port, servers[1].port)))
        until(lambda: ask(running.url, path="/readyz", method="GET").status == 200)
        answer = ask(running.url, REQUEST)
        seen = [r for server in servers for r in server.requests if r.startswith(b"POST")]
    assert (503, "upstream_closed") == (answer.status, answer.error()["code"])
    assert 1 == len(seen)
    head = seen[0].partition(b"\r\n\r\n")[0].lower()
    names = {line.partition(b":")[0] for line in head.split(b"\r\n")[1:]}
    asked = {b"host", b"content-type", b"content-length", b"connection"}
    # Made up anew for each request, and http or https: neither tells of the client.
    assert set() == names - asked - {b"x-request-id", b"x-forwarded-proto"}


def test_a_process_that_is_stopped_gracefully_loses_nothing(
    balancer: Balancer, provider: str, tmp_path: Path
) -> None:
    delay = {"WHOLEJSON_SHUTDOWN_DELAY": "3"}
    with (
        behind(balancer, tmp_path, provider, **delay) as (running, gateways),
        Load(running.url, 8) as load,
    ):
        load.more(8)
        running.take_out(gateways[0].port)
        gateways[0].process.send_signal(signal.SIGTERM)
        gateways[0].process.wait(20)
        load.more(16)
    assert gateways[0].process.returncode in (0, -signal.SIGTERM)
    assert [] == [answer for answer in load.answers if not right(answer)]
    assert any(line["route"] == "chat/completions" for line in gateways[0].log())


def test_clients_of_a_process_that_dies_learn_it_and_the_others_go_on(
    balancer: Balancer, tmp_path: Path
) -> None:
    go_on = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.sendall(HEAD + piece(event('{"a": "x')))
        while not go_on.is_set():
            if select.select([connection], [], [], 0.05)[0]:
                return
        connection.sendall(piece(event('y"}', "stop") + DONE) + LAST)

    with (
        Upstream(script) as upstream,
        behind(balancer, tmp_path, upstream.url) as (running, gateways),
        contextlib.ExitStack() as stack,
    ):
        clients = []
        for _ in range(8):
            client = socket.create_connection(("127.0.0.1", _port(running.url)))
            clients.append(stack.enter_context(client))
            client.sendall(request_bytes(FLAG))
            while b"x" not in client.recv(65536, socket.MSG_PEEK).partition(b"data: ")[2]:
                time.sleep(0.01)
        os.kill(gateways[0].process.pid, signal.SIGKILL)
        gateways[0].process.wait()
        until(lambda: len(upstream.closed_at) > 0)
        go_on.set()
        answers = [read_answer(client) for client in clients]
        # A stream that broke never has the end of one that did not.
        broken = [answer for answer in answers if not answer.whole]
        assert 0 < len(broken) < len(answers)
        assert {b"[DONE]" in answer.body for answer in broken} == {False}
        others = [answer for answer in answers if answer.whole]
        assert {'{"a": "xy"}'} == {answer.contents()[-1] for answer in others}
        assert all(answer.body.endswith(DONE) for answer in others)
        assert '{"a": "xy"}' == ask(running.url, FLAG).contents()[-1]


def test_the_sdk_raises_where_a_process_died(
    balancer: Balancer, provider: str, tmp_path: Path
) -> None:
    with behind(balancer, tmp_path, provider) as (running, gateways):
        client = openai.OpenAI(base_url=running.url, api_key="k", max_retries=0)
        stream = client.chat.completions.create(**REQUEST)
        first = next(stream)
        assert {"name": "John"} == json.loads(first.choices[0].delta.content)
        for each in gateways:
            os.kill(each.process.pid, signal.SIGKILL)
        with pytest.raises(openai.APIConnectionError):
            list(stream)


def test_without_any_process_there_is_an_error_in_the_form_of_the_api(
    balancer: Balancer, tmp_path: Path
) -> None:
    ports = free_port(), free_port()
    assert not any(map(accepts, ports))
    with balancer(tmp_path, ports) as running:
        client = openai.OpenAI(base_url=running.url, api_key="k", max_retries=0)
        with pytest.raises(openai.InternalServerError, match="no gateway could answer") as raised:
            client.chat.completions.create(**REQUEST)
    assert (503, "upstream_closed") == (raised.value.status_code, raised.value.code)
