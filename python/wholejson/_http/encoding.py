"""Content encodings that came although identity was asked for."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

__all__ = ["BombError", "Decoder", "decoder"]

# Text that inflates to more than FREE bytes, at more than RATIO times its own length, is no
# stream of events: those of real providers reach 20 to 100.
_FREE = 16 << 20
_RATIO = 500
# Nothing larger is held at once, however much a read inflates to.
_PIECE = 64 << 10


class BombError(Exception):
    """The text inflates to far more than a stream of events does."""


class Decoder(Protocol):
    """Bytes in, decoded bytes out, in pieces of a bounded size."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Decode what one read brought; raise :class:`BombError`, or `zlib.error` if broken."""


class _Identity:
    def decode(self, data: bytes) -> Iterator[bytes]:
        if data:
            yield data


_IDENTITY = _Identity()


class _Zlib:
    """Gzip (RFC 1952, several members too) and deflate (RFC 1950, and raw as RFC 1951)."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._inflate = zlib.decompressobj(31) if gzip else None
        self._head = b""
        self._read = 0
        self._written = 0

    def decode(self, data: bytes) -> Iterator[bytes]:
        self._read += len(data)
        if self._inflate is None:
            # What is called deflate comes with a header of two bytes, or without.
            data = self._head = self._head + data
            if len(data) < 2:
                return
            wrapped = data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0
            self._inflate = zlib.decompressobj(15 if wrapped else -15)
            self._head = b""
        while True:
            piece = self._inflate.decompress(data, _PIECE)
            self._written += len(piece)
            if self._written > _FREE and self._written > _RATIO * self._read:
                raise BombError
            if piece:
                yield piece
            if self._inflate.eof:
                data = self._inflate.unused_data
                if not self._gzip or not data.strip(b"\0"):
                    return
                self._inflate = zlib.decompressobj(31)
                continue
            data = self._inflate.unconsumed_tail
            if not data and len(piece) < _PIECE:
                return


def decoder(encoding: bytes | None) -> Decoder | None:
    """Give the decoder for a `Content-Encoding`; ``None`` if there is none for it."""
    name = (encoding or b"").strip().lower()
    if name in (b"", b"identity"):
        return _IDENTITY
    if name in (b"gzip", b"x-gzip"):
        return _Zlib(gzip=True)
    if name == b"deflate":
        return _Zlib(gzip=False)
    return None
