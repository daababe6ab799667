"""What works through the gateway, and what does not: the table in docs/frameworks.md.

It runs in an environment of its own, with the frameworks: see `test_gateway_frameworks.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import instructor
import openai
import pytest
from langchain_core.output_parsers import JsonOutputParser
from langchain_openai import ChatOpenAI
from support.table import DOCUMENT, FLAG, GATEWAY, JOINED, MESSAGES, WHOLE, Rows, User

import wholejson

rows = Rows(GATEWAY)
row = rows.row
URL = os.environ["WHOLEJSON_TEST_GATEWAY"]


@pytest.fixture
def client() -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=URL, api_key="k") as client:
        yield client


@pytest.fixture
def model() -> ChatOpenAI:
    return ChatOpenAI(model="m", base_url=URL, api_key="k")  # type: ignore[arg-type]


def texts(chunks: Iterator[Any]) -> list[Any]:
    """The contents, but for the empty chunk that LangChain itself puts at the end."""
    return [chunk.content for chunk in chunks if chunk.content]


@row("LangChain", "anything without the option", "works")
def test_langchain_without_the_option_is_as_ever(model: ChatOpenAI) -> None:
    assert DOCUMENT == model.invoke(MESSAGES).content
    assert DOCUMENT == "".join(texts(model.stream(MESSAGES)))
    last = list((model | JsonOutputParser()).stream(MESSAGES))[-1]
    assert json.loads(DOCUMENT) == last
    structured = model.with_structured_output(User, method="json_schema")
    assert User(name="John Doe", age=30) == list(structured.stream(MESSAGES))[-1]


@row("LangChain", "`wholejson.values()` over its contents, without the option", "works")
def test_values_of_langchains_contents(model: ChatOpenAI) -> None:
    values = list(wholejson.values(chunk.text for chunk in model.stream(MESSAGES)))
    assert [json.loads(each) for each in WHOLE[:-1]] == values


@row("LangChain", "`ChatOpenAI.stream()` with the option, each chunk read", "works")
def test_langchain_streams_whole_documents(model: ChatOpenAI) -> None:
    assert WHOLE == texts(model.stream(MESSAGES, stream_options=FLAG))


@row("LangChain", "chunks added up, `invoke()` that streams", "no: it joins contents")
def test_langchain_joins_contents_when_chunks_are_added(model: ChatOpenAI) -> None:
    first, *others = model.stream(MESSAGES, stream_options=FLAG)
    for chunk in others:
        first = first + chunk  # type: ignore[assignment]
    assert JOINED == first.content
    model.streaming = True
    assert JOINED == model.invoke(MESSAGES, stream_options=FLAG).content


@row("LangChain", "`JsonOutputParser` with the option", "no: it joins contents")
def test_langchains_parser_joins_contents(model: ChatOpenAI) -> None:
    parsed = list((model | JsonOutputParser()).stream(MESSAGES, stream_options=FLAG))
    assert [{"name": "Jo"}] == parsed


@row("LangChain", "`with_structured_output().stream()` with the option", "no: refused by name")
@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_langchains_structured_output_is_refused(model: ChatOpenAI, method: Any) -> None:
    structured = model.with_structured_output(User, method=method)
    with pytest.raises(openai.BadRequestError, match=r"\.stream\(\) helper"):
        list(structured.stream(MESSAGES, stream_options=FLAG))


@row("instructor", "anything without the option", "works")
def test_instructor_without_the_option_is_as_ever(client: openai.OpenAI) -> None:
    patched: Any = instructor.from_openai(client, mode=instructor.Mode.JSON)
    request = {"model": "m", "response_model": User, "messages": MESSAGES}
    assert {"name": "John Doe", "age": 30} == patched.create(**request).model_dump()
    last = list(patched.create_partial(**request))[-1]
    assert ("John Doe", 30) == (last.name, last.age)


@row("instructor", "`create_partial()` with the option", "no: it joins contents")
def test_instructor_joins_contents(client: openai.OpenAI) -> None:
    patched: Any = instructor.from_openai(client, mode=instructor.Mode.JSON)
    request = {"model": "m", "response_model": User, "messages": MESSAGES, "stream_options": FLAG}
    # It reads the first whole document, {"name": "Jo"}, and stops there.
    with pytest.raises(Exception, match="Field required"):
        list(patched.create_partial(max_retries=1, **request))


@row("instructor", "the client it was made from, with the option", "works")
def test_a_client_that_instructor_patched_still_streams(client: openai.OpenAI) -> None:
    instructor.from_openai(client, mode=instructor.Mode.JSON)
    stream = client.chat.completions.create(
        model="m", messages=MESSAGES, stream=True, stream_options=FLAG
    )
    assert WHOLE == [chunk.choices[0].delta.content for chunk in stream]


def test_the_table_in_the_docs_is_this_one() -> None:
    assert rows.in_the_docs() == rows.held
