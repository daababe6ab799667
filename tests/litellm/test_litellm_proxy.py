"""A real LiteLLM proxy with our callback, registered as its documentation tells.

It runs in an environment of its own, with LiteLLM: see `test_litellm.py`.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

import wholejson

TESTS = Path(__file__).parents[1]
DOCUMENT = '{"name": "John Doe", "age": 30}'
PIECES = [DOCUMENT[i : i + 4] for i in range(0, len(DOCUMENT), 4)]
WHOLE = [*wholejson.snapshots(PIECES), DOCUMENT]
FLAG: Any = {"valid_json_chunks": True}
PLANTED_KEY = "sk-planted-upstream-key"

CONFIG = """
model_list:
  - model_name: plain
    litellm_params:
      {{model: openai/scripted, api_base: "{base}/plain/v1", api_key: {key},
       input_cost_per_token: 0.25, output_cost_per_token: 0.5}}
  - model_name: broken
    litellm_params: {{model: openai/scripted, api_base: "{base}/broken/v1", api_key: {key}}}
  - model_name: claude
    litellm_params: {{model: anthropic/claude, api_base: "{base}/claude", api_key: {key}}}
litellm_settings:
  callbacks: [wholejson.integrations.litellm.valid_json_chunks, recorder.recorder]
  cache: true
  cache_params: {{type: local, mode: default_off}}
  num_retries: 0
"""
RECORDER = """
import json
from litellm.integrations.custom_logger import CustomLogger

class Recorder(CustomLogger):
    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        said = kwargs["standard_logging_object"]
        with open({path!r}, "a") as file:
            told = [said["response"], said["total_tokens"], said["response_cost"]]
            print(json.dumps(told, default=str), file=file)

