"""Mode patch on the wire: the contents applied in order give every value, to the last."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from typing import Any

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from looking import seeds, streamed
from reading import how_many, identical
from serving import DONE, event
from support.recorded import ABSENT, recorded

import wholejson

JS = ROOT / "tests" / "js"


def texts(seed: int) -> list[str]:
    """A document in random pieces, as the contents of chunks: they are text."""
    pieces = streamed(seed)
    if isinstance(pieces[0], bytes):
        whole = b"".join(pieces).decode("utf-8", "replace")  # type: ignore[arg-type]
        return [whole[at : at + 5] for at in range(0, len(whole), 5)]
    return pieces  # type: ignore[return-value]


def stream_of(contents: list[str]) -> bytes:
    # Half a surrogate pair is written as an escape, as by any writer of JSON.
    return b"".join([*map(event, contents), event(reason="stop"), DONE])


def choices(out: bytes) -> list[dict[str, Any]]:
    """The first choice of each chunk with a content, numbers as they were written."""
    data = [line[6:] for line in out.split(b"\n") if line.startswith(b"data: {")]
    found = [json.loads(each, parse_float=str, parse_int=str) for each in data]
    chunks = [each["choices"][0] for each in found if "choices" in each]
    return [choice for choice in chunks if choice["delta"].get("content")]


def loads(text: str) -> Any:
    return json.loads(text, parse_float=str, parse_int=str)


def values(out: bytes, *, patch: bool) -> list[Any]:
    value, found = None, []
    for choice in choices(out):
        content = loads(choice["delta"]["content"])
        value = wholejson.apply_operations(value, content) if patch else content
        found.append(value)
    return found


def turned(stream: bytes, source: random.Random, how: str, **options: Any) -> bytes:
    """The stream turned: in random cuts; by a slow reader; or under a pace."""
    if how == "pace":
        options.update(every_ms=source.randint(1, 40), max_amplification=source.choice([None, 1]))
    transformer = wholejson.ChunkTransformer(**options)
    out, at, now = b"", 0, 0
    while at < len(stream):
        part = stream[at : at + source.choice([1, 50, 180, 400, 2000])]
        at += len(part)
        if how == "pace":
            now += source.randint(0, 30)
            transformer.set_time(now)
        if how == "slow":
            transformer.push(part)
            out += transformer.pull() if source.random() < 0.4 else b""
        else:
            out += transformer.feed(part)
        if transformer.due_at is not None and source.random() < 0.5:
            now = max(now, transformer.due_at)
            transformer.set_time(now)
            out += transformer.flush_due()
    return out + transformer.finish()


@settings(max_examples=how_many(300), deadline=None)
@given(seeds, st.sampled_from(["cuts", "slow", "pace"]), st.booleans())
def test_applying_the_contents_in_order_gives_every_snapshot(seed, how, repair):
    """Whatever the text, the cuts and the pace: both modes say the same at the same time."""
    stream = stream_of(texts(seed))
    snapshots = turned(stream, random.Random(seed), how, repair=repair)
    patches = turned(stream, random.Random(seed), how, repair=repair, mode="patch")
    expected = values(snapshots, patch=False)
    assert identical(expected, values(patches, patch=True))
    assert [] == [each for each in choices(snapshots) if "document" in each.get("json_status", {})]
    for choice in choices(patches)[-1:]:
        if "json_status" in choice:
            assert identical(expected[-1], choice["json_status"]["document"])
    grown = [
        [each["path"] for each in loads(choice["delta"]["content"]) if each["op"] == "append"]
        for choice in choices(patches)
    ]
    assert all(len(paths) <= 1 for paths in grown)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_applying_the_contents_in_node_gives_every_snapshot():
    lines = []
    for seed in range(how_many(200)):
        how = ("cuts", "slow", "pace")[seed % 3]
        stream = stream_of(texts(seed))
        both = [
            [loads(choice["delta"]["content"]) for choice in choices(out)]
            for out in (
                turned(stream, random.Random(seed), how, mode="patch"),
                turned(stream, random.Random(seed), how),
            )
        ]
        lines.append(
            json.dumps([[json.dumps(each) for each in pair] for pair in zip(*both, strict=True)])
        )
    done = subprocess.run(
        ["node", str(JS / "apply-steps.mjs")],
        input="\n".join(lines),
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.returncode) == ("", 0), done.stdout + done.stderr
    assert done.stderr.startswith(f"{len(lines)} cases, ")


def test_recorded_streams_say_in_operations_what_they_say_in_snapshots():
    """And all but content and status is the same, byte for byte."""
    if not recorded():
        pytest.skip(ABSENT)
    for path in recorded():
        stream = path.read_bytes()
        outs = []
        for mode in ("snapshot", "patch"):
            transformer = wholejson.ChunkTransformer(mode=mode)
            outs.append(transformer.feed(stream) + transformer.finish())
        kept = [[line for line in out.split(b"\n") if b"content" not in line] for out in outs]
        assert kept[0] == kept[1], path.name
        events = [
            [json.loads(line[6:]) for line in out.splitlines() if line.startswith(b"data: {")]
            for out in outs
        ]
        shown: dict[int, Any] = {}
        for one, other in zip(*events, strict=True):
            for left, right in zip(
                one.get("choices") or [], other.get("choices") or [], strict=True
            ):
                content = (left.get("delta") or {}).get("content")
                if isinstance(content, str) and content:
                    index = left.get("index", 0)
                    told = json.loads(right["delta"]["content"])
                    shown[index] = wholejson.apply_operations(shown.get(index), told)
                    assert json.loads(content) == shown[index], path.name
                    right["delta"]["content"] = content
                if "json_status" in right:
                    right["json_status"].pop("document", None)
            assert one == other, path.name


def test_a_document_in_the_status_is_a_value_of_python_in_the_object_form():
    chunks = [json.loads(each[6:]) for each in map(event, ['{"a": 1.5, "b": [tr', 'ue], "a": 2'])]
    last = json.loads(event("}", "stop")[6:])
    *_, end = wholejson.wrap_stream([*chunks, last], mode="patch")
    told = [{"op": "replace", "path": "/a", "value": 2}]
    assert told == json.loads(end["choices"][0]["delta"]["content"])
    status = wholejson.json_status(end["choices"][0])
    assert status == {"complete": True, "repairs": 0, "document": {"a": 2, "b": [True]}}


def test_a_deep_document_is_written_and_applied_without_the_call_stack():
    limits = wholejson.Limits(depth=2000)
    transformer = wholejson.ChunkTransformer(mode="patch", final=False, limits=limits)
    out = transformer.feed(stream_of(['["a", ' + "[" * 1500 + '"x', "y", '"' + "]" * 1501]))
    contents = [choice["delta"]["content"] for choice in choices(out)]
    assert '"path":"/1' + "/0" * 1500 + '","value":"y"' in contents[1]
