"""Documents that are cut off."""

from __future__ import annotations

from typing import Any

from .documents import Document, Token, escape
from .registry import mutation

GONE = object()


def _prune(node: Any, path: tuple[Any, ...], seen: set[tuple[Any, ...]]) -> Any:
    """What is left of a value when only the tokens of these paths were seen."""
    if isinstance(node, dict):
        kept = {k: _prune(v, (*path, k), seen) for k, v in node.items()}
        kept = {k: v for k, v in kept.items() if v is not GONE}
        return kept if kept or path in seen else GONE
    if isinstance(node, list):
        items = []
        for i, v in enumerate(node):
            item = _prune(v, (*path, i), seen)
            if item is GONE:
                break
            items.append(item)
        return items if items or path in seen else GONE
    return node if path in seen else GONE


def _cut(doc: Document, at: int) -> bool:
    """Keeps the tokens before `at`; prunes what is expected."""
    kept = doc.tokens[:at]
    seen = {
        t.path
        for t in kept
        if t.kind in ("string", "scalar", "close") or (t.kind == "raw" and t.path)
    }
    expected = _prune(doc.expected, (), seen)
    if expected is GONE:
        return False
    doc.tokens, doc.expected = kept, expected
    return True


@mutation("ends", stage="end")
def between_tokens(doc: Document) -> bool:
    """Cut off after a value, a comma, a key, a colon or a bracket."""
    rng = doc.rng
    places = [i for i, t in enumerate(doc.tokens) if i > 0 and _settled(doc, i)]
    return bool(places) and _cut(doc, rng.choice(places))


def _settled(doc: Document, at: int) -> bool:
    """Is what stands before this place decided, whatever would have come?"""
    written = [t for t in doc.tokens[:at] if t.kind != "space" or t.text]
    before = written[-1]
    if before.locked or any(t.locked for t in doc.tokens[max(0, at - 3) : at + 3]):
        return False
    if before.kind == "scalar":
        return before.value is None or isinstance(before.value, bool)
    return before.kind != "raw"


@mutation("ends", stage="end")
def inside_string(doc: Document) -> bool:
    """Cut off in the middle of a string: what was shown stays."""
    token: Token | None = doc.pick(
        "string",
        lambda t: t.path != () and len(t.value) > 1 and t.opening == '"' and t.body is None,
    )
    if token is None:
        return False
    at, keep = doc.index(token), doc.rng.randint(1, len(token.value) - 1)
    if ord(token.value[keep - 1]) > 0xFFFF and doc.ascii_only:
        return False
    path, text = token.path, token.value[:keep]
    if not _cut(doc, at + 1):
        return False
    doc.expect(path, text)
    token.body, token.closing, token.locked = escape(text, '"', doc.ascii_only), "", True
    return True


@mutation("ends", stage="end")
def brackets_never_closed(doc: Document) -> bool:
    """All closing brackets at the end are missing."""
    at = len(doc.tokens)
    while at > 0 and doc.tokens[at - 1].kind in ("close", "space"):
        at -= 1
    last = doc.tokens[at - 1]
    if last.locked or (
        last.kind == "scalar" and not (last.value is None or isinstance(last.value, bool))
    ):
        return False
    if last.kind == "open":
        at += 1
        while doc.tokens[at - 1].kind != "close":
            at += 1
    doc.tokens = [*doc.tokens[:at], Token("raw", doc.rng.choice(("", " ", "\n")), ())]
    return True
