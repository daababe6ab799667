"""Quotes: of another kind, doubled, missing, or standing unescaped inside a string."""

from __future__ import annotations

import re

from . import texts
from .documents import Document, Token, escape
from .registry import mutation


def any_string(doc: Document, least: int = 0) -> Token | None:
    """A string value that nothing has touched."""
    return doc.pick("string", lambda t: len(t.path) > 0 and len(t.value) >= least)


def calm(text: str) -> bool:
    """No quotes, brackets or separators: text that reads the same in or out of quotes."""
    return re.fullmatch(r"[^\W\d_][\w -]*[^\W_]", text) is not None


def give(doc: Document, token: Token, text: str) -> None:
    """Another text for a string."""
    token.value = text
    doc.set(token.path, text)


def _requote(doc: Document, opening: str, closing: str, keys: bool = True) -> bool:
    """Other quotes around one string, or around everything."""
    rng = doc.rng

    def fits(t: Token) -> bool:
        return not set(t.value) & set("“”‘’„‚`")

    found = doc.free("string", fits) + (doc.free("key", fits) if keys else [])
    found = [t for t in found if len(t.path) > 0]
    if not found:
        return False
    for token in found if rng.random() < 0.5 else [rng.choice(found)]:
        token.opening, token.closing, token.locked = opening, closing, True
    return True


@mutation("quotes", stage="style")
def single(doc: Document) -> bool:
    """`{'a': 'it\\'s'}`"""
    return _requote(doc, "'", "'")


@mutation("quotes", stage="style")
def single_with_apostrophes(doc: Document) -> bool:
    """`{'a': 'it's ok'}`: apostrophes as they come, none at a word's end."""
    found = doc.free(
        "string",
        lambda t: (
            len(t.path) > 0
            and re.search(r"\w'\w", t.value) is not None
            and not re.search(r"\W'|'\W|^'|'$|\"", t.value)
        ),
    )
    if not found:
        token = any_string(doc)
        if not token:
            return False
        a, b = doc.rng.sample(texts.NOUNS, 2)
        give(
            doc,
            token,
            doc.rng.choice(
                (
                    f"it's the {a}",
                    f"the {a} doesn't need John's {b}",
                    f"don't! it's a {a}, isn't it?",
                    f"the {a}'s {b}: it's 5 o'clock",
                    f"l'{a} d'{b}",
                    f"I'm {a}, you're {b}",
                )
            ),
        )
        found = [token]
    for token in found:
        token.opening = token.closing = "'"
        token.body = escape(token.value, '"', doc.ascii_only).replace('\\"', '"')
        token.locked = True
    _requote(doc, "'", "'")
    return True


@mutation("quotes", stage="style")
def single_with_plural_apostrophes(doc: Document) -> bool:
    """`{'a': 'the players' room'}`: an apostrophe before a space."""
    token = any_string(doc)
    if not token:
        return False
    a, b = doc.rng.sample(texts.NOUNS, 2)
    give(
        doc,
        token,
        doc.rng.choice(
            (
                f"the {a}s' {b}",
                f"James' {a} and the {b}s' owner",
                f"rock 'n' roll {a}",
                f"the '90s {a}",
            )
        ),
    )
    token.opening = token.closing = "'"
    token.body, token.locked = escape(token.value, '"', doc.ascii_only), True
    _requote(doc, "'", "'")
    return True


@mutation("quotes", stage="style")
def curly(doc: Document) -> bool:
    """`{“a”: “x”}`"""
    return _requote(
        doc, *doc.rng.choice((("“", "”"), ("“", "”"), ("‘", "’"), ("„", "“"), ("”", "”")))
    )


@mutation("quotes", stage="style")
def backtick(doc: Document) -> bool:
    """`` {`a`: `x`} ``"""
    return _requote(doc, "`", "`")


@mutation("quotes")
def doubled_opening(doc: Document) -> bool:
    """`{"name":""John Doe"}`"""
    token = doc.pick("string", lambda t: calm(t.value) and len(t.path) > 0)
    if token:
        doc.lock(token)
        token.opening = '""'
    return token is not None


@mutation("quotes")
def doubled_both(doc: Document) -> bool:
    """`{"name": ""John Doe""}`, `{""name"": 1}`"""
    token = doc.pick(doc.rng.choice(("string", "key")), lambda t: calm(t.value) and len(t.path) > 0)
    if token:
        doc.lock(token)
        token.opening = token.closing = '""'
    return token is not None


@mutation("quotes")
def doubled_closing(doc: Document) -> bool:
    """`{"name": "John Doe""}`"""
    token = doc.pick(
        "string", lambda t: calm(t.value) and t.value[-1].isalpha() and len(t.path) > 0
    )
    if token:
        doc.lock(token)
        token.closing = '""'
    return token is not None


@mutation("quotes")
def triple(doc: Document) -> bool:
    '''`{"a": """x"""}`, with line breaks and quotes inside'''
    token = any_string(doc, 1)
    if not token:
        return False
    doc.lock(token)
    rng = doc.rng
    a, b = rng.sample(texts.NOUNS, 2)
    give(
        doc,
        token,
        rng.choice(
            (
                f"the {a}",
                f"first {a}\nsecond {b}",
                f'the "{a}" of {b}',
                f"it's {a}",
                f"{a}, {b}",
                f"{a}: {b}",
            )
        ),
    )
    token.opening = token.closing = (
        rng.choice(('"""', '"""', "'''")) if "'" not in token.value else '"""'
    )
    token.body = token.value
    return True


