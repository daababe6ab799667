"""Every chunk is whole JSON: streamed JSON text in, complete and valid partial documents out.

>>> import wholejson
>>> list(wholejson.snapshots(['{"name', '":"', 'John', ' Doe"}']))
['{"name": "John"}', '{"name": "John Doe"}']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._core import Aggregator, ChunkTransformer, Limits, Repair, __version__
from .deltas import snapshots
from .errors import (
    Error,
    InvalidJSONError,
    LimitError,
    NoJSONError,
    OptionError,
    UpstreamError,
    UsageError,
)
from .types import JSONStatus, SchemaError, StreamOptions, ValidJSONChunks, json_status

if TYPE_CHECKING:
    from .client import wrap
    from .objects import values
    from .operations import apply_operations
    from .stream import wrap_stream
    from .typed import models

__all__ = [
    "Aggregator",
    "ChunkTransformer",
    "Error",
    "InvalidJSONError",
    "JSONStatus",
    "LimitError",
    "Limits",
    "NoJSONError",
    "OptionError",
    "Repair",
    "SchemaError",
    "StreamOptions",
    "UpstreamError",
    "UsageError",
    "ValidJSONChunks",
    "__version__",
    "apply_operations",
    "json_status",
    "models",
    "snapshots",
    "values",
    "wrap",
    "wrap_stream",
]

_LAZY = {
    "apply_operations": "operations",
    "models": "typed",
    "values": "objects",
    "wrap": "client",
    "wrap_stream": "stream",
}
"""What is imported when it is first asked for, and from where."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__]
