"""What works on top of a wrapped client, and what does not: the table in docs/client.md.

It runs in an environment of its own, with the frameworks: see `test_client_frameworks.py`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import instructor
import openai
import pytest
from langchain_core.output_parsers import JsonOutputParser
from langchain_openai import ChatOpenAI
from langsmith.wrappers import wrap_openai
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference
from opentelemetry.instrumentation.openai import OpenAIInstrumentor as OpenLLMetry
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.sdk import running
from support.table import DOCUMENT, FLAG, JOINED, MESSAGES, WHOLE, Rows, User

import wholejson

rows = Rows()
row = rows.row


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as provider:
        yield provider.url("plain")


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with wholejson.wrap(openai.OpenAI(base_url=url, api_key="k")) as client:
        yield client


@pytest.fixture(params=[httpx, httpx2], ids=lambda library: library.__name__)
def model(url: str, request: pytest.FixtureRequest) -> Iterator[ChatOpenAI]:
    with request.param.Client() as http:
        yield ChatOpenAI(
            model="m",
            base_url=url,
            api_key="k",
            http_client=wholejson.wrap(http),  # type: ignore[arg-type]
        )


def contents(client: openai.OpenAI) -> list[Any]:
    stream = client.chat.completions.create(
        model="m", messages=MESSAGES, stream=True, stream_options=FLAG
    )
    return [chunk.choices[0].delta.content for chunk in stream]


# LangChain


def texts(chunks: Iterator[Any]) -> list[Any]:
    """The contents, but for the empty chunk that LangChain itself puts at the end."""
    return [chunk.content for chunk in chunks if chunk.content]


@row("LangChain", "`ChatOpenAI.stream()` with the option, each chunk read", "works")
def test_langchain_streams_whole_documents(model: ChatOpenAI) -> None:
    assert WHOLE == texts(model.stream(MESSAGES, stream_options=FLAG))


@row("LangChain", "`ChatOpenAI.stream()` with the option, each chunk read", "works")
def test_langchain_takes_the_option_as_a_default(model: ChatOpenAI) -> None:
    model.model_kwargs = {"stream_options": FLAG}
    assert WHOLE == texts(model.stream(MESSAGES))


@row("LangChain", "anything without the option", "works")
def test_langchain_without_the_option_is_as_ever(model: ChatOpenAI) -> None:
    assert DOCUMENT == model.invoke(MESSAGES).content
    assert DOCUMENT == "".join(str(chunk.content) for chunk in model.stream(MESSAGES))
    last = list((model | JsonOutputParser()).stream(MESSAGES))[-1]
    assert json.loads(DOCUMENT) == last


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
    assert User(name="John Doe", age=30) == list(structured.stream(MESSAGES))[-1]


# instructor


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
    assert WHOLE == contents(client)


# Tracing


def traced(instrumentor: Any, client: openai.OpenAI) -> tuple[list[Any], str]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor.instrument(tracer_provider=provider)
    try:
        got = contents(client)
    finally:
        instrumentor.uninstrument()
    (span,) = exporter.get_finished_spans()
    return got, json.dumps(dict(span.attributes or {}))


TRACERS = {"OpenInference": OpenInference, "OpenLLMetry": OpenLLMetry}


@row("OpenInference", "the stream itself, with the option", "works")
@row("OpenLLMetry", "the stream itself, with the option", "works")
@row("OpenInference", "the answer in its trace", "no: it joins contents")
@row("OpenLLMetry", "the answer in its trace", "no: it joins contents")
@pytest.mark.parametrize("name", TRACERS)
def test_tracing_leaves_the_stream_alone_and_records_joined_contents(
    name: str, client: openai.OpenAI
) -> None:
    got, span = traced(TRACERS[name](), client)
    assert WHOLE == got
    assert re.sub(r"\W", "", JOINED) in re.sub(r"\W", "", span)


@row("LangSmith", "`wrap_openai` around a wrapped client, and the other way round", "works")
@pytest.mark.parametrize("inside", [True, False])
def test_langsmiths_wrapper_and_ours_go_together(url: str, inside: bool) -> None:
    assert "LANGSMITH_TRACING" not in os.environ
    with openai.OpenAI(base_url=url, api_key="k") as raw:
        client = wrap_openai(wholejson.wrap(raw)) if inside else wholejson.wrap(wrap_openai(raw))
        assert WHOLE == contents(client)


def test_the_table_in_the_docs_is_this_one() -> None:
    assert rows.in_the_docs() == rows.held
