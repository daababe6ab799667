"""Every chunk is whole JSON: streamed JSON text in, complete and valid partial documents out.

>>> import wholejson
>>> list(wholejson.snapshots(['{"name', '":"', 'John', ' Doe"}']))
['{"name": "John"}', '{"name": "John Doe"}']
"""

from __future__ import annotations

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

__all__ = [
    "Aggregator",
    "ChunkTransformer",
    "Error",
    "InvalidJSONError",
    "LimitError",
    "Limits",
    "NoJSONError",
    "OptionError",
    "Repair",
    "UpstreamError",
    "UsageError",
    "__version__",
    "snapshots",
]
