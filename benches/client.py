"""A value after every chunk: the wrapped client beside the SDK's own `.stream()`, in one run.

    python benches/client.py [--sizes 1,4,16,64] [--rounds 3] [--json FILE]

One process streams the document over a local socket, four characters a chunk; this one reads it:

- `raw`: the SDK's stream, each chunk built and its text read, no value: what nobody can go below
  who reads every chunk;
- `jiter`: the same, and the text so far parsed with `jiter.from_json(partial_mode=True)`;
- `.stream()`: the SDK's helper, whose `content.delta` events have `parsed` (it leaves a string out
  until it has ended);
- `wrap`: a wrapped client, and `json.loads` of each chunk's content;
- `wrap, jiter`: the same, parsed by the faster parser that the SDK itself uses;
- `wrap, values`: a wrapped client without the option, and `wholejson.values(stream, live=True)`:
  one object that grows.

Given are seconds of the reader's own CPU (the machine's other work does not count) and of the
clock, the best of the rounds, and how many times as long as `wrap` each took. The table goes to
standard output, progress to standard error.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jiter
import openai
import pydantic

import wholejson

SERVER = Path(__file__).parents[1] / "tests" / "support" / "scripted.py"
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "runs", "away"]


class Record(pydantic.BaseModel):
    """One of the document's records; `.stream()` parses as it goes only if it is given a class."""

    id: int
    title: str
    text: str
    ok: bool


class Records(pydantic.BaseModel):
    """The document."""

    records: list[Record]


def document(size: int) -> str:
    """A document of about `size` bytes, as models write them: records, mostly text."""
    chance = random.Random(size)
    records: list[dict[str, Any]] = []
    while len(json.dumps(records)) < size - 20:
        text = " ".join(chance.choices(WORDS, k=chance.randint(4, 24)))
        records.append({"id": len(records), "title": text.title()[:24], "text": text, "ok": True})
    return json.dumps({"records": records})


class Reader:
    """The ways to read one stream; each gives the last value and how many there were."""

    def __init__(self, url: str) -> None:
        self.plain = openai.OpenAI(base_url=url, api_key="k")
        self.wrapped = wholejson.wrap(openai.OpenAI(base_url=url, api_key="k"))

    def request(self, text: str) -> Any:
        return {"model": "m", "messages": [{"role": "user", "content": text}]}

    def raw(self, text: str) -> tuple[Any, int]:
        stream = self.plain.chat.completions.create(**self.request(text), stream=True)
        parts = [chunk.choices[0].delta.content or "" for chunk in stream]
        return json.loads("".join(parts)), len(parts)

    def jiter(self, text: str) -> tuple[Any, int]:
        stream = self.plain.chat.completions.create(**self.request(text), stream=True)
        value, count, so_far = None, 0, bytearray()
        for chunk in stream:
            so_far += (chunk.choices[0].delta.content or "").encode()
            if so_far:
                value = jiter.from_json(bytes(so_far), partial_mode="trailing-strings")
                count += 1
        return value, count

    def helper(self, text: str) -> tuple[Any, int]:
        value, count = None, 0
        completions = self.plain.chat.completions
        with completions.stream(**self.request(text), response_format=Records) as stream:
            for event in stream:
                if event.type == "content.delta":
                    value, count = event.parsed, count + 1
        return value, count

    def wrap(self, text: str) -> tuple[Any, int]:
        return self._wrap(text, json.loads)

    def wrap_jiter(self, text: str) -> tuple[Any, int]:
        return self._wrap(text, lambda content: jiter.from_json(content.encode()))

    def wrap_values(self, text: str) -> tuple[Any, int]:
        stream = self.wrapped.chat.completions.create(**self.request(text), stream=True)
        value, count = None, 0
        for value in wholejson.values(stream, live=True):  # noqa: B007 - the last one counts
            count += 1
        return value, count

    def _wrap(self, text: str, parse: Callable[[str], Any]) -> tuple[Any, int]:
        stream = self.wrapped.chat.completions.create(
            **self.request(text),
            stream=True,
            stream_options=wholejson.StreamOptions(valid_json_chunks=True),
        )
        value, count = None, 0
        for chunk in stream:
            value, count = parse(chunk.choices[0].delta.content or "null"), count + 1
        return value, count


def seconds(read: Callable[[str], tuple[Any, int]], text: str) -> tuple[float, float, int]:
    """CPU and clock seconds of one reading, and the number of values; the last must be right."""
    cpu, clock = time.process_time(), time.perf_counter()
    value, count = read(text)
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    if value != json.loads(text):
        raise SystemExit(f"{read.__name__} read something else than was sent")
    return cpu, clock, count


def measure(url: str, sizes: list[int], rounds: int) -> list[dict[str, Any]]:
    reader = Reader(url)
    ways = {
        "raw": reader.raw,
        "jiter": reader.jiter,
        ".stream()": reader.helper,
        "wrap": reader.wrap,
        "wrap, jiter": reader.wrap_jiter,
        "wrap, values": reader.wrap_values,
    }
    results: list[dict[str, Any]] = []
    for read in ways.values():
        read(document(200))  # imports and connections are made before the clock runs
    for size in sizes:
        text = document(size << 10)
        for name, read in ways.items():
            print(f"{size} KB {name} …", file=sys.stderr)
            taken = [seconds(read, text) for _ in range(rounds if size <= 16 else 1)]
            cpu, clock = (min(t[i] for t in taken) for i in (0, 1))
            row = {"kb": size, "way": name, "cpu": cpu, "clock": clock, "values": taken[0][2]}
            results.append(row)
    return results


def table(results: list[dict[str, Any]]) -> str:
    base = {row["kb"]: row for row in results if row["way"] == "wrap"}
    lines = ["| document | way | values | CPU s | × wrap | clock s | × wrap |"]
    lines.append("|---:|---|---:|---:|---:|---:|---:|")
    for row in results:
        cpu, clock = (row[k] / base[row["kb"]][k] for k in ("cpu", "clock"))
        lines.append(
            f"| {row['kb']} KB | {row['way']} | {row['values']} | {row['cpu']:.3f} | {cpu:.1f} "
            f"| {row['clock']:.3f} | {clock:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", default="1,4,16,64", help="of the document, in KB")
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    command = [sys.executable, str(SERVER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/plain/v1"
        results = measure(url, sizes, arguments.rounds)
        server.stdin.close()
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))
    print(f"openai {openai.__version__}, Python {platform.python_version()}, {platform.machine()}")
    print(table(results))


if __name__ == "__main__":
    main()
