"""A provider that misbehaves on request: raw HTTP over asyncio, in a process of its own.

`python scripted.py` prints its port. The first part of the path says how the answer travels
(`/plain/v1/chat/completions`, `/broken/v1/…`, see `SCRIPTS`); the last message's content is the
document that it streams, four characters a chunk. `GET /_seen` tells what arrived, byte for byte,
and how many connections are open and how many answers their clients left.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

PIECE = 4
JSON_TYPE = "application/json"
SSE_TYPE = "text/event-stream; charset=utf-8"
REASONS = {200: "OK", 307: "Temporary Redirect", 401: "Unauthorized", 429: "Too Many Requests"}

seen: list[dict[str, Any]] = []
attempts: dict[str, int] = {}
counts = {"open": 0, "left": 0, "finished": 0}


class Exchange:
    """One request and the connection to answer it on."""

    def __init__(self, head: str, body: bytes, reader: Any, writer: asyncio.StreamWriter) -> None:
        self.head, self.body, self.reader, self.writer = head, body, reader, writer
        self.request = json.loads(body) if body.startswith(b"{") else {}

    @property
    def document(self) -> str:
        messages = self.request.get("messages") or [{"content": ""}]
        content = messages[-1]["content"]
        return content if isinstance(content, str) else content[0]["text"]

    def start(self, status: int, content_type: str, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} {REASONS[status]}", f"content-type: {content_type}"]
        lines += ["transfer-encoding: chunked", "x-request-id: req_scripted"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def send(self, data: bytes) -> None:
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    async def end(self) -> None:
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def whole(self, status: int, value: Any, **headers: str) -> None:
        self.start(status, JSON_TYPE, **headers)
        await self.send(json.dumps(value).encode())
        await self.end()

    async def gone(self) -> None:
        """Wait until the client has left; anything it still sends is a fault of the test."""
        await self.reader.read(1)


def envelope(delta: dict[str, Any], reason: str | None = None, usage: Any = None) -> bytes:
    chunk: dict[str, Any] = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "scripted",
        "system_fingerprint": "fp_scripted",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}],
    }
    if usage is not None:
        chunk["choices"], chunk["usage"] = [], usage
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def events(exchange: Exchange) -> list[bytes]:
    text = exchange.document
    out = [envelope({"role": "assistant", "content": ""})]
    out += [envelope({"content": text[i : i + PIECE]}) for i in range(0, len(text), PIECE)]
    out.append(envelope({}, "stop"))
    if (exchange.request.get("stream_options") or {}).get("include_usage"):
        out.append(
            envelope({}, usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3})
        )
    return [*out, b"data: [DONE]\n\n"]


async def plain(exchange: Exchange) -> None:
    if not exchange.request.get("stream"):
        await exchange.whole(200, completion(exchange.document))
        return
    exchange.start(200, SSE_TYPE)
    for event in events(exchange):
        await exchange.send(event)
    await exchange.end()


def completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }


async def gzipped(exchange: Exchange) -> None:
    exchange.start(200, SSE_TYPE, content_encoding="gzip")
    packer = zlib.compressobj(wbits=31)
    for event in events(exchange):
        await exchange.send(packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH))
    await exchange.send(packer.flush())
    await exchange.end()


async def packed(exchange: Exchange) -> None:
    """All in one block, as a proxy that buffers sends it."""
    exchange.start(200, SSE_TYPE, content_encoding="gzip")
    packer = zlib.compressobj(wbits=31)
    await exchange.send(packer.compress(b"".join(events(exchange))) + packer.flush())
    await exchange.end()


async def broken(exchange: Exchange) -> None:
    exchange.start(200, SSE_TYPE)
    sent = events(exchange)
    for event in sent[: len(sent) // 2]:
        await exchange.send(event)


async def stalled(exchange: Exchange) -> None:
    exchange.start(200, SSE_TYPE)
    sent = events(exchange)
    for event in sent[: len(sent) // 2]:
        await exchange.send(event)
    await exchange.gone()


async def silent(exchange: Exchange) -> None:
    exchange.start(200, SSE_TYPE)
    await exchange.end()


async def flaky(exchange: Exchange) -> None:
    name = exchange.document
    attempts[name] = attempts.get(name, 0) + 1
    if attempts[name] < 3:
        await exchange.whole(429, {"error": {"message": "slow down"}}, retry_after_ms="1")
    else:
        await plain(exchange)


async def denied(exchange: Exchange) -> None:
    error = {"message": "Incorrect API key", "type": "invalid_request_error", "code": "bad_key"}
    await exchange.whole(401, {"error": error})


async def sorry(exchange: Exchange) -> None:
    await exchange.whole(
        200, {"error": {"message": "no capacity", "code": 429}}, x_should_retry="false"
    )


async def unstreamed(exchange: Exchange) -> None:
    await exchange.whole(200, completion(exchange.document))


async def erring(exchange: Exchange) -> None:
    exchange.start(200, SSE_TYPE)
    for event in events(exchange)[:4]:
        await exchange.send(event)
    await exchange.send(b'data: {"error":{"message":"overloaded","code":"engine"}}\n\n')
    await exchange.end()


async def moved(exchange: Exchange) -> None:
    await exchange.whole(307, {}, location="/plain/v1/chat/completions")


async def recorded(exchange: Exchange) -> None:
    """The document is the path of a recorded response's body."""
    exchange.start(200, SSE_TYPE)
    body = Path(exchange.document).read_bytes()  # noqa: ASYNC240 - one reader, one request
    for start in range(0, len(body), 1000):
        await exchange.send(body[start : start + 1000])
    await exchange.end()


