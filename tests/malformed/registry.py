"""The mutations by name: each is a function that changes a document and says whether it could."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .documents import Document

Change = Callable[[Document], bool]
STAGES = ("token", "style", "end", "frame")


@dataclass(frozen=True)
class Mutation:
    """One way of writing JSON that is not JSON."""

    name: str
    family: str
    stage: str  # the order in which mutations of one document are made
    root: str  # the kind of document it needs
    change: Change


MUTATIONS: dict[str, Mutation] = {}


def mutation(family: str, stage: str = "token", root: str = "any") -> Callable[[Change], Change]:
    """Registers a mutation under its function's name."""
    assert stage in STAGES

    def register(change: Change) -> Change:
        name = f"{family}.{change.__name__}"
        assert name not in MUTATIONS, name
        MUTATIONS[name] = Mutation(name, family, stage, root, change)
        return change

    return register
