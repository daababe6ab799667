"""A reverse proxy for an OpenAI-compatible API, as an ASGI app. It knows nothing of the feature.

::

    app = ReverseProxy("https://api.openai.com/v1")

What one read of the upstream brings goes out in one send. Status codes, bodies and headers pass
as they are, hop-by-hop headers apart.
"""

from __future__ import annotations

import asyncio
from functools import partial
from sys import intern
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlsplit

from ._http.body import BodyTooLargeError, ClientGoneError, read_body
from ._http.deadline import Deadline
from ._http.disconnect import WATCHED, Departure
from ._http.errors import LIMIT_SETTING, send_error, send_not_allowed, send_too_large
from ._http.given import count, seconds
from ._http.routes import UNKNOWN, route
from .errors import UpstreamError

try:
    import aiohttp
    from yarl import URL
except ImportError as error:  # pragma: no cover
    raise ImportError(
        "wholejson.proxy needs aiohttp: pip install 'wholejson[gateway]'", name=error.name
    ) from error

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ._http.types import Headers, Message, Receive, Scope, Send

    # A method, an address, a body and headers.
    _Request = tuple[str, URL, bytes | None, list[tuple[str, str]]]

__all__ = ["ReverseProxy"]

_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer"
    b" transfer-encoding upgrade".split()
)
# Set anew for the request to the upstream.
_OURS = _HOP_BY_HOP | {b"host", b"content-length", b"expect"}
# Seconds that an idle connection is kept. Servers close theirs after five or more, and a request
# that is not to be sent twice must not meet one that is about to go.
_KEEP_ALIVE = 4
# Where clients of one API or another put a key.
_KEYS = frozenset((b"authorization", b"api-key", b"x-api-key"))