def anthropic(text: str) -> list[dict[str, Any]]:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude"}
    usage = {"input_tokens": 1, "output_tokens": 2}
    start = {**message, "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
        for piece in (text[i : i + PIECE] for i in range(0, len(text), PIECE))
    ]
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    return [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *deltas,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]


async def claude(exchange: Exchange) -> None:
    exchange.start(200, SSE_TYPE)
    for event in anthropic(exchange.document):
        name, data = event["type"].encode(), json.dumps(event).encode()
        await exchange.send(b"event: %s\ndata: %s\n\n" % (name, data))
    await exchange.end()


SCRIPTS: dict[str, Callable[[Exchange], Any]] = {
    script.__name__: script
    for script in (
        plain, gzipped, packed, broken, stalled, silent, flaky,
        denied, sorry, unstreamed, erring, moved, claude, recorded,
    )
}  # fmt: skip


async def requests(reader: asyncio.StreamReader) -> AsyncIterator[tuple[str, bytes]]:
    while True:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        lines = [line.partition(":") for line in head.split("\r\n")[1:]]
        length = next((int(v) for k, _, v in lines if k.lower() == "content-length"), 0)
        yield head, await reader.readexactly(length)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    counts["open"] += 1
    try:
        async for head, body in requests(reader):
            target = head.split(" ")[1]
            exchange = Exchange(head, body, reader, writer)
            if target.endswith("/_seen"):
                await exchange.whole(200, {"requests": seen, "counts": counts})
                continue
            seen.append({"head": head, "body": base64.b64encode(body).decode()})
            path = target.split("//", 1)[-1].split("/", 1)[1] if "//" in target else target[1:]
            script = SCRIPTS[path.split("/", 1)[0]]
            await script(exchange)
            counts["left" if script is stalled else "finished"] += 1
            if script in (broken, stalled):
                break
    except ConnectionError:
        counts["left"] += 1
    except asyncio.CancelledError:
        pass  # the test is over
    finally:
        counts["open"] -= 1
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 24)
    print(server.sockets[0].getsockname()[1], flush=True)
    # The parent's end of stdin closing ends us, so that no test can leave a process behind.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
