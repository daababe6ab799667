"""The command line: data on stdout, words on stderr, and the exit status."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
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
        (b"[1]", ["--root", "object"], 1, "", "--root auto"),
        (b'{"a": 1}', ["--root", "array"], 1, "", "--root auto"),
        (b"so it is 12", ["--root", "any"], 1, "", "text around"),
        (b"{'a': 1}", ["--no-repair"], 1, "", "unexpected character"),
        (b'{"a": 1} x', ["--no-repair"], 1, '{"a": 1}\n', "text after the end"),
        (b"{'a': 1}", ["--explain"], 0, '{"a": 1}\n', "offset 1"),
        (b'{"a": 1}', ["--explain"], 0, '{"a": 1}\n', "nothing was repaired"),
        (b'{"a": 1} and more', [], 0, '{"a": 1}\n', "7 bytes of text after"),
        (b"[" * 300, [], 1, "", "nested deeper"),
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
        ("demo", "Needs no key"),
    ):
        code, out, _ = run(command, "--help")
        assert code == 0
        assert example in " ".join(out.split())
    code, out, _ = run("--help")
    assert all(name in out for name in ("serve", "demo", "pipe", "sse", "replay"))
    assert (0, f"{wholejson.__version__}\n", "") == run("--version")


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ([], {}, "--upstream URL"),
        (["--upstream", "ftp://x"], {}, "http://"),
        (["--upstream", "http://x/v1", "--replay"], {}, "either"),
        (["--replay", "--port", "99999"], {}, "port"),
        (["--replay", "--workers", "0"], {}, "workers"),
        (["--replay", "--workers", "2"], {"WHOLEJSON_SHUTDOWN_DELAY": "3"}, "one worker"),
        (["--upstream", "http://u:sk-planted@x/v1"], {}, "credentials"),
        (["--upstream", "http://x/v1/chat/completions/"], {}, "without /chat/completions"),
        (["--upstream", "http://x/v1", "--upstream-key-env", "NO_SUCH_KEY"], {}, "NO_SUCH_KEY"),
        (["--replay"], {"WHOLEJSON_HEARTBEAT": "sk-planted"}, "heartbeat"),
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
