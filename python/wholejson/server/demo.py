"""The demonstration: shreds on one side, whole objects on the other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import openai
from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from wholejson.layout import laid_out

__all__ = ["show"]

_MODELS = {"gpt-4o": "a user, the first example", "gpt-4o-mini": "an order"}
_MESSAGES = [{"role": "user", "content": "Extract it as JSON."}]
_LISTENING = re.compile(r"listening on (http://\S+/v1)")
_WAIT = 30
_ENDING = """\
To use a real provider, start the gateway in front of it:

    wholejson serve --upstream https://api.openai.com/v1

and point your client at it; its key passes through:

    client = OpenAI(base_url="http://127.0.0.1:8080/v1")
    client.chat.completions.create(…, stream=True, stream_options={"valid_json_chunks": True})
"""


def show(pace: float | None = None) -> int:
    """Run the demonstration, with so many seconds between two events; give the exit status."""
    console = Console()
    if pace is None:
        pace = 0.06 if console.is_terminal else 0.01
    with _gateway(pace) as url:
        client = openai.OpenAI(base_url=url, api_key="demo", max_retries=0)
        for model, title in _MODELS.items():
            if console.is_terminal:
                _side_by_side(console, client, model, title)
            else:
                _line_by_line(client, model, title)
    if console.is_terminal:
        console.print(_ENDING, markup=False, highlight=False)
    else:
        print(_ENDING, file=sys.stderr)
    return 0


@contextmanager
def _gateway(pace: float) -> Iterator[str]:
    """Run the gateway on the embedded upstream, in a process of its own; give its base URL."""
    command = [sys.executable, "-m", "wholejson", "serve", "--replay", "--port", "0"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WHOLEJSON_")}
    said: list[str] = []
    with subprocess.Popen(  # noqa: S603 - our own program
        [*command, "--replay-pace", str(pace)],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        late = threading.Timer(_WAIT, process.kill)
        late.start()
        try:
            url = _address(process, said)
            threading.Thread(target=_drain, args=(process,), daemon=True).start()
            late.cancel()
            yield url
        finally:
            late.cancel()
            process.terminate()


def _address(process: subprocess.Popen[str], said: list[str]) -> str:
    for line in process.stderr or ():
        said.append(line)
        found = _LISTENING.search(line)
        if found is not None:
            return found.group(1)
    raise RuntimeError("the gateway did not start:\n" + "".join(said))


def _drain(process: subprocess.Popen[str]) -> None:
    """Read the gateway's log, so that it never waits for us."""
    for _ in process.stderr or ():
        pass


def _contents(client: openai.OpenAI, model: str, *, whole: bool) -> Iterator[str]:
    """Give the contents of a stream's chunks."""
    options = {"stream_options": {"valid_json_chunks": True}} if whole else {}
    stream = client.chat.completions.create(  # type: ignore[call-overload]
        model=model,
        messages=_MESSAGES,
        metadata={"agent_id": "demo"},
        response_format={"type": "json_object"},
        stream=True,
        **options,
    )
    for chunk in stream:
        content = chunk.choices[0].delta.content
        if content:
            yield content


def _line_by_line(client: openai.OpenAI, model: str, title: str) -> None:
    """Write each shred, as a JSON string, and each whole object on a line of its own."""
    print(f"{title}: the shreds, as they arrive", file=sys.stderr, flush=True)
    for content in _contents(client, model, whole=False):
        print(json.dumps(content, ensure_ascii=False), flush=True)
    print(f"{title}: the whole objects, with valid_json_chunks", file=sys.stderr, flush=True)
    for content in _contents(client, model, whole=True):
        json.loads(content)
        print(content, flush=True)


class _Side:
    """What one of the two streams has brought."""

    def __init__(self) -> None:
        self.contents: list[str] = []
        self.error: Exception | None = None

    def run(self, client: openai.OpenAI, model: str, whole: bool) -> None:
        try:
            for content in _contents(client, model, whole=whole):
                self.contents.append(content)
        except Exception as error:  # shown to whoever looks on
            self.error = error


def _side_by_side(console: Console, client: openai.OpenAI, model: str, title: str) -> None:
    sides = (_Side(), _Side())
    threads = [
        threading.Thread(target=side.run, args=(client, model, whole), daemon=True)
        for side, whole in zip(sides, (False, True), strict=True)
    ]
    console.rule(title)
    with Live(console=console, refresh_per_second=20) as live:
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            live.update(_frame(console, *sides, rows=max(3, console.height - 6)))
            threads[0].join(0.05)
            threads[1].join(0.05)
        live.update(_frame(console, *sides))
    for side in sides:
        if side.error is not None:
            raise side.error


def _frame(console: Console, shreds: _Side, wholes: _Side, rows: int | None = None) -> Columns:
    """Draw both sides; with `rows`, only the last ones, where what is new appears."""
    width = max(30, console.width // 2 - 1)
    left = Text()
    for content in shreds.contents:
        left.append(json.dumps(content, ensure_ascii=False), style="dim red")
        left.append(" ")
    whole = Text("nothing yet", style="dim")
    if wholes.contents:
        whole = Text(laid_out(wholes.contents[-1]), style="green")
    right = Group(
        _last(console, whole, width, rows),
        Text(f"\nchunks, each one whole: {len(wholes.contents)}", style="dim"),
    )
    return Columns(
        [
            Panel(_last(console, left, width, rows), title="deltas", width=width),
            Panel(right, title="valid_json_chunks", width=width),
        ],
        padding=0,
    )


def _last(console: Console, text: Text, width: int, rows: int | None) -> Text:
    """Give the last rows of a text in a panel of that width."""
    if rows is None:
        return text
    return Text("\n").join(text.wrap(console, width - 4)[-rows:])
