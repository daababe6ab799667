"""What an event costs a gateway, beside other software that passes streams on.

    python benches/gateway.py [--quick] [--litellm COMMAND] [--json FILE] [--out FOLDER]

A provider streams documents of 2 KB in events of about 300 bytes, one write each, with a rate for
each stream; clients read them through one process that runs on one core, and provider and clients
run on another. Loads: 5,000 events a second over 50 streams and over 500; 25,000 and 50,000 over
50. Given for each gateway and load:

- the events a second that came through (fewer than offered where a gateway falls behind), and
  microseconds of the gateway's CPU for each, user's and kernel's; with the flag, events that are
  no update are left out, and counted by those that are;
- the milliseconds from an event's write to its arrival at the client, median and 99th percentile;
- memory: what an open stream adds, from a hundred open ones to five hundred.

Measured are `direct` (nothing between), `wholejson` with and without the flag, nginx and the
LiteLLM proxy. Those that are not on this machine are named in the result. Without `--json`, the
figures go into `results.json`, the report and the README. Takes about three minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import report
import uvloop
from measuring import log
from streaming import BYTES, EVENTS, STAMP, Client, Seen

import wholejson

HERE = Path(__file__).parent
# Name, streams, events a second in all.
LOADS = (("50 streams", 50, 5_000), ("500 streams", 500, 5_000), ("50 streams", 50, 25_000))
MOST = ("50 streams", 50, 50_000)
KEY = f"sk-{secrets.token_hex(32)}"
TICKS = os.sysconf("SC_CLK_TCK")
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log stderr crit; worker_processes 1;{user}
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    upstream provider {{ server 127.0.0.1:{provider}; keepalive 1024; }}
    server {{
        listen 127.0.0.1:{port} backlog=2048;
        location / {{
            proxy_pass http://provider; proxy_http_version 1.1;
            proxy_set_header Connection ""; proxy_buffering off;
        }}
    }}
}}
"""
LITELLM = """
model_list:
  - model_name: m
    litellm_params:
      model: openai/m
      api_base: http://127.0.0.1:{provider}/v1
      api_key: k
litellm_settings: {{telemetry: false, num_retries: 0}}
"""


@dataclass(frozen=True)
class Gateway:
    """What stands between, and how its requests are made."""

    name: str
    command: Callable[[int, int, Path], list[str]]
    setup: str
    """In words, for the report."""
    flag: bool = False
    sampled: bool = False
    """At the first load only: it falls behind, and goes on for clients that have left."""


def wholejson_command(provider: int, port: int, _: Path) -> list[str]:
    serve = [sys.executable, "-m", "wholejson", "serve", "--port", str(port)]
    return [*serve, "--upstream", f"http://127.0.0.1:{provider}/v1"]


def nginx_command(provider: int, port: int, folder: Path) -> list[str]:
    file = folder / "nginx.conf"
    user = " user root;" if os.geteuid() == 0 else ""
    file.write_text(NGINX.format(folder=folder, user=user, provider=provider, port=port))
    return [shutil.which("nginx") or "nginx", "-p", str(folder), "-c", str(file)]


def litellm_command(litellm: str) -> Callable[[int, int, Path], list[str]]:
    def command(provider: int, port: int, folder: Path) -> list[str]:
        file = folder / "litellm.yaml"
        file.write_text(LITELLM.format(provider=provider))
        return [litellm, "--config", str(file), "--port", str(port), "--num_workers", "1"]

    return command


