"""What a wrapped client refuses, and what it does when a stream fails."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from support.sdk import (
    DOCUMENT,
    FLAG,
    Caller,
    Provider,
    ask,
    client_of,
    contents,
    expected,
    streaming,
)

# What is refused, before anything is sent


def refused(provider: Provider, call: Any) -> str:
    since = len(provider.sent())
    with pytest.raises(openai.BadRequestError) as caught:
        call()
    assert [] == provider.sent(since)
    return str(caught.value)


def test_a_wrong_option_is_refused_by_name(caller: Caller) -> None:
    options = {"valid_json_chunks": {"repairs": True}}
    message = refused(caller.provider, lambda: caller.stream(stream_options=options))
    assert "stream_options.valid_json_chunks.repairs" in message
    assert "repair: true or false" in message


def test_the_stream_helper_is_refused_with_the_remedy(provider: Provider) -> None:
    with client_of(provider) as client:
        completions: Any = client.chat.completions
        if not hasattr(completions, "stream"):
            completions = client.beta.chat.completions

        def call() -> None:
            with completions.stream(**ask(stream_options=FLAG)):
                pass

        assert "create(stream=True, …)" in refused(provider, call)
        with completions.stream(**ask()) as stream:
            assert DOCUMENT == stream.get_final_completion().choices[0].message.content


@pytest.mark.parametrize("method", ["create", "stream"])
def test_the_responses_api_is_named_as_not_supported(provider: Provider, method: str) -> None:
    with client_of(provider) as client:
        responses: Any = client.responses
        body = {"extra_body": {"stream_options": FLAG}}

        def call() -> None:
            if method == "create":
                responses.create(model="m", input="hi", stream=True, **body)
            else:
                with responses.stream(model="m", input="hi", **body):
                    pass

        assert "not supported for the Responses API" in refused(provider, call)


def test_a_signed_body_is_refused(provider: Provider) -> None:
    signed = {"extra_headers": {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}}
    with client_of(provider) as client:
        create = client.chat.completions.create
        assert "SigV4" in refused(provider, lambda: create(**streaming(**signed)))


# What goes wrong on the way


def failing(caller: Caller, script: str, document: str = DOCUMENT, **given: Any) -> Any:
    with pytest.raises(openai.APIError) as caught:
        caller.stream(script, document, **given)
    return caught.value


def test_a_stream_that_breaks_off_keeps_what_was_shown_and_raises(caller: Caller) -> None:
    error = failing(caller, "broken")
    assert "upstream_closed" == error.code
    shown = contents(error.chunks)
    assert shown
    assert expected(DOCUMENT)[: len(shown)] == shown


def test_a_stream_that_stands_still_ends_at_the_clients_timeout(caller: Caller) -> None:
    error = failing(caller, "stalled", timeout=0.3)
    assert "upstream_timeout" == error.code
    assert expected(DOCUMENT)[: len(error.chunks)] == contents(error.chunks) != []


def test_an_empty_stream_is_no_success(caller: Caller) -> None:
    assert "upstream_closed" == failing(caller, "silent").code


def test_text_without_json_is_no_success_and_is_told(caller: Caller) -> None:
    error = failing(caller, "plain", "I am sorry, Dave.")
    assert "no_json" == error.code
    assert "I am sorry, Dave." in json.dumps(error.body)


def test_the_upstreams_own_error_event_comes_as_it_came(caller: Caller) -> None:
    error = failing(caller, "erring")
    assert "overloaded" == error.message
    assert "engine" == error.code


def test_an_error_status_is_the_providers_own(caller: Caller) -> None:
    error = failing(caller, "denied")
    assert openai.AuthenticationError is type(error)
    assert "bad_key" == error.code


def test_an_error_body_with_status_200_gets_the_status_it_speaks_of(caller: Caller) -> None:
    error = failing(caller, "sorry", client={"max_retries": 0})
    assert openai.RateLimitError is type(error)
    assert "no capacity" in str(error)
    assert "req_scripted" == error.request_id


def test_an_answer_in_one_piece_is_no_empty_stream_and_is_paid_once(caller: Caller) -> None:
    since = len(caller.provider.sent())
    error = failing(caller, "unstreamed")
    assert 502 == error.status_code
    assert "where a stream was asked for" in str(error)
    assert 1 == len(caller.provider.sent(since))
