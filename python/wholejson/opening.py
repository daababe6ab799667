"""The beginning of a text in which nothing was found, for the error that says so."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .aliases import Delta
    from .errors import NoJSONError

__all__ = ["Opening"]

_LONGEST = 64 << 10


class Opening:
    """What came before anything was visible, up to 64 KiB. It is let go once something is."""

    def __init__(self) -> None:
        self._text: bytearray | None = bytearray()

    def add(self, delta: Delta) -> None:
        """Keep a delta, as far as there is room."""
        if self._text is not None and len(self._text) < _LONGEST:
            if isinstance(delta, str):
                delta = delta[:_LONGEST].encode("utf-8", "surrogatepass")
            self._text += delta[: _LONGEST - len(self._text)]

    def let_go(self) -> None:
        """Something is visible: keep nothing any more."""
        self._text = None

    def put_into(self, error: NoJSONError) -> None:
        """Give an error the text, where it has none."""
        if error.text is None and self._text is not None:
            # A code point that is cut in two by the limit is left out.
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            error.text = decoder.decode(self._text, final=len(self._text) < _LONGEST)
