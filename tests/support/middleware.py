"""Middleware of somebody else's, for servers that load it by its path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response


async def log_of_requests(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Say in a header that it was here."""
    response = await call_next(request)
    response.headers["x-logged"] = "yes"
    return response
