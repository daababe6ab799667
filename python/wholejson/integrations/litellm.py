"""Whole JSON in every chunk, from a LiteLLM proxy.

In the proxy's YAML::

    litellm_settings:
      callbacks: wholejson.integrations.litellm.valid_json_chunks

Then ``stream_options: {"valid_json_chunks": true}`` works for ``/chat/completions`` of every model
that the proxy serves. LiteLLM's own logging, cost and caching see the raw answer. All other
requests, and other APIs such as ``/v1/messages``, pass as they are. Guardrails that read answers
must be registered before it, so that they see the raw text too.

Tested with LiteLLM 1.106; releases of 2025 write raw events as text and do not work with it.
LiteLLM keeps every chunk that it serves until the stream ends, and here each holds a whole
document: a document of 16 KB costs it about 30 MB for as long as it streams.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from weakref import WeakKeyDictionary

from wholejson._core import read_request
from wholejson.errors import Error, InvalidJSONError, LimitError, NoJSONError, OptionError
from wholejson.joining import refusal
from wholejson.stream import wrap_stream

try:  # types are checked with and without them
    from fastapi import HTTPException  # type: ignore[import-not-found, unused-ignore]
    from litellm.integrations.custom_logger import (  # type: ignore[import-not-found, unused-ignore]
        CustomLogger,
    )
except ImportError as error:
    raise ImportError(
        "wholejson.integrations.litellm runs inside a LiteLLM proxy: pip install 'litellm[proxy]'"
    ) from error

__all__ = ["ValidJSONChunks", "valid_json_chunks"]

# What of a request says whether and how its answer is to be turned.
_READ = ("stream", "stream_options", "response_format", "n")
_CALLS = ("completion", "acompletion")
_CODES = {InvalidJSONError: "invalid_json", LimitError: "limit_exceeded", NoJSONError: "no_json"}

# LiteLLM logs what was served instead of what the model said, joined, if all that was served are
# chunks. A comment among them makes it log what the model said.
_NOTE = b": every chunk is whole JSON\n\n"


class ValidJSONChunks(CustomLogger):  # type: ignore[misc, unused-ignore]
    """A LiteLLM callback: takes the option out of a request, and turns the stream that answers.

    :param options: as for :func:`wholejson.wrap_stream`, where a request says nothing else.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self._options = options
        # What was asked for, by the object that LiteLLM keeps for as long as a request lasts.
        self._asked: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any]:
        """Take the option out of `data`. A wrong one, and the SDK's helper, are refused by 400."""
        if call_type not in _CALLS:
            return data
        said = {name: data[name] for name in _READ if name in data}
        try:
            read = read_request(json.dumps(said, default=str).encode())
        except OptionError as error:
            raise HTTPException(400, {"error": str(error)}) from error
        if read is None or not read.asked:
            return data
        data.pop("stream_options")
        kept = json.loads(read.body)
        if "stream_options" in kept:
            data["stream_options"] = kept["stream_options"]
        if read.options is not None:
            headers = (data.get("proxy_server_request") or {}).get("headers") or {}
            why = refusal(headers.get, read.body, read.options)
            if why is not None:
                raise HTTPException(400, {"error": why})
            self._asked[data["litellm_logging_obj"]] = {**self._options, **read.options}
        return data

    async def async_post_call_response_headers_hook(
        self, data: dict[str, Any], *_: Any, **__: Any
    ) -> dict[str, str] | None:
        """Say in a header of the answer what its chunks are."""
        options = self._of(data)
        return None if options is None else {"x-valid-json-chunks": options.get("mode", "snapshot")}

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: dict[str, Any]
    ) -> AsyncIterator[Any]:
        """Give the chunks of `response`, turned if that was asked for."""
        options = self._of(request_data)
        if options is None:
            async for chunk in response:
                yield chunk
            return
        async with wrap_stream(response, **options) as stream:
            said = False
            try:
                async for chunk in stream:
                    if not said:
                        said = True
                        yield _NOTE
                    yield chunk
            except Error as error:
                # The call was a success, and is billed as one; its text was no JSON.
                request_data["_litellm_skip_openai_stream_done"] = True
                yield _event(error)

    def _of(self, data: dict[str, Any]) -> dict[str, Any] | None:
        call = data.get("litellm_logging_obj")
        return None if call is None else self._asked.get(call)


def _event(error: Error) -> bytes:
    """Write the one error event."""
    code = _CODES.get(type(error), error.kind)
    said = {"message": str(error), "type": "valid_json_chunks_error", "param": None, "code": code}
    if isinstance(error, NoJSONError):
        said["text"] = getattr(error, "text", None)
    return b"data: %s\n\n" % json.dumps({"error": said}).encode()


valid_json_chunks = ValidJSONChunks()
