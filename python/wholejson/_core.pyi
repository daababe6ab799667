"""The part of ``wholejson`` that is written in Rust."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict, final, type_check_only

from typing_extensions import Required

from .aliases import Code, Delta, Mode, Root, Schema, Style
from .errors import Error

__all__ = [
    "Aggregator",
    "Call",
    "ChunkTransformer",
    "Limits",
    "Repair",
    "Repeats",
    "Request",
    "Session",
    "__version__",
    "error_kinds",
    "read_request",
]

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

@type_check_only
class Operation(TypedDict):
    """One step from one value to the next."""

    op: Literal["add", "append", "replace"]
    """As in JSON Patch (RFC 6902); ``append`` adds text at the end of a string."""
    path: str
    """Where, as a JSON Pointer (RFC 6901)."""
    value: Any
    """With what."""

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
    :param schema: a JSON Schema (drafts 4 to 2020-12), as a dict or as JSON text. Values for which
        a prefix would mislead are shown only whole: what has ``enum`` or ``const``, and strings
        with ``format``, ``pattern`` or ``contentEncoding``. With ``root="auto"`` its top type gives
        the root. Nothing is fetched; what in it is not understood is ignored, and
        :attr:`schema_warning` says so. It is read once for each distinct text.
    :param whole: JSON Pointers (RFC 6901) of more values that are shown only whole, containers
        when they have closed; ``*`` stands for every member or element.
    :param parse_float, parse_int: called with the text of each number, as by ``json.loads``, for
        values and operations; ``None`` for ``float`` and ``int``. Whatever they raise comes
        through.
    :raises TypeError, ValueError: for an option that is none of these.
    """

    def __new__(
        cls,
        *,
        root: Root = "auto",
        repair: bool = True,
        style: Style = "spaced",
        limits: Limits | None = None,
        schema: Schema = None,
        whole: Sequence[str] = (),
        parse_float: Callable[[str], Any] | None = None,
        parse_int: Callable[[str], Any] | None = None,
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
    def value(self, *, live: bool = False) -> Any:
        """Give what is known of the document as Python objects: what the snapshot stands for.

        A copy of its own costs O(document). The live value is one object that grows in place with
        each call, which costs what is new; where somebody else holds the open string or has hashed
        it, or there is no GIL, also one copy of that string.

        The live value may be changed. Before it grows, what is still growing (a container that is
        open, of which the 32 innermost ones are looked over, and the open string) is put back to
        where the text has it, and a list that is open gets its elements again if it has more or
        fewer; what is settled stays as it was left.

        Depth never uses the call stack. Readable at any time, also after an error.

        :param live: give the one object that grows, instead of a copy.
        :return: the value; ``None`` if nothing is visible yet (``snapshot()`` tells that from the
            document ``null``).
        :raises RuntimeError: for a live value, if code that the same call runs asks for it
            (``parse_float``, or a finalizer).
        :raises Exception: what ``parse_float`` and ``parse_int`` raise; the next live value is a
            new object then.
        """
    def take_operations(self, *, append: bool = True) -> list[Operation]:
        """Tell what changed since the last call, as operations on the value.

        Applied in order (by :func:`wholejson.apply_operations`), starting from nothing, they give
        every value in turn. The first one is an ``add`` at path ``""``, with all that is known by
        then. A value that is new comes in one ``add`` with all that is in it, a string that grew
        in one ``append``; a repeated key is a ``replace``. If the operations would be longer than
        a snapshot and 64 KiB, they are one ``replace`` at path ``""``.

        Costs what is new, and the length of the paths. Nothing is kept for it before the first
        call; from then on, the names in the open objects.

        :param append: tell text added to a string by ``append``; otherwise the whole string by
            ``replace``, as JSON Patch (RFC 6902) knows it.
        :return: the operations; none if nothing changed.
        """
    def take_settled(self) -> list[str]:
        """Give the paths of the values that settled since the last call: that have ended.

        JSON Pointers (RFC 6901), each once, what is in a container before the container; ``""``
        for the document itself, after ``finish``. A value that was cut off never settles. Where
        the text repeats a key, the later value replaces a settled one, and its path comes again.

        Costs what is new, and the length of the paths. One call gives no more than 16 bytes of
        paths for each byte of the document, and 1 MiB: what goes beyond comes with the next one.
        """
    @property
    def complete(self) -> bool:
        """Whether the document itself was closed: final after ``finish``, false after an error."""
    @property
    def schema_warning(self) -> str | None:
        """What in the schema was not understood, and is ignored; ``None`` if nothing."""
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

@type_check_only
class Report(TypedDict):
    """What happened in a stream so far."""

    updates: int
    """How often a value changed, in all choices."""
    repairs: int
    """Repairs in all documents."""
    trailing: int
    """Bytes after the ends of documents that are neither white space nor a fence."""
    events_in: int
    """Events with data that came."""
    events_out: int
    """Events with data that went out."""
    bytes_in: int
    """Bytes that came."""
    bytes_out: int
    """Bytes that went out."""
    error: Code | None
    """The code of the one error event, if we wrote it."""
    upstream_error: bool
    """Whether the upstream sent an error event of its own."""
    complete: bool
    """Whether there was a document, and every one was closed."""

@final
class ChunkTransformer:
    """One response with chat completion chunks: server-sent events in, server-sent events out.

    Events are framed by the rules of the WHATWG. Each chunk that goes out has the whole document
    so far as its text; all other bytes arrive as they were written. As long as no time is told,
    the output depends on the bytes alone, not on how they were cut. Threads that share one take
    turns.

    :param root, repair, style, limits: as for :class:`Aggregator`; ``limits.document`` counts for
        all choices together.
    :param choices: how many were asked for (``n``): a choice that failed waits for as many.
    :param max_amplification: leave updates out, so that the snapshots sent of a choice stay under
        1 MiB and so many times the bytes of its text; where time is told, one goes out anyway if
        the last did a second ago or more. The last one always does.
    :param every_ms: at most one snapshot of a choice in so many milliseconds, where time is told
        by :meth:`set_time`; the last one always.
    :param mode: what the content of a chunk is. ``"snapshot"``: the whole document so far;
        ``"patch"``: what changed since the chunk before, as the text of a JSON array of operations
        (see :meth:`Aggregator.take_operations`), always compact. Operations that waited for a pace
        or a reader are merged.
    :param final: in patch mode, the chunk that ends a choice has the whole document in its
        ``json_status``, as ``document``.
    :param schema, whole: as for :class:`Aggregator`; what is ignored is told in ``json_status``,
        as ``warning``.
    :param validate: ``json_status`` says whether the document is ``valid`` by the schema, with up
        to ten ``errors``. A call that gives a verdict may take some tenths of a second, and lets
        other threads run; see :attr:`validates`.
    :param tool_calls: ``delta.tool_calls[].function.arguments`` become whole documents too, by
        call, and each call has its ``json_status`` in the chunk that ends its choice. They are
        objects, and are repaired only if ``repair=True`` is said in so many words: ``None``, the
        default, repairs text and not arguments.
    :raises TypeError, ValueError: for an option that is none of these.
    """

    def __new__(
        cls,
        *,
        root: Root = "auto",
        repair: bool | None = None,
        style: Style = "spaced",
        limits: Limits | None = None,
        choices: int = 1,
        max_amplification: int | None = None,
        every_ms: int | None = None,
        mode: Mode = "snapshot",
        final: bool = True,
        schema: Schema = None,
        whole: Sequence[str] = (),
        validate: bool = False,
        tool_calls: bool = False,
    ) -> ChunkTransformer: ...
    def feed(self, part: bytes | bytearray | memoryview, /) -> bytes:
        """Take what one read brought, cut anywhere; give what is to be sent on.

        Costs O(length of the part), and one copy of the document for each chunk that goes out.
        Faults of the stream raise nothing: they are written as the one error event.

        :return: whole events, or ``b""``.
        :raises UsageError: after ``finish`` or ``fail``.
        :raises TypeError: for anything but bytes.
        """
    def push(self, part: bytes | bytearray | memoryview, /) -> None:
        """Take what one read brought, for who paces itself: :meth:`pull` gives what is to be sent.

        Until then a newer snapshot overtakes an older one of its choice, which is left out; what
        it said beside its text goes with the newer one. Everything else is kept.

        :raises UsageError: after ``finish`` or ``fail``.
        :raises TypeError: for anything but bytes.
        """
    def pull(self) -> bytes:
        """Give all that a reader could have now. ``feed`` is both, and skips no snapshot."""
    @property
    def pending(self) -> bool:
        """Whether there is something that a reader could have."""
    @property
    def waiting(self) -> int:
        """Bytes that wait for :meth:`pull`, the newest snapshots not counted.

        Whoever pushes stops reading its upstream when these are too many.
        """
    @property
    def held(self) -> int:
        """Bytes that are kept: the text so far, unfinished and held events, and what waits.

        The memory of a stream is at most five times as much, and a little that is fixed.
        """
    def set_time(self, milliseconds: int, /) -> None:
        """Tell the time, by any clock that does not go back, before what is fed then.

        It matters to streams whose updates are thinned. Without it only the bytes count.

        :raises TypeError, OverflowError: for anything but a whole number from 0.
        """
    def flush_due(self) -> bytes:
        """Give the updates that were held back and may go out at the time that was told.

        For when the upstream pauses; each comes in a chunk of its own.
        """
    @property
    def due_at(self) -> int | None:
        """When :meth:`flush_due` will have something, on the clock told; ``None`` for never."""
    def finish(self) -> bytes:
        """Tell that the upstream has ended; give what is still due. A second call gives nothing."""
    def fail(self, code: Code, message: str | None = None) -> bytes:
        """Tell that the upstream failed; give what is still due, the one error event included.

        If the answer had ended before, there is no error event.

        :param code: what happened, most often ``"upstream_timeout"`` or ``"upstream_closed"``.
        :param message: one sentence for people; each code has its usual one.
        :raises ValueError: for a code that is none.
        """
    @property
    def ended(self) -> bool:
        """Whether nothing more will come out: after the one error event, and after the end."""
    @property
    def validates(self) -> bool:
        """Whether ``validate`` was asked for: then call it beside an event loop."""
    @property
    def report(self) -> Report:
        """What happened so far."""

@final
class Repeats:
    """The events of a stream, told by their strings where they repeat an earlier one but for these.

    Costs as much time and memory as the stream's bytes. The framing is that of the WHATWG's
    "Server-sent events", for lines that end with a line feed alone.
    """

    def __init__(self) -> None: ...
    def feed(self, part: bytes | bytearray | memoryview, /) -> bool:
        """Take more of the stream. ``False``: a carriage return is in it; go on with `rest`."""
    def next_event(self) -> bytes | tuple[str, str | None] | None:
        """Take the next whole event, ``None`` if there is none.

        A tuple is an event like the one that was learnt, with this ``delta.content`` and this
        ``obfuscation``; ``bytes`` is any other event, its blank line included.
        """
    def learn(self, event: bytes | bytearray | memoryview, /) -> bool:
        """Expect events like this one. ``False``: it is no chunk with one choice and a text."""
    def rest(self) -> bytes:
        """Give what came and was not taken, and forget it."""

@final
class Request:
    """The body of a request for a chat completion, read by :func:`read_request`."""

    @property
    def asked(self) -> bool:
        """Whether our key was in it, whatever its value."""
    @property
    def body(self) -> bytes:
        """The body without our key; every other byte is as it was."""
    @property
    def options(self) -> Options | None:
        """What the answer is to be turned by, for :class:`ChunkTransformer`; ``None``: not at all.

        It is given for a stream with the flag on whose answer may be JSON.
        """
    @property
    def stream(self) -> bool:
        """Whether a stream was asked for."""
    @property
    def text(self) -> bool:
        """Whether ``response_format`` says in so many words that the answer is text."""
    @property
    def agent_id(self) -> str | None:
        """``metadata.agent_id``, if it is a string; shortened where it is very long."""

@type_check_only
class Options(TypedDict, total=False):
    """What a request says of the options of a :class:`ChunkTransformer`."""

    choices: int
    root: Root
    repair: bool
    style: Style
    tool_calls: bool
    max_amplification: int | None
    every_ms: int | None
    mode: Mode
    final: bool
    schema: str | Literal[False]
    whole: list[str]
    validate: bool

def read_request(body: bytes | bytearray | memoryview, /) -> Request | None:
    """Read what the body of a request asks of us, and take it out of the body.

    Costs one pass over the body.

    :return: ``None`` if the body is not one JSON object: then it is none of our business.
    :raises OptionError: for a flag or an option that is wrong.
    """

@type_check_only
class Status(TypedDict, total=False):
    """``json_status`` of a choice that ended."""

    complete: Required[bool]
    """Whether the document itself was closed."""
    repairs: Required[int]
    """How many repairs there were."""
    error: Code
    """Why this choice failed."""
    valid: bool
    """Whether the document is valid by its schema."""
    errors: list[dict[str, str]]
    """What is wrong with it: ``path`` and ``message`` each."""
    warning: str
    """What was ignored."""
    document: Any
    """In patch mode, the whole document."""

@final
class Call:
    """A tool call, and what is to be done with it."""

    @property
    def at(self) -> int:
        """Its place among the calls of its choice, in the order of their coming."""
    @property
    def number(self) -> int:
        """The index that it goes by."""
    @property
    def id(self) -> str:
        """Its id; empty where none came."""
    @property
    def name(self) -> str:
        """The name of its function; empty where none came."""
    @property
    def type(self) -> str:
        """Its type; empty where none came."""
    @property
    def piece(self) -> int | None:
        """The place of its last piece in the chunk; ``None`` if it has none there."""
    @property
    def given(self) -> bool:
        """Whether that piece is given out, or one that is made."""
    @property
    def alien(self) -> bool:
        """Whether its pieces pass as they come."""
    @property
    def arguments(self) -> str | None:
        """What its arguments become; ``None`` where they are no update."""
    @property
    def status(self) -> Status | None:
        """Its ``json_status``, at the end of its choice."""

@final
class Session:
    """The decisions for one stream of chunk objects, as ``src/chunk/session.rs`` tells them."""

    def __new__(
        cls,
        *,
        root: Root = "auto",
        repair: bool | None = None,
        style: Style = "spaced",
        limits: Limits | None = None,
        choices: int = 1,
        max_amplification: int | None = None,
        every_ms: int | None = None,
        mode: Mode = "snapshot",
        final: bool = True,
        schema: Schema = None,
        whole: Sequence[str] = (),
        validate: bool = False,
        tool_calls: bool = False,
    ) -> Session: ...
    def begin(
        self, text: bool, gives: bool, size: int, /
    ) -> Literal["queue", "pass", "replay", "push"]:
        """A chunk with choices came: what is to be done with it, before its choices are read."""
    def note(
        self, index: int, role: bool, others: bool, otherwise: bool, finish_reason: str | None, /
    ) -> None:
        """Take note of a choice of a chunk that passes as it came."""
    def push(
        self,
        index: int,
        text: str | None,
        role: bool,
        others: bool,
        otherwise: bool,
        finish_reason: str | None,
        /,
    ) -> tuple[
        Literal["drop", "drop_with_role", "hold", "emit"],
        bool,
        Literal["none", "merge", "before"],
        bool,
    ]:
        """Read a choice of a chunk.

        :return: what to do with it; whether its text becomes the snapshot (else ``None``); what
            becomes of the chunk that was held for it; whether it gets a ``json_status``.
        """
    def call(
        self,
        index: int,
        place: int,
        alone: bool,
        said: int | None,
        call_id: str,
        name: str,
        kind: str,
        arguments: str | None,
        function: bool,
        alien: bool,
        others: bool,
        /,
    ) -> tuple[int, bool] | None:
        """Read a piece of a tool call of a choice, before the choice is pushed.

        :param place, alone: its place in the list; whether that has no other.
        :param said: its own index.
        :param function, alien, others: whether it has a function; arguments that are neither text
            nor null; anything else that says something.
        :return: where its call stands among those of the choice, and whether the piece says
            anything new beside its arguments; ``None`` if there are too many calls.
        """
    def calls(self, index: int, /) -> list[Call]:
        """Give the tool calls that the chunk pushed last decides on, for a choice.

        Call it once: it takes what goes out.
        """
    def made_calls(self, index: int, which: Literal["due", "owed", "last"], /) -> list[Call]:
        """Give tool calls of a choice for a chunk that did not come, with their status if last."""
    def snapshot(self, index: int, /) -> str | None:
        """Write the snapshot of a choice."""
    def content(self, index: int, which: Literal["due", "owed"] | None = None, /) -> str | None:
        """Write what goes out of a choice: its snapshot, or the operations since the last call.

        :param which: in a chunk that did not come, if it has such an update, else ``None``.
        """
    def status(self, index: int, /) -> Status | None:
        """Tell how the document of a choice stands."""
    def set_time(self, milliseconds: int, /) -> None:
        """Tell the time, by any clock that does not go back."""
    def due(self) -> list[int]:
        """Give the choices that have an update which was held back and may go out now."""
    def owed(self) -> list[int]:
        """Give the choices that have an update which was held back."""
    @property
    def due_at(self) -> int | None:
        """When an update that was held back may go out, on the clock told; ``None`` for never."""
    def failed(self) -> bool:
        """Tell whether there is a reason to end the stream now."""
    def indexes(self) -> list[int]:
        """Give the indexes of the choices, in the order of their coming."""
    def release(self, index: int, /) -> None:
        """The held chunk of this choice went out, at the end of the stream."""
    def end(
        self, how: Literal["closed", "failed", "limit", "timeout", "upstream"], /
    ) -> tuple[list[tuple[int, Status | None]], Error | None]:
        """Tell that the stream has ended, give what is still due: last chunks, then the error."""

def error_kinds() -> dict[str, type[Error]]:
    """Every ``kind`` of error that the core knows, with the class that carries it."""
