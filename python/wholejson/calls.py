"""The tool calls of chunks that are objects.

Which call a piece belongs to, and what becomes of each, is decided by the session.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .facts import index_from, pieces_of
from .shapes import changed, get, is_object, made, members, says, speaks

if TYPE_CHECKING:
    from ._core import Call, Session

__all__ = ["ToolCalls"]

_Told = tuple[int, bool] | None
"""Where a piece's call stands, and whether the piece says anything new; `None` for no object."""


class ToolCalls:
    """The tool calls of one response."""

    def __init__(self, session: Session) -> None:
        self._session = session
        # To make others like them.
        self._piece: Any = None
        self._function: Any = None

    def tell(self, index: int, choice: Any) -> list[_Told]:
        """Tell the session of a choice's pieces; give what it says of each.

        Where there are too many calls the list is short, and the session has failed.
        """
        pieces = pieces_of(choice)
        told: list[_Told] = []
        for place, piece in enumerate(pieces):
            if not is_object(piece):
                told.append(None)
                continue
            found = self._tell(index, piece, place, alone=len(pieces) == 1)
            if found is None:
                break
            told.append(found)
        return told

    def _tell(self, index: int, piece: Any, place: int, *, alone: bool) -> tuple[int, bool] | None:
        said = members(piece)
        function = said.get("function")
        inside: Mapping[str, Any] = {}
        others = any(
            speaks(value)
            for name, value in said.items()
            if name not in ("index", "function")
            and not (name in ("id", "type") and isinstance(value, str))
        )
        self._piece = piece
        if is_object(function):
            self._function = function
            inside = members(function)
            named = ("name", "arguments")
            others = others or any(speaks(v) for k, v in inside.items() if k not in named)
        else:
            others = others or speaks(function)
        arguments = inside.get("arguments")
        texts = isinstance(arguments, str)
        return self._session.call(
            index,
            place,
            alone,
            index_from(said.get("index")),
            _text(said.get("id")),
            _text(inside.get("name")),
            _text(said.get("type")),
            arguments if texts else None,
            is_object(function),
            not texts and arguments is not None,
            others,
        )

    def changes(self, index: int, choice: Any, told: list[_Told]) -> dict[str, Any]:
        """Give what becomes of the tool calls in a delta that is given out."""
        pieces, calls = pieces_of(choice), self._session.calls(index)
        if not pieces and not calls:
            return {}
        by_place = {call.at: call for call in calls}
        kept = []
        for place, (piece, known) in enumerate(zip(pieces, told, strict=False)):
            if known is None:
                kept.append(piece)
                continue
            call = by_place[known[0]]
            last = call.piece == place
            if call.given if last else known[1]:
                kept.append(piece if call.alien else self._changed(piece, call, last=last))
        said = get(get(choice, "delta"), "tool_calls")
        if isinstance(said, list) or not says(said):
            kept.extend(self.made(call) for call in calls if call.given and call.piece is None)
        return {"tool_calls": kept or None} if kept or pieces else {}

    def _changed(self, piece: Any, call: Call, *, last: bool) -> Any:
        """Give a piece as it goes out; `last`: it is the last of its call in the chunk."""
        changes: dict[str, Any] = {}
        said = get(piece, "index")
        if not isinstance(said, int) or isinstance(said, bool) or said != call.number:
            changes["index"] = call.number
        whole = last and call.status is not None
        if whole:
            names = {"id": call.id, "type": call.type}
            changes.update((k, v) for k, v in names.items() if v and not says(get(piece, k)))
            changes["json_status"] = call.status
        function = get(piece, "function")
        inside: dict[str, Any] = {}
        if whole and call.name and get(function, "name") != call.name:
            inside["name"] = call.name
        snapshot = call.arguments if last else None
        if snapshot is not None or whole or isinstance(get(function, "arguments"), str):
            inside["arguments"] = snapshot
        if is_object(function):
            changes["function"] = changed(function, inside) if inside else function
        elif inside:
            changes["function"] = made(self._function, inside)
        return changed(piece, changes)

    def made(self, call: Call) -> Any:
        """Make a piece for a call of which the chunk has none."""
        function: dict[str, Any] = {"arguments": call.arguments}
        piece: dict[str, Any] = {"index": call.number}
        if call.status is not None:
            names = {"id": call.id, "type": call.type}
            piece.update((name, value) for name, value in names.items() if value)
            function = {**({"name": call.name} if call.name else {}), **function}
        piece["function"] = made(self._function, function)
        if call.status is not None:
            piece["json_status"] = call.status
        return made(self._piece, piece)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
