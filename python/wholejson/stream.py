"""A stream of chunk objects in, a stream of chunk objects out: whole JSON in each."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Iterator, Sequence
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast, overload

from .beside import beside
from .completion import Record
from .inputs import refuse_no_chunk, refuse_no_stream, refuse_transformed
from .rewrite import Rewriter
from .shapes import get
from .waiting import END, LATE, Waiting, milliseconds, until

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._core import Limits
    from .aliases import Mode, Root, Schema, Style

__all__ = ["AsyncChunkStream", "ChunkStream", "wrap_stream"]

Chunk = TypeVar("Chunk")

_NOTHING: Any = object()


@overload
def wrap_stream(
    stream: AsyncIterable[Chunk],
    *,
    root: Root = "auto",
    repair: bool | None = None,
    style: Style = "spaced",
    limits: Limits | None = None,
    choices: int = 1,
    max_amplification: int | None = None,
    every_ms: int | None = None,
    mode: Mode = "snapshot",
    final: bool = True,
    schema: Schema = None,
    whole: Sequence[str] = (),
    validate: bool = False,
    tool_calls: bool = False,
) -> AsyncChunkStream[Chunk]: ...
@overload
def wrap_stream(
    stream: Iterable[Chunk],
    *,
    root: Root = "auto",
    repair: bool | None = None,
    style: Style = "spaced",
    limits: Limits | None = None,
    choices: int = 1,
    max_amplification: int | None = None,
    every_ms: int | None = None,
    mode: Mode = "snapshot",
    final: bool = True,
    schema: Schema = None,
    whole: Sequence[str] = (),
    validate: bool = False,
    tool_calls: bool = False,
) -> ChunkStream[Chunk]: ...
def wrap_stream(
    stream: Iterable[Any] | AsyncIterable[Any],
    *,
    root: Root = "auto",
    repair: bool | None = None,
    style: Style = "spaced",
    limits: Limits | None = None,
    choices: int = 1,
    max_amplification: int | None = None,
    every_ms: int | None = None,
    mode: Mode = "snapshot",
    final: bool = True,
    schema: Schema = None,
    whole: Sequence[str] = (),
    validate: bool = False,
    tool_calls: bool = False,
) -> ChunkStream[Any] | AsyncChunkStream[Any]:
    """Turn a stream of chat completion chunks: each one's content is the whole document so far.

    ``json.loads(chunk.choices[0].delta.content)`` works for every chunk of a stream that is an
    answer in JSON and nothing else. Chunks that are no update are left out; what they alone said
    (log-probabilities, usage) is carried to the next one. The chunk that ends a choice has
    ``json_status`` in it: ``{"complete": True, "repairs": 0}``.

    Chunks that came in are never changed; those that differ are copies of the same type.

    :param stream: an iterable or async iterable of the OpenAI SDK's chunk objects, or of dicts of
        the same form. It is closed when the stream that is returned is closed, or ends.
    :param root, repair, style, limits: as for :class:`wholejson.Aggregator`; ``limits.document``
        counts for all choices together.
        Arguments of tool calls are repaired only if ``repair=True`` is said in so many words.
    :param choices: how many choices were asked for (``n``).
    :param max_amplification, every_ms: leave updates out, as for
        :class:`wholejson.ChunkTransformer`; time is told for each chunk. An async stream gives the
        newest update as soon as it may, if the wrapped stream pauses; a sync one can't wake up,
        and gives it with the next chunk.
    :param mode, final: ``mode="patch"`` gives what changed instead of the whole document, as for
        :class:`wholejson.ChunkTransformer`; ``document`` in ``json_status`` is a Python object.
    :param schema, whole, validate: show values only whole, and give a verdict at the end, as for
        :class:`wholejson.ChunkTransformer`; an async stream gives it beside its event loop.
    :param tool_calls: the arguments of tool calls are whole documents too, as for
        :class:`wholejson.ChunkTransformer`.
    :return: an iterator and context manager for an iterable, async ones for an async iterable.
        A chunk costs some tens of microseconds, and one copy of the document.
    :raises InvalidJSONError: for a malformed text, if ``repair`` is off.
    :raises LimitError: when a limit is passed.
    :raises NoJSONError: at the end, if there was text but no JSON in it; ``text`` has it.
    :raises UpstreamError: if the stream ends and a choice has no ``finish_reason``, or its sender
        reports an error: a chunk with ``error``, which the SDKs' own streams raise themselves.
    :raises TypeError, ValueError: at once, for a wrong option, what is no stream, or a stream that
        has whole documents in its chunks already; with the first part, if it is no chunk but text.

    All are raised where the bytes form writes its one error event: after the last chunk that is
    true. Whatever the wrapped stream itself raises comes through as it is.
    """
    options = {
        "root": root,
        "repair": repair,
        "style": style,
        "limits": limits,
        "choices": choices,
        "max_amplification": max_amplification,
        "every_ms": every_ms,
        "mode": mode,
        "final": final,
        "schema": schema,
        "whole": whole,
        "validate": validate,
        "tool_calls": tool_calls,
    }
    refuse_no_stream(stream, "wrap_stream()")
    refuse_transformed(stream)
    if isinstance(stream, AsyncIterable):
        return AsyncChunkStream(stream, options)
    return ChunkStream(stream, options)


class _Base(Generic[Chunk]):
    """What both kinds of streams do alike: everything but waiting."""

    def __init__(self, stream: Any, options: dict[str, Any]) -> None:
        self._stream = stream
        self._rewriter = Rewriter(options)
        self._thinned = options["max_amplification"] is not None or options["every_ms"] is not None
        self._record = Record()
        self._ready: Iterator[Chunk] = iter(())
        self._begun = self._over = False
        self._fault: BaseException | None = None
        self._closed = False
        self._validate = bool(options["validate"])
        self._judging = False

    def snapshot(self, index: int = 0) -> str | None:
        """Give what is known of a choice's document: readable at any time, after an error too."""
        return self._rewriter.session.snapshot(index)

    def __getattr__(self, name: str) -> Any:
        # What the wrapped stream has and this one has not: `response`, for one.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._stream, name)

    def _due(self) -> Any:
        """Give the next chunk that is due, or `_NOTHING`."""
        try:
            return next(self._ready, _NOTHING)
        except Exception as error:
            self._over = True
            # Where the wrapped stream broke, its own exception says more than ours.
            self._fault = self._fault or error
            self._ready = iter(())
            return _NOTHING

    def _took(self, chunk: Chunk) -> None:
        if not self._begun:
            try:
                refuse_no_chunk(chunk, "wrap_stream()")
            except TypeError as error:
                self._over, self._fault = True, error
                return
            self._begun = True
        self._record.add(chunk)
        if self._thinned:
            self._rewriter.set_time(milliseconds())
        self._judging = self._validate and _ends(chunk)
        self._ready = self._rewriter.chunk(chunk)

    def _stopped(self, fault: Exception | None) -> None:
        self._over = True
        self._fault = fault
        self._judging = self._validate
        self._ready = self._rewriter.end("closed" if fault is None else _how(fault))


