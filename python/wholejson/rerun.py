"""`wholejson replay FILE`: look at what would have been sent, before anything is changed."""

from __future__ import annotations

import contextlib
import enum
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ._core import ChunkTransformer
from .console import (
    LimitOption,
    RepairOption,
    Root,
    RootOption,
    SchemaOption,
    Style,
    StyleOption,
    ToolCallsOption,
    WholeOption,
    made,
    misuse,
    nothing_shown,
    read_stdin,
    reading,
    say,
    turning,
)
from .layout import laid_out
from .recording import Document, Run, blocks
from .shapes import get

__all__ = ["replay"]

_READ = 64 << 10
_HEAD, _TAIL = 8, 4
_LINES = 40
# As the endpoint does, where a request says nothing.
_AMPLIFICATION = 64


class Way(str, enum.Enum):
    """How a stream is turned."""

    snapshot = "snapshot"
    paced = "paced"
    patch = "patch"


def replay(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A response's body as it came; - for stdin.")
    ],
    mode: Annotated[
        Way | None,
        typer.Option(
            metavar="MODE",
            help="Show one mode in detail (snapshot, paced or patch) instead of comparing all.",
        ),
    ] = None,
    root: RootOption = Root.auto,
    style: StyleOption = Style.spaced,
    repair: RepairOption = True,
    max_amplification: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="For paced: stay under 1 MiB and N times the text. Default: 64",
        ),
    ] = None,
    every_ms: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="For paced: at most one update in N milliseconds."),
    ] = None,
    tool_calls: ToolCallsOption = False,
    schema: SchemaOption = None,
    whole: WholeOption = None,
    limit: LimitOption = None,
    rate: Annotated[
        float,
        typer.Option(min=0.001, metavar="N", help="Events in a second: a recording has no clock."),
    ] = 50.0,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", metavar="", help="Show everything that was sent, not only both ends."
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", metavar="", help="Write JSON instead of tables.")
    ] = False,
) -> None:
    r"""A recorded stream → what would have been sent, in each mode.

    Runs it through the transformer and compares whole snapshots, snapshots at a
    pace, and patches; --mode shows one in detail. Nothing is served: for that
    there is wholejson serve --replay.

    [bold]Examples[/bold]

      curl -sN …/v1/chat/completions -d '{"stream": true, …}' > answer.sse
      wholejson replay answer.sse
      wholejson replay answer.sse --mode patch --all
      wholejson replay answer.sse --no-repair --json \
        | jq .runs.snapshot.error

    [bold]Exit status[/bold]

      0: something would have been shown
      1: nothing would have been; stderr says why
      2: wrong use, or FILE can't be read
    """
    for flag, given in ("--max-amplification", max_amplification), ("--every-ms", every_ms):
        if given is not None and mode not in (None, Way.paced):
            misuse(f"{flag} is for --mode paced; --mode {mode.value} shows every update")
    read_as = reading(root, repair, schema, whole, limit)
    turned_as = turning(read_as, style, tool_calls)
    made(ChunkTransformer, turned_as)  # a wrong option is told before anything is read
    options: dict[Way, dict[str, Any]] = {
        Way.snapshot: {},
        Way.paced: {
            "max_amplification": max_amplification or _AMPLIFICATION, "every_ms": every_ms
        },
        Way.patch: {"mode": "patch"},
    }  # fmt: skip
    tail = None if everything else _TAIL
    runs = {
        way: Run({**turned_as, **more}, rate, head=_HEAD, tail=tail)
        for way, more in options.items()
        if mode in (None, way)
    }
    document = Document(**read_as)
    with _opened(file) as (parts, size), _progress(size) as advance:
        for block in blocks(parts):
            document.feed(block)
            for run in runs.values():
                run.feed(block)
            advance(len(block))
    for run in runs.values():
        run.finish()
    if as_json:
        _write_json(file, rate, document, runs, everything=everything)
    else:
        _write_tables(rate, document, runs, detailed=mode is not None or everything)
    for message in dict.fromkeys(str(get(run.error, "message")) for run in runs.values()):
        if message != "None":
            say(f"the stream would have ended with the error: {message}")
    if not any(run.transformer.report["updates"] for run in runs.values()):
        report = next(iter(runs.values())).transformer.report
        say(f"nothing would have been shown: {nothing_shown(report, tool_calls=tool_calls)}")
        raise typer.Exit(1)


@contextlib.contextmanager
def _opened(file: str) -> Iterator[tuple[Iterator[bytes], int | None]]:
    """Give the parts of a file or of stdin, and how much it is, if that is known."""
    if file == "-":
        yield read_stdin(), None
        return
    path = Path(file)
    try:
        with path.open("rb") as opened:
            yield iter(lambda: opened.read(_READ), b""), path.stat().st_size
    except OSError as error:
        misuse(f"cannot read {file}: {error.strerror or error}")


