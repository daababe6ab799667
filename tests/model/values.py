"""Values as far as they have been read, and what of them is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Style = Literal["spaced", "compact"]


@dataclass
class Atom:
    """A number or a literal; shown once, and whole."""

    text: bytes = b""
    is_number: bool = False
    whole: bool = False
    decided: bool = False


@dataclass
class String:
    """The inside of a string, as far as its bytes decide it."""

    text: bytes = b""
    closed: bool = False
    decided: bool = False


@dataclass
class Array:
    items: list = field(default_factory=list)
    closed: bool = False


@dataclass
class Object:
    members: list = field(default_factory=list)
    closed: bool = False


Node = Atom | String | Array | Object


def show(node: Node, style: Style) -> bytes | None:
    """The snapshot of a value, or nothing while the value is not visible."""
    comma, colon = (b", ", b": ") if style == "spaced" else (b",", b":")
    if isinstance(node, Atom):
        return node.text if node.decided else None
    if isinstance(node, String):
        return b'"' + node.text + b'"' if node.text or node.decided else None
    if isinstance(node, Array):
        items = [shown for shown in (show(item, style) for item in node.items) if shown is not None]
        return b"[" + comma.join(items) + b"]" if items or node.closed else None
    members = []
    for key, value in node.members:
        shown = show(value, style)
        if shown is not None:
            members.append(b'"' + key + b'"' + colon + shown)
    return b"{" + comma.join(members) + b"}" if members or node.closed else None
