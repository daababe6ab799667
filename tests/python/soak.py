"""Many streams at once through the gateway, with faults; every one must be right or say so.

Run `make soak`, or `python tests/python/soak.py --seconds 300 --streams 500`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asgi_harness import call
from serving import Gateway, gateway, request_bytes

import wholejson
from wholejson.replay import Replay
from wholejson.server.documents import DOCUMENTS

MODELS = ["gpt-4o", "gpt-4o-mini"]
SEEDS = range(12)
# Faults of the replayed upstream, and whether what is shown must still be the document's own.
FAULTS = {
    None: True, "cut": True, "break": True, "half": True, "stall": True, "pause": True,
    "error": True, "status": True, "json-error": True, "empty": True, "length": True,
    "no-done": True, "comments": True, "crlf": True, "bytes": False, "space": False,
}  # fmt: skip
CLIENTS = ["reads", "reads", "reads", "reads slowly", "leaves", "reads without the flag"]
SLACK_MEMORY = 48 << 10
SLACK_FILES = 8
# Seconds; shorter runs are for a look.
WRITTEN = 60


@dataclass
class Outcome:
    """What came of a soak."""

    ended: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    memory: tuple[int, int] = (0, 0)
    files: tuple[int, int] = (0, 0)

    @property
    def streams(self) -> int:
        return sum(self.ended.values())


def expected_contents() -> dict[tuple[str, int], tuple[list[str], bytes]]:
    """Each document's snapshots in turn, and its plain stream, for each seed."""
    found = {}
    for model in MODELS:
        for seed in SEEDS:
            body = {"model": model, "seed": seed, "stream": True}
            raw = asyncio.run(call(Replay(DOCUMENTS), body)).answer.body
            transformer = wholejson.ChunkTransformer()
            turned = transformer.feed(raw) + transformer.finish()
            found[model, seed] = (contents(turned), raw)
    return found


def events(stream: bytes) -> list[Any]:
    blocks = stream.replace(b"\r\n", b"\n").split(b"\n\n")
    data = [b[6:].decode("utf-8", "replace") for b in blocks if b.startswith(b"data: ")]
    # Half of a `[DONE]` passes as it came.
    return [json.loads(item) for item in data if item.startswith("{")]


def contents(stream: bytes) -> list[str]:
    choices = [c for event in events(stream) for c in event.get("choices", ())]
    return [c["delta"]["content"] for c in choices if c["delta"].get("content")]


class Soak:
    """One run."""

    def __init__(self, streams: int, seconds: float) -> None:
        self.streams = streams
        self.seconds = seconds
        self.expected = expected_contents()
        self.outcome = Outcome()
        self.rng = random.Random(7)

    async def run(self, running: Gateway, upstream: list[Gateway]) -> None:
        files = _files(running)
        await self._crowd(running, 2.0)  # what is made once and kept is made now
        before = _memory(running), files
        end = time.monotonic() + self.seconds
        progress = asyncio.create_task(self._progress(end))
        killer = asyncio.create_task(self._kill(upstream))
        await self._crowd(running, self.seconds)
        killer.cancel()
        progress.cancel()
        await self._settle(running, before)
        self.outcome.memory = before[0], _memory(running)
        self.outcome.files = before[1], _files(running)

    async def _settle(self, running: Gateway, before: tuple[int, int]) -> None:
        """Wait until the gateway has closed what it keeps open for the next request."""
        for _ in range(300):
            if _files(running) <= before[1] + SLACK_FILES:
                return
            await asyncio.sleep(0.1)

    async def _crowd(self, running: Gateway, seconds: float) -> None:
        end = time.monotonic() + seconds
        await asyncio.gather(*[self._again(running, end) for _ in range(self.streams)])

    async def _again(self, running: Gateway, end: float) -> None:
        while time.monotonic() < end:
            try:
                await asyncio.wait_for(self._one(running), 60)
            except asyncio.TimeoutError:
                self.outcome.wrong.append("a stream hung")
            except OSError:
                self.outcome.ended["not connected"] += 1
            await asyncio.sleep(self.rng.random() * 0.2)

    async def _progress(self, end: float) -> None:
        while True:
            await asyncio.sleep(5)
            left = max(0, end - time.monotonic())
            print(
                f"soak: {self.outcome.streams} streams, {len(self.outcome.wrong)} wrong, "
                f"{left:.0f} s left",
                file=sys.stderr,
            )

    async def _kill(self, upstream: list[Gateway]) -> None:
        """Kill the upstream's process, without a word, every few seconds; the next one waits."""
        while True:
            await asyncio.sleep(3 + self.rng.random() * 3)
            with contextlib.suppress(ProcessLookupError):
                os.kill(children(upstream[0].process.pid)[0], signal.SIGKILL)

    async def _one(self, running: Gateway) -> None:
        rng = self.rng
        model, seed = rng.choice(MODELS), rng.choice(SEEDS)
        fault = rng.choice(list(FAULTS)) if rng.random() < 0.5 else None
        kind = rng.choice(CLIENTS)
        if fault == "space" and kind == "reads without the flag":
            fault = None  # that stream would never end
        body: dict[str, Any] = {"model": model, "seed": seed, "stream": True, "messages": []}
        if kind != "reads without the flag":
            body["stream_options"] = {"valid_json_chunks": True}
        headers = {"x_replay_fault": f"{fault}@{rng.randrange(30)}"} if fault else {}
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        try:
            writer.write(request_bytes(body, connection="close", **headers))
            if kind == "leaves":
                await asyncio.sleep(rng.random())
                self.outcome.ended["left"] += 1
                return
            data = bytearray()
            with contextlib.suppress(ConnectionError):
                while part := await reader.read(2000):
                    data += part
                    if kind == "reads slowly":
                        await asyncio.sleep(0.02)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        said = self._judge(bytes(data), (model, seed), kind, fault)
        self.outcome.ended[said] += 1
        if said.startswith("wrong"):
            self.outcome.wrong.append(f"{said}: {kind}, {fault}: {bytes(data)[-600:]!r}")

    def _judge(self, data: bytes, key: tuple[str, int], kind: str, fault: str | None) -> str:
        head, _, rest = data.partition(b"\r\n\r\n")
        if not head:
            return "broken before the head" if kind.endswith("flag") else "wrong: no head"
        status = int(head.split()[1])
        if status != 200:
            return f"status {status}"
        body, whole = unchunked(rest) if b"chunked" in head.lower() else (rest, True)
        snapshots, raw = self.expected[key]
        if kind == "reads without the flag":
            if fault in (None, "stall", "cut", "break", "half"):
                return "plain" if raw.startswith(body) else "wrong: plain bytes"
            return "plain, with a fault"
        if not whole:
            return "wrong: cut silently"
        seen = contents(body)
        errors = [event for event in events(body) if "error" in event]
        if len(errors) > 1 or (errors and b"[DONE]" in body):
            return "wrong: more than one end"
        if FAULTS[fault] and not is_subsequence(seen, [*snapshots, snapshots[-1]]):
            return "wrong: snapshots"
        for snapshot in seen:
            json.loads(snapshot)
        if errors:
            return f"error {errors[0]['error'].get('code')}"
        if FAULTS[fault] and fault != "length" and seen[-1:] != snapshots[-1:]:
            return "wrong: a success without its end"
        return "success"


