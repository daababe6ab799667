"""What the commands share: how they read and speak, and the options that several of them take."""

from __future__ import annotations

import enum
import os
import select
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "Mode",
    "RepairOption",
    "Root",
    "RootOption",
    "Style",
    "StyleOption",
    "fail",
    "forget_stdout",
    "misuse",
    "read_stdin",
    "say",
    "write",
]

_READ = 64 << 10
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


RootOption = Annotated[Root, typer.Option(help="What the document may be.")]
StyleOption = Annotated[Style, typer.Option(help="How snapshots separate their items.")]


class Mode(str, enum.Enum):
    """What the content of a chunk is."""

    snapshot = "snapshot"
    patch = "patch"


RepairOption = Annotated[
    bool, typer.Option("--repair/--no-repair", help="Repair malformed text, or refuse it.")
]


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
