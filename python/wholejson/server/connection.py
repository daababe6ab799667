"""One connection of a client: what uvicorn makes of it, within bounds."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wholejson._http.clock import Alarm

__all__ = ["Connection"]

# Bytes of the head of a request. What one read brought at once may be more.
_HEAD = 64 << 10
_TOO_LARGE = b"431 Request Header Fields Too Large"
_TOO_LATE = b"408 Request Timeout"
_LINE_END = re.compile(rb"[\r\n]+")


class _Waiting(list[Any]):
    """What uvicorn keeps requests in that came before the last one was answered: mostly none.

    Its own, a deque, takes 700 bytes of each connection.
    """

    __slots__ = ()

    def appendleft(self, item: Any) -> None:
        self.insert(0, item)


class Connection(HttpToolsProtocol):
    """A connection that holds less while it waits, and whose requests have heads within bounds.

    A head that is longer than 64 KiB is answered with 431, one that does not arrive in `patience`
    seconds with 408, and the connection is closed. A client that offers another protocol
    (``Upgrade: h2c``, as Java's own does) is answered by HTTP/1.1: its request is read as if it
    had not said so (RFC 9110, 7.8). uvicorn would lose its body.
    """

    patience = 60.0

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.pipeline = _Waiting()  # type: ignore[assignment]
        self._late: _Late | None = None
        # Bytes that came since the last head, or the last piece of a body, was whole.
        self._unread = 0

    def connection_made(self, transport: Any) -> None:
        """Expect the first request."""
        super().connection_made(transport)
        self._late = _Late(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._hurry(late=False)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        self._unset_keepalive_if_required()
        self._unread += len(data)
        try:
            rest = memoryview(data)
            while rest:
                rest = self._read(rest)
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")
            return
        if self._unread > _HEAD:
            self._refuse(_TOO_LARGE)
        self._hurry(late=self._unread > 0)

    def on_headers_complete(self) -> None:
        """Answer a request, unless it is to be read again."""
        self._unread = 0
        if not self._upgrades():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._unread = 0
        if not self._upgrades():
            super().on_message_complete()

    def late(self) -> None:
        """Give up a request whose head did not arrive in time."""
        self._late = None
        if self.cycle is None or self.cycle.response_complete:
            self._refuse(_TOO_LATE if self._unread else b"")

    def _read(self, data: memoryview) -> memoryview:
        """Read a request, or several; give what is left behind one that is to be read again."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._upgrades():  # and no CONNECT, which has been refused
                head = self._head()
                self.parser = httptools.HttpRequestParser(self)
                with contextlib.suppress(AttributeError):  # httptools before 0.6.3
                    self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                self.parser.feed_data(head)
                return data[upgrade.args[0] :]
        return data[:0]

    def _upgrades(self) -> bool:
        return bool(self.parser.should_upgrade()) and self.parser.get_method() != b"CONNECT"

    def _head(self) -> bytes:
        """Write the head that was read last, without the protocol that it offers."""
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [
            b"%b: %b" % (name, _LINE_END.sub(b" ", value))
            for name, value in self.headers
            if name != b"upgrade"
        ]
        return b"\r\n".join([*lines, b"\r\n"])

    def _hurry(self, *, late: bool) -> None:
        """Expect the rest of a head in time, or expect none."""
        if late and self._late is None and not self.transport.is_closing():
            self._late = _Late(self)
        elif not late and self._late is not None:
            self._late.close()
            self._late = None

    def _refuse(self, status: bytes) -> None:
        """Close the connection; say why, if that does not stand in the middle of an answer."""
        if self.transport.is_closing():
            return
        if status and (self.cycle is None or self.cycle.response_complete):
            fields = b"content-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(b"HTTP/1.1 %b\r\n%b" % (status, fields))
        self.transport.close()


class _Late(Alarm):
    """Rings when the head of a request has not arrived in time."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection
        self.wait(connection.patience)

    def ring(self) -> None:
        """Tell the connection."""
        self.close()
        self._connection.late()
