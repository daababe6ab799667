"""Commas, colons, brackets: what is doubled, missing, or another's."""

from __future__ import annotations

from .documents import Document, Token
from .registry import mutation


def _plain(token: Token | None) -> bool:
    """A neighbour whose own reading doesn't depend on the punctuation beside it."""
    return (
        token is not None
        and token.kind in ("string", "scalar", "close", "open", "key")
        and not token.locked
    )


def _after_comma(doc: Document) -> Token | None:
    """A comma between two plain neighbours, which must not change."""
    comma = doc.pick("comma", lambda t: _plain(doc.around(t, -1)) and _plain(doc.around(t, 1)))
    if comma:
        doc.lock(comma)
    return comma


def _next_space(doc: Document, token: Token) -> Token:
    return doc.tokens[doc.index(token) + 1]


@mutation("punctuation")
def trailing_comma(doc: Document) -> bool:
    """`{"a": 1,}`"""
    close = doc.pick(
        "close", lambda t: _plain(doc.around(t, -1)) and doc.around(t, -1).kind != "open"
    )
    if not close:
        return False
    before = doc.around(close, -1)
    doc.lock(close)
    doc.insert(doc.index(before) + 1, doc.rng.choice((",", ", ", " ,", ",\n")))
    return True


@mutation("punctuation")
def doubled_comma(doc: Document) -> bool:
    """`[1,, 2]`"""
    comma = _after_comma(doc)
    if comma:
        comma.text = doc.rng.choice((",,", ", ,", ",,,", ",\n,"))
    return comma is not None


@mutation("punctuation")
def leading_comma(doc: Document) -> bool:
    """`[, 1]`"""
    opening = doc.pick(
        "open", lambda t: _plain(doc.around(t, 1)) and doc.around(t, 1).kind != "close"
    )
    if not opening:
        return False
    doc.lock(opening)
    doc.insert(doc.index(opening) + 1, ",")
    return True


@mutation("punctuation")
def missing_comma_same_line(doc: Document) -> bool:
    """`{"a": 1 "b": 2}`"""
    comma = _after_comma(doc)
    if comma:
        comma.text = ""
        _next_space(doc, comma).text = " "
    return comma is not None


@mutation("punctuation")
def missing_comma_new_line(doc: Document) -> bool:
    """`{"a": 1⏎"b": 2}`"""
    comma = _after_comma(doc)
    if comma:
        comma.text = ""
        _next_space(doc, comma).text = "\n" + " " * doc.rng.choice((0, 2, 4))
    return comma is not None


@mutation("punctuation")
def missing_comma_touching(doc: Document) -> bool:
    """`[[1][2]]`, `{"a":"x""b":1}`: nothing at all between two items."""
    comma = doc.pick(
        "comma",
        lambda t: (
            _plain(doc.around(t, -1))
            and _plain(doc.around(t, 1))
            and (
                doc.around(t, -1).kind == "close"
                # `"""` would be a triple quote
                or (
                    doc.around(t, 1).kind == "key"
                    and doc.around(t, -1).kind == "string"
                    and doc.around(t, -1).value != ""
                )
            )
        ),
    )
    if comma:
        doc.lock(comma)
        comma.text = _next_space(doc, comma).text = ""
    return comma is not None


@mutation("punctuation")
def semicolon(doc: Document) -> bool:
    """`{"a": 1; "b": 2}`"""
    comma = _after_comma(doc)
    if comma:
        comma.text = ";"
    return comma is not None


@mutation("punctuation")
def missing_colon(doc: Document) -> bool:
    """`{"a" 1}`"""
    colon = doc.pick("colon", lambda t: _plain(doc.around(t, 1)) and _plain(doc.around(t, -1)))
    if not colon:
        return False
    doc.lock(colon)
    colon.text = ""
    _next_space(doc, colon).text = " "
    return True


@mutation("punctuation")
def other_colon(doc: Document) -> bool:
    """`{"a" = 1}`, `{"a" => 1}`, `{"a":: 1}`"""
    colon = doc.pick("colon", lambda t: _plain(doc.around(t, 1)) and _plain(doc.around(t, -1)))
    if not colon:
        return False
    doc.lock(colon)
    colon.text = doc.rng.choice((" =", " =>", "::", "=", ": :", " :="))
    return True


@mutation("punctuation")
def missing_value(doc: Document) -> bool:
    """`{"a":, "b": 1}`, `{"a", "b": 1}`"""
    key = doc.pick("key", lambda t: doc.tokens[doc.index(t) + 3].kind in ("string", "scalar"))
    if not key:
        return False
    at = doc.index(key)
    victim = doc.tokens[at + 3]
    if victim.locked or doc.around(victim, 1) is None:
        return False
    doc.lock(victim)
    key.locked = True
    victim.kind, victim.text = "raw", ""
    if doc.rng.random() < 0.4:
        doc.tokens[at + 1].text = doc.tokens[at + 2].text = ""
    doc.set(victim.path, None)
    return True


