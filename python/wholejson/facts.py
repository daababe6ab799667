"""What a chunk says: whether it is one, and of each of its choices what the decisions need."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from .errors import UpstreamError
from .shapes import changed, get, is_object, members, says, speaks

__all__ = [
    "Facts",
    "facts_of",
    "index_from",
    "index_of",
    "moved",
    "pieces_of",
    "reported",
    "shape_of",
    "text_of",
    "text_parts",
]

_DIGITS = 20
"""Digits that an index has at most; Python refuses to read some thousands of them."""
_SAID = 1 << 10
"""Characters of a sender's own words that an error repeats."""
_OTHERWISE = frozenset({"tool_calls", "function_call", "refusal", "audio"})


class Facts(NamedTuple):
    """What a choice says beside its text, as the session takes it."""

    role: bool
    others: bool
    otherwise: bool
    finish: str | None


def shape_of(chunk: Any, choices: Any) -> Literal["foreign", "chunk"]:
    """Tell whether it is a chunk of a chat, if only one without choices."""
    if not isinstance(choices, list):
        return "foreign"
    if not choices:
        return "chunk"
    plain = (str, list, bool, int, float)
    if any(isinstance(each, plain) or isinstance(get(each, "delta"), plain) for each in choices):
        return "foreign"
    said = [members(choice) for choice in choices if choice is not None]
    if any("delta" in each for each in said):
        return "chunk"
    kind = get(chunk, "object")
    if says(kind):
        chat = isinstance(kind, str) and kind.startswith("chat.completion")
    else:
        # The older completions have `text` in their choices, and no delta.
        chat = not any("text" in each for each in said)
    return "chunk" if chat else "foreign"


def reported(chunk: Any) -> UpstreamError:
    """Give the error that a stream's sender reports in a chunk, as an exception."""
    error = get(chunk, "error")
    message = get(error, "message") or error
    return UpstreamError(f"the sender reported: {str(message)[:_SAID]}", kind="upstream_error")


def facts_of(choice: Any, *, calls: bool = False) -> Facts:
    """Give what a choice says beside its text; `calls`: and beside its tool calls."""
    role = others = otherwise = False
    delta = get(choice, "delta")
    for name, value in members(delta).items() if delta is not None else ():
        if name == "content":
            if isinstance(value, list):
                others = others or not all(text_parts(value))
            else:
                others = others or (speaks(value) and not isinstance(value, str))
        elif calls and name == "tool_calls" and isinstance(value, list):
            alien = any(speaks(piece) for piece in value if not is_object(piece))
            others = others or alien
            otherwise = otherwise or alien or any(map(is_object, value))
        elif speaks(value):
            role = role or name == "role"
            others = others or name != "role"
            otherwise = otherwise or name in _OTHERWISE
    finish = get(choice, "finish_reason")
    return Facts(role, others, otherwise, str(finish) if says(finish) else None)


def pieces_of(choice: Any) -> list[Any]:
    """Give the elements of a choice's `tool_calls`; none where that is no list."""
    pieces = get(get(choice, "delta"), "tool_calls")
    return pieces if isinstance(pieces, list) else []


def text_of(choice: Any) -> str | None:
    """Give the text of a choice, `None` if it has none, not even an empty one."""
    content = get(get(choice, "delta"), "content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts = [
        get(part, "text") for part, text in zip(content, text_parts(content), strict=True) if text
    ]
    return "".join(texts) if texts else None


def index_of(choice: Any, place: int) -> int:
    """Give the index of a choice; its place in `choices` if that is missing or no index."""
    index = index_from(get(choice, "index"))
    return place if index is None else index


def moved(choice: Any, place: int, to: int) -> Any:
    """Give a choice as it stands at another place in what goes out.

    Where it has no index it goes by its place, and is given that as its index.
    """
    if place == to or index_from(get(choice, "index")) is not None:
        return choice
    return changed(choice, {"index": place})


def index_from(said: Any) -> int | None:
    """Give what is said as an index, in digits or as a number; `None` if it is none."""
    if isinstance(said, str) and said.isascii() and said.isdigit():
        digits = said.lstrip("0") or "0"
        said = int(digits) if len(digits) <= _DIGITS else None
    if isinstance(said, int) and not isinstance(said, bool) and 0 <= said < 1 << 64:
        return said
    return None


def text_parts(content: list[Any]) -> list[bool]:
    """Tell for each part of a `content` list whether it is text."""
    return [get(part, "type") == "text" and isinstance(get(part, "text"), str) for part in content]
