"""The types that signatures name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

__all__ = ["Code", "Delta", "Mode", "Root", "Schema", "Style"]

Code: TypeAlias = Literal[
    "no_json", "invalid_json", "limit_exceeded", "upstream_closed", "upstream_timeout"
]
"""Why a stream of chunks ended without a document. The set is closed."""

Delta: TypeAlias = str | bytes | bytearray | memoryview
"""A piece of streamed text; bytes may be cut anywhere, even inside a code point."""

Mode: TypeAlias = Literal["snapshot", "patch"]
"""What the content of a chunk is: the whole document, or what changed."""

Root: TypeAlias = Literal["auto", "object", "array", "any"]
"""What a document may be."""

Schema: TypeAlias = Mapping[str, Any] | str | bytes | Literal[False] | None
"""A JSON Schema, as a dict or as JSON text; `None` or `False` for none."""

Style: TypeAlias = Literal["spaced", "compact"]
"""How a snapshot separates its items."""
