"""What a gateway needs: memory a stream, CPU an event, alone and behind nginx and Envoy.

    make install && .venv/bin/python benches/sizing.py    # two minutes

It writes benches/sizing.json and the figures in docs/scale.md. A debug build would mislead.

Real processes on real sockets. The provider sends events of about 300 bytes with 4 characters of
JSON each, at an even rate; the clients read and discard. CPU is what the process itself used, user
and system, so that a busy machine changes little; memory is the resident set.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "python"), str(ROOT / "tests")]

from serving import FLAG, PLAIN, gateway, request_bytes  # noqa: E402
from support.balancers import envoy, has_nginx, nginx  # noqa: E402

RESULTS = ROOT / "benches" / "sizing.json"
PAGE = ROOT / "docs" / "scale.md"
BEGIN, END = "<!-- sizing: written by benches/sizing.py -->", "<!-- end of sizing -->"
PIECE = 4
TICKS = os.sysconf("SC_CLK_TCK")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


# -- the provider, in a process of its own: `sizing.py --provider EVENTS RATE`


def sent(events: int) -> list[bytes]:
    """The events of one answer: a document that grows by four characters each."""
    text = json.dumps({"items": ["some words of a text"] * (events * PIECE // 24 + 1)})
    chunk: dict[str, Any] = {
        "id": "chatcmpl-" + "x" * 29, "object": "chat.completion.chunk", "created": 1750000000,
        "model": "gpt-4o-2024-08-06", "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    }  # fmt: skip
    found = []
    for at in range(0, events * PIECE, PIECE):
        delta = {"content": text[at : at + PIECE]}
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        data = b"data: " + json.dumps({**chunk, "choices": [choice]}).encode() + b"\n\n"
        found.append(b"%x\r\n%s\r\n" % (len(data), data))
    return found


async def provide(events: int, rate: float) -> None:
    """Answer each request with the events at that rate, and then stay silent. 0: all at once."""
    answer = sent(events)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            writer.write(HEAD)
            for event in answer if rate else [b"".join(answer)]:
                writer.write(event)
                await writer.drain()
                await asyncio.sleep(1 / rate if rate else 0)
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def provider(events: int, rate: float) -> Iterator[str]:
    command = [sys.executable, __file__, "--provider", str(events), str(rate)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        process.kill()


# -- the clients


class Clients:
    """Streams that are opened, read and discarded; how many bytes came."""

    def __init__(self) -> None:
        self.bytes = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self, url: str, count: int, body: dict[str, Any]) -> None:
        port = int(url.split(":")[2].split("/")[0])
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request_bytes(body))
            self._writers.append(writer)
            self._tasks.append(asyncio.ensure_future(self._read(reader)))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while part := await reader.read(1 << 16):
                self.bytes += len(part)

    async def quiet(self) -> None:
        """Wait until nothing more comes."""
        before = -1
        while self.bytes != before:
            before = self.bytes
            await asyncio.sleep(1)

    async def close(self) -> None:
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*self._tasks)


# -- what a process uses


def memory(pid: int) -> int:
    """The resident set, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def family(pid: int) -> list[int]:
    """A process and its children."""
    said = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, said)]


def cpu(pid: int) -> float:
    """Seconds that a process and its children have used."""
    total = 0.0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


async def measure_memory(events: int, streams: int, body: dict[str, Any]) -> dict[str, Any]:
    """Bytes for each open stream, when the whole document has come."""
    with provider(events, 0) as upstream, gateway("--upstream", upstream) as running:
        warm = Clients()
        await warm.open(running.url, 20, body)
        await warm.quiet()
        await warm.close()
        before, clients = memory(running.process.pid), Clients()
        await clients.open(running.url, streams, body)
        await clients.quiet()
        after = memory(running.process.pid)
        await clients.close()
    return {"idle_bytes": before, "stream_bytes": (after - before) / streams}


async def measure_cpu(
    streams: int, rate: float, seconds: int, body: dict[str, Any], balancer: Any = None
) -> dict[str, float]:
    """Microseconds an event, of the gateway and of the balancer in front of it."""
    events = int(rate * seconds)
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(provider(events, rate))
        running = stack.enter_context(gateway("--upstream", upstream))
        url, pids = running.url, {"gateway": running.process.pid}
        if balancer is not None:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            front = stack.enter_context(balancer(directory, (running.port, running.port)))
            url, pids["balancer"] = front.url, front.pid
        clients = Clients()
        await clients.open(url, streams, body)
        before = {name: cpu(pid) for name, pid in pids.items()}
        await clients.quiet()
        used = {name: cpu(pid) - before[name] for name, pid in pids.items()}
        await clients.close()
    return {name: seconds / (streams * events) * 1e6 for name, seconds in used.items()}


async def measure() -> dict[str, Any]:
    say("memory")
    option, plain = FLAG, PLAIN
    found: dict[str, Any] = {
        "memory": {
            "option, 2 KB": await measure_memory(512, 1000, option),
            "option, 64 KB": await measure_memory(16384, 40, option),
            "plain": await measure_memory(512, 1000, plain),
        }
    }
    load = {"streams": 50, "rate": 40.0, "seconds": 6}
    found["load"] = load
    found["cpu"] = {}
    for name, body in ("option", option), ("plain", plain):
        say(f"CPU, {name}")
        rows = {"alone": await measure_cpu(**load, body=body)}
        if has_nginx():
            rows["nginx"] = await measure_cpu(**load, body=body, balancer=nginx)
        rows["envoy"] = await measure_cpu(**load, body=body, balancer=envoy)
        found["cpu"][name] = rows
    return found


def say(text: str) -> None:
    print(f"sizing: {text}", file=sys.stderr, flush=True)


def table(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    small, large, plain = (each["stream_bytes"] / 1024 for each in found["memory"].values())
    idle = found["memory"]["plain"]["idle_bytes"] / (1 << 20)
    load, rows = found["load"], found["cpu"]
    lines = [
        "| what | with the option | without |",
        "|---|---:|---:|",
        f"| memory of a process that does nothing | {idle:.0f} MiB | {idle:.0f} MiB |",
        f"| memory a stream, document of 2 KB | {small:.0f} KiB | {plain:.0f} KiB |",
        f"| memory a stream, document of 64 KB | {large:.0f} KiB | {plain:.0f} KiB |",
    ]
    for name, what in (("alone", "gateway"), ("nginx", "nginx"), ("envoy", "Envoy")):
        if name not in rows["option"]:
            continue
        part = "gateway" if name == "alone" else "balancer"
        both = [rows[kind][name][part] for kind in ("option", "plain")]
        cells = " | ".join(f"{each:.0f} µs" for each in both)
        lines.append(f"| CPU an event, {what} | {cells} |")
    streams = [1e6 / rows[kind]["alone"]["gateway"] / load["rate"] for kind in ("option", "plain")]
    cells = " | ".join(f"{each // 10 * 10:.0f}" for each in streams)
    lines.append(
        f"| streams that fill one core, {load['rate']:.0f} events a second each | {cells} |"
    )
    return "\n".join(lines)


def main() -> None:
    reading = argparse.ArgumentParser()
    reading.add_argument("--provider", nargs=2, metavar=("EVENTS", "RATE"))
    reading.add_argument("--quick", action="store_true", help="one small measurement, no files")
    given = reading.parse_args()
    if given.provider:
        asyncio.run(provide(int(given.provider[0]), float(given.provider[1])))
    elif given.quick:
        print(json.dumps(asyncio.run(measure_cpu(2, 20.0, 1, FLAG))))
    else:
        found = asyncio.run(measure())
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{table(found)}\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    main()