recorder = Recorder()
"""


def fetch(request: str | urllib.request.Request) -> bytes:
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own servers
        return bytes(answer.read())


class Proxy:
    def __init__(self, upstream: str, directory: Path) -> None:
        self.upstream, self.records = upstream, directory / "records"
        self.key = "sk-" + secrets.token_hex(32)
        (directory / "config.yaml").write_text(CONFIG.format(base=upstream, key=PLANTED_KEY))
        (directory / "recorder.py").write_text(RECORDER.format(path=str(self.records)))
        self.records.touch()
        self.log = directory / "log"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def client(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=self.key, max_retries=0)

    def started(self, directory: Path) -> subprocess.Popen[bytes]:
        command = [str(Path(sys.executable).parent / "litellm"), "--host", "127.0.0.1"]
        command += ["--config", str(directory / "config.yaml"), "--port", str(self.port)]
        local = {"LITELLM_MASTER_KEY": self.key, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        with self.log.open("wb") as log:
            process = subprocess.Popen(command, env=os.environ | local, stdout=log, stderr=log)
        deadline = time.monotonic() + 90
        while not self.answers():
            assert process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)
        return process

    def answers(self) -> bool:
        try:
            fetch(f"{self.url}/health/liveliness")
        except OSError:
            return False
        return True

    def sent(self) -> list[Any]:
        """The bodies that the upstream got."""
        requests = json.loads(fetch(f"{self.upstream}/_seen"))["requests"]
        bodies = (base64.b64decode(request["body"]) for request in requests)
        # LiteLLM also asks for the models, without a body.
        return [json.loads(body) for body in bodies if body]

    def recorded(self, count: int) -> list[Any]:
        """What LiteLLM's own logging says of the calls so far."""
        deadline = time.monotonic() + 10
        while len(lines := self.records.read_text().splitlines()) < count:
            assert time.monotonic() < deadline, lines
            time.sleep(0.05)
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    directory = tmp_path_factory.mktemp("litellm")
    command = [sys.executable, str(TESTS / "support" / "scripted.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as upstream:
        assert upstream.stdin is not None
        assert upstream.stdout is not None
        proxy = Proxy(f"http://127.0.0.1:{int(upstream.stdout.readline())}", directory)
        with proxy.started(directory) as process:
            yield proxy
            process.terminate()
        upstream.stdin.close()


def request(document: str = DOCUMENT, **given: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": document}]
    return {"model": "plain", "messages": messages, "stream": True, **given}


def contents(chunks: Any) -> list[Any]:
    return [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]


def test_every_chunk_is_the_whole_document(proxy: Proxy) -> None:
    with proxy.client() as client:
        create = client.chat.completions.with_raw_response.create
        raw = create(**request(stream_options=FLAG))
        assert "snapshot" == raw.headers["x-valid-json-chunks"]
        chunks = [chunk for chunk in raw.parse() if chunk.choices]
        assert WHOLE == contents(chunks)
        assert "assistant" == chunks[0].choices[0].delta.role
        status = {"complete": True, "repairs": 0}
        assert status == wholejson.json_status(chunks[-1].choices[0])
        assert "plain" == chunks[0].model


def test_patches_lead_to_the_document_too(proxy: Proxy) -> None:
    options: Any = {"valid_json_chunks": {"mode": "patch"}}
    value: Any = None
    with proxy.client() as client:
        create = client.chat.completions.with_raw_response.create
        raw = create(**request(stream_options=options))
        assert "patch" == raw.headers["x-valid-json-chunks"]
        for text in contents(raw.parse()):
            value = wholejson.apply_operations(value, json.loads(text or "[]"))
    assert json.loads(DOCUMENT) == value


def test_the_upstream_never_sees_the_option(proxy: Proxy) -> None:
    since = len(proxy.sent())
    with proxy.client() as client:
        options: Any = {"valid_json_chunks": {"style": "compact"}, "include_usage": True}
        chunks = list(client.chat.completions.create(**request(stream_options=options)))
    (body,) = proxy.sent()[since:]
    assert {"include_usage": True} == body["stream_options"]
    assert '{"name":"John Doe","age":30}' == contents(chunks)[-1]
    assert chunks[-1].usage is not None
    assert 3 == chunks[-1].usage.total_tokens


def test_streams_without_the_option_are_untouched(proxy: Proxy) -> None:
    with proxy.client() as client:
        raw = client.chat.completions.with_raw_response.create(**request())
        assert "x-valid-json-chunks" not in raw.headers
        assert PIECES == [text for text in contents(raw.parse()) if text]
        whole = client.chat.completions.create(**request(stream=False))
        assert DOCUMENT == whole.choices[0].message.content


def test_litellms_own_logging_sees_the_raw_text_its_tokens_and_its_cost(proxy: Proxy) -> None:
    before = len(proxy.recorded(0))
    with proxy.client() as client:
        usage: Any = {"valid_json_chunks": True, "include_usage": True}
        list(client.chat.completions.create(**request(stream_options=usage)))
    response, tokens, cost = proxy.recorded(before + 1)[-1]
    assert DOCUMENT == response["choices"][0]["message"]["content"]
    assert (3, 1 * 0.25 + 2 * 0.5) == (tokens, cost)


def test_litellms_cache_holds_the_raw_text(proxy: Proxy) -> None:
    document = json.dumps({"cached": "a" * 20})
    cached: Any = {"extra_body": {"cache": {"use-cache": True}}}
    since = len(proxy.sent())
    with proxy.client() as client:
        create = client.chat.completions.create
        first = contents(create(**request(document, stream_options=FLAG, **cached)))
        time.sleep(1)  # the cache is written beside the answer
        again = contents(create(**request(document, stream_options=FLAG, **cached)))
        plain = contents(create(**request(document, **cached)))
    assert document == first[-1] == again[-1]
    assert all(json.loads(text) for text in again)
    assert document == "".join(text for text in plain if text)
    assert 1 == len(proxy.sent()[since:])


def test_an_answer_without_json_ends_in_the_one_error_event(proxy: Proxy) -> None:
    with proxy.client() as client:
        create = client.chat.completions.with_streaming_response.create
        with create(**request("I am sorry, Dave.", stream_options=FLAG)) as response:
            lines = [line for line in response.iter_lines() if line]
    error = json.loads(lines[-1].removeprefix("data: "))["error"]
    assert "no_json" == error["code"]
    assert "I am sorry, Dave." == error["text"]
    assert 1 == sum('"error": {' in line for line in lines)


def test_what_breaks_off_keeps_what_was_shown_and_raises(proxy: Proxy) -> None:
    shown: list[Any] = []
    with proxy.client() as client, pytest.raises(openai.APIError):
        shown.extend(client.chat.completions.create(**request(model="broken", stream_options=FLAG)))
    assert WHOLE[: len(shown)] == contents(shown)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"repairs": True}, "valid_json_chunks.repairs"), ("yes", "valid_json_chunks")],
)
def test_a_wrong_option_is_refused_by_name(proxy: Proxy, options: Any, said: str) -> None:
    since = len(proxy.sent())
    wrong: Any = {"valid_json_chunks": options}
    with proxy.client() as client, pytest.raises(openai.BadRequestError, match=said):
        client.chat.completions.create(**request(stream_options=wrong))
    assert [] == proxy.sent()[since:]


def test_the_sdks_helper_that_joins_contents_is_refused(proxy: Proxy) -> None:
    given = request(stream_options=FLAG)
    del given["stream"]
    with proxy.client() as client:
        manager = client.chat.completions.stream(**given)
        with pytest.raises(openai.BadRequestError, match=r"\.stream\(\) helper"), manager:
            pass


def test_anthropics_byte_streams_pass(proxy: Proxy) -> None:
    body = request(model="claude", max_tokens=100)
    headers = {"content-type": "application/json", "x-api-key": proxy.key}
    post = urllib.request.Request(  # noqa: S310 - our own server
        f"{proxy.url}/v1/messages", json.dumps(body).encode(), headers
    )
    lines = fetch(post).decode().splitlines()
    data = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert "message_start" == data[0]["type"]
    assert "message_stop" == data[-1]["type"]
    deltas = [event["delta"] for event in data if event["type"] == "content_block_delta"]
    assert DOCUMENT == "".join(delta["text"] for delta in deltas)


def test_no_key_is_in_the_log(proxy: Proxy) -> None:
    log = proxy.log.read_text()
    assert "POST /v1/chat/completions" in log
    assert PLANTED_KEY not in log
    assert proxy.key not in log


def test_the_documentation_names_the_callback_that_is_tested() -> None:
    text = (TESTS.parent / "docs" / "litellm.md").read_text(encoding="utf-8")
    assert "callbacks: [wholejson.integrations.litellm.valid_json_chunks]" in text
    assert "callbacks: [wholejson.integrations.litellm.valid_json_chunks," in CONFIG
