"""The gateway, composed: each piece knows only the one inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wholejson import Limits
from wholejson.asgi import ValidJSONChunks
from wholejson.proxy import ReverseProxy
from wholejson.replay import Replay

from .access import Access
from .admission import Capacity, Clients
from .config import Settings
from .documents import DOCUMENTS
from .metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from wholejson._http.types import ASGIApp

__all__ = ["compose"]


def compose(
    settings: Settings, metrics: Metrics, ready: Callable[[], bool] = lambda: True
) -> ASGIApp:
    """Give the ASGI app that `settings` describe."""
    inside: ASGIApp
    if settings.replay:
        inside = Replay(DOCUMENTS, pace=settings.replay_pace, faults=settings.replay_faults)
    else:
        key = settings.upstream_key
        inside = ReverseProxy(
            settings.upstream or "",
            api_key=key.get_secret_value() if key is not None else None,
            connect_timeout=settings.connect_timeout,
            first_byte_timeout=settings.first_byte_timeout,
            idle_timeout=settings.idle_timeout,
            max_request_bytes=settings.max_request_bytes,
        )
    app: ASGIApp = ValidJSONChunks(
        inside,
        limits=Limits(document=settings.max_document_bytes),
        max_request_bytes=settings.max_request_bytes,
        heartbeat=settings.heartbeat or None,
        max_held_bytes=settings.max_process_bytes,
        on_report=metrics.stream,
    )
    app = Capacity(app, settings.max_requests, settings.request_timeout)
    app = Clients(app, [key.get_secret_value() for key in settings.client_keys])
    return Access(app, metrics, ready)
