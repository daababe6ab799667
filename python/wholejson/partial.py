"""Partial versions of pydantic models: what is still missing, or not yet of its type, is None."""

from __future__ import annotations

import types
from functools import lru_cache
from typing import Annotated, Any, Optional, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    RootModel,
    ValidationError,
    WrapValidator,
    create_model,
)
from pydantic.fields import FieldInfo

__all__ = ["partial_of"]

_KEPT = (AfterValidator, BeforeValidator, PlainValidator, WrapValidator)
"""What of an annotation a partial version keeps: constraints are for whole values."""

_ALIASES = ("alias", "alias_priority", "validation_alias", "serialization_alias")


def partial_of(model: type[BaseModel]) -> type[BaseModel]:
    """Give the partial version of a model: the same fields, all optional, nested models too.

    :raises TypeError: for anything but a class of pydantic models.
    """
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        raise TypeError(f"a pydantic model class is needed, not {model!r}")
    return _cached(model)


@lru_cache(maxsize=256)
def _cached(model: type[BaseModel]) -> type[BaseModel]:
    return _Maker().partial(model, tagged=False)


class _Maker:
    """Makes a partial version, and those of the models in it."""

    def __init__(self) -> None:
        self._made: dict[tuple[type[BaseModel], bool], type[BaseModel] | None] = {}

    def partial(self, model: type[BaseModel], *, tagged: bool) -> type[BaseModel]:
        """Make the partial version. `tagged`: literals in it must fit, to tell it from others."""
        self._made[model, tagged] = None
        name = f"Partial{model.__name__}"
        made: type[BaseModel]
        if issubclass(model, RootModel):
            root = self._field_type(model.model_fields["root"], lenient=True)
            made = create_model(name, __base__=RootModel[root], __module__=model.__module__)  # type: ignore[valid-type]
        else:
            fields: dict[str, Any] = {}
            for key, field in model.model_fields.items():
                literal = tagged and "Literal" in str(field.annotation)
                aliases = {each: getattr(field, each) for each in _ALIASES}
                said = {each: value for each, value in aliases.items() if value is not None}
                fields[key] = (
                    self._field_type(field, lenient=not literal),
                    Field(default=None, **said),
                )
            config = ConfigDict(**{**model.model_config, "extra": _extra(model)})  # type: ignore[typeddict-item]
            made = create_model(name, __config__=config, __module__=model.__module__, **fields)
        self._made[model, tagged] = made
        return made

    def _field_type(self, field: FieldInfo, *, lenient: bool) -> Any:
        kept = [each for each in field.metadata if isinstance(each, _KEPT)]
        inner = _annotated(self._type(field.annotation, tagged=False), kept)
        optional: Any = Optional[inner]  # noqa: UP045  inner is no type that knows |
        return Annotated[optional, WrapValidator(_lenient)] if lenient else optional

    def _type(self, annotation: Any, *, tagged: bool) -> Any:
        """Give the type with the partial version of each model in it."""
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return self._nested(annotation, tagged)
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            kept = [each for each in args[1:] if isinstance(each, _KEPT)]
            return _annotated(self._type(args[0], tagged=tagged), kept)
        if origin in (Union, types.UnionType):
            several = sum(_is_model(each) for each in args) > 1
            return Union[tuple(self._type(each, tagged=several) for each in args)]  # noqa: UP007
        inner_types = tuple(self._type(each, tagged=False) for each in args)
        changed = any(new is not old for new, old in zip(inner_types, args, strict=True))
        return origin[inner_types] if changed and origin is not None else annotation

    def _nested(self, model: type[BaseModel], tagged: bool) -> Any:
        if (model, tagged) not in self._made:
            return self.partial(model, tagged=tagged)
        made = self._made[model, tagged]
        if made is not None:
            return made
        # A model that holds itself: its partial version is there when the first value comes.
        return Annotated[
            Any, PlainValidator(lambda value: self._made_now(model, tagged).model_validate(value))
        ]

    def _made_now(self, model: type[BaseModel], tagged: bool) -> type[BaseModel]:
        made = self._made[model, tagged]
        if made is None:
            raise RuntimeError(f"the partial version of {model.__name__} is not made yet")
        return made


def _annotated(inner: Any, metadata: list[Any]) -> Any:
    for each in metadata:
        inner = Annotated[inner, each]
    return inner


def _is_model(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _extra(model: type[BaseModel]) -> str:
    extra = model.model_config.get("extra") or "ignore"
    return "ignore" if extra == "forbid" else extra


def _lenient(value: Any, handler: Any) -> Any:
    """Give what fits: all, or all but the last member, which may be growing, or nothing."""
    try:
        return handler(value)
    except ValidationError:
        pass
    if isinstance(value, list) and len(value) > 1:
        value = value[:-1]
    elif isinstance(value, dict) and len(value) > 1:
        value = dict(list(value.items())[:-1])
    else:
        return None
    try:
        return handler(value)
    except ValidationError:
        return None
