"""Recorded streams of real providers, read by the SDK: wrapped below, and its chunks wrapped above.

The transport rewrites bytes, `wrap_stream` rewrites objects; both must say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from support.sdk import FLAG, Provider, ask, running

import wholejson


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


def read(stream: Any) -> tuple[list[Any], str]:
    """What the chunks say of each choice, and how the stream ended."""
    said: list[Any] = []
    try:
        for chunk in stream:
            for choice in chunk.choices or []:
                delta = choice.delta
                said.append(
                    (
                        choice.index,
                        delta and delta.content,
                        delta and delta.role,
                        delta and delta.tool_calls and len(delta.tool_calls),
                        choice.finish_reason,
                        wholejson.json_status(choice),
                    )
                )
    except (openai.APIError, wholejson.Error):
        return said, "failed"
    return said, "ended"


def test_the_transport_says_what_the_object_form_says(shared: Path, provider: Provider) -> None:
    files = sorted((shared / "streams" / "chat.completions").glob("*.sse"))
    assert files
    different = {}
    with openai.OpenAI(base_url=provider.url("recorded"), api_key="k") as client:
        create = client.chat.completions.create
        raw = {
            file: read(wholejson.wrap_stream(create(**ask(str(file)), stream=True)))
            for file in files
        }
        wholejson.wrap(client)
        for file in files:
            whole = read(create(**ask(str(file)), stream=True, stream_options=FLAG))
            if whole != raw[file]:
                different[file.name] = (raw[file], whole)
    assert {} == different
    complete = [said for said, _ in raw.values() if said and (said[-1][-1] or {}).get("complete")]
    assert len(complete) >= 20
