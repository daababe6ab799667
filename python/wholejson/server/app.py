"""The gateway, composed: each piece knows only the one inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wholejson import Limits
from wholejson.asgi import ValidJSONChunks
from wholejson.proxy import ReverseProxy
from wholejson.replay import Replay

from .access import Access
from .admission import Capacity, Clients, Sites
from .config import Settings
from .documents import DOCUMENTS
from .metrics import Metrics
from .playground import Page, Source
from .playground.page import Files
from .playground.source import DOCUMENT_BYTES, SLOWEST

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
        Source(inside) if settings.playground else inside,
        limits=Limits(document=settings.max_document_bytes),
        max_request_bytes=settings.max_request_bytes,
        max_amplification=settings.max_amplification or None,
        heartbeat=settings.heartbeat or None,
        max_held_bytes=settings.max_process_bytes,
        on_report=metrics.stream,
    )
    app = Capacity(app, settings.max_requests, settings.request_timeout)
    if settings.client_keys:
        app = Clients(app, [key.get_secret_value() for key in settings.client_keys])
    if settings.upstream_key is not None and not settings.client_keys:
        app = Sites(app)
    if settings.playground:
        app = Page(app, Files(_about(settings)))
    return Access(app, metrics, ready)


def _about(settings: Settings) -> dict[str, object]:
    """Give what the page must know: which key it has to ask for, and what it may bring."""
    if settings.client_keys:
        key = "gateway"
    elif settings.replay or settings.upstream_key is not None:
        key = "none"
    else:
        key = "provider"
    return {
        "key": key,
        "replay": settings.replay,
        "document_bytes": DOCUMENT_BYTES,
        "slowest": SLOWEST,
    }
