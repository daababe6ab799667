"""Every chunk is whole JSON: streamed JSON text in, complete and valid partial documents out.

>>> import wholejson
>>> list(wholejson.snapshots(['{"name', '":"', 'John', ' Doe"}']))
['{"name": "John"}', '{"name": "John Doe"}']
"""

from __future__ import annotations

from ._core import Aggregator, ChunkTransformer, Limits, Repair, __version__
from .client import wrap
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
from .types import JSONStatus, StreamOptions, ValidJSONChunks, json_status

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
    "StreamOptions",
    "UpstreamError",
    "UsageError",
    "ValidJSONChunks",
    "__version__",
    "json_status",
    "snapshots",
    "wrap",
]
