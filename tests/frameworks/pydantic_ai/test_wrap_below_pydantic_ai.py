"""What works in Pydantic AI on top of a wrapped client, and what does not: docs/client.md.

It runs in an environment of its own: see `test_client_frameworks.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic_ai import Agent, PromptedOutput
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from support.sdk import running
from support.table import DOCUMENT, FLAG, JOINED, WHOLE, Rows, User

import wholejson

rows = Rows()
row = rows.row


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as provider:
        yield provider.url("plain")


async def asked(url: str, output: Any, settings: Any, read: str, **how: Any) -> list[Any]:
    async with wholejson.wrap(openai.AsyncOpenAI(base_url=url, api_key="k")) as client:
        agent = Agent(
            OpenAIChatModel("m", provider=OpenAIProvider(openai_client=client)), output_type=output
        )
        async with agent.run_stream(DOCUMENT, model_settings=settings) as run:
            return [each async for each in getattr(run, read)(debounce_by=None, **how)]


@row("Pydantic AI", "`stream_text(delta=True)` with the option", "works")
def test_pydantic_ai_streams_whole_documents(url: str) -> None:
    settings = {"extra_body": {"stream_options": FLAG}}
    assert WHOLE == asyncio.run(asked(url, str, settings, "stream_text", delta=True))


@row("Pydantic AI", "`stream_text()` with the option", "no: it joins contents")
def test_pydantic_ai_joins_contents_to_a_text(url: str) -> None:
    settings = {"extra_body": {"stream_options": FLAG}}
    assert JOINED == asyncio.run(asked(url, str, settings, "stream_text"))[-1]


@row("Pydantic AI", "structured output with the option", "no: refused by name")
@row("Pydantic AI", "anything without the option", "works")
def test_pydantic_ais_structured_output_is_refused(url: str) -> None:
    output: Any = PromptedOutput(User)
    last = asyncio.run(asked(url, output, {}, "stream_output"))[-1]
    assert {"name": "John Doe", "age": 30} == last.model_dump()
    settings = {"extra_body": {"stream_options": FLAG}}
    with pytest.raises(ModelHTTPError, match="structured output of Pydantic AI"):
        asyncio.run(asked(url, output, settings, "stream_output"))


def test_the_table_in_the_docs_is_this_one() -> None:
    assert rows.in_the_docs() == rows.held