class ReverseProxy:
    """Passes ``/v1/…`` on to one upstream, and only to that.

    :param upstream: the base URL as the SDKs take it, ``/v1`` included.
    :param api_key: the upstream's key; replaces what the client sent as ``Authorization``.
    :param connect_timeout: seconds to connect.
    :param first_byte_timeout: seconds from the request to the head of the answer.
    :param idle_timeout: seconds between two reads of an answer.
    :param max_request_bytes: longer requests are answered with 413.
    :param connections: how many connections to the upstream at most; 0 for any number.

    Before the first byte, a fault of the upstream is a 502 (``upstream_closed``) or a 504
    (``upstream_timeout``). After it, :class:`wholejson.UpstreamError` of that ``kind`` is raised,
    and the server breaks the client's connection: never a clean end of half an answer.

    Redirects are not followed, certificates are verified, environment variables for proxies and
    `.netrc` are not read. A client that leaves closes the connection to the upstream.
    """

    def __init__(
        self,
        upstream: str,
        *,
        api_key: str | None = None,
        connect_timeout: float = 5.0,
        first_byte_timeout: float = 600.0,
        idle_timeout: float = 300.0,
        max_request_bytes: int = 64 << 20,
        connections: int = 0,
    ) -> None:
        parts = urlsplit(upstream)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(
                "upstream must be a base URL with http:// or https://, such as "
                "https://api.openai.com/v1"
            )
        if parts.query or parts.fragment or parts.username or parts.password:
            raise ValueError("upstream must be a base URL without query, fragment or credentials")
        if parts.path.rstrip("/").endswith("/chat/completions"):
            raise ValueError("upstream must be a base URL, without /chat/completions at its end")
        seconds("connect_timeout", connect_timeout)
        seconds("first_byte_timeout", first_byte_timeout)
        seconds("idle_timeout", idle_timeout)
        count("max_request_bytes", max_request_bytes)
        count("connections", connections, least=0)
        self._base = upstream.rstrip("/")
        self._authorization = f"Bearer {api_key}".encode() if api_key else None
        self._connect = connect_timeout
        self._first_byte = first_byte_timeout
        self._idle = idle_timeout
        self._limit = max_request_bytes
        self._connections = connections
        self._sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            departure = None if WATCHED in scope else Departure(receive)
            work = await self._http(scope, receive, send, departure)
            # An answer goes on for long; it must not keep its request.
            del scope, receive, send
            if work is None:
                return
            if departure is None:
                await work
            else:
                async with departure:
                    await work
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def close(self) -> None:
        """Close every connection to the upstream."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(
        self, scope: Scope, receive: Receive, send: Send, departure: Departure | None
    ) -> Awaitable[None] | None:
        """Read a request; give what answers it, unless it has been answered."""
        path, allowed = route(scope["path"])
        if not allowed:
            await send_error(send, 404, UNKNOWN, code="unknown_path")
            return None
        if scope["method"] not in allowed:
            await send_not_allowed(send, scope["method"], allowed)
            return None
        try:
            body = await read_body(scope, receive, self._limit)
        except ClientGoneError:
            return None
        except BodyTooLargeError:
            await send_too_large(send, self._limit, LIMIT_SETTING)
            return None
        url = f"{self._base}/{quote(path, safe='/:@')}"
        if scope.get("query_string"):
            url += "?" + quote(scope["query_string"].decode("latin-1"), safe=_QUERY)
        headers = self._request_headers(scope["headers"])
        request = (scope["method"], URL(url, encoded=True), body or None, headers)
        return self._forward(request, send, departure)

    async def _forward(self, request: _Request, send: Send, departure: Departure | None) -> None:
        """Do one exchange with the upstream; it is cancelled if the client leaves."""
        deadline = Deadline()
        response: _Response | None = None
        try:
            deadline.wait(self._first_byte)
            asking = self._ask(request)
            del request
            response = await asking
            del asking
            deadline.pause()
            await send(response.start_message())
            content, idle = response.content, self._idle
            _break_off_when_lost(response)
            while True:
                deadline.wait(idle)
                data = await content.readany()
                deadline.pause()
                if not data:
                    break
                await send({"type": "http.response.body", "body": data, "more_body": True})
                data = b""  # a stream that waits for its upstream keeps nothing of what it sent
            if departure is not None:
                departure.settle()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (aiohttp.ClientError, OSError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError):
                if not deadline.expired:
                    raise
                deadline.absorb()
            fault = _fault(error, self._first_byte if response is None else self._idle)
            if response is not None:
                raise fault from None
            status = 504 if fault.kind == "upstream_timeout" else 502
            await send_error(send, status, str(fault), code=fault.kind)
        finally:
            deadline.close()
            if response is not None:
                response.close()

    async def _ask(self, request: _Request) -> _Response:
        method, url, body, headers = request
        asking = self._session().request(
            method, url, data=body, headers=headers, allow_redirects=False
        )
        return cast("_Response", await asking)

    def _request_headers(self, given: Headers) -> list[tuple[str, str]]:
        drop = _OURS | _KEYS if self._authorization else _OURS
        headers = _end_to_end(given, drop)
        if self._authorization:
            headers.append((b"authorization", self._authorization))
        # Names are kept as long as the answer goes on, by every answer: it is one text for all.
        return [(intern(key.decode("latin-1")), value.decode("latin-1")) for key, value in headers]

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            session = self._sessions[loop] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections, keepalive_timeout=_KEEP_ALIVE
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect),
                response_class=_Response,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                max_line_size=64 << 10,
                max_field_size=64 << 10,
            )
        return session


class _Response(aiohttp.ClientResponse):
    """An answer that goes on without its headers and those of its request, some kilobytes."""

    def start_message(self) -> Message:
        """Say how it begins; once."""
        headers = _end_to_end(self.raw_headers, _HOP_BY_HOP)
        self._raw_headers = ()
        self._headers = self._request_info = _GONE
        return {"type": "http.response.start", "status": self.status, "headers": headers}


_GONE: Any = None


def _break_off_when_lost(response: aiohttp.ClientResponse) -> None:
    """End the reading of an answer whose connection is lost before it is whole.

    Where the framing of the body is broken, aiohttp closes the connection but leaves its reader
    waiting for ever.
    """
    connection, content = response.connection, response.content
    protocol = None if connection is None else connection.protocol
    if protocol is None or not hasattr(protocol, "closed"):
        return
    closed = protocol.closed
    if closed is None:
        _lost(content)
    else:
        closed.add_done_callback(partial(_lost, content))


def _lost(content: aiohttp.StreamReader, closed: asyncio.Future[None] | None = None) -> None:
    if closed is not None and not closed.cancelled():
        closed.exception()
    if not content.is_eof() and content.exception() is None:
        content.set_exception(aiohttp.ClientPayloadError("the body is not whole"))


_QUERY = "!$&'()*+,;=:@/?%-._~[]"


def _end_to_end(
    headers: Headers | tuple[tuple[bytes, bytes], ...], drop: frozenset[bytes]
) -> Headers:
    """Give the headers that pass, in lower case: none of `drop`, none that `Connection` names."""
    kept = [(key.lower(), value) for key, value in headers]
    named = {
        name.strip().lower() for key, value in kept if key == b"connection"
        for name in value.split(b",")
    }  # fmt: skip
    return [(key, value) for key, value in kept if key not in drop and key not in named]


def _fault(error: BaseException, waited: float) -> UpstreamError:
    """Say what went wrong with the upstream, without a word of its address or of any key."""
    if isinstance(error, asyncio.CancelledError):
        text = f"the upstream sent nothing for {waited:g} s"
        return UpstreamError(text, kind="upstream_timeout")
    if isinstance(error, aiohttp.ServerTimeoutError | TimeoutError):
        return UpstreamError("the upstream did not answer in time", kind="upstream_timeout")
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        text = "the upstream's certificate was not accepted"
    elif isinstance(error, aiohttp.ClientConnectorError):
        text = "the upstream could not be reached"
    else:
        text = "the upstream broke the connection off"
    return UpstreamError(text, kind="upstream_closed")
