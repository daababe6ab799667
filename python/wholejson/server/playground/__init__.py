"""The page at `/`: shreds on one side, the whole object growing on the other.

::

    app = Source(app)              # innermost: what the upstream brings is noted here
    app = ValidJSONChunks(app)     # the very middleware that serves everybody
    app = Page(app)                # outside: the page, and its stream

Nothing here decides what is sent when; the page shows what the middleware does.
"""

from __future__ import annotations

from .page import Page
from .source import Source

__all__ = ["Page", "Source"]
