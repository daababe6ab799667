"""The part of ``wholejson`` that is written in Rust."""

from typing import final

from .aliases import Delta, Root, Style
from .errors import Error

__all__ = ["Aggregator", "Limits", "Repair", "__version__", "error_kinds"]

__version__: str

@final
class Limits:
    """Bounds on one stream; passing one raises ``LimitError``, whose ``kind`` is the field's name.

    What was shown before stays readable.

    :param depth: containers open at once.
    :param document: bytes of text read in all, framing included (64 MiB).
    :param digits: digits of one number.
    :param white_space: bytes of white space between two tokens (1 MiB).
    :param look_ahead: bytes that a repair may look ahead, white space not counted.
    :param line: bytes of one line of an event stream (16 MiB).
    :param event: bytes of one event of an event stream (16 MiB).
    :raises TypeError: for anything but whole numbers.
    :raises ValueError: for a number below 1 or above what the machine can address.
    """

    def __new__(
        cls,
        *,
        depth: int = 256,
        document: int = 67108864,
        digits: int = 4300,
        white_space: int = 1048576,
        look_ahead: int = 1024,
        line: int = 16777216,
        event: int = 16777216,
    ) -> Limits: ...
    @property
    def depth(self) -> int: ...
    @property
    def document(self) -> int: ...
    @property
    def digits(self) -> int: ...
    @property
    def white_space(self) -> int: ...
    @property
    def look_ahead(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def event(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, int]]: ...

@final
class Repair:
    """One departure from the document as written."""

    @property
    def kind(self) -> str:
        """The stable name of the rule."""
    @property
    def offset(self) -> int:
        """Bytes of UTF-8 from the beginning of the text."""
    @property
    def description(self) -> str:
        """One line for people."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Aggregator:
    """One JSON document, read as it arrives.

    Threads that share one take turns.

    :param root: what the document may be. ``"auto"``: the first object or array; ``"object"``,
        ``"array"``: the first of that kind; ``"any"``: a scalar too, where nothing but white
        space, a fence or a think block surrounds it.
    :param repair: read malformed text too, and record each departure from it in ``repairs``.
        Without it malformed text raises :class:`InvalidJSONError`, text around the document
        included. The grammar is that of RFC 8259.
    :param style: ``"spaced"`` separates with ``", "`` and ``": "``, as ``json.dumps`` does;
        ``"compact"`` leaves the spaces out.
    :param limits: what the stream may cost; ``None`` for the defaults of :class:`Limits`.
    :raises TypeError, ValueError: for an option that is none of these.
    """

    def __new__(
        cls,
        *,
        root: Root = "auto",
        repair: bool = True,
        style: Style = "spaced",
        limits: Limits | None = None,
    ) -> Aggregator: ...
    def feed(self, delta: Delta, /) -> bool:
        """Read a delta.

        Costs O(length of the delta), however long the document is by now.

        :param delta: text, cut anywhere. A ``str`` may end in half a surrogate pair, bytes in
            half a code point: what follows joins it.
        :return: whether the value changed.
        :raises InvalidJSONError: for malformed text, if ``repair`` is off.
        :raises LimitError: when a limit is passed.
        :raises UsageError: after ``finish``.
        :raises TypeError: for anything but text.
        """
    def finish(self) -> bool:
        """Tell that the input has ended. A second call changes nothing.

        :return: whether the value changed.
        :raises NoJSONError: if nothing was ever visible.
        :raises InvalidJSONError, LimitError: again, if reading had ended in one.
        """
    def snapshot(self) -> str | None:
        """Write what is known of the document as a complete JSON text.

        Costs one copy. Readable at any time, also after an error.

        :return: the text, or ``None`` if nothing is visible yet.
        """
    def snapshot_bytes(self) -> bytes | None:
        """Write the snapshot as UTF-8; otherwise as :meth:`snapshot`, and faster."""
    @property
    def complete(self) -> bool:
        """Whether the document itself was closed: final after ``finish``, false after an error."""
    @property
    def repairs(self) -> list[Repair]:
        """What was repaired, in the order of the text. A bounded list; see ``repair_count``."""
    @property
    def repair_count(self) -> int:
        """How many repairs there were, those too that ``repairs`` has no room for."""
    @property
    def trailing(self) -> int:
        """Bytes after the end of the document that are neither white space nor a fence."""
    @property
    def changed_before_error(self) -> bool:
        """Whether the call that failed changed the value before it failed: the snapshot has it."""

def error_kinds() -> dict[str, type[Error]]:
    """Every ``kind`` of error that the core knows, with the class that carries it."""
