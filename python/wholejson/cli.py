"""The command line. stdout carries data, stderr words.

Exit status: 0 when something was shown, 1 when no JSON was found or a limit was passed, 2 for
wrong use.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any, NoReturn

try:
    import typer
except ImportError:  # pragma: no cover
    sys.stderr.write("wholejson: the command line needs: pip install 'wholejson[cli]'\n")
    sys.exit(2)

from . import Aggregator, ChunkTransformer, Error, NoJSONError, __version__
from .console import (
    Mode,
    RepairOption,
    Root,
    RootOption,
    Style,
    StyleOption,
    fail,
    forget_stdout,
    misuse,
    read_stdin,
    say,
    write,
)
from .rerun import replay
from .waiting import milliseconds, until

__all__ = ["main"]

app = typer.Typer(
    name="wholejson",
    help="Every chunk is whole JSON: streamed JSON text in, complete partial documents out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# What to do where no document was found, by the root that was asked for.
_NO_JSON = {
    Root.auto: "a string, number or literal by itself counts with --root any",
    Root.object: "only an object was looked for; --root auto takes an array too",
    Root.array: "only an array was looked for; --root auto takes an object too",
    Root.any: "text around a string, number or literal keeps it from being a document",
}


def main() -> NoReturn:
    """Run the command line, and end the process with its exit status."""
    try:
        app(prog_name="wholejson")
    except BrokenPipeError:
        forget_stdout()
        sys.exit(0)
    except OSError as error:
        say(f"reading or writing failed: {error.strerror or error}")
        forget_stdout()
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


def _show_version(asked: bool) -> None:
    if asked:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass


@app.command()
def pipe(
    root: RootOption = Root.auto,
    style: StyleOption = Style.spaced,
    repair: RepairOption = True,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say on stderr what was repaired, and where.")
    ] = False,
) -> None:
    """Read text on stdin as it arrives; write each new snapshot on a line of its own.

    [bold]Examples[/bold]

      llm 'a user as JSON' | wholejson pipe
      printf '{"name": "Jo' | wholejson pipe
      wholejson pipe --explain < answer.txt | tail -n 1
    """
    reader = Aggregator(root=root.value, style=style.value, repair=repair)
    explained = 0
    came = False
    try:
        for delta in read_stdin():
            came = True
            _show(reader, reader.feed(delta))
            if explain:
                explained = _explain(reader, explained)
        _show(reader, reader.finish())
    except NoJSONError as error:
        fail(f"{error}; {_NO_JSON[root] if came else 'nothing came on stdin'}")
    except Error as error:
        _show(reader, reader.changed_before_error)
        fail(str(error))
    finally:
        if explain:
            explained = _explain(reader, explained)
    if explain and reader.repair_count == 0:
        say("nothing was repaired")
    if reader.trailing:
        say(f"{reader.trailing} bytes of text after the document were left out")
    if not reader.complete:
        say("the document was cut off: the last line is what was known of it")


@app.command()
def sse(
    root: RootOption = Root.auto,
    style: StyleOption = Style.spaced,
    repair: RepairOption = True,
    max_amplification: Annotated[
        int | None,
        typer.Option(min=1, help="Leave updates out beyond 1 MiB and so many times the text."),
    ] = None,
    every_ms: Annotated[
        int | None, typer.Option(min=1, help="At most one update in so many milliseconds.")
    ] = None,
    mode: Annotated[
        Mode, typer.Option(help="Write whole documents, or what changed.")
    ] = Mode.snapshot,
    final: Annotated[
        bool,
        typer.Option("--final/--no-final", help="End a patch with the whole document."),
    ] = True,
    tool_calls: Annotated[
        bool,
        typer.Option(
            "--tool-calls", help="Make arguments of tool calls whole too; they are never repaired."
        ),
    ] = False,
) -> None:
    """Read a stream of chat completion chunks on stdin; write it with whole JSON in each chunk.

    It has no request to look at, so it always transforms.

    [bold]Example[/bold]

      curl -sN https://api.openai.com/v1/chat/completions -H "Authorization: Bearer $OPENAI_API_KEY" -H 'Content-Type: application/json' -d '{"model": "gpt-4o", "stream": true, "response_format": {"type": "json_object"}, "messages": [{"role": "user", "content": "A user as JSON"}]}' | wholejson sse
    """  # noqa: E501
    transformer = ChunkTransformer(
        root=root.value,
        style=style.value,
        repair=None if repair else False,
        max_amplification=max_amplification,
        every_ms=every_ms,
        mode=mode.value,
        final=final,
        tool_calls=tool_calls,
    )
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
    elif not report["complete"] and report["updates"]:
        say("the document was cut off: the last snapshot is what was known of it")
    if code in ("no_json", "invalid_json", "limit_exceeded") or not report["updates"]:
        raise typer.Exit(1)


app.command()(replay)


@app.command()
def serve(
    upstream: Annotated[
        str | None,
        typer.Option(help="The provider's base URL, as the SDKs take it.", metavar="URL"),
    ] = None,
    replay: Annotated[
        bool | None,
        typer.Option("--replay", help="Serve documents from here instead of an upstream."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Where to listen. [127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Where to listen. [8080]")] = None,
    workers: Annotated[int | None, typer.Option(help="How many processes. [1]")] = None,
    upstream_key_env: Annotated[
        str | None,
        typer.Option(
            help="The environment variable that holds the provider's key. Without a key, those "
            "of the clients pass through. [WHOLEJSON_UPSTREAM_KEY]",
            metavar="NAME",
        ),
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Serve metrics for Prometheus there. [none]")
    ] = None,
    replay_pace: Annotated[
        float | None, typer.Option(help="Seconds between events of --replay. [0.02]")
    ] = None,
    playground: Annotated[
        bool | None,
        typer.Option("--playground", help="Serve a page at / that shows it in a browser."),
    ] = None,
) -> None:
    """Serve the endpoint: an OpenAI-compatible API with stream_options.valid_json_chunks.

    Every setting can also stand in the environment, as WHOLEJSON_ and its name.

    [bold]Examples[/bold]

      wholejson serve --upstream https://api.openai.com/v1
      wholejson serve --upstream https://api.openai.com/v1 --upstream-key-env OPENAI_API_KEY
      wholejson serve --replay --port 0
      wholejson serve --replay --playground
      WHOLEJSON_UPSTREAM=http://localhost:8000/v1 wholejson serve --workers 4
    """
    given = {
        "upstream": upstream,
        "replay": replay,
        "host": host,
        "port": port,
        "workers": workers,
        "metrics_port": metrics_port,
        "replay_pace": replay_pace,
        "playground": playground,
    }
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if upstream_key_env is not None:
        chosen["upstream_key"] = os.environ.get(upstream_key_env)
        if not chosen["upstream_key"]:
            misuse(f"the environment variable {upstream_key_env} is not set")
    try:
        from pydantic import ValidationError

        from .server import app as _app  # noqa: F401 - so that what is missing is told now
        from .server.config import Settings
        from .server.run import run
    except ImportError as error:
        misuse(f"serving needs {error.name}: pip install 'wholejson[gateway]'")
    try:
        settings = Settings(**chosen)
    except ValidationError as error:
        for wrong in error.errors():
            name = "".join(f"{part}: " for part in wrong["loc"][:1])
            say(f"{name}{wrong['msg'].removeprefix('Value error, ')}")
        raise typer.Exit(2) from None
    for doubt in settings.doubts():
        say(doubt)
    try:
        raise typer.Exit(run(settings))
    except OSError as error:
        fail(str(error))


@app.command()
def demo(
    pace: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds between two events. [0.06; 0.01 where nobody looks on]"),
    ] = None,
) -> None:
    """Show the shreds that a stream brings, and the whole objects that come of them.

    Starts the gateway on documents of its own, runs the official OpenAI client against it, and
    ends by itself. Needs no key and no network.
    """
    try:
        from .server.demo import show
    except ImportError as error:
        misuse(f"the demo needs {error.name}: pip install 'wholejson[all]'")
    raise typer.Exit(show(pace))


def _show(reader: Aggregator, changed: bool) -> None:
    if changed:
        write((reader.snapshot_bytes() or b"") + b"\n")


def _explain(reader: Aggregator, told: int) -> int:
    repairs = reader.repairs
    for repair in repairs[told:]:
        say(f"repair at offset {repair.offset}: {repair.description} ({repair.kind})")
    return len(repairs)
