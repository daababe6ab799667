"""The paths of the API that pass through the gateway. Nothing else leaves."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["route"]

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


def route(path: str, method: str) -> tuple[str, dict[str, Any] | None]:
    """Give what follows ``/v1``, or the error for what does not pass."""
    rest = path.removeprefix("/v1/").removesuffix("/")
    allowed: tuple[str, ...] | None = None
    if path.startswith("/v1/") and ".." not in path:
        found = (methods for pattern, methods in _ROUTES if pattern.fullmatch(rest))
        allowed = next(found, None)
    if allowed is None:
        text = "there is nothing at this path; the API is below /v1, such as /v1/chat/completions"
        return rest, {"status": 404, "message": text, "code": "unknown_path"}
    if method not in allowed:
        headers = [(b"allow", ", ".join(allowed).encode())]
        text = "this method is not allowed here"
        refusal = {"status": 405, "message": text, "code": "method_not_allowed"}
        return rest, {**refusal, "headers": headers}
    return rest, None
