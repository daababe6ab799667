"""Whole JSON in every chunk, for any OpenAI-compatible ASGI app.

::

    app = ValidJSONChunks(app)              # around any ASGI app
    app.add_middleware(ValidJSONChunks)     # in Starlette and FastAPI

Requests with ``stream_options: {"valid_json_chunks": true}`` get streams in which the content of
every chunk is a whole JSON document. All others pass as they are, byte for byte.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ._core import ChunkTransformer, read_request
from ._http.body import (
    BodyTooLargeError,
    ClientGoneError,
    header,
    read_body,
    replay,
    with_headers,
)
from ._http.disconnect import WATCHED, Departure
from ._http.errors import LIMIT_SETTING, send_error, send_too_large
from ._http.given import count, seconds
from ._http.source import Room
from ._http.timer import Timing
from ._http.turned import Turned
from .beside import beside
from .errors import OptionError, UpstreamError
from .joining import refusal

if TYPE_CHECKING:
    from types import TracebackType

    from ._core import Limits, Request
    from ._http.types import ASGIApp, Receive, Scope, Send
    from .aliases import Code, Mode, Root, Style

__all__ = ["ValidJSONChunks"]

_log = logging.getLogger("wholejson")


class ValidJSONChunks:
    """ASGI middleware: answers ``stream_options.valid_json_chunks`` for the app inside.

    :param app: the app inside. Its ``POST …/chat/completions`` never sees our key.
    :param root: ``"auto"``, ``"object"``, ``"array"`` or ``"any"``; a request may say otherwise.
    :param repair: repair malformed text; a request may say otherwise. Without a word from either,
        text is repaired, and arguments of tool calls are not.
    :param style: ``"spaced"`` or ``"compact"``; a request may say otherwise.
    :param limits: :class:`wholejson.Limits` for each stream; a request cannot change them.
    :param max_amplification, every_ms: leave updates out, as :class:`wholejson.ChunkTransformer`
        does; a request may say otherwise, and ``null`` sends all of them.
    :param mode, final: whether each content is the whole document or what changed, as for
        :class:`wholejson.ChunkTransformer`; a request may say otherwise.
    :param tool_calls: whether arguments of tool calls are whole documents too; a request may say
        otherwise.
    :param max_request_bytes: longer bodies of requests are answered with 413.
    :param heartbeat: seconds of silence after which a comment is sent, between events only;
        ``None`` for never.
    :param hold_bytes: bytes for which headers are held at most, until the first event.
    :param hold_seconds: seconds after the first byte for which they are held at most.
    :param max_held_bytes: text that all streams with the flag may hold together; one that passes
        it ends with ``limit_exceeded``. ``None`` for no limit.
    :param on_report: called with a dict when a stream with the flag has ended: what
        ``ChunkTransformer.report`` says, ``seconds``, ``first_snapshot_seconds`` (or ``None``),
        ``client_gone`` (it left before the last event had gone out) and ``agent_id`` (or
        ``None``).

    A client that leaves cancels the app inside. An app that raises, or ends without the end of
    its response, has broken off: streams with the flag tell it by one error event.

    Memory per stream: what :class:`wholejson.ChunkTransformer` holds, and a little that is fixed.
    A slow client slows the app inside down, whose `send` waits; nothing piles up. Of what comes
    in one read meanwhile, the client gets the newest snapshot only.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        root: Root = "auto",
        repair: bool | None = None,
        style: Style = "spaced",
        limits: Limits | None = None,
        max_amplification: int | None = 64,
        every_ms: int | None = None,
        mode: Mode = "snapshot",
        final: bool = True,
        tool_calls: bool = False,
        max_request_bytes: int = 64 << 20,
        heartbeat: float | None = None,
        hold_bytes: int = 8 << 10,
        hold_seconds: float = 0.25,
        max_held_bytes: int | None = None,
        on_report: Callable[[dict[str, Any]], object] | None = None,
    ) -> None:
        self.app = app
        self._options: dict[str, Any] = {
            "root": root,
            "repair": repair,
            "style": style,
            "limits": limits,
            "max_amplification": max_amplification,
            "every_ms": every_ms,
            "mode": mode,
            "final": final,
            "tool_calls": tool_calls,
        }
        ChunkTransformer(**self._options)  # a wrong option is told now, not at the first request
        count("max_request_bytes", max_request_bytes)
        seconds("heartbeat", heartbeat, never=True)
        count("hold_bytes", hold_bytes, least=0)
        seconds("hold_seconds", hold_seconds, zero=True)
        count("max_held_bytes", max_held_bytes, none="no limit")
        if on_report is not None and not callable(on_report):
            raise ValueError("on_report must be something to call with a dict, or None")
        self._limit = max_request_bytes
        self._timing = Timing(hold_bytes, hold_seconds, heartbeat)
        self._room = Room(max_held_bytes)
        self._on_report = on_report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "http" and scope["method"] == "POST":
            path = scope["path"].rstrip("/")
            if path.endswith("/chat/completions"):
                answering = await self._completion(scope, receive, send)
                # A stream goes on for long; it must not keep its request.
                del scope, receive, send
                if answering is not None:
                    await answering
                return
            if path.endswith("/responses"):
                await self._response(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _completion(
        self, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None] | None:
        """Read a request; give what answers it, unless it has been answered."""
        body = await self._body(scope, receive, send)
        if body is None:
            return None
        request = await _read(body, send)
        if request is None:
            return None
        if request is not _FOREIGN:
            _note(scope, agent_id=request.agent_id)
        if request is _FOREIGN or request.options is None:
            return self._pass(scope, body, request, receive, send)
        if why := refusal(partial(_said, scope), request.body, request.options):
            return send_error(send, 400, why, param=_FLAG, code="unsupported_helper")
        return self._turn(scope, request, receive, send)

    def _pass(
        self, scope: Scope, body: bytes, request: Any, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """Turn nothing; only our key may have to come out of the request."""
        if request is not _FOREIGN and request.asked:
            body, scope = request.body, _resized(scope, len(request.body), {})
        return self.app(scope, replay(body, receive), send)

    async def _turn(self, scope: Scope, request: Request, receive: Receive, send: Send) -> None:
        options: dict[str, Any] = {**self._options, **(request.options or {})}
        inner = _resized(scope, len(request.body), {b"accept-encoding": b"identity"})
        inner[WATCHED] = True
        make = partial(ChunkTransformer, **options)
        if len(options.get("schema") or "") > _LONG_SCHEMA:
            await beside(make)  # read once, it is known from then on
        departure = Departure(receive)
        turned = Turned(send, make, options["mode"], self._timing, departure, self._room)
        received = replay(request.body, departure.receive)
        agent_id = request.agent_id
        del request, options, make, receive, send
        try:
            async with departure, _Ending(turned):
                work = self.app(inner, received, turned.send)
                del inner, received
                await work
        except asyncio.CancelledError:
            # The server is shutting down. What is written now still goes out.
            if not departure.happened:
                await turned.close(
                    "upstream_closed", "the server was shut down before the stream had ended"
                )
            raise
        finally:
            turned.forget()
            report = turned.report()
            if report is not None:
                report["client_gone"] = departure.happened and not turned.told
                report["agent_id"] = agent_id
                _note(scope, report=report)
                self._tell(report)

    def _tell(self, report: dict[str, Any]) -> None:
        if self._on_report is not None:
            try:
                self._on_report(report)
            except Exception:
                _log.exception("on_report failed")

    async def _response(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say by name that the Responses API is not supported, where the flag asks for it."""
        body = await self._body(scope, receive, send)
        if body is None:
            return
        request = await _read(body, send)
        if request is None:
            return
        if request is not _FOREIGN and request.options is not None:
            await send_error(send, 400, _RESPONSES, param=_FLAG, code="unsupported_api")
        else:
            await self._pass(scope, body, request, receive, send)

    async def _body(self, scope: Scope, receive: Receive, send: Send) -> bytes | None:
        """Read the request; ``None`` if it has been answered already, or nobody is left."""
        try:
            return await read_body(scope, receive, self._limit)
        except ClientGoneError:
            return None
        except BodyTooLargeError:
            await send_too_large(send, self._limit, LIMIT_SETTING)
            return None


class _Ending:
    """Tells the client that the app inside has ended, if its response has not."""

    __slots__ = ("_turned",)

    def __init__(self, turned: Turned) -> None:
        self._turned = turned

    async def __aenter__(self) -> None:
        """Nothing has ended yet."""

    async def __aexit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> bool:
        """Tell it; and whether that is all there is to do about `error`."""
        if error is None:
            await self._turned.close()
        elif isinstance(error, UpstreamError):
            if self._turned.began:
                timeout = error.kind == "upstream_timeout"
                code: Code = "upstream_timeout" if timeout else "upstream_closed"
                await self._turned.close(code, str(error))
                return True
        elif isinstance(error, Exception):
            await self._turned.close()
        return False


# A body that is no JSON object: none of our business.
_FOREIGN = object()
# Bodies beyond this are read beside the event loop: nobody else's stream waits for them.
_LARGE = 1 << 20
# So are schemas beyond this.
_LONG_SCHEMA = 64 << 10


def _note(scope: Scope, **notes: object) -> None:
    """Tell whoever stands outside and has laid out a dict for it."""
    if "wholejson" in scope:
        scope["wholejson"].update(notes)


def _said(scope: Scope, name: str) -> str | None:
    value = header(scope, name.encode())
    return None if value is None else value.decode("latin-1")


def _resized(scope: Scope, length: int, changes: dict[bytes, bytes | None]) -> Scope:
    """Give the scope for a body of another length."""
    if header(scope, b"content-length") is not None:
        changes = {**changes, b"content-length": b"%d" % length}
    return {**scope, "headers": with_headers(list(scope["headers"]), changes)}


async def _read(body: bytes, send: Send) -> Any:
    """Read a request's options; ``None`` if they are wrong and that has been answered."""
    try:
        if len(body) > _LARGE:
            loop = asyncio.get_running_loop()
            request = await loop.run_in_executor(None, read_request, body)
        else:
            request = read_request(body)
    except OptionError as error:
        await send_error(send, 400, str(error), param=error.param, code="invalid_value")
        return None
    return _FOREIGN if request is None else request


_FLAG = "stream_options.valid_json_chunks"
_RESPONSES = (
    "valid_json_chunks is not supported for the Responses API (/responses): use "
    "/chat/completions, or leave valid_json_chunks out."
)
