"""Chunks of a type derived from the SDK's, as LiteLLM's are, keep what that type promises."""

from __future__ import annotations

from typing import Any

from openai.types.chat import ChatCompletionChunk
from pydantic import PrivateAttr

import wholejson


class Chunk(ChatCompletionChunk):
    """A chunk with a private attribute, which the SDK's own constructor leaves out."""

    _hidden: dict[str, Any] = PrivateAttr(default_factory=dict)


def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> Chunk:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    names = {"id": "1", "created": 1, "model": "m", "object": "chat.completion.chunk"}
    return Chunk.model_validate({**names, "choices": [choice], **more})


def test_a_chunk_that_is_made_anew_has_its_private_attributes() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    chunks = [chunk({"content": '{"a": 1}'}), chunk({}, "stop"), chunk({}, usage=usage)]
    given = list(wholejson.wrap_stream(chunks))
    assert {Chunk} == {type(each) for each in given}
    assert [{}] * len(given) == [each._hidden for each in given]
    assert given[-1].usage is not None
    assert 3 == given[-1].usage.total_tokens
    assert [] == given[-1].choices
