"""What the commands share: how they read and speak, and the options that several of them take."""

from __future__ import annotations

import enum
import os
import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from ._core import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "LimitOption",
    "Mode",
    "RepairOption",
    "Root",
    "RootOption",
    "SchemaOption",
    "Style",
    "StyleOption",
    "WholeOption",
    "fail",
    "forget_stdout",
    "made",
    "misuse",
    "nothing_shown",
    "read_stdin",
    "reading",
    "say",
    "write",
]

Made = TypeVar("Made")

_READ = 64 << 10
_DIGITS = 40  # of a number; more are too many in any case
_LONG = 3600.0  # longer waits are made of several: the system may not know so large a number


class Root(str, enum.Enum):
    """What the document may be."""

    auto = "auto"
    object = "object"
    array = "array"
    any = "any"


class Style(str, enum.Enum):
    """How snapshots separate their items."""

    spaced = "spaced"
    compact = "compact"


class Mode(str, enum.Enum):
    """What the content of a chunk is."""

    snapshot = "snapshot"
    patch = "patch"


# A narrow name for each kind of value: beside a wide one, the names of options would be cut on a
# terminal of 80 columns. Flags have none.
RootOption = Annotated[
    Root,
    typer.Option(
        metavar="KIND",
        help="What the document may be: object, array, any (a scalar too), or auto (the first "
        "object or array).",
    ),
]
StyleOption = Annotated[
    Style,
    typer.Option(
        metavar="STYLE", help="Snapshots are spaced (as json.dumps writes them) or compact."
    ),
]
RepairOption = Annotated[
    bool,
    typer.Option("--repair/--no-repair", metavar="", help="Repair malformed text, or refuse it."),
]
ToolCallsOption = Annotated[
    bool,
    typer.Option(
        "--tool-calls",
        metavar="",
        help="Make arguments of tool calls whole too; they are never repaired.",
    ),
]
SchemaOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="A JSON Schema: values whose beginnings would mislead are shown only whole.",
    ),
]
WholeOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="POINTER",
        help="Show this value only whole: a JSON Pointer, * for every member. Can be repeated.",
    ),
]
LimitOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=N",
        help="Another limit than the default, such as document=200000000. Can be repeated.",
    ),
]


def reading(
    root: Root, repair: bool, schema: str | None, whole: list[str] | None, limit: list[str] | None
) -> dict[str, Any]:
    """Give the options of reading as the library takes them; end with status 2 if one is wrong."""
    options: dict[str, Any] = {"root": root.value, "repair": repair}
    if schema is not None:
        try:
            options["schema"] = Path(schema).read_bytes()
        except OSError as error:
            misuse(f"--schema: cannot read {schema}: {error.strerror or error}")
    if whole:
        options["whole"] = whole
    if limit:
        options["limits"] = _limits(limit)
    return options


def turning(read_as: dict[str, Any], style: Style, tool_calls: bool) -> dict[str, Any]:
    """Give the options of turning a stream that is read as :func:`reading` says."""
    return {
        **read_as,
        "style": style.value,
        "tool_calls": tool_calls,
        # `None`: content is repaired and arguments are not, as where a request says nothing of it.
        "repair": None if read_as["repair"] else False,
    }


def _limits(given: list[str]) -> Limits:
    limits: dict[str, int] = {}
    for each in given:
        name, equals, number = each.partition("=")
        if not equals or not number.isascii() or not number.isdigit():
            misuse(f"--limit takes a name, = and a whole number, such as depth=1000, not {each}")
        limits[name] = int(number[:_DIGITS])
    try:
        return Limits(**limits)
    except TypeError:
        known = ", ".join(dict(Limits().__getnewargs_ex__()[1]))
        misuse(f"--limit: there are {known}, and no other")
    except ValueError as error:
        misuse(f"--limit: {error}")


def made(kind: Callable[..., Made], options: dict[str, Any]) -> Made:
    """Make what reads; end with status 2 if an option is wrong."""
    try:
        return kind(**options)
    except ValueError as error:
        misuse(str(error))


def nothing_shown(report: Mapping[str, object], *, tool_calls: bool) -> str:
    """Say why nothing of a stream of chunks could be shown, and what to do."""
    if not report["events_in"]:
        return (
            "there is no event in it; what is needed is a streamed answer, its data: lines. "
            "(A JSON document is read by wholejson pipe)"
        )
    if report["error"] in ("invalid_json", "limit_exceeded"):
        return "the error came before there was a value"
    if tool_calls:
        return "no JSON came, as content or as arguments; malformed arguments are not repaired"
    return "no JSON came as the content of a chunk; --tool-calls reads arguments too"


def read_stdin(patience: Callable[[], float | None] = lambda: None) -> Iterator[bytes]:
    """Give what stdin brings, as it arrives.

    `patience`: asked before each part, after how many seconds of silence to give an empty one;
    `None` for never. (Windows can't tell whether a pipe has something: there it is never.)
    """
    if sys.stdin is None or sys.stdout is None:
        misuse("stdin and stdout must be open")
    while True:
        seconds = patience() if os.name == "posix" else None
        if seconds is not None and not select.select([sys.stdin], [], [], min(seconds, _LONG))[0]:
            yield b""
            continue
        part = os.read(sys.stdin.fileno(), _READ)
        if not part:
            return
        yield part


def write(data: bytes) -> None:
    """Write data on stdout, at once."""
    if data:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def say(text: str) -> None:
    """Write words on stderr."""
    print(f"wholejson: {text}", file=sys.stderr, flush=True)


def fail(text: str) -> NoReturn:
    """Say what went wrong, and end with status 1."""
    say(text)
    raise typer.Exit(1)


def misuse(text: str) -> NoReturn:
    """Say what was asked for wrongly, and end with status 2."""
    say(text)
    raise typer.Exit(2)


def forget_stdout() -> None:
    """Keep the interpreter from complaining, at its end, of a pipe that nobody reads."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
