"""Recorded streams, where there are any, and the reading of event streams by the plainest means."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("WHOLEJSON_SHARED", ROOT.parent / "shared"))
ABSENT = f"no recorded streams at {SHARED}; name their directory with WHOLEJSON_SHARED"


def recorded(api: str = "chat.completions") -> list[Path]:
    """Give the recorded streams of an API, none where they are absent."""
    return sorted((SHARED / "streams" / api).glob("*.sse"))


def datas(stream: bytes) -> list[str]:
    """Give the data of each event."""
    text = stream.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    found = []
    for block in text.split("\n\n"):
        lines = [line[5:].removeprefix(" ") for line in block.split("\n") if line[:5] == "data:"]
        if lines:
            found.append("\n".join(lines))
    return found


def chunks(stream: bytes) -> list[dict[str, Any]]:
    """Give those events that are JSON objects."""
    found = []
    for data in datas(stream):
        try:
            value = json.loads(data)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def is_done(stream: bytes) -> bool:
    """Tell whether the stream says that it is over."""
    return "[DONE]" in [data.strip() for data in datas(stream)]
