"""The outer half: the page's files, and the stream that shows both sides of the middleware."""

from __future__ import annotations

import json
import mimetypes
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from wholejson import __version__
from wholejson._http.body import header
from wholejson._http.errors import send_error, send_not_allowed

from .watch import PATH, PREFIX, WATCH, Watch

if TYPE_CHECKING:
    from wholejson._http.types import ASGIApp, Headers, Receive, Scope, Send

__all__ = ["Files", "Page"]

_HERE = Path(__file__).parent
_TYPES = {".mjs": "text/javascript", ".css": "text/css", ".html": "text/html"}
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_GUARDED: Headers = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]


class Files:
    """The files of the page by their path, read once; nothing else is ever opened."""

    def __init__(self, about: dict[str, object]) -> None:
        places = {"": _HERE / "static", "js/": _HERE.parents[1] / "js"}
        self._files = {
            PREFIX + under + path.name: _file(path.name, path.read_bytes())
            for under, folder in places.items()
            for path in sorted(folder.iterdir())
            if path.suffix in (*_TYPES, ".svg")
        }
        self._files["/"] = self._files.pop(f"{PREFIX}index.html")
        self._files[f"{PREFIX}about.json"] = _file(
            "about.json", json.dumps({"version": __version__, **about}).encode()
        )

    def __contains__(self, path: str) -> bool:
        return path in self._files

    async def send(self, scope: Scope, send: Send) -> None:
        """Answer a request for the file at the path of `scope`."""
        if scope["method"] not in ("GET", "HEAD"):
            await send_not_allowed(send, scope["method"], ("GET", "HEAD"))
            return
        kind, tag, data = self._files[scope["path"]]
        same = header(scope, b"if-none-match") == tag
        headers = [
            *_GUARDED,
            (b"content-type", kind),
            (b"cache-control", b"no-cache"),
            (b"etag", tag),
        ]
        if not same:
            headers.append((b"content-length", b"%d" % len(data)))
        status = 304 if same else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        body = b"" if same or scope["method"] == "HEAD" else data
        await send({"type": "http.response.body", "body": body, "more_body": False})


class Page:
    """Serves the page to everybody, and its stream through the app inside.

    :param app: the app inside: the doors, then the middleware, then :class:`Source`.
    :param files: the files of the page. They hold no key, and need none.

    The stream is at ``POST /playground/v1/chat/completions``. A page of another origin cannot use
    it: the body must call itself JSON, for which browsers ask first, and are not answered.
    """

    def __init__(self, app: ASGIApp, files: Files) -> None:
        self._app = app
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] != "http" or (scope["path"] != "/" and not _ours(scope["path"])):
            await self._app(scope, receive, send)
        elif scope["path"] in self._files:
            await self._files.send(scope, send)
        elif scope["path"] == PATH and scope["method"] == "POST":
            await self._stream(scope, receive, send)
        else:
            text = "there is nothing at this path; the page is at /"
            await send_error(send, 404, text, code="unknown_path")

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = (header(scope, b"content-type") or b"").split(b";")[0].strip().lower()
        site = header(scope, b"sec-fetch-site") or b"same-origin"
        if kind != b"application/json" or site != b"same-origin":
            text = "this is for the page at / alone; programs use /v1/chat/completions"
            await send_error(send, 403, text, code="playground_only")
            return
        watch = Watch(send)
        await self._app({**scope, WATCH: watch}, receive, watch.send)


def _ours(path: str) -> bool:
    return path.startswith(PREFIX)


def _file(name: str, data: bytes) -> tuple[bytes, bytes, bytes]:
    """Give the type, the tag and the content of a file."""
    kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "text/plain"
    if not kind.startswith("image/"):
        kind += "; charset=utf-8"
    return kind.encode(), b'"%s"' % sha256(data).hexdigest()[:16].encode(), data
