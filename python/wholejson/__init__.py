"""Every chunk is whole JSON: streamed JSON text in, complete and valid partial documents out.

>>> import wholejson
>>> list(wholejson.snapshots(['{"name', '":"', 'John', ' Doe"}']))
['{"name": "John"}', '{"name": "John Doe"}']
"""

from __future__ import annotations

from ._core import Aggregator, Limits, Repair, __version__
from .deltas import snapshots
from .errors import (
    Error,
    InvalidJSONError,
    LimitError,
    NoJSONError,
    UpstreamError,
    UsageError,
)

__all__ = [
    "Aggregator",
    "Error",
    "InvalidJSONError",
    "LimitError",
    "Limits",
    "NoJSONError",
    "Repair",
    "UpstreamError",
    "UsageError",
    "__version__",
    "snapshots",
]
