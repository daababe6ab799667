"""Writes inputs for the fuzzer to begin with, made of the cases in `tests/data`: `seeds.py FOLDER`.

They are not the corpus: that is what the fuzzer found, beginning here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
READING = ("alike", "cuts", "growth", "operations", "work")
HEADS = (b"\0\0\0", b"\3\5\1", b"\7\6\2", b"\4\0\3")
LONGEST = 600


def texts() -> Iterator[bytes]:
    """The texts of all cases."""
    for path in sorted(DATA.rglob("*.jsonl")):
        for row in map(json.loads, path.read_text("utf-8").strip("\n").split("\n")):
            if "hex" in row:
                yield bytes.fromhex(row["hex"])
            elif isinstance(row.get("text"), str):
                yield row["text"].encode("utf-8", "surrogatepass")


def events(text: str) -> bytes:
    """A text as a stream of chunks."""
    size = max(1, len(text) // 3)
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    chunks = [{"choices": [{"index": 0, "delta": {"content": part}}]} for part in parts]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    lines = [json.dumps(chunk, separators=(",", ":")) for chunk in chunks]
    return "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()


STREAMS = (
    b": hi\n\ndata: 1\r\ndata: 2\r\n\r\nevent: x\rid: 4\rretry: 5\rdata:y\r\r",
    b'\xef\xbb\xbfdata\n\ndata: {"choices":[],"usage":{"t":1}}\n\n',
    b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n',
    (
        b'data: {"choices":[{"index":1,"delta":{"content":[{"type":"text","text":"[1,"}]},'
        b'"logprobs":{"content":[{"a":1}]},"m":[1]}],"usage":null}\n\n'
    ),
    (
        b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{}],"content":"{\\"a\\":1}"},'
        b'"finish_reason":"tool_calls"}]}\n\ndata: {"error":{"message":"m","code":"c"}}\n\n'
    ),
)
REQUESTS = (
    b'{"stream":true,"stream_options":{"valid_json_chunks":true}}',
    (
        b'{"stream_options":{"include_usage":true,"valid_json_chunks":{"repair":false,"root":"any",'
        b'"style":"compact"}},"n":2,"metadata":{"agent_id":"x"},"response_format":{"type":"text"}}'
    ),
    b'{"stream_options" : { "valid_json_chunks":null , "a":1, "valid_json_chunks":0}, "b": [1]}',
)


def main(folder: Path) -> None:
    """Write a folder for each target."""
    written: dict[str, set[bytes]] = {
        name: set() for name in (*READING, "sse", "chunks", "request")
    }
    for number, text in enumerate(texts()):
        if len(text) > LONGEST:
            continue
        for name in READING:
            written[name].add(HEADS[number % len(HEADS)] + text)
        if number % 8 == 0:
            plain = text.decode("utf-8", "replace")
            written["chunks"].add(b"\x10\0\1" + plain.encode())
            written["chunks"].add(b"\0\0\2" + events(plain))
    for stream in STREAMS:
        written["sse"].add(b"\0\0\1" + stream)
        written["chunks"].add(b"\0\0\1" + stream)
    written["request"].update(REQUESTS)
    for name, inputs in written.items():
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(sorted(inputs)):
            (place / f"{number:05}").write_bytes(data)
        print(f"{name}: {len(inputs)} seeds", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
