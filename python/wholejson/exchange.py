"""What the transports of `wrap` decide: whom they serve, with what, and how an answer is read.

It knows `httpx` and `httpx2` by their shape, which is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _core
from ._http.errors import json_error, status_of
from .errors import OptionError
from .joining import refusal

if TYPE_CHECKING:
    from types import ModuleType

    from .aliases import Mode

OPTION = "stream_options.valid_json_chunks"
# Why a request can't be served.
RESPONSES = (
    "valid_json_chunks is not supported for the Responses API: use chat.completions.create(), or "
    "leave valid_json_chunks out"
)
SIGNED = (
    "valid_json_chunks cannot be taken out of this request, because its body is signed (AWS "
    "SigV4): use a bearer key, or leave it out and give the stream to wholejson.wrap_stream()"
)
NO_STREAM = "the upstream answered with one JSON document where a stream was asked for"


class Guide:
    """What all transports of a client decide alike.

    :param library: the module `httpx` or `httpx2`.
    :param options: of each stream's `ChunkTransformer`, where a request says nothing else.
    """

    def __init__(self, library: ModuleType, options: dict[str, Any]) -> None:
        self.library, self.options = library, options

    def exchange(self, request: Any) -> Exchange | None:
        """Read a request; `None` if it is to be sent as it is, and its answer given as it comes."""
        path = request.url.path.rstrip("/")
        chat = path.endswith("/chat/completions")
        # Other streams can be read but once, and are files.
        loaded = isinstance(request.stream, self.library.ByteStream)
        if not loaded or not (chat or path.endswith("/responses")):
            return None
        try:
            read = _core.read_request(b"".join(request.stream))
        except OptionError as error:
            refusal = self.answer(400, str(error), error.param, "invalid_value")
            return Exchange(self, request, refusal=refusal)
        if read is None or not read.asked:
            return None
        reason = _unserved(request, chat, read)
        if reason is not None:
            message, code = reason
            return Exchange(self, request, refusal=self.answer(400, message, OPTION, code))
        stripped = self._with_body(request, read.body)
        if read.options is None:
            return Exchange(self, stripped)
        options = {**self.options, **read.options}
        transformer = _core.ChunkTransformer(**options)
        return Exchange(self, stripped, transformer=transformer, mode=options["mode"])

    def _with_body(self, request: Any, body: bytes) -> Any:
        headers = request.headers.copy()
        headers["content-length"] = str(len(body))
        # Packed streams come late, in blocks. One that comes packed all the same is unpacked.
        headers["accept-encoding"] = "identity"
        return self.library.Request(
            request.method,
            request.url,
            headers=headers,
            content=body,
            extensions=request.extensions,
        )

    def answer(self, status: int, message: str, param: str | None, code: str) -> Any:
        """Answer in the upstream's place, in the words of its API. An SDK doesn't ask again."""
        kind = "invalid_request_error" if status < 500 else "server_error"
        error = {"message": message, "type": kind, "param": param, "code": code}
        headers = {"x-should-retry": "false"}
        return self.library.Response(status, headers=headers, json={"error": error})


def _unserved(request: Any, chat: bool, read: _core.Request) -> tuple[str, str] | None:
    """Tell why a request with the option can't be served, if so."""
    if not chat:
        return RESPONSES, "unsupported_api"
    if request.headers.get("authorization", "").startswith("AWS4-"):
        return SIGNED, "unsupported_signature"
    if read.options is not None:
        why = refusal(request.headers.get, read.body, read.options)
        if why is not None:
            return why, "unsupported_helper"
    return None


class Exchange:
    """One request with the option, and what becomes of its answer.

    :ivar request: to be sent instead.
    :ivar refusal: the answer to give instead of sending anything, or `None`.
    """

    def __init__(
        self,
        guide: Guide,
        request: Any,
        *,
        transformer: _core.ChunkTransformer | None = None,
        mode: Mode = "snapshot",
        refusal: Any = None,
    ) -> None:
        self.guide, self.request = guide, request
        self.transformer, self.refusal = transformer, refusal
        self._mode = mode

    def is_stream(self, response: Any) -> bool:
        """Tell whether the answer is the event stream that was asked for."""
        return self.transformer is not None and response.status_code == 200 and not _whole(response)

    def is_whole(self, response: Any) -> bool:
        """Tell whether it came whole instead: an SDK would read that as an empty stream."""
        return self.transformer is not None and response.status_code == 200 and _whole(response)

    def transformed(self, response: Any, stream: type) -> Any:
        """Give the answer with `stream` over its bytes, unpacked where they came packed."""
        headers = _without_body(response)
        headers["x-valid-json-chunks"] = self._mode
        timeout = self.guide.library.TimeoutException
        return self.guide.library.Response(
            response.status_code,
            headers=headers,
            stream=stream(response, self.transformer, timeout),
            extensions=response.extensions,
        )

    def judged(self, response: Any, body: bytes) -> Any:
        """Give an answer that came whole the status that its error speaks of, or 502."""
        error = json_error(body)
        if error is None:
            return self.guide.answer(502, NO_STREAM, None, "upstream_closed")
        return self.guide.library.Response(
            status_of(error), headers=_without_body(response), json={"error": error}
        )


def _whole(response: Any) -> bool:
    media_type: str = response.headers.get("content-type", "").partition(";")[0]
    return media_type.strip().lower() == "application/json"


def _without_body(response: Any) -> Any:
    """Copy the headers, but for those that speak of the body's bytes, which will be others."""
    headers = response.headers.copy()
    for name in ("content-length", "content-encoding", "transfer-encoding"):
        headers.pop(name, None)
    return headers
