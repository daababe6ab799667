"""`wholejson pipe` and `wholejson sse`: from stdin to stdout, as it arrives."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ._core import Aggregator, ChunkTransformer
from .console import (
    LimitOption,
    Mode,
    RepairOption,
    Root,
    RootOption,
    SchemaOption,
    Style,
    StyleOption,
    ToolCallsOption,
    WholeOption,
    fail,
    made,
    misuse,
    nothing_shown,
    read_stdin,
    reading,
    say,
    turning,
    write,
)
from .errors import Error, LimitError, NoJSONError
from .waiting import milliseconds, until

__all__ = ["pipe", "sse"]

# Of a text in which nothing was found, what is looked at again for a hint.
_OPENING = 64 << 10
_CODES_OF_FAILURE = ("no_json", "invalid_json", "limit_exceeded")


def pipe(
    root: RootOption = Root.auto,
    style: StyleOption = Style.spaced,
    repair: RepairOption = True,
    schema: SchemaOption = None,
    whole: WholeOption = None,
    limit: LimitOption = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", metavar="", help="Say on stderr what was repaired, and where."),
    ] = False,
) -> None:
    """Text on stdin → each new snapshot on a line of its own.

    It reads one document, as it arrives. Text around it is left out. What comes
    behind it, a second document among it, is told on stderr, by its length.

    [bold]Examples[/bold]

      llm 'a user as JSON' | wholejson pipe
      printf '{"name": "Jo' | wholejson pipe
      wholejson pipe --explain < answer.txt | tail -n 1

    [bold]Exit status[/bold]

      0: something was shown, even if it was cut off or more text followed
      1: there was no JSON, a limit was passed, or --no-repair met malformed text
      2: wrong use
    """
    options = reading(root, repair, schema, whole, limit)
    reader = made(Aggregator, {**options, "style": style.value})
    if reader.schema_warning is not None:
        say(reader.schema_warning)
    explained = 0
    opening = bytearray()
    try:
        for delta in read_stdin():
            opening += delta[: _OPENING - len(opening)]
            _show(reader, reader.feed(delta))
            if explain:
                explained = _explain(reader, explained)
        _show(reader, reader.finish())
    except NoJSONError as error:
        fail(f"{error}{_hint(bytes(opening), options)}")
    except Error as error:
        _show(reader, reader.changed_before_error)
        remedy = f"; here that is --limit {error.kind}=N" if isinstance(error, LimitError) else ""
        fail(f"{error}{remedy}")
    finally:
        if explain:
            explained = _explain(reader, explained)
    if explain and reader.repair_count == 0:
        say("nothing was repaired")
    if reader.trailing:
        say(
            f"{reader.trailing} bytes of text after the document were left out: "
            "the first document counts"
        )
    if not reader.complete:
        say("the document was cut off: the last line is what was known of it")


def _hint(opening: bytes, options: dict[str, Any]) -> str:
    """Say what else could be done with a text in which nothing was found, if anything could."""
    if not opening:
        return "; nothing came on stdin"
    for other in (Root.auto, Root.any):
        reader = Aggregator(**{**options, "root": other.value})
        try:
            reader.feed(opening)
            reader.finish()
        except Error:
            continue
        return f"; with --root {other.value} something would be shown"
    return ""


def sse(
    root: RootOption = Root.auto,
    style: StyleOption = Style.spaced,
    repair: RepairOption = True,
    max_amplification: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Leave updates out beyond 1 MiB and N times the text."
        ),
    ] = None,
    every_ms: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="At most one update in N milliseconds."),
    ] = None,
    mode: Annotated[
        Mode,
        typer.Option(
            metavar="MODE", help="Write whole documents (snapshot), or what changed (patch)."
        ),
    ] = Mode.snapshot,
    final: Annotated[
        bool,
        typer.Option(
            "--final/--no-final",
            metavar="",
            help="With --mode patch: the last chunk has the whole document in its json_status.",
        ),
    ] = True,
    tool_calls: ToolCallsOption = False,
    schema: SchemaOption = None,
    whole: WholeOption = None,
    validate: Annotated[
        bool,
        typer.Option(
            "--validate",
            metavar="",
            help="With --schema: say in json_status whether the document is valid.",
        ),
    ] = False,
    limit: LimitOption = None,
) -> None:
    r"""An event stream on stdin → the same with whole JSON in each chunk.

    It has no request to look at, so it always transforms.

    [bold]Example[/bold]

      curl -sN https://api.openai.com/v1/chat/completions \
        -H "Authorization: Bearer $OPENAI_API_KEY" \
        -H 'Content-Type: application/json' \
        -d '{"model": "gpt-4o", "stream": true,
             "response_format": {"type": "json_object"},
             "messages": [{"role": "user", "content": "A user as JSON"}]}' \
        | wholejson sse

    [bold]Exit status[/bold]

      0: something was shown, even if the stream was cut off
      1: nothing was, a limit was passed, or --no-repair met malformed text
      2: wrong use
    """
    if validate and schema is None:
        misuse("--validate goes with --schema FILE: here is no request that names a schema")
    if not final and mode != Mode.patch:
        misuse("--no-final goes with --mode patch: a snapshot has no other document at its end")
    options = {
        **turning(reading(root, repair, schema, whole, limit), style, tool_calls),
        "max_amplification": max_amplification,
        "every_ms": every_ms,
        "mode": mode.value,
        "final": final,
        "validate": validate,
    }
    transformer = made(ChunkTransformer, options)
    for part in read_stdin(lambda: until(transformer.due_at)):
        transformer.set_time(milliseconds())
        write(transformer.feed(part) if part else transformer.flush_due())
        if transformer.ended:
            break
    write(transformer.finish())
    report = transformer.report
    code = report["error"]
    if code is not None:
        say(f"the stream ended with an error: {code}")
    elif not report["updates"]:
        say(f"nothing was shown: {nothing_shown(report, tool_calls=tool_calls)}")
    elif not report["complete"]:
        say("the document was cut off: the last snapshot is what was known of it")
    if code in _CODES_OF_FAILURE or not report["updates"]:
        raise typer.Exit(1)


def _show(reader: Aggregator, changed: bool) -> None:
    if changed:
        write((reader.snapshot_bytes() or b"") + b"\n")


def _explain(reader: Aggregator, told: int) -> int:
    repairs = reader.repairs
    for repair in repairs[told:]:
        say(f"repair at offset {repair.offset}: {repair.description} ({repair.kind})")
    return len(repairs)
