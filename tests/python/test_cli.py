"""The command line: data on stdout, words on stderr, and the exit status."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from serving import DONE, event, gateway

import wholejson

COMMAND = [sys.executable, "-m", "wholejson"]
ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if not key.startswith("WHOLEJSON_")},
    "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "COLUMNS": "100",
}  # fmt: skip


def run(*arguments: str, stdin: bytes = b"", **environment: str) -> Any:
    ran = subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        timeout=60,
        env={**ENVIRONMENT, **environment},
        check=False,
    )
    return ran.returncode, ran.stdout.decode(), ran.stderr.decode()


def as_it_arrives(command: str, parts: list[bytes]) -> tuple[list[bytes], int]:
    """Write parts to stdin one by one; give what came out after each, and the exit status."""
    with subprocess.Popen(
        [*COMMAND, command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        came = []
        for part in parts:
            process.stdin.write(part)
            process.stdin.flush()
            came.append(os.read(process.stdout.fileno(), 65536))
        process.stdin.close()
        came.append(process.stdout.read())
        return came, process.wait()


def test_pipe_writes_a_snapshot_for_each_update_as_it_arrives() -> None:
    came, status = as_it_arrives("pipe", [b'{"name":"John', b" Doe", b'", "age": 30}'])
    lines = [b'{"name": "John"}\n', b'{"name": "John Doe"}\n', b'{"name": "John Doe", "age": 30}\n']
    assert ([*lines, b""], 0) == (came, status)


def test_sse_writes_each_event_as_it_arrives() -> None:
    parts = [event('{"a": "x'), event('y"}'), event(reason="stop") + DONE]
    transformer = wholejson.ChunkTransformer()
    expected = [transformer.feed(part) for part in parts]
    came, status = as_it_arrives("sse", parts)
    assert ([*expected, b""], 0) == (came, status)


@pytest.mark.parametrize(
    ("stdin", "arguments", "status", "stdout", "said"),
    [
        (b'{"a": 1}', [], 0, '{"a": 1}\n', ""),
        (b'{"a": "x', [], 0, '{"a": "x"}\n', "cut off"),
        (b"", [], 1, "", "without a JSON value"),
        (b"prose", [], 1, "", "without a JSON value"),
        (b"", [], 1, "", "nothing came on stdin"),
        (b"12", [], 1, "", "--root any"),
        (b"[1]", ["--root", "object"], 1, "", "without a JSON object that could be shown"),
        (b"[1]", ["--root", "object"], 1, "", "with --root auto something would be shown"),
        (b'{"a": 1}', ["--root", "array"], 1, "", "with --root auto"),
        (b"12", ["--root", "array"], 1, "", "with --root any"),
        (b"{'a': 1}", ["--no-repair"], 1, "", "unexpected character"),
        (b'{"a": 1} x', ["--no-repair"], 1, '{"a": 1}\n', "text after the end"),
        (b"{'a': 1}", ["--explain"], 0, '{"a": 1}\n', "offset 1"),
        (b'{"a": 1}', ["--explain"], 0, '{"a": 1}\n', "nothing was repaired"),
        (b'{"a": 1} and more', [], 0, '{"a": 1}\n', "7 bytes of text after"),
        (b'{"a": 1}\n{"b": 2}', [], 0, '{"a": 1}\n', "the first document counts"),
        (b"[" * 300, [], 1, "", "nested deeper"),
        (b"[" * 300, [], 1, "", "here that is --limit depth=N"),
        (
            b"[" * 300 + b"1]",
            ["--limit", "depth=400"],
            0,
            "[" * 300 + "1" + "]" * 300 + "\n",
            "cut",
        ),
        (b'{"a": "x', ["--whole", "/a"], 1, "", "without a JSON value"),
        (b"{}", ["--whole", "a"], 2, "", '"a" is no JSON Pointer'),
        (b"{}", ["--schema", "no-such-file"], 2, "", "cannot read no-such-file: No such"),
        (b"{}", ["--limit", "depth"], 2, "", "such as depth=1000, not depth"),
        (b"{}", ["--limit", "depth=0"], 2, "", "depth must be at least 1, not 0"),
        (b"{}", ["--limit", "dept=1"], 2, "", "there are depth, document, digits"),
        (b'{"a": 1, "b": [2]}', ["--style", "compact"], 0, '{"a":1,"b":[2]}\n', ""),
        (b'[1] {"a": 1}', ["--root", "object"], 0, '{"a": 1}\n', ""),
        (b"{}", ["--root", "tree"], 2, "", "root"),
        (b"{}", ["--nonsense"], 2, "", "nonsense"),
    ],
)
def test_pipe(stdin: bytes, arguments: list[str], status: int, stdout: str, said: str) -> None:
    code, out, err = run("pipe", *arguments, stdin=stdin)
    assert (status, stdout) == (code, out)
    assert said in err
    assert bool(said) == bool(err)


@pytest.mark.parametrize(
    ("stdin", "arguments"),
    [
        (b"prose", []),
        (b'{"a": 1', []),
        (b"so it is 12", ["--root", "any"]),
        (b'{"a": "x', ["--whole", "/a"]),
        (b"\xff", ["--no-repair"]),
    ],
)
def test_pipe_names_no_root_where_none_would_help(stdin: bytes, arguments: list[str]) -> None:
    code, out, err = run("pipe", *arguments, stdin=stdin)
    assert (1, "") == (code, out)
    assert "with --root" not in err


def test_a_schema_tells_pipe_and_sse_what_is_shown_only_whole(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    schema = {"properties": {"day": {"format": "date"}, "n": {"pattern": "(?=x)"}}}
    file.write_text(json.dumps(schema))
    parts = [b'{"a": "x", "day": "20', b'24-01-02", "n": "y"}']
    out = ["pipe", "--schema", str(file)]
    assert (0, '{"a": "x", "day": "2024-01-02", "n": "y"}\n', "") == run(
        *out, stdin=b"".join(parts)
    )
    cut = run(*out, stdin=parts[0])
    assert (0, '{"a": "x"}\n') == cut[:2]
    stream = event((b"".join(parts)).decode()) + event(reason="stop") + DONE
    code, shown, err = run("sse", "--schema", str(file), "--validate", stdin=stream)
    assert (0, "") == (code, err)
    assert "is no regular expression, or one that is not supported" in shown
    del schema["properties"]["n"]
    file.write_text(json.dumps(schema))
    assert '"valid": true' in run("sse", "--schema", str(file), "--validate", stdin=stream)[1]
    file.write_text("{")
    code, shown, err = run("pipe", "--schema", str(file), stdin=b"[1]")
    assert (0, "[1]\n") == (code, shown)
    assert "the schema can't be read as JSON" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--validate"], "--validate goes with --schema FILE"),
        (["--no-final"], "--no-final goes with --mode patch"),
        (["--whole", "x"], '"x" is no JSON Pointer'),
        (["--limit", "line=x"], "a whole number"),
    ],
)
def test_sse_refuses_flags_that_mean_nothing(arguments: list[str], said: str) -> None:
    code, out, err = run("sse", *arguments)
    assert (2, "") == (code, out)
    assert said in err


def test_sse_says_why_nothing_was_shown() -> None:
    call = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]}
    stream = event(delta=call) + event(reason="tool_calls") + DONE
    code, _, err = run("sse", stdin=stream)
    assert (1, True) == (code, "--tool-calls reads arguments too" in err)
    assert (0, "") == run("sse", "--tool-calls", stdin=stream)[::2]


@pytest.mark.parametrize(
    ("stdin", "status", "said"),
    [
        (event('{"a": 1}') + event(reason="stop") + DONE, 0, ""),
        (event('{"a": "x') + event(reason="stop") + DONE, 0, "cut off"),
        (event('{"a": "x'), 0, "upstream_closed"),
        (event("prose") + event(reason="stop") + DONE, 1, "no_json"),
        (event('{"a": ' * 300), 1, "limit_exceeded"),
        (b"", 1, ""),
    ],
)
def test_sse(stdin: bytes, status: int, said: str) -> None:
    code, out, err = run("sse", stdin=stdin)
    transformer = wholejson.ChunkTransformer()
    expected = transformer.feed(stdin) + transformer.finish()
    assert (status, expected.decode()) == (code, out)
    assert said in err


def test_a_reader_that_goes_away_is_no_error() -> None:
    lines = b"".join(b'{"a": "%d' % n if n == 0 else b"x" for n in range(200_000))
    with subprocess.Popen(  # noqa: S602 - a pipe as users write it
        f"'{sys.executable}' -m wholejson pipe | head -n 1",
        shell=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            for at in range(0, len(lines), 1000):
                process.stdin.write(lines[at : at + 1000])
                process.stdin.flush()
        out, err = process.communicate()
    assert out.startswith(b'{"a": "0')
    assert (1, b"") == (out.count(b"\n"), err)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell of POSIX")
@pytest.mark.parametrize("streams", [">/dev/full", ">&-", "<&-"])
@pytest.mark.parametrize("command", ["pipe", "sse"])
def test_streams_that_do_not_work_are_told_in_words(command: str, streams: str) -> None:
    line = f'printf \'{{"a": "x"}}\' | "$0" -m wholejson {command} {streams}'
    ran = subprocess.run(
        ["sh", "-c", line, sys.executable],
        capture_output=True, timeout=60, env=ENVIRONMENT, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr.startswith(b"wholejson: ")
    assert ran.stderr.count(b"\n") == 1


def test_help_has_examples() -> None:
    for command, example in (
        ("pipe", "| wholejson pipe"),
        ("sse", "| wholejson sse"),
        ("replay", "wholejson replay answer.sse"),
        ("serve", "wholejson serve --upstream https://api.openai.com/v1"),
        ("demo", "no key, no network"),
    ):
        code, out, _ = run(command, "--help")
        assert code == 0
        assert example in " ".join(out.split())
        assert command == "demo" or "Exit status 0:" in " ".join(out.split())
    code, out, _ = run("--help")
    assert all(name in out for name in ("serve", "demo", "pipe", "sse", "replay", "exit status"))
    assert (0, f"{wholejson.__version__}\n", "") == run("--version")


@pytest.mark.parametrize("command", ["pipe", "sse", "replay", "serve", "demo", None])
def test_help_fits_80_columns_with_every_name_of_an_option_whole(command: str | None) -> None:
    from typer.main import get_command

    from wholejson.cli import app

    known: Any = get_command(app)
    chosen = known if command is None else known.commands[command]
    names = {name for each in chosen.params for name in (*each.opts, *each.secondary_opts)}
    code, out, _ = run(*([command] if command else []), "--help", COLUMNS="80")
    assert 0 == code
    assert max(map(len, out.splitlines())) <= 80
    shown = set(re.findall(r"(?<!\S)--?[a-z-]+(?!\S)", out.replace(",", " ")))
    assert {"--help", *(name for name in names if name.startswith("-"))} <= shown
    assert "…" not in out.replace("-sN …/v1", "").replace("true, …}", "")
    # The lines of its text stay as they are, but for the first paragraph: they must fit.
    lines = inspect.cleandoc(chosen.help).partition("\n\n")[2].splitlines()
    assert [] == [line for line in lines if len(line) > 78]


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ([], {}, "say what to serve: --upstream URL (or WHOLEJSON_UPSTREAM), or --replay"),
        (["--upstream", "ftp://x"], {}, "--upstream must be a base URL that begins with http://"),
        ([], {"WHOLEJSON_UPSTREAM": "ftp://x"}, "WHOLEJSON_UPSTREAM must be a base URL that beg"),
        (["--upstream", "http://x/v1", "--replay"], {}, "are both given: leave one out"),
        (["--replay"], {"WHOLEJSON_UPSTREAM": "http://x/v1"}, "(or WHOLEJSON_UPSTREAM) and"),
        (
            ["--replay", "--port", "99999"],
            {},
            "--port must be a whole number from 0 to 65535, not '99999'",
        ),
        (
            ["--replay"],
            {"WHOLEJSON_PORT": "abc"},
            "WHOLEJSON_PORT must be a whole number from 0 to 65535, not 'abc'",
        ),
        ([], {"WHOLEJSON_REPLAY": "maybe"}, "WHOLEJSON_REPLAY must be true or false, not 'maybe'"),
        (
            ["--replay"],
            {"wholejson_connect_timeout": "0"},
            "WHOLEJSON_CONNECT_TIMEOUT must be a number, more than 0, not '0'",
        ),
        (["--replay", "--workers", "0"], {}, "--workers must be a whole number, at least 1"),
        (["--replay", "--workers", "2"], {"WHOLEJSON_SHUTDOWN_DELAY": "3"}, "_DELAY goes with"),
        (["--upstream", "http://u:sk-planted@x/v1"], {}, "credentials"),
        (["--upstream", "http://x/v1/chat/completions/"], {}, "without /chat/completions"),
        (["--upstream", "http://x/v1", "--upstream-key-env", "NO_SUCH_KEY"], {}, "NO_SUCH_KEY"),
        (["--upstream", "http://x/v1", "--upstream-key-env", "sk-planted"], {}, "and not the key"),
        (["--upstream", "http://x/v1", "--upstream-key-env", "sk_planted"], {}, "and not the key"),
        (["--replay"], {"WHOLEJSON_CLIENT_KEYS": " , "}, "KEYS must name at least one key; leave"),
        (
            ["--replay"],
            {"WHOLEJSON_HEARTBEAT": "sk-planted"},
            "WHOLEJSON_HEARTBEAT must be a number, at least 0 (it has 10 characters, which",
        ),
        (
            ["--upstream", "http://x/v1", "--host", "0.0.0.0"],  # noqa: S104
            {"WHOLEJSON_UPSTREAM_KEY": "sk-planted"},
            "WHOLEJSON_CLIENT_KEYS",
        ),
    ],
)
def test_serve_refuses_what_does_not_fit_and_says_why(
    arguments: list[str], environment: dict[str, str], said: str
) -> None:
    code, out, err = run("serve", *arguments, **environment)
    assert (2, "") == (code, out)
    assert said in err
    assert "sk-planted" not in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["--upstream", "http://x.test"], {}, "try --upstream http://x.test/v1"),
        (["--upstream", "http://x.test/api/"], {}, "try --upstream http://x.test/api/v1"),
        (["--replay"], {"WHOLEJSON_UPSTREM_KEY": "sk-planted"}, "mean WHOLEJSON_UPSTREAM_KEY?"),
        (
            ["--replay"],
            {"WHOLEJSON_CLIENT_KEYS": ""},
            "KEYS is set, but empty: clients need no key",
        ),
        (["--replay"], {"wholejson_worker": "4"}, "mean WHOLEJSON_WORKERS?"),
        (["--replay"], {"WHOLEJSON_XYZ": "1"}, "WHOLEJSON_XYZ in the environment is no setting"),
        (["--upstream", "https://x.test/v1"], {"WHOLEJSON_HEARTBEAT": "9"}, None),
        (["--upstream", "https://x.test/v1beta/openai"], {"wholejson_heartbeat": "9"}, None),
    ],
)
def test_serve_says_what_is_most_likely_not_meant_and_starts(
    arguments: list[str], environment: dict[str, str], said: str | None
) -> None:
    with gateway(*arguments, **environment) as running:
        doubts = [line for line in running.lines if "listening" not in line]
    assert bool(said) == bool(doubts)
    assert (said or "") in "".join(doubts)
    assert "sk-planted" not in "".join(running.lines)


def test_serve_says_that_a_port_is_taken() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, err = run("serve", "--replay", "--port", port)
    assert (1, True) == (code, f"cannot listen on 127.0.0.1:{port}" in err)


def test_serve_says_that_the_port_for_metrics_is_taken() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, err = run("serve", "--replay", "--port", "0", "--metrics-port", port)
    assert (1, True) == (code, f"cannot listen on 127.0.0.1:{port} for metrics" in err)


def test_serve_writes_an_address_of_ipv6_as_in_a_url() -> None:
    nowhere = {"WHOLEJSON_METRICS_HOST": "2001:db8::1"}
    code, _, err = run("serve", "--replay", "--port", "0", "--metrics-port", "9100", **nowhere)
    assert (1, True) == (code, "cannot listen on [2001:db8::1]:9100 for metrics: " in err)


@pytest.mark.parametrize("arguments", [("--help",), ("pipe", "--help"), ("replay", "-")])
def test_what_is_shown_does_not_depend_on_the_locale(arguments: tuple[str, ...]) -> None:
    event = {"choices": [{"index": 0, "delta": {"content": '{"a": "Zoë →"}'}}]}
    stream = b"data: %s\n\ndata: [DONE]\n\n" % json.dumps(event).encode()
    code, shown, err = run(*arguments, stdin=stream, PYTHONIOENCODING="ascii")
    assert (0, "") == (code, err)
    assert "→" in shown


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_refuses_one_port_for_the_gateway_and_its_metrics(workers: str) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    given = ("--port", port, "--metrics-port", port, "--workers", workers)
    code, _, err = run("serve", "--replay", *given)
    assert (1, True) == (code, f"cannot listen on 127.0.0.1:{port} for metrics" in err)
    assert "listening" not in err


@pytest.mark.parametrize(
    ("missing", "command", "remedy"),
    [
        ("typer", ["pipe"], "pip install 'wholejson[cli]'"),
        ("uvicorn", ["serve", "--replay"], "pip install 'wholejson[gateway]'"),
        ("pydantic_settings", ["serve", "--replay"], "pip install 'wholejson[gateway]'"),
        ("aiohttp", ["serve", "--replay"], "pip install 'wholejson[gateway]'"),
        ("openai", ["demo"], "pip install 'wholejson[all]'"),
    ],
)
def test_a_missing_extra_is_told_with_the_command_that_installs_it(
    missing: str, command: list[str], remedy: str
) -> None:
    block = f"import sys; sys.modules[{missing!r}] = None; sys.argv = ['wholejson', *{command}]; "
    ran = subprocess.run(
        [sys.executable, "-c", block + "from wholejson.cli import main; main()"],
        capture_output=True,
        text=True,
        timeout=60,
        env=ENVIRONMENT,
        check=False,
    )
    assert (2, "") == (ran.returncode, ran.stdout)
    assert remedy in ran.stderr
    assert "Traceback" not in ran.stderr


def test_on_a_small_terminal_the_demo_shows_where_the_object_grows() -> None:
    from rich.console import Console

    from wholejson.server.demo import _frame, _Side

    console = Console(width=80, height=24, color_system=None)
    shreds, wholes = _Side(), _Side()
    shreds.contents = [f"shred {number}" for number in range(100)]
    wholes.contents = [json.dumps(list(range(100)))]
    with console.capture() as capture:
        console.print(_frame(console, shreds, wholes, rows=18))
    drawn = capture.get()
    assert len(drawn.splitlines()) < 24
    assert "shred 99" in drawn
    assert " 99 " in drawn
    assert "shred 1 " not in drawn


def test_the_demo_shows_numbers_as_they_were_written() -> None:
    from rich.console import Console

    from wholejson.server.demo import _frame, _Side

    console = Console(width=80, height=24, color_system=None)
    wholes = _Side()
    wholes.contents = ['{"price": 24.90, "id": 12345678901234567890.0}']
    with console.capture() as capture:
        console.print(_frame(console, _Side(), wholes))
    assert '"price": 24.90,' in capture.get()
    assert '"id": 12345678901234567890.0' in capture.get()


def test_the_demo_shows_shreds_and_whole_objects_each_on_a_line_and_ends() -> None:
    code, out, err = run("demo", "--pace", "0.001")
    assert code == 0
    values = [json.loads(line) for line in out.splitlines()]
    shreds = [value for value in values if isinstance(value, str)]
    wholes = [value for value in values if isinstance(value, dict)]
    assert len(values) == len(shreds) + len(wholes)
    user = {"name": "John Doe", "age": 30, "email": "john.doe@example.com"}
    assert [{"name": "John"}, {"name": "John Doe"}] == wholes[:2]
    assert user in wholes
    assert '{"name": "John Doe", "age": 30}' in out.splitlines()
    assert "".join(shreds).startswith('{\n"name": "John Doe",\n"age": 30,\n')
    assert "\x1b" not in out
    assert "wholejson serve --upstream" in err
