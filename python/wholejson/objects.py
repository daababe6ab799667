"""From deltas, or from a stream of chunks, to an iterator of values."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from ._core import Aggregator
from .errors import NoJSONError, UpstreamError
from .facts import facts_of, index_of, reported, text_of
from .inputs import refuse_no_stream, refuse_transformed
from .opening import Opening
from .shapes import get, says
from .updates import AsyncUpdates, Updates

if TYPE_CHECKING:
    from ._core import Limits
    from .aliases import Root, Schema

__all__ = ["ChunkDocument", "values"]

_TEXT = (str, bytes, bytearray, memoryview)


@overload
def values(
    parts: AsyncIterable[Any],
    *,
    live: bool = False,
    choice: int = 0,
    root: Root = "auto",
    repair: bool = True,
    limits: Limits | None = None,
    schema: Schema = None,
    whole: Sequence[str] = (),
    parse_float: Callable[[str], Any] | None = None,
    parse_int: Callable[[str], Any] | None = None,
) -> AsyncUpdates[Any]: ...
@overload
def values(
    parts: Iterable[Any],
    *,
    live: bool = False,
    choice: int = 0,
    root: Root = "auto",
    repair: bool = True,
    limits: Limits | None = None,
    schema: Schema = None,
    whole: Sequence[str] = (),
    parse_float: Callable[[str], Any] | None = None,
    parse_int: Callable[[str], Any] | None = None,
) -> Updates[Any]: ...
def values(
    parts: Iterable[Any] | AsyncIterable[Any],
    *,
    live: bool = False,
    choice: int = 0,
    root: Root = "auto",
    repair: bool = True,
    limits: Limits | None = None,
    schema: Schema = None,
    whole: Sequence[str] = (),
    parse_float: Callable[[str], Any] | None = None,
    parse_int: Callable[[str], Any] | None = None,
) -> Updates[Any] | AsyncUpdates[Any]:
    """Give out the value as Python objects, once for each update of a streamed document.

    :param parts: text deltas, ``str`` or bytes, cut anywhere; or chat completion chunks, the
        OpenAI SDK's objects or dicts of that form, straight from the provider. An iterable or an
        async iterable; it is closed when the values end, however they end.
    :param live: give the one object that grows in place, again and again, as
        :meth:`wholejson.Aggregator.value` does: an update costs what is new. Otherwise each value
        is a copy of its own, which costs O(document).
    :param choice: the index of the choice to read, in a stream of chunks.
    :param root, repair, limits, schema, whole, parse_float, parse_int: as for
        :class:`wholejson.Aggregator`.
    :return: an iterator for an iterable, an async iterator for an async one. Closing it closes
        ``parts``. A loop that is left early does not: use it as a context manager then.
    :raises NoJSONError: at the end, if nothing was ever visible. A document that was merely cut
        off raises nothing; neither does a choice without text that called tools, refused or was
        filtered. Its ``text`` is what came instead.
    :raises InvalidJSONError, LimitError: where the text goes wrong, after what was visible before.
    :raises UpstreamError: if a stream of chunks ends and the choice has no ``finish_reason``, or
        its sender reports an error.
    :raises TypeError, ValueError: at once, for a wrong option, and for a stream that has
        ``valid_json_chunks`` on, whose chunks are whole documents or operations already.
    """
    document = Aggregator(
        root=root,
        repair=repair,
        limits=limits,
        schema=schema,
        whole=whole,
        parse_float=parse_float,
        parse_int=parse_int,
    )
    reading = ChunkDocument(document, lambda: document.value(live=live), choice)
    return updates(parts, reading, "values()")


def updates(
    parts: Iterable[Any] | AsyncIterable[Any], document: ChunkDocument, taker: str
) -> Updates[Any] | AsyncUpdates[Any]:
    """Iterate over what a document gives, sync or async as its parts are.

    :param taker: the function that was handed the parts, as errors name it.
    """
    refuse_no_stream(parts, taker)
    refuse_transformed(parts)
    if isinstance(parts, AsyncIterable):
        return AsyncUpdates(parts, document)
    return Updates(parts, document)


class ChunkDocument:
    """A document that comes as deltas or as chunks, and what is given out with each update."""

    def __init__(self, document: Aggregator, give: Callable[[], Any], choice: int = 0) -> None:
        if not isinstance(choice, int) or isinstance(choice, bool):
            raise TypeError(f"choice must be an int, not {type(choice).__name__}")
        self._document = document
        self._give = give
        self._choice = choice
        self._chunks = self._ended = self._texts = self._silent = False
        self._opening = Opening()

    def feed(self, part: Any, /) -> Iterable[Any]:
        """Read a delta or a chunk."""
        delta = part if isinstance(part, _TEXT) else self._text_of(part)
        if not self._document.feed(delta):
            self._opening.add(delta)
            return ()
        self._opening.let_go()
        return (self._give(),)

    def finish(self) -> Iterable[Any]:
        """End the document."""
        if self._chunks and not self._ended:
            raise UpstreamError(
                f"the stream ended, and choice {self._choice} had no finish_reason: "
                "what came is not the whole answer",
                kind="upstream_closed",
            )
        if self._silent and not self._texts:
            return ()
        try:
            return (self._give(),) if self._document.finish() else ()
        except NoJSONError as error:
            self._opening.put_into(error)
            raise

    def rest(self) -> Iterable[Any]:
        """Give the update that came before an error in the same part, if there was one."""
        return (self._give(),) if self._document.changed_before_error else ()

    def _text_of(self, chunk: Any) -> str:
        choices = get(chunk, "choices")
        if says(get(chunk, "error")):
            raise reported(chunk)
        if not isinstance(choices, list):
            raise TypeError(
                f"a delta is str or bytes, a chunk has choices; {type(chunk).__name__} is neither"
            )
        self._chunks = True
        texts = []
        for place, each in enumerate(choices):
            if self._ended or index_of(each, place) != self._choice:
                continue
            text, facts = text_of(each), facts_of(each)
            self._ended = facts.finish is not None
            self._silent |= facts.otherwise or facts.finish == "content_filter"
            if text:
                self._texts = True
                texts.append(text)
        return "".join(texts)