def is_subsequence(some: list[str], all_of_them: list[str]) -> bool:
    rest = iter(all_of_them)
    # A cut string's last snapshot may be given out once more, with its reason.
    previous = None
    for item in some:
        if item != previous and item not in rest:
            return False
        previous = item
    return True


def unchunked(rest: bytes) -> tuple[bytes, bool]:
    """Undo the chunked transfer coding; tell whether it came to its end."""
    body, at = bytearray(), 0
    while (end := rest.find(b"\r\n", at)) > 0:
        size = int(rest[at:end], 16)
        if size == 0:
            return bytes(body), True
        at = end + 2 + size + 2
        body += rest[end + 2 : at - 2]
        if at > len(rest):
            break
    return bytes(body), False


def children(pid: int) -> list[int]:
    """The worker processes of a gateway: those that listen, not their helper."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(n) for n in found if b"spawn_main" in Path(f"/proc/{n}/cmdline").read_bytes()]


def _memory(running: Gateway) -> int:
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def _files(running: Gateway) -> int:
    return len(list(Path(f"/proc/{running.process.pid}/fd").iterdir()))


def soak(streams: int, seconds: float) -> Outcome:
    """Run so many streams at once for so long."""
    with (
        gateway(
            "--replay", "--workers", "2", "--replay-pace", "0.01",
            WHOLEJSON_REPLAY_FAULTS="true", WHOLEJSON_HEARTBEAT="0",
        ) as upstream,
        gateway(
            "--upstream", upstream.url, WHOLEJSON_IDLE_TIMEOUT="2", WHOLEJSON_HEARTBEAT="0.5",
            WHOLEJSON_FIRST_BYTE_TIMEOUT="5", WHOLEJSON_MAX_DOCUMENT_BYTES="300000",
        ) as running,
    ):  # fmt: skip
        run = Soak(streams, seconds)
        asyncio.run(run.run(running, [upstream]))
    return run.outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--streams", type=int, default=500)
    given = parser.parse_args()
    outcome = soak(given.streams, given.seconds)
    for said, count in outcome.ended.most_common():
        print(f"{count:8} {said}")
    print(f"memory of the gateway: {outcome.memory[0]} kB before, {outcome.memory[1]} kB after")
    print(f"open files of the gateway: {outcome.files[0]} before, {outcome.files[1]} after")
    for wrong in outcome.wrong[:20]:
        print(wrong)
    if given.seconds >= WRITTEN:
        written_down(outcome, given)
    return bool(outcome.wrong) or outcome.files[1] > outcome.files[0] + SLACK_FILES


def written_down(outcome: Outcome, given: argparse.Namespace) -> None:
    """Keep the figures: a run of this tree alone has a place for them."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "proof"))
    import record

    record.write(
        "runs",
        "streams at once through the gateway, with faults (make soak)",
        at_once=given.streams,
        seconds=given.seconds,
        streams=outcome.streams,
        wrong=len(outcome.wrong),
        growth_in_kB=max(0, outcome.memory[1] - outcome.memory[0]),
    )


if __name__ == "__main__":
    sys.exit(main())
