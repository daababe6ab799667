"""Who joins contents, as far as it shows in a request: joined, whole documents are nonsense."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["refusal"]

_HELPER = (
    "valid_json_chunks cannot be used with the SDK's .stream() helper or runTools(), which join "
    "contents: with it the content of every chunk is a whole document, and joined ones are "
    "nonsense. Use chat.completions.create(stream=True, …) and read each chunk's content, or leave "
    "valid_json_chunks out"
)
_READER = (
    "valid_json_chunks cannot be used for the structured output of {name}, which joins contents "
    "and reads the unfinished JSON itself: with it every content is a whole document, and joined "
    "ones are nonsense. Leave valid_json_chunks out there; or stream text, and read each piece of "
    "it as a document"
)
# Frameworks that say their name in User-Agent, and join what they ask for as JSON.
_READERS = {"ai-sdk-": "the AI SDK", "pydantic-ai/": "Pydantic AI"}


def refusal(
    header: Callable[[str], str | None], request: bytes, options: Mapping[str, Any]
) -> str | None:
    """Tell why a request with the option can't be served: its sender would join contents.

    :param header: gives a header of the request by its name in lower case.
    :param request: the body, without the option.
    :param options: what the option says.

    The SDKs' helpers name themselves in ``X-Stainless-Helper-Method``: Python's
    ``chat.completions.stream()``, JavaScript's ``chat.completions.stream()`` and ``runTools()``.
    """
    helper = header("x-stainless-helper-method") or ""
    if helper.endswith("chat.completions.stream") or helper in ("stream", "runTools"):
        return _HELPER
    words = (header("user-agent") or "").split()
    for begin, name in _READERS.items():
        if any(word.startswith(begin) for word in words):
            structured = options.get("tool_calls") or _is_structured(request)
            return _READER.format(name=name) if structured else None
    return None


def _is_structured(request: bytes) -> bool:
    try:
        wanted = json.loads(request).get("response_format")
    except (ValueError, RecursionError, AttributeError):
        return False
    return isinstance(wanted, dict) and wanted.get("type") in ("json_object", "json_schema")
