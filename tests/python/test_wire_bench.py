"""The benchmark of the wire: what it sends is what it says, and patches keep their bound."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import wire

import wholejson


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    file: Path = tmp_path_factory.mktemp("wire") / "wire.json"
    assert 0 == wire.main(["--quick", "--json", str(file)])
    read: dict[str, object] = json.loads(file.read_text())
    return read


def test_patches_take_at_most_one_and_a_half_times_the_raw_stream(figures):
    assert len(figures["rows"]) >= 6
    for row in figures["rows"]:
        assert row["patch, no final"] <= row["patch"] <= 1.5 * row["raw"], row["streams"]
        assert row["paced"] <= row["every update"], row["streams"]


def test_no_pace_freezes_the_screen(figures):
    for row in figures["silences"]:
        for pace, what in row.items():
            if pace in wire.PACES and pace != wire.BUDGET_ALONE:
                assert what["longest"] < 1.1, (row["size"], pace)


def test_the_smallest_envelope_is_one_that_the_sdk_takes():
    from openai.types.chat import ChatCompletionChunk

    document = wire.one_string(500)
    stream = wire.least(document)
    for event in stream[:-1]:
        ChatCompletionChunk.model_validate_json(event[6:])
    turned = b"".join(stream)
    transformer = wholejson.ChunkTransformer()
    out = transformer.feed(turned) + transformer.finish()
    assert transformer.report["complete"]
    last = json.loads(out.split(b"\n\n")[-3][6:])
    assert json.loads(document) == json.loads(last["choices"][0]["delta"]["content"])
