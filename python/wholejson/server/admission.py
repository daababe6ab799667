"""Who comes in, and how many at once."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from wholejson._http.body import header, with_headers
from wholejson._http.deadline import Deadline
from wholejson._http.errors import send_error

if TYPE_CHECKING:
    from wholejson._http.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Capacity", "Clients", "Sites"]


class Clients:
    """Lets in who presents one of the gateway's own keys as a bearer token.

    That key ends here: the app inside does not see it. Compared in constant time.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[str]) -> None:
        self._app = app
        self._keys = [key.encode() for key in keys]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one ASGI connection."""
        if scope["type"] != "http" or not self._keys:
            return self._app(scope, receive, send)
        given = header(scope, b"authorization") or b""
        scheme, _, key = given.partition(b" ")
        known = [hmac.compare_digest(key.strip(), allowed) for allowed in self._keys]
        if scheme.lower() != b"bearer" or not any(known):
            text = "this gateway wants a key of its own: Authorization: Bearer …"
            return send_error(send, 401, text, code="invalid_api_key")
        headers = with_headers(list(scope["headers"]), {b"authorization": None})
        return self._app({**scope, "headers": headers}, receive, send)


class Sites:
    """Turns away what a page of another site makes a browser ask.

    A gateway that spends its own key for whoever can reach it trusts the programs of its machine.
    A browser there is one of them, and asks for any page; the page cannot read the answer, but
    the model has written it. Browsers say where a request comes from (W3C Fetch Metadata);
    programs that are none say nothing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one ASGI connection."""
        if scope["type"] == "http" and header(scope, b"sec-fetch-site") == b"cross-site":
            text = (
                "this gateway does not answer pages of other sites, unless WHOLEJSON_CLIENT_KEYS "
                "names keys that they must present"
            )
            return send_error(send, 403, text, code="cross_site")
        return self._app(scope, receive, send)


class Capacity:
    """Serves so many requests at once; more are asked to come again.

    A request that has not arrived in `patience` seconds is answered with 408, and holds no place.
    """

    def __init__(self, app: ASGIApp, requests: int, patience: float) -> None:
        self._app = app
        self._free = requests
        self._patience = patience

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one ASGI connection."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        if self._free <= 0:
            text = "the gateway is serving as many requests as it may; try again"
            again = [(b"retry-after", b"1")]
            return send_error(send, 503, text, code="overloaded", headers=again)
        return self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._free -= 1
        arrival = _Arrival(receive, self._patience)
        try:
            await self._app(scope, arrival.receive, send)
        except asyncio.CancelledError:
            if not arrival.missed():
                raise
            text = f"the request did not arrive in {self._patience:g} s; send it again"
            await send_error(send, 408, text, code="request_timeout")
        finally:
            arrival.settle()
            self._free += 1


class _Arrival:
    """A `receive` that limits the time in which a request comes, and costs nothing afterwards."""

    __slots__ = ("_deadline", "_receive")

    def __init__(self, receive: Receive, patience: float) -> None:
        self._receive = receive
        self._deadline: Deadline | None = Deadline()
        self._deadline.wait(patience)

    def receive(self) -> Awaitable[Message]:
        return self._receive() if self._deadline is None else self._arriving()

    async def _arriving(self) -> Message:
        message = await self._receive()
        if not message.get("more_body", False):
            self.settle()
        return message

    def missed(self) -> bool:
        """Whether the time was up, and the task was cancelled for it."""
        if self._deadline is None or not self._deadline.expired:
            return False
        self._deadline.absorb()
        return True

    def settle(self) -> None:
        """Limit nothing any more."""
        if self._deadline is not None:
            self._deadline.close()
            self._deadline = None