class ChunkStream(_Base[Chunk]):
    """An iterator of chunks; closing it, or leaving its block, closes the stream behind it."""

    def __init__(self, stream: Iterable[Chunk], options: dict[str, Any]) -> None:
        super().__init__(stream, options)
        self._source = iter(stream)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Chunk:
        while True:
            if (due := self._due()) is not _NOTHING:
                return cast("Chunk", due)
            if self._over or self._rewriter.ended:
                self.close()
                raise self._fault or StopIteration
            try:
                chunk = next(self._source)
            except StopIteration:
                self._stopped(None)
            except Exception as fault:
                self._stopped(fault)
            else:
                self._took(chunk)

    def close(self) -> None:
        """Stop reading, and close the stream behind this one."""
        self._over = True
        if not self._closed:
            self._closed = True
            close = getattr(self._stream, "close", None)
            if close is not None:
                close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get_final_completion(self) -> Any:
        """Read to the end; give the completion that the SDK's own accumulator gives.

        :return: for the SDK's chunks a ``ChatCompletion``, made of the chunks as they came; for
            dicts a dict of that form.
        :raises Error: as the stream itself does.
        :raises Exception: what the SDK's accumulator raises, as for a choice that ended by
            ``length``.
        """
        for _ in self:
            pass
        return self._record.completion()


class AsyncChunkStream(_Base[Chunk]):
    """An async iterator of chunks; closing it, or leaving its block, closes what is behind it."""

    def __init__(self, stream: AsyncIterable[Chunk], options: dict[str, Any]) -> None:
        super().__init__(stream, options)
        self._source = Waiting(aiter(stream))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Chunk:
        while True:
            due = await beside(self._due) if self._judging else self._due()
            if due is not _NOTHING:
                return cast("Chunk", due)
            if self._over or self._rewriter.ended:
                await self.close()
                raise self._fault or StopAsyncIteration
            due = until(self._rewriter.session.due_at) if self._thinned else None
            try:
                chunk = await self._source.next(due)
            except Exception as fault:
                self._stopped(fault)
                continue
            if chunk is END:
                self._stopped(None)
            elif chunk is LATE:
                self._rewriter.set_time(milliseconds())
                self._ready = self._rewriter.due()
            else:
                self._took(chunk)

    async def close(self) -> None:
        """Stop reading, and close the stream behind this one."""
        self._over = True
        if not self._closed:
            self._closed = True
            await self._source.close()
            close = getattr(self._stream, "aclose", None) or getattr(self._stream, "close", None)
            closing = close() if close is not None else None
            if isawaitable(closing):
                await closing

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def get_final_completion(self) -> Any:
        """Read to the end; give the completion, as :meth:`ChunkStream.get_final_completion`."""
        async for _ in self:
            pass
        return self._record.completion()


def _ends(chunk: Any) -> bool:
    """Tell whether a choice of this chunk ends."""
    choices = get(chunk, "choices")
    return isinstance(choices, list) and any(get(each, "finish_reason") for each in choices)


def _how(fault: Exception) -> Literal["closed", "timeout", "upstream"]:
    """Tell how a stream ended that raised: the SDKs' exceptions are known by their names."""
    if type(fault).__name__ == "APIError":
        return "upstream"
    if isinstance(fault, TimeoutError) or "Timeout" in type(fault).__name__:
        return "timeout"
    return "closed"
