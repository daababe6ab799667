"""Options that are wrong are told when an app is made, not at the first request."""

from __future__ import annotations

__all__ = ["count", "seconds"]


def seconds(name: str, given: object, *, zero: bool = False, never: bool = False) -> None:
    """Refuse what is no number of seconds above 0, or 0 or ``None`` where these have a meaning."""
    if given is None and never:
        return
    number = given if isinstance(given, (int, float)) and not isinstance(given, bool) else -1
    if number > 0 or (zero and number == 0):
        return
    least = "0 or more" if zero else "above 0"
    raise ValueError(f"{name} must be a number of seconds {least}{', or None for never' * never}")


def count(name: str, given: object, *, least: int = 1, none: str = "") -> None:
    """Refuse what is no whole number of at least so many, nor ``None`` where that has a meaning."""
    if given is None and none:
        return
    if not isinstance(given, int) or isinstance(given, bool) or given < least:
        meaning = f", or None for {none}" * bool(none)
        raise ValueError(f"{name} must be a whole number of at least {least}{meaning}")
