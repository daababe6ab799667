"""The paths of the API that pass through the gateway. Nothing else leaves."""

from __future__ import annotations

import re

__all__ = ["UNKNOWN", "route"]

UNKNOWN = (
    "there is nothing at this path; the API is below /v1, such as POST /v1/chat/completions: "
    "the base URL of a client ends in /v1"
)

# What follows /v1, and the methods that pass. Nothing else leaves.
_ROUTES = tuple(
    (re.compile(pattern), methods)
    for pattern, methods in (
        (r"chat/completions", ("POST",)),
        (r"completions", ("POST",)),
        (r"responses", ("POST",)),
        (r"responses/[\w.-]+", ("GET", "DELETE")),
        (r"responses/[\w.-]+/(cancel|input_items)", ("GET", "POST")),
        (r"embeddings", ("POST",)),
        (r"moderations", ("POST",)),
        (r"models", ("GET", "HEAD")),
        (r"models/[\w:@.-]+(/[\w:@.-]+)*", ("GET", "HEAD")),
        (r"audio/(speech|transcriptions|translations)", ("POST",)),
        (r"images/(generations|edits|variations)", ("POST",)),
    )
)


def route(path: str) -> tuple[str, tuple[str, ...]]:
    """Give what follows ``/v1``, and the methods that pass; none for a path that does not."""
    rest = path.removeprefix("/v1/").removesuffix("/")
    if not path.startswith("/v1/") or ".." in path:
        return rest, ()
    found = (methods for pattern, methods in _ROUTES if pattern.fullmatch(rest))
    return rest, next(found, ())
