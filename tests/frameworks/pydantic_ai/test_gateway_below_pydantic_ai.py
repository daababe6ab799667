"""What works in Pydantic AI through the gateway, and what does not: docs/frameworks.md.

It runs in an environment of its own: see `test_gateway_frameworks.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest
from pydantic_ai import Agent, NativeOutput, PromptedOutput
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from support.table import DOCUMENT, FLAG, GATEWAY, JOINED, WHOLE, Rows, User

import wholejson

rows = Rows(GATEWAY)
row = rows.row
WITH: Any = {"extra_body": {"stream_options": FLAG}}


async def asked(output: Any, settings: Any, read: str, **how: Any) -> list[Any]:
    provider = OpenAIProvider(base_url=os.environ["WHOLEJSON_TEST_GATEWAY"], api_key="k")
    agent = Agent(OpenAIChatModel("m", provider=provider), output_type=output)
    async with agent.run_stream(DOCUMENT, model_settings=settings) as run:
        return [each async for each in getattr(run, read)(debounce_by=None, **how)]


@row("Pydantic AI", "anything without the option", "works")
def test_without_the_option_it_is_as_ever() -> None:
    assert DOCUMENT == "".join(asyncio.run(asked(str, {}, "stream_text", delta=True)))
    for output in (PromptedOutput(User), NativeOutput(User)):
        last = asyncio.run(asked(output, {}, "stream_output"))[-1]
        assert {"name": "John Doe", "age": 30} == last.model_dump()


@row("Pydantic AI", "`wholejson.values()` over its deltas, without the option", "works")
def test_values_of_its_deltas() -> None:
    deltas = asyncio.run(asked(str, {}, "stream_text", delta=True))
    assert [json.loads(each) for each in WHOLE[:-1]] == list(wholejson.values(deltas))


@row("Pydantic AI", "`stream_text(delta=True)` with the option", "works")
def test_it_streams_whole_documents() -> None:
    assert WHOLE == asyncio.run(asked(str, WITH, "stream_text", delta=True))


@row("Pydantic AI", "`stream_text()` with the option", "no: it joins contents")
def test_it_joins_contents_to_a_text() -> None:
    assert JOINED == asyncio.run(asked(str, WITH, "stream_text"))[-1]


@row("Pydantic AI", "structured output with the option", "no: refused by name")
@pytest.mark.parametrize("output", [PromptedOutput(User), NativeOutput(User)])
def test_structured_output_is_refused_with_the_remedy(output: Any) -> None:
    with pytest.raises(ModelHTTPError, match=r"of Pydantic AI.*Leave valid_json"):
        asyncio.run(asked(output, WITH, "stream_output"))


def test_the_table_in_the_docs_is_this_one() -> None:
    assert rows.in_the_docs() == rows.held
