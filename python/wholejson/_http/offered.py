"""Which function a request wants called, for an upstream that has no mind of its own."""

from __future__ import annotations

from typing import Any

__all__ = ["wanted_call", "wrong_tools"]

_CHOICE = '"none", "auto", "required", or {"type": "function", "function": {"name": …}}'


def wanted_call(request: dict[str, Any]) -> str | None:
    """Give the name of the function that is to be called; `None` for an answer in text.

    :param request: one with which nothing is wrong. ``tool_choice`` decides: ``"required"`` means
        the first of ``tools``, the name of a function that one, all else none.
    """
    choice = request.get("tool_choice")
    if isinstance(choice, dict):
        return str(choice["function"]["name"])
    return str(_names(request)[0]) if choice == "required" else None


def wrong_tools(request: dict[str, Any]) -> tuple[str, str, str] | None:
    """Say what is wrong with the tools of a request: a message, the parameter, a code."""
    tools, choice = request.get("tools"), request.get("tool_choice")
    if tools is not None and (not isinstance(tools, list) or not tools):
        return "tools must be an array with at least one function", "tools", "invalid_type"
    for at, name in enumerate(_names(request)):
        if not isinstance(name, str) or not name:
            where = f"tools[{at}]"
            text = f'{where} must be {{"type": "function", "function": {{"name": …}}}}'
            return text, where, "invalid_value"
    if choice is None or choice in ("none", "auto", "required"):
        if choice is None or tools:
            return None
        return "tool_choice is only allowed where tools are given", "tool_choice", "invalid_value"
    if not isinstance(choice, dict):
        return f"tool_choice must be {_CHOICE}", "tool_choice", "invalid_value"
    name = _name(choice)
    if not isinstance(name, str) or name not in _names(request):
        text = f"tool_choice must be {_CHOICE} with the name of one of the tools"
        return text, "tool_choice", "invalid_value"
    return None


def _names(request: dict[str, Any]) -> list[Any]:
    return [_name(tool) for tool in request.get("tools") or ()]


def _name(tool: Any) -> Any:
    """Give the name of the function in a tool, or in a choice of one; `None` if it has none."""
    if not isinstance(tool, dict) or tool.get("type") != "function":
        return None
    function = tool.get("function")
    return function.get("name") if isinstance(function, dict) else None
