"""What a chunk says: whether it is one, and of each of its choices what the decisions need."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from .shapes import get, members, says, speaks

__all__ = ["Facts", "facts_of", "index_of", "shape_of", "text_of", "text_parts"]

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


def facts_of(choice: Any) -> Facts:
    """Give what a choice says beside its text."""
    role = others = otherwise = False
    delta = get(choice, "delta")
    for name, value in members(delta).items() if delta is not None else ():
        if name == "content":
            if isinstance(value, list):
                others = others or not all(text_parts(value))
            else:
                others = others or (speaks(value) and not isinstance(value, str))
        elif speaks(value):
            role = role or name == "role"
            others = others or name != "role"
            otherwise = otherwise or name in _OTHERWISE
    finish = get(choice, "finish_reason")
    return Facts(role, others, otherwise, str(finish) if says(finish) else None)


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
    index = get(choice, "index")
    if isinstance(index, str) and index.isascii() and index.isdigit():
        index = int(index)
    if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < 1 << 64:
        return index
    return place


def text_parts(content: list[Any]) -> list[bool]:
    """Tell for each part of a `content` list whether it is text."""
    return [get(part, "type") == "text" and isinstance(get(part, "text"), str) for part in content]
