"""What is visible after a prefix of a document, in strict mode: the obvious, slow version.

The prefix is read from its first byte, by recursive descent, every time. Nothing here resumes, and
nothing is shared with the reader under test: this file and `grammar` are written from the promises,
and are what they mean.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .grammar import Bounds, Reading, Root
from .values import Style, show

__all__ = ["Bounds", "Root", "Style", "Visible", "visible"]

DEFAULT = Bounds()


class Visible(NamedTuple):
    """What a reader has to say after a prefix."""

    snapshot: str | None
    complete: bool
    error: str | None


def visible(
    text: bytes,
    root: Root = "auto",
    style: Style = "spaced",
    ended: bool = False,
    bounds: Bounds = DEFAULT,
    halves: bool = False,
) -> Visible:
    """What is visible after `text`.

    `ended`: no more text will come. `halves`: half a surrogate pair may stand in `text` as three
    bytes, and a high half is joined with the low half after it (that is how a `str` is read).
    """
    text, spoiled = decode(join_halves(text) if halves else text, bounds.document, halves)
    reading = Reading(text, root, bounds)
    error = reading.read() or spoiled
    if ended and error is None:
        reading.end()
    shown = None if reading.node is None else show(reading.node, style)
    if ended and error is None and shown is None:
        error = "no_json"
    complete = error is None and shown is not None and reading.is_closed(ended)
    return Visible(None if shown is None else shown.decode("utf-8"), complete, error)


def join_halves(text: bytes) -> bytes:
    """Two halves of a surrogate pair, one after the other, are one character."""

    def join(pair: re.Match[bytes]) -> bytes:
        units = pair[0].decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
        return units.decode("utf-16-le").encode("utf-8")

    return re.sub(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]", join, text)


def decode(text: bytes, most: int, halves: bool) -> tuple[bytes, str | None]:
    """The whole code points at the beginning of `text`, and what spoils the rest, if anything does.

    Half a code point, or half a surrogate pair, at the end spoils nothing: it waits.
    """
    at = 0
    while at < len(text):
        length = 1
        while True:
            sequence = text[at : at + length]
            try:
                sequence.decode("utf-8")
                break
            except UnicodeDecodeError as error:
                if halves and re.fullmatch(rb"\xed([\xa0-\xbf][\x80-\xbf]?)?", sequence):
                    kind = half(text[at : at + 6])
                else:
                    kind = None if error.reason == "unexpected end of data" else "invalid_utf8"
            if kind is not None:
                return text[:at], kind
            if at + length >= len(text):
                return text[:at], None
            length += 1
        if at + length > most:
            return text[:at], "document"
        at += length
    return text, None


def half(rest: bytes) -> str | None:
    """What half a surrogate pair at the beginning of `rest` spoils: nothing if the rest may come.

    Whole pairs have been joined before, so a high half waits only at the end of the text.
    """
    if re.fullmatch(rb"\xed([\xa0-\xaf]([\x80-\xbf](\xed[\xb0-\xbf]?)?)?)?", rest):
        return None
    if re.fullmatch(rb"\xed[\xb0-\xbf]", rest) or re.match(rb"\xed[\x80-\x9f]", rest):
        return None
    return "lone_surrogate" if re.match(rb"\xed[\xa0-\xbf][\x80-\xbf]", rest) else "invalid_utf8"
