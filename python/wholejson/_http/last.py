"""The last that a client waits for.

A client may leave as soon as it has read ``[DONE]``, and the SDKs do: it does not wait for the end
of the response behind it.
"""

from __future__ import annotations

import re

__all__ = ["says_done", "tail"]

# As much as `[DONE]` needs, and a short comment behind it.
_KEPT = 32
_DONE = re.compile(rb"(?:\A|[\r\n])data: ?\[DONE\](?:\r\n\r?\n|\n\r?\n|\r\r)")


def tail(before: bytes, data: bytes) -> bytes:
    """Give the last bytes of a stream that ended with `before` and goes on with `data`."""
    return data[-_KEPT:] if len(data) >= _KEPT else (before + data)[-_KEPT:]


def says_done(end: bytes) -> bool:
    """Whether ``[DONE]`` stands in what :func:`tail` gave."""
    return _DONE.search(end) is not None