@mutation("punctuation")
def wrong_closer(doc: Document) -> bool:
    """`{"a": [1, 2}, "b": 1}`: the last bracket of its container is of the other kind."""
    close = doc.pick(
        "close", lambda t: len(t.path) > 0 and (doc.around(t, 1) or t).kind in ("comma", "close")
    )
    if not close:
        return False
    after = doc.around(close, 1)
    if after.kind == "close" and after.text != close.text:  # it would close both, rightly
        return False
    if after.kind == "comma" and close.text == "]" and not _followed_by_key(doc, after):
        return False
    if _parent_is(doc, close, "{" if close.text == "]" else "["):
        return False
    before = doc.around(close, -1)
    if before is None or before.kind == "close":  # `]]`: one too many, as likely as the wrong one
        return False
    doc.lock(close)
    close.text = "}" if close.text == "]" else "]"
    return True


def _followed_by_key(doc: Document, comma: Token) -> bool:
    after = doc.around(comma, 1)
    return after is not None and after.kind == "key"


def _parent_is(doc: Document, token: Token, opener: str) -> bool:
    """Is the container around the token's value of this kind? Then a wrong closer means its end."""
    return (opener == "{") == isinstance(token.path[-1], str)


@mutation("punctuation")
def skipped_closer(doc: Document) -> bool:
    """`{"a": [1, 2}`: a bracket is left out, and the one around it closes both."""
    close = doc.pick("close", lambda t: len(t.path) > 0 and (doc.around(t, 1) or t).kind == "close")
    if not close or doc.around(close, 1).text == close.text:
        return False
    doc.lock(close)
    close.text = ""
    return True


@mutation("punctuation")
def extra_closer(doc: Document) -> bool:
    """`{"a": [1]], "b": 2}`: a bracket that nothing opened."""
    close = doc.pick(
        "close",
        lambda t: len(t.path) == 1 and isinstance(t.path[0], str) and t.text == "]",
    )
    if not close:
        return False
    doc.lock(close)
    close.text += close.text
    return True


@mutation("punctuation")
def doubled_closer(doc: Document) -> bool:
    """`{"a": {"b": 1}}, "c": 2}`: the root is closed too early, and goes on."""
    close = doc.pick(
        "close",
        lambda t: (
            len(t.path) == 1
            and isinstance(t.path[0], str)
            and t.text == "}"
            and (doc.around(t, 1) or t).kind == "comma"
        ),
    )
    if not close:
        return False
    doc.lock(close, 2)
    close.text += "}"
    return True


@mutation("punctuation")
def ellipsis_in_list(doc: Document) -> bool:
    """`[1, 2, ...]`"""
    comma = doc.pick(
        "close",
        lambda t: t.text == "]" and _plain(doc.around(t, -1)) and doc.around(t, -1).kind != "open",
    )
    if not comma:
        return False
    doc.lock(comma)
    doc.insert(
        doc.index(doc.around(comma, -1)) + 1,
        doc.rng.choice((", ...", ",...", ", …", ", ...,", ",\n  ...\n", " ...")),
    )
    return True


@mutation("punctuation")
def ellipsis_in_object(doc: Document) -> bool:
    """`{"a": 1, ...}`, `{"a": 1, ..., "b": 2}`"""
    rng = doc.rng
    if rng.random() < 0.5:
        comma = doc.pick(
            "comma",
            lambda t: (
                _followed_by_key(doc, t) and _plain(doc.around(t, -1)) and _plain(doc.around(t, 1))
            ),
        )
        if comma:
            doc.lock(comma)
            comma.text = rng.choice((", ...,", ", …,", ",\n  ...,\n", ", ... "))
            return True
    close = doc.pick(
        "close",
        lambda t: t.text == "}" and _plain(doc.around(t, -1)) and doc.around(t, -1).kind != "open",
    )
    if not close:
        return False
    doc.lock(close)
    doc.insert(doc.index(doc.around(close, -1)) + 1, rng.choice((", ...", ", …", ",\n  ...\n")))
    return True


@mutation("punctuation")
def tuple_for_list(doc: Document) -> bool:
    """`{"a": (1, 2)}`"""
    opening = doc.pick("open", lambda t: t.text == "[" and len(t.path) > 0)
    close = opening and next((t for t in doc.free("close") if t.path == opening.path), None)
    if not opening or not close:
        return False
    doc.lock(opening)
    doc.lock(close)
    opening.text, close.text = "(", ")"
    if doc.rng.random() < 0.3 and doc.around(close, -1) is not opening:
        close.text = ",)"
    return True


@mutation("punctuation")
def odd_spaces(doc: Document) -> bool:
    """A no-break or ideographic space, a form feed: between tokens, where JSON has no place for it."""
    spaces = [t for t in doc.tokens if t.kind == "space" and t.text == " " and not t.locked]
    if not spaces:
        return False
    odd = doc.rng.choice(("\u00a0", "\u00a0", "\u3000", "\u2003", "\u202f", "\x0c"))
    for token in spaces if doc.rng.random() < 0.3 else [doc.rng.choice(spaces)]:
        token.text, token.locked = odd, True
    return True
