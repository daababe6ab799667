"""The SDK's chunk objects, built from an earlier one where only the text differs.

Most of what the SDK spends on a stream is building each chunk anew. A wrapped client compares the
events as bytes instead: an event that is another one's but for its text becomes a copy of that
one's object with the new text. Whatever is not told by that is read and built by the SDK itself.
"""

from __future__ import annotations

import copy
import functools
import itertools
from typing import TYPE_CHECKING, Any

from ._core import Repeats

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

__all__ = ["quicken"]

_SCALARS = (str, int, float, bool, type(None))


def quicken(client: Any) -> None:
    """Let an SDK's client build the chunks of its streams in this way, its copies as well.

    Nothing happens to a client that does not look as expected: it builds as it always did.
    """
    make_decoder = getattr(client, "_make_sse_decoder", None)
    process = getattr(client, "_process_response_data", None)
    if not (callable(make_decoder) and callable(process)) or isinstance(process, _Process):
        return
    if not all(hasattr(make_decoder(), name) for name in ("decode", "iter_bytes", "aiter_bytes")):
        return
    client._make_sse_decoder = lambda: _Decoder(make_decoder())
    client._process_response_data = _Process(process)
    for name in ("copy", "with_options"):
        original = getattr(client, name, None)
        if callable(original):
            setattr(client, name, _quickening(original))


def _quickening(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def copied(*args: Any, **kwargs: Any) -> Any:
        client = original(*args, **kwargs)
        quicken(client)
        return client

    return copied


class _Memory:
    """The events of one stream, and the object of the one that others are compared with."""

    def __init__(self) -> None:
        self.repeats = Repeats()
        self.chunk: Any = None

    def keep(self, event: bytes, chunk: Any) -> None:
        """Compare what follows with this event, if its object is one that can be copied."""
        if _can_be_copied(chunk) and self.repeats.learn(event):
            # A copy: whoever gets the chunk may change it.
            self.chunk = _copied(chunk)


class _Repeated:
    """An event that is told by its strings."""

    data = event = ""

    def __init__(self, chunk: Any, strings: tuple[str, str | None]) -> None:
        self._chunk, self._strings = chunk, strings

    def json(self) -> _Repeated:
        return self

    def build(self) -> Any:
        content, padding = self._strings
        chunk = _copied(self._chunk)
        chunk.choices[0].delta.__dict__["content"] = content
        if padding is not None:
            place = chunk.__dict__ if "obfuscation" in chunk.__dict__ else chunk.model_extra
            place["obfuscation"] = padding
        return chunk


class _Parsed(dict[str, Any]):
    """An event's data, with what is needed to remember what is built of it."""

    memory: _Memory
    event: bytes


class _Event:
    """The SDK's event, whose data is known again when it comes to be built."""

    def __init__(self, theirs: Any, memory: _Memory, event: bytes) -> None:
        self._theirs, self._memory, self._event = theirs, memory, event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._theirs, name)

    def json(self) -> Any:
        data = self._theirs.json()
        if type(data) is not dict:
            return data
        parsed = _Parsed(data)
        parsed.memory, parsed.event = self._memory, self._event
        return parsed


class _Decoder:
    """The SDK's decoder of event streams, asked for what is not told by comparing."""

    def __init__(self, theirs: Any) -> None:
        self._theirs = theirs
        self._memory = _Memory()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._theirs, name)

    def iter_bytes(self, iterator: Iterator[bytes]) -> Iterator[Any]:
        for part in iterator:
            if not self._memory.repeats.feed(part):
                rest = self._memory.repeats.rest()
                yield from self._theirs.iter_bytes(itertools.chain([rest], iterator))
                return
            yield from self._events()
        yield from self._decoded(self._memory.repeats.rest())

    async def aiter_bytes(self, iterator: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        async for part in iterator:
            if not self._memory.repeats.feed(part):
                rest = self._memory.repeats.rest()
                async for event in self._theirs.aiter_bytes(_chained(rest, iterator)):
                    yield event
                return
            for event in self._events():
                yield event
        for event in self._decoded(self._memory.repeats.rest()):
            yield event

    def _events(self) -> Iterator[Any]:
        memory = self._memory
        while (event := memory.repeats.next_event()) is not None:
            if isinstance(event, bytes):
                yield from self._decoded(event)
            else:
                yield _Repeated(memory.chunk, event)

    def _decoded(self, block: bytes) -> Iterator[Any]:
        for line in block.splitlines():
            event = self._theirs.decode(line.decode("utf-8"))
            if event is not None:
                yield _Event(event, self._memory, block)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part


class _Process:
    """What the SDK calls to build an object of an event's data."""

    def __init__(self, theirs: Callable[..., Any]) -> None:
        self._theirs = theirs

    def __call__(self, *, data: Any, cast_to: Any, response: Any) -> Any:
        if type(data) is _Repeated:
            return data.build()
        built = self._theirs(data=data, cast_to=cast_to, response=response)
        if type(data) is _Parsed:
            data.memory.keep(data.event, built)
        return built


def _copied(chunk: Any) -> Any:
    chunk = copy.copy(chunk)
    choice = copy.copy(chunk.choices[0])
    choice.__dict__["delta"] = copy.copy(choice.delta)
    chunk.__dict__["choices"] = [choice]
    return chunk


def _can_be_copied(chunk: Any) -> bool:
    """Tell a chunk of a chat that has one choice, and nothing in it that copies would share."""
    if type(chunk).__name__ != "ChatCompletionChunk" or not hasattr(chunk, "model_extra"):
        return False
    choices = chunk.choices
    if type(choices) is not list or len(choices) != 1:
        return False
    delta = getattr(choices[0], "delta", None)
    if delta is None or not hasattr(delta, "model_extra"):
        return False
    return all(
        isinstance(value, _SCALARS)
        for model, inner in ((chunk, "choices"), (choices[0], "delta"), (delta, ""))
        for members in (model.__dict__, model.model_extra or {})
        for name, value in members.items()
        if name != inner
    )
