"""A recorded stream of chunks, run through the transformer: what would have been sent, and when.

The transformer decides, and counts. What is added here is a clock: a recording says nothing of
time, so events are taken to come at an even rate.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ._core import Aggregator, ChunkTransformer
from .errors import Error
from .facts import index_of, text_of
from .shapes import get

__all__ = ["Document", "Run", "Sent", "blocks"]

_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
# What has no end of an event in it for so long is handed on as it is: any cut will do.
_LONG = 1 << 20


def blocks(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Give a stream of events in pieces of about one event each; nothing is left out."""
    rest = b""
    for part in parts:
        data, at = rest + part, 0
        for end in _END.finditer(data):
            yield data[at : end.end()]
            at = end.end()
        rest = data[at:]
        if len(rest) > _LONG:
            yield rest
            rest = b""
    if rest:
        yield rest


@dataclass(frozen=True)
class Sent:
    """What was sent at one moment: one event, or several."""

    event: int
    """How many events with data had come by then."""
    seconds: float
    """When, from the first event on."""
    bytes: int
    contents: list[dict[str, Any]]
    """What is in it: ``choice`` and ``content``, or ``choice``, ``tool_call``, ``arguments``."""

    def as_json(self) -> dict[str, Any]:
        """Give it as a JSON value."""
        return {**vars(self), "seconds": round(self.seconds, 3)}


class Run:
    """One run of a recording through a transformer.

    :param options: for :class:`wholejson.ChunkTransformer`.
    :param rate: events with data that come in a second.
    :param head, tail: how many of the first and of the last things sent are kept; `tail` of
        ``None`` for all. Memory is what is kept, and the transformer's own.
    """

    def __init__(
        self, options: dict[str, Any], rate: float, *, head: int, tail: int | None
    ) -> None:
        self.transformer = ChunkTransformer(**options)
        self.head: list[Sent] = []
        self.tail: list[Sent] = []
        self.left_out = 0
        self.error: Any = None
        self._tool_calls = bool(options.get("tool_calls"))
        self._rate = rate
        self._keep = head, tail
        self._last: Sent | None = None
        self._pause = (0.0, 0)
        self._cpu = 0.0
        self._over = False

    def feed(self, block: bytes) -> None:
        """Take about one event, at its time."""
        if self._over:
            return
        came = self.transformer.report["events_in"]
        self._flush_until(came / self._rate)
        self.transformer.set_time(round(came / self._rate * 1000))
        begun = time.process_time()
        out = self.transformer.feed(block)
        self._cpu += time.process_time() - begun
        self._take(out, came / self._rate)
        self._over = self.transformer.ended

    def finish(self) -> None:
        """Tell that the recording has ended."""
        if not self._over:
            self._over = True
            self._take(self.transformer.finish(), self._seconds())

    @property
    def kept(self) -> list[Sent]:
        """What was sent, as far as it was kept."""
        return self.head + self.tail

    def summary(self) -> dict[str, Any]:
        """Give what the transformer reports, and when things were sent."""
        first = next((sent for sent in self.head if sent.contents), None)
        last = next((sent for sent in reversed(self.kept) if sent.contents), None)
        return {
            **self.transformer.report,
            "message": get(self.error, "message"),
            "seconds": round(self._seconds(), 3),
            "cpu_seconds": round(self._cpu, 6),
            "longest_pause_seconds": round(self._pause[0], 3),
            "longest_pause_at_event": self._pause[1],
            "first": first.as_json() if first else None,
            "last": last.as_json() if last else None,
        }

    def _seconds(self) -> float:
        return max(0, self.transformer.report["events_in"] - 1) / self._rate

    def _flush_until(self, seconds: float) -> None:
        """Send what was held back and is due before the next event comes."""
        while (due := self.transformer.due_at) is not None and due < seconds * 1000:
            self.transformer.set_time(due)
            out = self.transformer.flush_due()
            if not out:
                return
            self._take(out, due / 1000)

    def _take(self, out: bytes, seconds: float) -> None:
        if not out:
            return
        contents = list(self._contents(out))
        sent = Sent(self.transformer.report["events_in"], seconds, len(out), contents)
        if contents:
            if self._last is not None and seconds - self._last.seconds > self._pause[0]:
                self._pause = seconds - self._last.seconds, self._last.event
            self._last = sent
        head, tail = self._keep
        if len(self.head) < head:
            self.head.append(sent)
            return
        self.tail.append(sent)
        if tail is not None and len(self.tail) > tail:
            del self.tail[0]
            self.left_out += 1

    def _contents(self, out: bytes) -> Iterator[dict[str, Any]]:
        for event in _values(out):
            self.error = get(event, "error") or self.error
            for index, choice in _choices(event):
                text = text_of(choice)
                if text:
                    yield {"choice": index, "content": text}
                if self._tool_calls:
                    for call, arguments in _arguments(choice):
                        yield {"choice": index, "tool_call": call, "arguments": arguments}


class Document:
    """The documents of a recording by their choice, read beside: how long, and what was mended."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._readers: dict[int, Aggregator] = {}
        self.text_bytes = 0

    def feed(self, block: bytes) -> None:
        """Take about one event."""
        for event in _values(block):
            for index, choice in _choices(event):
                text = text_of(choice)
                if text:
                    self._read(index, text)

    def _read(self, index: int, text: str) -> None:
        self.text_bytes += len(text.encode("utf-8", "replace"))
        if index not in self._readers:
            self._readers[index] = Aggregator(**self._options)
        try:
            self._readers[index].feed(text)
        except Error:
            return  # the transformer tells of it

    def repairs(self) -> list[dict[str, Any]]:
        """Give each repair: the choice, the offset in its text, the kind, and words for people."""
        found = []
        for index, reader in sorted(self._readers.items()):
            try:
                reader.finish()
            except Error:
                continue
            found += [
                {"choice": index, "offset": x.offset, "kind": x.kind, "description": x.description}
                for x in reader.repairs
            ]
        return found


def _values(block: bytes) -> Iterator[Any]:
    """Give the data of the events in a block, as far as they are JSON objects."""
    for line in re.split(rb"\r\n|\n|\r", block):
        if line.startswith(b"data:"):
            try:
                value = json.loads(line[5:])
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                yield value


def _choices(event: Any) -> Iterator[tuple[int, Any]]:
    """Give the choices of an event, each with its index."""
    choices = get(event, "choices")
    for place, choice in enumerate(choices if isinstance(choices, list) else ()):
        yield index_of(choice, place), choice


def _arguments(choice: Any) -> Iterator[tuple[int, str]]:
    """Give the arguments of the tool calls in a choice, each with the index of its call."""
    calls = get(get(choice, "delta"), "tool_calls")
    for place, call in enumerate(calls if isinstance(calls, list) else ()):
        arguments = get(get(call, "function"), "arguments")
        if isinstance(arguments, str) and arguments:
            yield index_of(call, place), arguments
