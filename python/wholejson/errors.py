"""What can go wrong.

::

    ValueError
    ├── Error                 kind, offset, line, column
    │   ├── InvalidJSONError  the text is not JSON, and repair is off
    │   ├── LimitError        a limit was passed
    │   ├── NoJSONError       the text ended and nothing was ever visible
    │   ├── UpstreamError     a stream broke off, or its sender reported an error
    │   └── UsageError        a method was called in the wrong state
    └── OptionError           an option of a request is wrong: param

After an error every further call raises it again, and the last snapshot stays readable.
"""

from __future__ import annotations

__all__ = [
    "Error",
    "InvalidJSONError",
    "LimitError",
    "NoJSONError",
    "OptionError",
    "UpstreamError",
    "UsageError",
]


class Error(ValueError):
    """Base of everything that this package raises about a text or a stream.

    The message says what is wrong, where, and what to do about it.

    :ivar kind: the stable name of what went wrong, such as ``"invalid_escape"``.
    :ivar offset: bytes of UTF-8 from the beginning of the text to where it went wrong.
    :ivar line: the line of that place, counted from 1.
    :ivar column: its column in code points, counted from 1.
    :ivar text: where a stream or an iterator ended without JSON: what came instead, up to 64 KiB.
        Else ``None``.
    """

    kind: str
    offset: int
    line: int
    column: int
    text: str | None

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        offset: int = 0,
        line: int = 1,
        column: int = 1,
        text: str | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.offset = offset
        self.line = line
        self.column = column
        self.text = text

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), str(self), dict(self.__dict__)))


class InvalidJSONError(Error):
    """The text is not JSON by RFC 8259, and ``repair`` is off."""


class LimitError(Error):
    """A limit was passed; ``kind`` names the field of :class:`wholejson.Limits`."""


class NoJSONError(Error):
    """The text ended, and nothing was ever visible."""


class UpstreamError(Error):
    """A stream broke off, or its sender reported an error.

    ``kind`` is the code of the error event, such as ``"upstream_closed"``.
    """


class UsageError(Error):
    """A method was called where it means nothing, such as ``feed`` after ``finish``."""


class OptionError(ValueError):
    """An option of a request is wrong; the message says what is allowed.

    :ivar param: the path of the option, such as ``"stream_options.valid_json_chunks.repair"``.
    """

    param: str

    def __init__(self, message: str, *, param: str) -> None:
        super().__init__(message)
        self.param = param

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), str(self), dict(self.__dict__)))


def _rebuild(cls: type[ValueError], message: str, state: dict[str, object]) -> ValueError:
    """Make an error again from what ``__reduce__`` wrote."""
    error = cls.__new__(cls, message)
    error.__dict__.update(state)
    return error