@contextlib.contextmanager
def _progress(size: int | None) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how much has been read; give what to call with each piece's length."""
    if sys.stderr is None or not os.isatty(sys.stderr.fileno()):
        yield lambda length: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("replaying", total=size)
        yield lambda length: progress.advance(task, length)


def _write_json(
    file: str, rate: float, document: Document, runs: dict[Way, Run], *, everything: bool
) -> None:
    shown: dict[str, Any] = {}
    for way, run in runs.items():
        shown[way.value] = run.summary()
        if everything:
            shown[way.value]["sent"] = [sent.as_json() for sent in run.kept]
    whole = {
        "file": file, "events_per_second": rate, "text_bytes": document.text_bytes,
        "repairs": document.repairs(), "runs": shown,
    }  # fmt: skip
    json.dump(whole, sys.stdout, indent=2, ensure_ascii=False)
    print()


def _write_tables(rate: float, document: Document, runs: dict[Way, Run], *, detailed: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 110)
    table = Table(title=f"at {rate:g} events a second")
    table.add_column("")
    for way in runs:
        table.add_column(way.value, justify="right")
    summaries = {way: run.summary() for way, run in runs.items()}
    for name, tell in _ROWS.items():
        table.add_row(name, *[tell(each, document) for each in summaries.values()])
    console.print(table)
    for repair in document.repairs():
        where = f"repair in choice {repair['choice']} at offset {repair['offset']}"
        console.print(
            f"{where}: {repair['description']} ({repair['kind']})", markup=False, highlight=False
        )
    for way, run in runs.items():
        if detailed:
            console.print(_sent(way, run))
    last = next((s["last"] for way, s in summaries.items() if way != Way.patch), None)
    if last is not None and not detailed:
        console.print("the last snapshot:", markup=False)
        content = _told(last["contents"][-1])
        console.print(_shortened(laid_out(content)), markup=False, highlight=False)


def _sent(way: Way, run: Run) -> Any:
    """Draw what was sent, a row a moment."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"sent as {way.value}")
    for name in ("after event", "seconds", "bytes"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("content")  # what is too wide shrinks the columns that may wrap, and only them
    for at, sent in enumerate(run.kept):
        if run.left_out and at == len(run.head):
            table.add_row("…", "", "", f"{run.left_out} more: --all shows them")
        content = "  ".join(map(_told, sent.contents)) or "(no content)"
        shown = Text(content, no_wrap=True, overflow="ellipsis")
        table.add_row(str(sent.event), f"{sent.seconds:.2f}", f"{sent.bytes:,}", shown)
    return table


def _told(content: dict[str, Any]) -> str:
    """Give the text of a content, or of a tool call's arguments."""
    text: str = content["content"] if "content" in content else content["arguments"]
    return text


def _shortened(text: str) -> str:
    """Leave out the middle of a text of very many lines."""
    lines = text.splitlines()
    if len(lines) > _LINES:
        left_out = f"… {len(lines) - _LINES:,} lines …"
        lines = [*lines[: _LINES // 2], left_out, *lines[-_LINES // 2 :]]
    return "\n".join(lines)


def _size(count: int) -> str:
    if count < 10_000:
        return f"{count:,} B"
    return f"{count / 1024:,.1f} KiB" if count < 10 << 20 else f"{count / (1 << 20):,.1f} MiB"


def _status(summary: dict[str, Any]) -> str:
    if summary["error"] is not None:
        return f"error: {summary['error']}"
    if summary["upstream_error"]:
        return "error of the upstream"
    if not summary["updates"]:
        return "no document"
    return "complete" if summary["complete"] else "cut off"


_ROWS: dict[str, Callable[[dict[str, Any], Document], str]] = {
    "how it ended": lambda s, _: _status(s),
    "events in → out": lambda s, _: f"{s['events_in']:,} → {s['events_out']:,}",
    "updates": lambda s, _: f"{s['updates']:,}",
    "bytes in → out": lambda s, _: f"{_size(s['bytes_in'])} → {_size(s['bytes_out'])}",
    "bytes out for each in": lambda s, _: f"{s['bytes_out'] / max(1, s['bytes_in']):.2f} ×",
    "bytes of text": lambda _, document: _size(document.text_bytes),
    "repairs": lambda s, _: f"{s['repairs']:,}",
    "first shown after": lambda s, _: (
        f"{s['first']['event']:,} events, {s['first']['seconds']:.2f} s" if s["first"] else "–"
    ),
    "longest pause": lambda s, _: f"{s['longest_pause_seconds']:.2f} s",
    "CPU an event": lambda s, _: f"{s['cpu_seconds'] / max(1, s['events_in']) * 1e6:.1f} µs",
}
