"""From deltas, or from a stream of chunks, to an iterator of pydantic models."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from ._core import Aggregator
from .objects import ChunkDocument, updates
from .updates import AsyncUpdates, Updates

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ._core import Limits
    from .aliases import Root, Schema

__all__ = ["models"]

Model = TypeVar("Model", bound="BaseModel")


@overload
def models(
    parts: AsyncIterable[Any],
    model: type[Model],
    *,
    choice: int = 0,
    root: Root = "auto",
    repair: bool = True,
    limits: Limits | None = None,
    schema: Schema = None,
    whole: Sequence[str] = (),
) -> AsyncUpdates[Model]: ...
@overload
def models(
    parts: Iterable[Any],
    model: type[Model],
    *,
    choice: int = 0,
    root: Root = "auto",
    repair: bool = True,
    limits: Limits | None = None,
    schema: Schema = None,
    whole: Sequence[str] = (),
) -> Updates[Model]: ...
def models(
    parts: Iterable[Any] | AsyncIterable[Any],
    model: type[Model],
    *,
    choice: int = 0,
    root: Root = "auto",
    repair: bool = True,
    limits: Limits | None = None,
    schema: Schema = None,
    whole: Sequence[str] = (),
) -> Updates[Model] | AsyncUpdates[Model]:
    """Give out a pydantic model for each update of a streamed document.

    All but the last are of a partial version of ``model``: the same fields, nested models
    included, but all optional. A field is ``None`` while it is missing, and while its value is
    not of its type yet (half a date; of a list or a dict only the last member is left out then).
    Constraints, and validators that are methods, wait for the end. A field's type in the hands of
    a type checker is that of ``model``. The last one is a ``model``, validated in full.

    Costs O(document) an update: each model is made from the whole document so far.

    :param parts: text deltas or chat completion chunks, as for :func:`wholejson.values`.
    :param model: a class of pydantic models. Needs pydantic 2:
        ``pip install 'wholejson[pydantic]'``.
    :param choice, root, repair, limits, schema, whole: as for :func:`wholejson.values`. The schema
        of ``model`` itself is used only if it is given: ``schema=Model.model_json_schema()``.
    :return: an iterator for an iterable, an async iterator for an async one. Closing it closes
        ``parts``. A loop that is left early does not: use it as a context manager then.
    :raises pydantic.ValidationError: at the end, if the document is no ``model``.
    :raises Error: as :func:`wholejson.values` does.
    :raises ImportError: at once, if pydantic is not there.
    """
    try:
        import pydantic

        from .partial import partial_of
    except ImportError as error:
        raise ImportError(
            "models() needs pydantic 2; install it with: pip install 'wholejson[pydantic]'"
        ) from error
    document = Aggregator(root=root, repair=repair, limits=limits, schema=schema, whole=whole)
    reading = _Models(document, model, partial_of(model), pydantic.ValidationError, choice)
    return cast("Updates[Model] | AsyncUpdates[Model]", updates(parts, reading, "models()"))


class _Models(ChunkDocument):
    """Partial models as the document grows, and at the end the whole one."""

    def __init__(
        self,
        document: Aggregator,
        model: type[BaseModel],
        partial: type[BaseModel],
        unfit: type[Exception],
        choice: int,
    ) -> None:
        super().__init__(document, self._partial, choice)
        self._model, self._partial_model, self._unfit = model, partial, unfit

    def feed(self, part: Any, /) -> Iterable[Any]:
        return [each for each in super().feed(part) if each is not None]

    def finish(self) -> Iterable[Any]:
        list(super().finish())
        snapshot = self._document.snapshot_bytes()
        return () if snapshot is None else (self._model.model_validate_json(snapshot),)

    def rest(self) -> Iterable[Any]:
        return [each for each in super().rest() if each is not None]

    def _partial(self) -> Any:
        try:
            return self._partial_model.model_validate_json(self._document.snapshot_bytes() or b"")
        except self._unfit:
            return None  # no object, or nested too deep for pydantic: the end will tell
