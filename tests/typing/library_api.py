"""The library as a user writes it: checked by mypy and pyright, never run."""

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel

import wholejson


def aggregate(deltas: list[str], parts: list[bytes]) -> str:
    limits = wholejson.Limits(depth=64, document=1 << 20)
    document = wholejson.Aggregator(root="object", repair=False, style="compact", limits=limits)
    changed: bool = document.feed("x") or document.feed(b"x") or document.feed(memoryview(b""))
    for delta in deltas:
        changed = document.feed(delta)
    try:
        changed = document.finish()
    except wholejson.InvalidJSONError as error:
        print(error.kind.upper(), error.offset + error.line + error.column)
    repairs: list[wholejson.Repair] = document.repairs
    for repair in repairs:
        print(repair.kind.upper(), repair.offset + 1, repair.description.upper())
    raw: bytes | None = document.snapshot_bytes()
    print(raw, changed, document.complete, document.repair_count + document.trailing)
    return document.snapshot() or ""


def iterate(deltas: Iterator[str]) -> None:
    for text in wholejson.snapshots(deltas, root="any"):
        print(text.upper())
    with wholejson.snapshots([b"{", b"}"]) as texts:
        first: str = next(texts)
    print(first)


async def iterate_async(deltas: AsyncIterator[bytes]) -> None:
    async for text in wholejson.snapshots(deltas):
        print(text.upper())


def look(document: wholejson.Aggregator) -> None:
    live = document.value(live=True)
    print(live["name"], document.value())
    value: object = None
    operations = document.take_operations(append=False)
    for operation in operations:
        print(operation["op"].upper(), operation["path"].upper(), operation["value"])
    value = wholejson.apply_operations(value, operations)
    paths: list[str] = document.take_settled()
    print(value, paths, wholejson.Aggregator(parse_float=Decimal, parse_int=str))


class Person(BaseModel):
    name: str


def objects(client: OpenAI, deltas: Iterator[str]) -> None:
    for value in wholejson.values(deltas, live=True, parse_float=Decimal):
        print(value["name"])
    stream = client.chat.completions.create(model="m", messages=[], stream=True)
    with wholejson.models(stream, Person, choice=0) as people:
        for person in people:
            name: str = person.name
            print(name)


async def objects_async(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="m", messages=[], stream=True)
    async for value in wholejson.values(stream):
        print(value)
    async for person in wholejson.models(stream, Person):
        print(person.name.upper())


def chunks(client: OpenAI) -> None:
    raw = client.chat.completions.create(model="m", messages=[], stream=True)
    with wholejson.wrap_stream(raw) as stream:
        for chunk in stream:
            kept: ChatCompletionChunk = chunk
            print(kept.choices[0].delta.content)
        snapshot: str | None = stream.snapshot()
    print(snapshot, stream.get_final_completion())


async def chunks_async(client: AsyncOpenAI) -> None:
    raw = await client.chat.completions.create(model="m", messages=[], stream=True)
    async with wholejson.wrap_stream(raw, choices=2, repair=False) as stream:
        async for chunk in stream:
            kept: ChatCompletionChunk = chunk
            print(kept.model)
    print(await stream.get_final_completion())


def dicts(stream: list[dict[str, object]]) -> list[dict[str, object]]:
    return list(wholejson.wrap_stream(stream))


def transform(parts: list[bytes]) -> bytes:
    transformer = wholejson.ChunkTransformer(root="auto", choices=1)
    out = b"".join(transformer.feed(part) for part in parts) + transformer.finish()
    if not transformer.ended:
        out += transformer.fail("upstream_timeout", message="no answer")
    report = transformer.report
    print(report["updates"] + report["bytes_in"], report["error"], report["complete"])
    return out


def errors(error: wholejson.Error) -> str | None:
    known: tuple[type[ValueError], ...] = (
        wholejson.InvalidJSONError,
        wholejson.LimitError,
        wholejson.NoJSONError,
        wholejson.UpstreamError,
        wholejson.UsageError,
        wholejson.OptionError,
    )
    print(known, wholejson.__version__.split("."))
    return error.text
