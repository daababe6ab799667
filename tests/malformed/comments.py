"""Comments, and what only looks like one."""

from __future__ import annotations

from . import texts
from .documents import Document
from .registry import mutation


def _text(doc: Document) -> str:
    """What people write in comments: quotes, brackets and commas too."""
    rng = doc.rng
    a = rng.choice(texts.NOUNS)
    return rng.choice(
        (
            f"the {a}",
            f"don't change the {a}",
            f'the "{a}", or so',
            f"{{{a}: 1}}, [2]",
            f"see http://x.y/{a}#top",
            f"TODO: {a}",
            f'"{a}": "old value",',
            texts.script(rng),
            "",
            f"{a} }}",
            f"'{a}",
            f"e.g. {a}, ...",
            "-----",
            f"// {a} #2",
        )
    )


def _place(doc: Document, comment: str) -> bool:
    """Puts a comment where a token may stand."""
    rng = doc.rng
    kind = rng.choice(("comma", "comma", "comma", "open", "colon", "close", "key"))
    token = doc.pick(kind, lambda t: kind != "close" or len(t.path) > 0)
    if not token:
        return False
    doc.lock(token)
    before = kind in ("close", "key") or (kind == "comma" and rng.random() < 0.2)
    doc.insert(doc.index(token) + (0 if before else 1), comment)
    return True


@mutation("comments")
def slashes(doc: Document) -> bool:
    """`// …`"""
    return _place(doc, f"{doc.rng.choice(('', ' ', chr(10)))}// {_text(doc)}\n")


@mutation("comments")
def hash_sign(doc: Document) -> bool:
    """`# …`"""
    return _place(doc, f"{doc.rng.choice(('', ' ', chr(10)))}# {_text(doc)}\n")


@mutation("comments")
def block(doc: Document) -> bool:
    """`/* … */`, on one line or more"""
    text = _text(doc).replace("*/", "")
    if doc.rng.random() < 0.3:
        text += "\n * second line\n"
    return _place(
        doc, doc.rng.choice((f"/* {text} */", f" /* {text} */ ", f" /** {text} **/", "/**/"))
    )


@mutation("comments")
def unquoted_address(doc: Document) -> bool:
    """An address without quotes is text, not a comment."""
    token = doc.pick("string", lambda t: len(t.path) > 0)
    if not token:
        return False
    doc.lock(token)
    a, b = doc.rng.sample(texts.NOUNS, 2)
    text = doc.rng.choice(
        (
            f"https://example.com/{a}/{b}",
            f"http://{a}.example:8080/#{b}",
            f"{a}#{b}",
            f"/usr/{a}/{b}.txt",
        )
    )
    token.kind, token.text = "raw", text
    doc.set(token.path, text)
    return True


@mutation("comments")
def before_document(doc: Document) -> bool:
    """A comment before the first bracket."""
    text = doc.rng.choice(
        (
            f"// {doc.rng.choice(texts.NOUNS)} file\n",
            "/* generated: don't edit */\n",
            "# settings\n",
        )
    )
    doc.insert(0, text)
    return True