def gateways(litellm: str | None) -> tuple[list[Gateway], list[str]]:
    """Those that are on this machine, and the names of those that are not, with the remedy."""
    found = [
        Gateway("wholejson", wholejson_command, "`wholejson serve`, one worker"),
        Gateway("wholejson, with the flag", wholejson_command, "the same", flag=True),
    ]
    missing = []
    if shutil.which("nginx"):
        text = "one worker, HTTP/1.1 with kept connections, proxy_buffering and access_log off"
        found.append(Gateway("nginx", nginx_command, text))
    else:
        missing.append("nginx (`apt-get install nginx`)")
    if litellm and shutil.which(litellm):
        text = "one worker, one model, a master key, no database, no retries, no telemetry"
        command = litellm_command(litellm)
        text += "; sampled, at the first load only"
        found.append(Gateway("LiteLLM proxy", command, text, sampled=True))
    else:
        missing.append("the LiteLLM proxy (`pip install 'litellm[proxy]'`)")
    return found, missing


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for at in found:
        with contextlib.suppress(FileNotFoundError):
            for task in Path(f"/proc/{at}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def cpu(pid: int) -> float:
    """Seconds of CPU so far, user's and kernel's."""
    total = 0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory(pid: int) -> int:
    """Bytes that are resident and its own."""
    total = 0
    for each in family(pid):
        lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
    return total << 10


# Parts of the names of programs and libraries, of which the first that fits counts.
WHERE = (
    ("kernel", "the kernel"),
    ("loop.cpython", "uvloop"),
    ("_http_", "aiohttp's C parts"),
    ("reader_c", "aiohttp's C parts"),
    ("_multidict", "aiohttp's C parts"),
    ("parser.cpython", "httptools"),
    ("_core.abi3", "wholejson's core"),
    ("nginx", "nginx"),
    ("python", "Python"),
    ("libc", "the C library"),
)


def profile(pid: int, seconds: float, folder: Path) -> dict[str, float] | None:
    """Say where a process spends its time, in percent, by perf; nothing where there is none."""
    if shutil.which("perf") is None:
        return None
    file = str(folder / "perf.data")
    whom = ",".join(map(str, family(pid)))
    record = ["perf", "record", "-q", "-F", "1999", "-o", file, "-p", whom]
    done = subprocess.run([*record, "--", "sleep", str(seconds)], capture_output=True)
    command = ["perf", "report", "-i", file, "--stdio", "-q", "--sort", "dso"]
    told = subprocess.run(command, capture_output=True, text=True)
    if done.returncode or told.returncode:
        return None
    shares: dict[str, float] = {}
    for line in told.stdout.splitlines():
        share, _, where = line.strip().partition("%")
        if where:
            name = next((name for part, name in WHERE if part in where), "other")
            shares[name] = round(shares.get(name, 0.0) + float(share), 1)
    return dict(sorted(shares.items(), key=lambda item: -item[1])) or None


@contextlib.contextmanager
def process(command: Sequence[str], core: int | None, **pipes: Any) -> Iterator[Any]:
    """Run something on one core, and end it."""
    environ = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": KEY}
    if core is not None and shutil.which("taskset"):
        command = ["taskset", "-c", str(core), *command]
    running = subprocess.Popen(command, env=environ, **pipes)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


class DidNotStartError(Exception):
    """What was to be measured does not run here."""


def wait_for(port: int, running: subprocess.Popen[bytes]) -> None:
    """Until it listens."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if running.poll() is not None:
            raise DidNotStartError(f"it ended with {running.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise DidNotStartError("it does not listen")


def sent(provider: int) -> int:
    """Events that the provider has sent so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{provider}/", timeout=30) as answer:
        return int(answer.read())


@functools.cache
def updates() -> int:
    """How many events of a stream are left with the flag."""
    transformer = wholejson.ChunkTransformer()
    data = [(before + STAMP + after).split(b"\r\n", 1)[1] for before, after in EVENTS]
    return sum(transformer.feed(event[:-2]).count(b'"choices":[') for event in data)


def request(rate: float, gateway: Gateway | None) -> bytes:
    """What a client asks for."""
    body: dict[str, Any] = {
        "model": "m",
        "stream": True,
        "messages": [{"role": "user", "content": json.dumps({"rate": rate})}],
    }
    if gateway and gateway.flag:
        body["stream_options"] = {"valid_json_chunks": True}
    text = json.dumps(body).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
    head += b"authorization: Bearer " + KEY.encode() + b"\r\ncontent-type: application/json\r\n"
    return head + b"content-length: %d\r\n\r\n" % len(text) + text


class Meter:
    """Opens streams, lets them run, and looks."""

    def __init__(
        self, provider: int, port: int, running: int | None, gateway: Gateway | None
    ) -> None:
        self.provider, self.port, self.running, self.gateway = provider, port, running, gateway
        self.seen = Seen()
        self.clients: list[asyncio.BaseTransport] = []

    async def open(self, count: int, rate: float) -> None:
        loop, asked = asyncio.get_running_loop(), request(rate, self.gateway)
        while len(self.clients) < count:
            transport, _ = await loop.create_connection(
                lambda: Client(asked, self.seen), "127.0.0.1", self.port
            )
            self.clients.append(transport)
            if len(self.clients) % 50 == 0:
                await asyncio.sleep(0.05)

    async def look(self, seconds: float) -> dict[str, Any]:
        loop = asyncio.get_running_loop()

        async def count() -> tuple[int, float, float]:
            number = await loop.run_in_executor(None, sent, self.provider)
            used = cpu(self.running) if self.running else 0.0
            return number, used, time.monotonic()

        before = await count()
        self.seen.reset()
        await asyncio.sleep(seconds)
        events, arrived, waits = self.seen.events, self.seen.bytes, sorted(self.seen.waits)
        after = await count()
        number, used, clock = (b - a for a, b in zip(before, after, strict=True))
        # Of the provider's events, with the flag not all have something to say.
        passed = events * (len(EVENTS) / updates() if self.gateway and self.gateway.flag else 1)
        row: dict[str, Any] = {
            "rate": round(passed / seconds),
            "sent": round(number / clock),
            "arrived": round(events / seconds),
            "bytes": round(arrived / seconds),
            "lost": self.seen.lost,
        }
        if self.running:
            row["us"] = used / clock / (passed / seconds) * 1e6 if passed else None
            row["busy"] = used / clock
        if waits:
            row["p50"] = waits[len(waits) // 2] / 1000
            row["p99"] = waits[len(waits) * 99 // 100] / 1000
        return row

    def close(self) -> None:
        self.seen.stopping = True
        for client in self.clients:
            client.close()


async def measure(
    place: tuple[int, int, int | None], gateway: Gateway | None, load: tuple[str, int, int],
    seconds: float, folder: Path | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One gateway under one load; with a folder, also where it spends its time."""
    meter = Meter(*place, gateway)
    try:
        await meter.open(load[1], load[2] / load[1])
        # Until the work of opening is done.
        await asyncio.sleep(min(2.0 + load[1] / 125, 2 * seconds))
        row = await meter.look(seconds)
        if folder is not None and place[2] is not None:
            loop = asyncio.get_running_loop()
            row["profile"] = await loop.run_in_executor(None, profile, place[2], seconds, folder)
        return row
    finally:
        meter.close()
        await asyncio.sleep(0.3)


async def weigh(place: tuple[int, int, int], gateway: Gateway, few: int, many: int) -> float:
    """Bytes that an open stream adds."""
    meter = Meter(*place, gateway)
    try:
        weights = []
        for count in (few, many):
            await meter.open(count, 5.0)
            await asyncio.sleep(3 if many > 50 else 0.2)
            weights.append(memory(place[2]))
        return (weights[1] - weights[0]) / (many - few)
    finally:
        meter.close()
        await asyncio.sleep(0.5)


def one(
    gateway: Gateway, provider: int, core: int, quick: bool, loads: Sequence[tuple[str, int, int]],
    add: Callable[..., None],
) -> float | None:  # fmt: skip
    """All of one gateway; gives the bytes that an open stream adds, if that was measured."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = gateway.command(provider, port, Path(folder))
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with process(command, core, **quiet) as running:
            wait_for(port, running)
            place = (provider, port, running.pid)
            warm = ("1 stream", 1, 100) if gateway.sampled else loads[0]
            uvloop.run(measure(place, gateway, warm, 0.5))
            if gateway.sampled:
                time.sleep(0 if quick else 6)
                add(gateway, loads[0], place, folder)
                return None
            few, many = (2, 4) if quick else (100, 500)
            held = uvloop.run(weigh(place, gateway, few, many))
            log(f"  {gateway.name}: {held / 1024:.1f} KB a stream")
            for load in loads:
                add(gateway, load, place, folder)
    return held


def run(quick: bool, litellm: str | None) -> dict[str, Any]:
    """All of it."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[0]})
    theirs = cores[-1]
    loads = [("4 streams", 4, 400)] if quick else [*LOADS, MOST]
    found, missing = gateways(litellm)
    seconds = 0.5 if quick else 4.0
    rows: list[dict[str, Any]] = []
    held: dict[str, float] = {}
    command = [sys.executable, str(HERE / "streaming.py")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with process(command, cores[0], **pipes) as upstream:
        provider = int(upstream.stdout.readline())

        def add(
            gateway: Gateway | None, load: tuple[str, int, int], place: Any, folder: str = ""
        ) -> None:
            name = gateway.name if gateway else "direct"
            looking = Path(folder) if load == loads[0] and gateway else None
            row = uvloop.run(measure(place, gateway, load, seconds, looking))
            rows.append({"gateway": name, "streams": load[1], "offered": load[2], **row})
            log(f"  {name}, {load[0]}, {load[2]:,} events/s: {said(row)}")

        for load in loads:
            add(None, load, (provider, provider, None))
        for gateway in found:
            try:  # one that is not there must not end the others
                weight = one(gateway, provider, theirs, quick, loads, add)
                if weight is not None:
                    held[gateway.name] = weight
            except DidNotStartError as error:  # noqa: PERF203 - five rounds
                if gateway.command is wholejson_command:
                    raise
                missing.append(f"{gateway.name} (did not start: {error})")
                log(f"  {missing[-1]}")
    return {
        "rows": rows,
        "held": held,
        "setups": {gateway.name: gateway.setup for gateway in found},
        "versions": versions(litellm if len(missing) < 2 else None),
        "missing": missing,
        "event_bytes": BYTES,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "load": round(os.getloadavg()[0], 1),
        "pinned": shutil.which("taskset") is not None and len(cores) > 1,
    }


def said(row: dict[str, Any]) -> str:
    parts = [f"{row['rate']:,} events/s"]
    if row.get("us") is not None:
        parts.append(f"{row['us']:.1f} µs each, {row['busy']:.0%} of a core")
    if "p50" in row:
        parts.append(f"p50 {row['p50']:.2f} ms, p99 {row['p99']:.2f} ms")
    return ", ".join(parts)


def versions(litellm: str | None) -> dict[str, str]:
    """Which software this was."""
    found = {}
    if nginx := shutil.which("nginx"):
        done = subprocess.run([nginx, "-v"], capture_output=True, text=True)
        found["nginx"] = done.stderr.rpartition("/")[2].split()[0]
    if litellm and (command := shutil.which(litellm)):
        code = "import importlib.metadata as m; print(m.version('litellm'))"
        python = Path(command).with_name("python")
        done = subprocess.run([python, "-c", code], capture_output=True, text=True)
        found["litellm"] = done.stdout.strip()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and writes the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few streams, once")
    parser.add_argument("--litellm", default="litellm", help="the command of the LiteLLM proxy")
    parser.add_argument("--json", type=Path, help="write the figures there, and nowhere else")
    options = parser.parse_args(arguments)
    result = run(options.quick, options.litellm)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    else:
        report.update("gateway", result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
