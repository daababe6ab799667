"""Applying operations: from one value to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["apply_operations"]


def apply_operations(value: Any, operations: Iterable[Mapping[str, Any]], /) -> Any:
    """Give the value that comes of another one by operations.

    Operations are what :meth:`wholejson.Aggregator.take_operations` gives: ``add`` and ``replace``
    of JSON Patch (RFC 6902) at JSON Pointers (RFC 6901), and ``append``, which adds text at the
    end of a string. Applied in order, starting from ``None``, they give every value in turn.

    :param value: made of dicts, lists, strings, numbers, booleans and ``None``, as ``json.loads``
        makes it. It is left as it is; what did not change is shared with the new value, as is
        what an operation brings.
    :return: the new value. Costs the number of items of each container on the operations' paths,
        and the length of the strings that grow.
    :raises ValueError: for an operation that does not fit: an unknown ``op``, a path that leads
        nowhere, an index that is none, ``append`` to what is no string. The message names it.
    :raises TypeError: for JSON text, or a single operation, in place of a list.
    """
    root = [value]
    # The containers that this call made, which it may change. Held, so that no id is used twice.
    made: dict[int, Any] = {id(root): root}
    if operations is None or isinstance(operations, (str, bytes, bytearray, Mapping)):
        kind = type(operations).__name__
        remedy = "put it in a list" if isinstance(operations, Mapping) else "json.loads() reads one"
        raise TypeError(f"operations must be a list of operations, not {kind}; {remedy}")
    for number, operation in enumerate(operations):
        try:
            op, path, new = operation["op"], operation["path"], operation["value"]
        except (KeyError, TypeError):
            raise ValueError(f"operation {number} is no dict with op, path and value") from None
        try:
            _apply(root, op, path, new, made)
        except _DoesNotFitError as error:
            raise ValueError(f"operation {number} ({op!r} at {path!r}): {error}") from None
    return root[0]


class _DoesNotFitError(Exception):
    """An operation does not fit the value."""


def _apply(root: list[Any], op: Any, path: Any, new: Any, made: dict[int, Any]) -> None:
    if op not in ("add", "append", "replace"):
        raise _DoesNotFitError("op must be 'add', 'append' or 'replace'")
    if not isinstance(path, str) or path[:1] not in ("", "/"):
        raise _DoesNotFitError("a path is empty or begins with a slash (RFC 6901)")
    parent: Any = root
    place: Any = 0
    for part in path.split("/")[1:]:
        if not _has(parent, place):
            raise _DoesNotFitError("the path leads nowhere")
        child = parent[place]
        if id(child) not in made:
            child = _copied(child)
            parent[place] = made[id(child)] = child
        parent, place = child, _place(child, part)
    if op == "add" and parent is not root:
        _add(parent, place, new)
        return
    if not _has(parent, place):
        raise _DoesNotFitError("there is nothing at this path")
    if op == "append":
        old = parent[place]
        if not isinstance(old, str) or not isinstance(new, str):
            raise _DoesNotFitError("only a string can be appended, and only to a string")
        new = old + new
    parent[place] = new


def _copied(container: Any) -> Any:
    if isinstance(container, (dict, list)):
        return container.copy()
    raise _DoesNotFitError("the path leads through what is neither a dict nor a list")


def _place(container: Any, part: str) -> Any:
    """Give the key or the index that a part of a path means."""
    if "~" in part:
        if "~" in part.replace("~0", "").replace("~1", ""):
            raise _DoesNotFitError("a tilde in a path is written ~0 (RFC 6901)")
        part = part.replace("~1", "/").replace("~0", "~")
    if isinstance(container, dict):
        return part
    if part == "-":
        return len(container)
    # Longer numbers are no index of any list, and slow to read.
    if not (part.isascii() and part.isdigit()) or len(part) > 18 or part != str(int(part)):
        raise _DoesNotFitError(f"{part[:40]!r} is no index of a list")
    return int(part)


def _has(container: Any, place: Any) -> bool:
    return place in container if isinstance(container, dict) else place < len(container)


def _add(container: Any, place: Any, new: Any) -> None:
    if isinstance(container, dict):
        container[place] = new
    elif place <= len(container):
        container.insert(place, new)
    else:
        raise _DoesNotFitError("the index is beyond the end of the list")