@mutation("quotes")
def unquoted_key(doc: Document) -> bool:
    """`{a: 1}`"""
    found = doc.free("key", lambda t: re.fullmatch(r"[^\W\d][\w.$-]*", t.value) is not None)
    if not found:
        return False
    for token in found if doc.rng.random() < 0.5 else [doc.rng.choice(found)]:
        token.opening = token.closing = ""
        token.body = token.value
        doc.lock(token) if doc.around(token, -1).locked is False else None
        token.locked = True
    return True


@mutation("quotes")
def unquoted_value(doc: Document) -> bool:
    """`{"a": hello there}`"""
    token = any_string(doc)
    if not token:
        return False
    doc.lock(token)
    rng = doc.rng
    a, b = rng.sample(texts.NOUNS, 2)
    give(
        doc,
        token,
        rng.choice(
            (
                a,
                f"{a} {b}",
                f"the {a}'s {b}",
                f"{a}-{b}",
                f"{a}@{b}.com",
                f"{a}_1",
                f"{a} (small)",
                f"{a}: {b}",
                f"très {a}",
                f"日本 {a}",
                f"{a}.",
                f"{a}!",
                f"{a} & {b}",
                f"{a}/{b}",
                f"null{a}",
                f"{a} 5",
                f"x{a} = {b}",
                f"{a} - {b}",
                f"{a}...",
                f"{a}? yes",
                f"@{a}",
                f"%{a}%",
            )
        ),
    )
    token.opening = token.closing = ""
    token.body = token.value
    return True


@mutation("quotes")
def unquoted_value_with_comma(doc: Document) -> bool:
    """`{"a": 12 Main St, Springfield, "b": 1}`"""
    token = doc.pick("string", lambda t: doc.in_object(t))
    if not token:
        return False
    doc.lock(token)
    a, b = doc.rng.sample(texts.NOUNS, 2)
    give(
        doc,
        token,
        doc.rng.choice(
            (
                f"{a}, {b}",
                f"{a}, {b} and so on",
                f"12 Main St, {a}",
                f"{a}, it's {b}",
                texts.address(doc.rng),
            )
        ),
    )
    token.opening = token.closing = ""
    token.body = token.value
    return True


@mutation("quotes")
def missing_opening(doc: Document) -> bool:
    """`{"a": John Doe", "b": 1}`, `{name": 1}`"""
    token = doc.pick(doc.rng.choice(("string", "key")), lambda t: calm(t.value) and len(t.path) > 0)
    if token:
        doc.lock(token)
        token.opening, token.body = "", token.value
    return token is not None


@mutation("quotes")
def missing_closing_key(doc: Document) -> bool:
    """`{"name: "John"}`"""
    token = doc.pick(
        "key",
        lambda t: calm(t.value) and doc.around(doc.around(t, 1), 1).kind in ("string", "open"),
    )
    if token:
        doc.lock(token, 2)
        token.closing = ""
    return token is not None


@mutation("quotes", root="object")
def missing_closing(doc: Document) -> bool:
    """`{"a": "x, "b": 1}`: the comma and the space were shown, and stay."""
    token = doc.pick(
        "string",
        lambda t: calm(t.value) and doc.in_object(t) and (doc.around(t, 1) or t).kind == "comma",
    )
    if not token:
        return False
    doc.lock(token, 2)
    token.closing = ""
    comma = doc.around(token, 1)
    space = doc.tokens[doc.index(comma) + 1].text
    give(doc, token, token.value)
    # A raw line break is held, what stands before it was shown.
    doc.expect(token.path, token.value + "," + re.split(r"[\r\n]", space)[0])
    token.body = escape(token.value, '"', doc.ascii_only)
    return True


@mutation("quotes", root="object")
def missing_closing_new_line(doc: Document) -> bool:
    """`{"a": "x⏎"b": 1}`: neither quote nor comma at the end of the line."""
    token = doc.pick(
        "string",
        lambda t: calm(t.value) and doc.in_object(t) and (doc.around(t, 1) or t).kind == "comma",
    )
    if not token:
        return False
    doc.lock(token, 2)
    token.closing = ""
    comma = doc.around(token, 1)
    doc.tokens[doc.index(comma) + 1].text = "\n  "
    comma.text = ""
    return True


@mutation("quotes")
def joined(doc: Document) -> bool:
    """`"a" + "b"`"""
    token = any_string(doc, 6)
    if not token:
        return False
    doc.lock(token)
    at = doc.rng.randint(1, len(token.value) - 1)
    plus = doc.rng.choice((" + ", "+", " +\n  ", "\n  + "))
    halves = [escape(half, '"', doc.ascii_only) for half in (token.value[:at], token.value[at:])]
    token.body = f'"{plus}"'.join(halves)
    return True


@mutation("quotes")
def escaped_delimiters(doc: Document) -> bool:
    r"""`{"a": \"x\", "b": 1}`"""
    token = doc.pick("string", lambda t: calm(t.value) and doc.in_object(t))
    if token:
        doc.lock(token)
        token.opening = token.closing = '\\"'
    return token is not None
