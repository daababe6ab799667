"""`wrap(client)`: whole JSON from any provider, with no server between.

```python
client = wholejson.wrap(OpenAI())
stream = client.chat.completions.create(
    ..., stream=True, stream_options={"valid_json_chunks": True}
)
for chunk in stream:
    json.loads(chunk.choices[0].delta.content)
```

It sits in the client's HTTP transport, below the SDK's objects: the option is taken out of the
request, the response's bytes go through `ChunkTransformer`, and chunks that are no update are
dropped before anybody pays for building them. What the SDK returns are its own stream types, with
its own chunk objects, which are built faster (`building`).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

from ._core import ChunkTransformer
from .building import quicken
from .exchange import Guide
from .transport import Around, transport_class

if TYPE_CHECKING:
    from types import ModuleType

    from ._core import Limits
    from .aliases import Mode, Root, Style

ClientT = TypeVar("ClientT")

HTTP_LIBRARIES = ("httpx2", "httpx")


def wrap(
    client: ClientT,
    *,
    root: Root = "auto",
    repair: bool | None = None,
    style: Style = "spaced",
    limits: Limits | None = None,
    max_amplification: int | None = None,
    every_ms: int | None = None,
    mode: Mode = "snapshot",
    final: bool = True,
    tool_calls: bool = False,
) -> ClientT:
    """Make `client` understand `stream_options={"valid_json_chunks": True}`.

    The client is changed in place: its HTTP client keeps its own transport, mounts, proxies, auth
    and hooks, with ours around each transport. Copies made by `copy()` and `with_options()` share
    it, and so does whoever else shares the HTTP client. Requests without the option, and their
    answers, are passed on untouched. Wrapping again with the same options changes nothing; with
    others it is an error, because one of the two would not be obeyed.

    A request that can't be served is answered with the SDK's own `BadRequestError` before anything
    is sent: a wrong option, the `.stream()` helpers, the Responses API, bodies signed with AWS
    SigV4. A stream that fails on the way raises the SDK's `APIError`, with the `code` that the
    gateway gives; what was shown before is true.

    :param client: an `openai.OpenAI`, `AsyncOpenAI` or subclass of the SDK's versions 1 to 3
        (Azure's among them), or an HTTP client of `httpx` or `httpx2`, to be handed to somebody
        else who makes the SDK's client.
    :param root, repair, style: as for `Aggregator`; a request may say otherwise. Arguments of
        tool calls are repaired only if `repair` is set here or there in so many words.
    :param limits: what each stream may cost, `None` for the defaults of `Limits`; a request cannot
        change it.
    :param mode, final: whether each content is the whole document or what changed, as for
        `ChunkTransformer`; a request may say otherwise.
    :param max_amplification, every_ms: leave updates out, as `ChunkTransformer` does; a request
        may say otherwise. An async client gives the newest update as soon as it may, if the
        provider pauses; a sync one can't wake up, and gives it with the next read.
    :param tool_calls: whether arguments of tool calls are whole documents too, as for
        `ChunkTransformer`; a request may say otherwise.
    :return: `client` itself.
    :raises TypeError, ValueError: for what is no such client, an option that is none, or a client
        that is wrapped already with other options.

    A request costs one look at its path, one to a chat completion one pass over its body; a
    stream with the option costs what `ChunkTransformer` does, and less than it saves.
    """
    http_client = _http_client(client)
    library = _library(http_client)
    if http_client is None or library is None:
        raise TypeError(
            f"wrap() takes an openai.OpenAI or AsyncOpenAI, or an httpx client, "
            f"not {type(client).__module__}.{type(client).__qualname__}; "
            "to transform the chunks of another client's stream use wholejson.wrap_stream(stream)"
        )
    is_async = isinstance(http_client, library.AsyncClient)
    kind = transport_class(library, is_async=is_async)
    options: dict[str, Any] = {
        "root": root,
        "repair": repair,
        "style": style,
        "limits": limits,
        "max_amplification": max_amplification,
        "every_ms": every_ms,
        "mode": mode,
        "final": final,
        "tool_calls": tool_calls,
    }
    ChunkTransformer(**options)  # a wrong option is told now, not at the first request
    mounts = http_client._mounts
    for transport in (http_client._transport, *mounts.values()):
        if isinstance(transport, Around):
            _agree(transport.said, options)
    guide = Guide(library, options)

    def around(transport: Any) -> Any:
        wrapped = transport is None or isinstance(transport, Around)
        return transport if wrapped else kind(transport, guide)

    http_client._transport = around(http_client._transport)
    http_client._mounts = {pattern: around(mounted) for pattern, mounted in mounts.items()}
    quicken(client)
    return client


def _agree(first: dict[str, Any], again: dict[str, Any]) -> None:
    """Raise a `ValueError` where a client was wrapped with other options before."""
    differ = [name for name in first if first[name] != again[name]]
    if differ:
        before, now = (
            ", ".join(f"{name}={options[name]!r}" for name in differ) for options in (first, again)
        )
        raise ValueError(
            f"this client, or another that shares its HTTP client, is wrapped already, with "
            f"{before} and not {now}; say what differs in the requests, "
            'as stream_options={"valid_json_chunks": {…}}, or wrap a client of its own'
        )


def _http_client(client: Any) -> Any:
    """Find the HTTP client: `client` itself, or the one that the SDK keeps."""
    for candidate in (client, getattr(client, "_client", None)):
        if hasattr(candidate, "_transport") and hasattr(candidate, "_mounts"):
            return candidate
    return None


def _library(http_client: Any) -> ModuleType | None:
    """Tell whether it is of httpx or httpx2. Whichever it is has been imported, or it were not."""
    for name in HTTP_LIBRARIES:
        library = sys.modules.get(name)
        if library and isinstance(http_client, (library.Client, library.AsyncClient)):
            return library
    return None
