"""Iterators of what a streamed document gives with each update; they close what they read."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Generator,
    Iterable,
    Iterator,
)
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from .errors import Error

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncUpdates", "Document", "Updates"]

Given = TypeVar("Given")
Given_co = TypeVar("Given_co", covariant=True)


class Document(Protocol[Given_co]):
    """The document behind an iterator: what each call gives is given out."""

    def feed(self, part: Any, /) -> Iterable[Given_co]:
        """Read a part of the stream."""

    def finish(self) -> Iterable[Given_co]:
        """End the document."""

    def rest(self) -> Iterable[Given_co]:
        """Give the update that came before an error in the same part, if there was one."""


class Updates(Generic[Given]):
    """An iterator of updates. Closing it, or leaving its `with` block, closes what it reads."""

    def __init__(self, parts: Iterable[Any], document: Document[Given]) -> None:
        iterator = iter(parts)
        self._read = _distinct(iterator, parts)
        self._updates = _updates(iterator, document)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Given:
        try:
            return next(self._updates)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop reading, and close what is read."""
        self._updates.close()
        read, self._read = self._read, []
        for each in read:
            close = getattr(each, "close", None)
            if close is not None:
                close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncUpdates(Generic[Given]):
    """An async iterator of updates. Closing it, or leaving its block, closes what it reads."""

    def __init__(self, parts: AsyncIterable[Any], document: Document[Given]) -> None:
        iterator = aiter(parts)
        self._read = _distinct(iterator, parts)
        self._updates = _async_updates(iterator, document)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Given:
        try:
            return await anext(self._updates)
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Stop reading, and close what is read."""
        await self._updates.aclose()
        read, self._read = self._read, []
        for each in read:
            close = getattr(each, "aclose", None) or getattr(each, "close", None)
            closing = close() if close is not None else None
            if isawaitable(closing):
                await closing

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _distinct(iterator: Any, parts: Any) -> list[Any]:
    """What is to be closed: the iterator, and what it iterates over if that is something else."""
    return [iterator] if iterator is parts else [iterator, parts]


def _updates(parts: Iterator[Any], document: Document[Given]) -> Generator[Given, None, None]:
    try:
        for part in parts:
            yield from document.feed(part)
        yield from document.finish()
    except Error:
        yield from document.rest()
        raise


async def _async_updates(
    parts: AsyncIterator[Any], document: Document[Given]
) -> AsyncGenerator[Given, None]:
    try:
        async for part in parts:
            for given in document.feed(part):
                yield given
        for given in document.finish():
            yield given
    except Error:
        for given in document.rest():
            yield given
        raise
