"""Types for what the OpenAI SDKs have no word for: the option, and the status at the end.

```python
stream = client.chat.completions.create(
    model="gpt-4o",
    messages=messages,
    stream=True,
    stream_options=wholejson.StreamOptions(valid_json_chunks=True),
    response_format={"type": "json_object"},
)
for chunk in stream:
    status = wholejson.json_status(chunk.choices[0])
```

At run time a plain `stream_options={"valid_json_chunks": True}` does as well; type checkers refuse
it, because the SDK's own type has no such key. `StreamOptions` has all of the SDK's keys and one
more, so that they take it where the SDK's type is asked for, without a cast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, cast

if TYPE_CHECKING:
    from .aliases import Code, Mode, Root, Style

__all__ = ["JSONStatus", "SchemaError", "StreamOptions", "ValidJSONChunks", "json_status"]


class ValidJSONChunks(TypedDict, total=False):
    """What `valid_json_chunks` may be set to instead of `True`; all of it can be left out."""

    root: Root
    """What a document may be. Default: `"auto"`, the first object or array."""

    repair: bool
    """Mend malformed text instead of ending the stream with an error. Default: `True` for the
    text, `False` for arguments of tool calls, which get executed."""

    style: Style
    """How items are separated. Default: `"spaced"`, as `json.dumps` does."""

    tool_calls: bool
    """Arguments of tool calls are whole documents too, and each call has a `json_status` at the
    end. Default: `False`, they pass as they came."""

    max_amplification: int | None
    """Leave updates out, so that the snapshots sent of a choice stay under 1 MiB and so many times
    the bytes of its document, or come once a second. `None` for all; that is the default of
    `wrap()`, and 64 that of the middleware and the gateway."""

    every_ms: int | None
    """At most one snapshot in so many milliseconds, the newest. Default: `None`, all of them."""

    mode: Mode
    """`"patch"`: each content is a JSON array of what changed, for `apply_operations`. Default:
    `"snapshot"`, the whole document."""

    final: bool
    """In patch mode, the last chunk has the whole document in its `json_status`. Default:
    `True`."""

    schema: bool | dict[str, Any]
    """The JSON Schema by which values whose beginnings mislead are shown only whole: `False` for
    none. Default: `True`, that of `response_format`, if it has one."""

    whole: list[str]
    """JSON Pointers of values that are shown only whole, `*` for every member or element."""

    validate: bool
    """Say in `json_status` whether the document is valid by the schema. Default: `False`."""


class StreamOptions(TypedDict, total=False):
    """A chat completion's `stream_options`: the SDK's own members, and `valid_json_chunks`."""

    include_usage: bool
    """Ask the provider for a last chunk with the tokens used (OpenAI's own option)."""

    include_obfuscation: bool
    """Let the provider pad its chunks (OpenAI's own option). The padding is not passed on."""

    valid_json_chunks: bool | ValidJSONChunks
    """Every chunk's content is the whole JSON document so far."""


class _Ended(TypedDict):
    complete: bool
    """The document itself was closed."""

    repairs: int
    """How many departures from the text as it was written."""


class SchemaError(TypedDict):
    """One departure of a document from its schema."""

    path: str
    """Where in the document, as a JSON Pointer (RFC 6901)."""

    message: str
    """What is wrong, for people."""


class JSONStatus(_Ended, total=False):
    """How a document ended: `json_status` beside a `finish_reason`, or in a tool call."""

    error: Code
    """Why it failed, when others did not. Left out when it did not fail."""

    valid: bool
    """Whether the document is valid by its schema, where `validate` asked. Left out where there
    is no verdict; `warning` says why."""

    errors: list[SchemaError]
    """What is wrong with it, up to ten. Left out where nothing is."""

    warning: str
    """What was ignored: a part of the schema that was not understood, or a verdict."""

    document: Any
    """The whole document, in patch mode unless `"final"` is `False`. Left out otherwise."""


def json_status(choice: Any) -> JSONStatus | None:
    """Give how the document of `choice` ended, or `None` where it has not.

    `choice`: one of a chunk's `choices`, or of the `tool_calls` of its delta; an SDK object or a
    dict. The cost is one look-up.

    Raises `TypeError` for a whole chunk and for a list of choices, which have no status.
    """
    given = choice if isinstance(choice, dict) else getattr(choice, "__dict__", {})
    if isinstance(choice, (list, tuple)) or "choices" in given:
        kind = type(choice).__name__
        raise TypeError(
            f"json_status() takes one of a chunk's choices, or of its tool calls, not {kind}; "
            "such as json_status(chunk.choices[0])"
        )
    if isinstance(choice, dict):
        return cast("JSONStatus | None", choice.get("json_status"))
    return cast("JSONStatus | None", getattr(choice, "json_status", None))
