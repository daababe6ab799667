"""An OpenAI-compatible ASGI app that streams documents as providers do: no model, no network.

::

    app = Replay(['{"name": "John Doe", "age": 30}'])

The embedded upstream of the demo, and a test double for code that uses the API. As strict as the
real one about requests: an unknown member of ``stream_options`` is a 400.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._http.body import BodyTooLargeError, ClientGoneError, header, read_body
from ._http.chunks import Answer, tokens
from ._http.disconnect import Departure
from ._http.errors import send_error, send_not_allowed, send_too_large
from ._http.faults import BrokenError, faulty
from ._http.offered import wanted_call, wrong_tools

if TYPE_CHECKING:
    from ._http.types import Receive, Scope, Send

__all__ = ["Replay"]

_CREATED = 1_750_000_000
_PATHS = {"/models": ("GET", "HEAD"), "/chat/completions": ("POST",)}
_UNKNOWN = (
    "there is nothing at this path; here are POST …/chat/completions and GET …/models, such as "
    "/v1/chat/completions"
)
_EXAMPLE = 'an object, such as {"model": "m", "messages": [], "stream": true}'
# A message, the parameter, a code.
_Wrong = tuple[str, "str | None", str]
_STREAM_OPTIONS = ("include_usage", "include_obfuscation")
_FORMATS = ("text", "json_object", "json_schema")
_LIMIT = 64 << 20


class Replay:
    """Streams documents, token by token, as an OpenAI-compatible provider.

    :param documents: texts that are served in turn; or texts by the name of a model, of which
        the first answers for a model that has no text of its own. With ``n`` above 1, the
        choices get the documents that follow.
    :param seed: decides how texts are cut into tokens, and the ids. The same seed, document and
        request give the same bytes.
    :param pace: seconds between two events.
    :param faults: obey the header ``x-replay-fault`` of requests, such as ``cut@5``: a fault
        and the number of the event at which it strikes. For tests.

    Answers ``POST …/chat/completions`` (streamed or not; ``n``, ``response_format`` of all three
    types, ``stream_options.include_usage``, ``logprobs``, ``tools``, empty ``messages``) and
    ``GET …/models``. ``json_schema`` gets the document without needless white space, as strict
    schemas do. Each event goes out in a send of its own.

    Nobody decides here whether a tool is called, so ``tool_choice`` does: with ``"required"`` the
    first of ``tools``, or the function that it names, is called, and the document is the call's
    arguments. Without it, and with ``"auto"`` or ``"none"``, the answer is the document as text.
    The legacy ``functions`` are refused, and so are tools that are no functions.
    """

    def __init__(
        self,
        documents: Sequence[str] | Mapping[str, str],
        *,
        seed: int = 0,
        pace: float = 0.0,
        faults: bool = False,
    ) -> None:
        if isinstance(documents, str) or not documents:
            raise ValueError("documents must be a sequence of texts, or texts by model; not empty")
        named = documents if isinstance(documents, Mapping) else None
        self._models = list(named) if named is not None else ["replay"]
        texts: list[Any] = list(named.values() if named is not None else documents)
        for text in texts:
            if not isinstance(text, str):
                kind = type(text).__name__
                raise TypeError(f"a document is JSON text (str), not {kind}; json.dumps() makes it")
        self._texts: list[str] = texts
        self._by_name = named is not None
        self._seed = seed
        self._pace = pace
        self._faults = faults
        self._turn = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"].rstrip("/"), scope["method"]
        found = (methods for end, methods in _PATHS.items() if path.endswith(end))
        allowed = next(found, ())
        if not allowed:
            await send_error(send, 404, _UNKNOWN, code="unknown_path")
        elif method not in allowed:
            await send_not_allowed(send, method, allowed)
        elif method != "POST":
            await _send_json(send, self._list_models())
        else:
            try:
                body = await read_body(scope, receive, _LIMIT)
            except ClientGoneError:
                return
            except BodyTooLargeError:
                await send_too_large(send, _LIMIT)
                return
            await self._complete(scope, body, receive, send)

    def _list_models(self) -> dict[str, Any]:
        model = {"object": "model", "created": _CREATED, "owned_by": "wholejson"}
        return {"object": "list", "data": [{"id": name, **model} for name in self._models]}

    async def _complete(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        request, wrong = _read(body)
        wrong = wrong or _wrong(request)
        if wrong is not None:
            message, param, code = wrong
            await send_error(send, 400, message, param=param, code=code)
            return
        answer = self._answer(request)
        fault = header(scope, b"x-replay-fault") if self._faults else None
        if not request.get("stream"):
            await _send_json(send, answer.whole())
            return
        departure = Departure(receive)
        work = self._stream(answer, fault, send, departure)
        # Without the end of the response the server breaks the connection.
        with contextlib.suppress(BrokenError):
            async with departure:
                await work

    def _answer(self, request: dict[str, Any]) -> Answer:
        model = str(request.get("model") or self._models[0])
        if self._by_name:
            first = self._models.index(model) if model in self._models else 0
        else:
            first = next(self._turn)
        count = request.get("n") or 1
        texts = [self._texts[(first + i) % len(self._texts)] for i in range(count)]
        wanted = (request.get("response_format") or {}).get("type")
        call = wanted_call(request)
        if wanted == "json_schema" or call is not None:
            texts = [_compact(text) for text in texts]
        # hash() of a str differs between processes; a str as seed does not.
        rng = random.Random(f"{self._seed}/{request.get('seed')}/{first % len(self._texts)}")  # noqa: S311
        return Answer(
            identifier=f"chatcmpl-{rng.getrandbits(116):029x}",
            created=_CREATED,
            model=model,
            choices=[tokens(text, rng) for text in texts],
            prompt=sum(len(str(message)) for message in request.get("messages") or ()) // 4,
            usage=bool((request.get("stream_options") or {}).get("include_usage")),
            logprobs=bool(request.get("logprobs")) and call is None,
            call=call,
        )

    async def _stream(
        self, answer: Answer, fault: bytes | None, send: Send, departure: Departure
    ) -> None:
        events: Iterator[bytes | float] = answer.events()
        status, headers = 200, [(b"content-type", b"text/event-stream; charset=utf-8")]
        if fault is not None:
            status, headers, events = faulty(fault.decode("latin-1"), headers, answer.events())
        headers = [*headers, (b"x-request-id", f"req_{answer.identifier[9:]}".encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for event in events:
            if isinstance(event, float):
                await asyncio.sleep(event)
                continue
            await send({"type": "http.response.body", "body": event, "more_body": True})
            await asyncio.sleep(self._pace)
        departure.settle()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _read(body: bytes) -> tuple[Any, _Wrong | None]:
    """Read the body of a request, or say what is wrong with it."""
    where = ""
    try:
        request = json.loads(body)
    except json.JSONDecodeError as error:
        request, where = None, f" ({error.msg}, line {error.lineno}, column {error.colno})"
    except (ValueError, RecursionError):
        request, where = None, " (it is not UTF-8, or nested too deep)"
    if isinstance(request, dict):
        return request, None
    what = f"the body is no JSON{where}" if where else "the body is JSON, but no object"
    return None, (f"{what}; send {_EXAMPLE}", None, "invalid_json")


def _wrong(request: Any) -> _Wrong | None:
    """Say what is wrong with a request."""
    if not isinstance(request.get("stream"), bool | None):
        return "stream must be true, false or null", "stream", "invalid_type"
    options = request.get("stream_options")
    if options is not None:
        if not isinstance(options, dict):
            text = 'stream_options must be an object, such as {"include_usage": true}, or null'
            return text, "stream_options", "invalid_type"
        if not request.get("stream"):
            text = 'set "stream": true, or leave stream_options out: it is only for streams'
            return text, "stream_options", "invalid_value"
        for name in options:
            if name not in _STREAM_OPTIONS:
                param = f"stream_options.{name}"[:200]
                text = f"Unknown parameter: '{param}'. Allowed are {' and '.join(_STREAM_OPTIONS)}."
                return text, param, "unknown_parameter"
    wanted = request.get("response_format")
    if wanted is not None and (not isinstance(wanted, dict) or wanted.get("type") not in _FORMATS):
        text = "response_format.type must be one of text, json_object, json_schema"
        return text, "response_format.type", "invalid_value"
    if request.get("functions") is not None or request.get("function_call") is not None:
        param = "functions" if "functions" in request else "function_call"
        return f"{param} is not replayed; use tools and tool_choice", param, "invalid_value"
    wrong = wrong_tools(request)
    if wrong is not None:
        return wrong
    n = request.get("n", 1)
    if n is not None and (not isinstance(n, int) or not 1 <= n <= 128):
        return "n must be a whole number from 1 to 128", "n", "invalid_value"
    if not isinstance(request.get("messages") or [], list):
        return "messages must be an array", "messages", "invalid_type"
    return None


def _compact(text: str) -> str:
    try:
        return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


async def _send_json(send: Send, value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
