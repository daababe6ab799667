"""The command line. stdout carries data, stderr words.

Exit status: 0 when something was shown; 1 when nothing was, a limit was passed, or strict reading
met malformed text; 2 for wrong use, and where stdin or stdout can't be used; 130 when interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated, Any, NoReturn

try:
    import typer
except ImportError:  # pragma: no cover
    sys.stderr.write("wholejson: the command line needs: pip install 'wholejson[cli]'\n")
    sys.exit(2)

from ._core import __version__
from .console import fail, forget_stdout, misuse, say
from .piping import pipe, sse
from .rerun import replay

__all__ = ["main"]

_HELP = """Every chunk is whole JSON: streamed JSON text in, complete partial documents out.

[bold]Begin here[/bold]

  wholejson demo
  printf '{"name": "Jo' | wholejson pipe
  wholejson serve --upstream https://api.openai.com/v1

stdout carries data, stderr words. The exit status is 0 when something was
shown; 1 when nothing was, a limit was passed, or --no-repair met malformed
text; 2 for wrong use. COMMAND --help has examples.
"""

app = typer.Typer(
    name="wholejson",
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> NoReturn:
    """Run the command line, and end the process with its exit status."""
    _write_utf8()
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


def _write_utf8() -> None:
    """Let stdout take every character: as UTF-8 where it carries data, whatever the locale."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding = sys.stdout.encoding if sys.stdout.isatty() else "utf-8"
        sys.stdout.reconfigure(encoding=encoding, errors="replace")


def _show_version(asked: bool) -> None:
    if asked:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            is_eager=True,
            callback=_show_version,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    pass


for _command in (pipe, sse):
    app.command()(_command)
app.command()(replay)


@app.command()
def serve(
    upstream: Annotated[
        str | None,
        typer.Option(help="The provider's base URL, as the SDKs take it.", metavar="URL"),
    ] = None,
    replay: Annotated[
        bool | None,
        typer.Option(
            "--replay", metavar="", help="Serve documents of its own instead of an upstream."
        ),
    ] = None,
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="Where to listen. Default: 127.0.0.1")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(metavar="N", help="Where to listen; 0 for any free port. Default: 8080"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="How many processes. Default: 1")
    ] = None,
    upstream_key_env: Annotated[
        str | None,
        typer.Option(
            help="The environment variable that holds the provider's key. Without a key, those "
            "of the clients pass through. Default: WHOLEJSON_UPSTREAM_KEY",
            metavar="NAME",
        ),
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(metavar="N", help="Serve metrics for Prometheus there. Default: none"),
    ] = None,
    replay_pace: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Between two events of --replay. Default: 0.02"),
    ] = None,
    playground: Annotated[
        bool | None,
        typer.Option(
            "--playground", metavar="", help="Serve a page at / that shows it in a browser."
        ),
    ] = None,
) -> None:
    r"""The endpoint, in front of a provider or on documents of its own.

    An OpenAI-compatible API; clients may set stream_options.valid_json_chunks.
    Give either --upstream or --replay. Each setting can also stand in the
    environment, as WHOLEJSON_ and its name: WHOLEJSON_PORT=8080. A flag wins.

    [bold]Examples[/bold]

      wholejson serve --upstream https://api.openai.com/v1
      wholejson serve --upstream https://api.openai.com/v1 \
        --upstream-key-env OPENAI_API_KEY
      wholejson serve --replay --port 0
      wholejson serve --replay --playground
      WHOLEJSON_UPSTREAM=http://localhost:8000/v1 wholejson serve --workers 4

    [bold]Exit status[/bold]

      0: it was told to stop, and has
      1: it cannot listen where it should
      2: a setting is wrong; nothing was started
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
            if upstream_key_env.isupper() and upstream_key_env.isidentifier():
                misuse(f"the environment variable {upstream_key_env} is not set")
            misuse(  # it may be the key itself: it is not repeated
                "no environment variable is set that has the name given to --upstream-key-env; it "
                "takes a variable's name, such as OPENAI_API_KEY, and not the key"
            )
    try:
        from pydantic import ValidationError

        from .server import app as _app  # noqa: F401 - so that what is missing is told now
        from .server.config import Settings
        from .server.run import run
        from .server.wrong import told
    except ImportError as error:
        misuse(f"serving needs {error.name}: pip install 'wholejson[gateway]'")
    try:
        settings = Settings(**chosen)
    except ValidationError as error:
        for sentence in told(error, chosen):
            say(sentence)
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
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Between two events. Default: 0.06; where nobody looks on, 0.01",
        ),
    ] = None,
) -> None:
    """Shreds on one side, whole objects on the other: no key, no network.

    Starts the gateway on documents of its own, runs the official OpenAI client
    against it, and ends by itself.
    """
    try:
        from .server.demo import show
    except ImportError as error:
        misuse(f"the demo needs {error.name}: pip install 'wholejson[all]'")
    raise typer.Exit(show(pace))
