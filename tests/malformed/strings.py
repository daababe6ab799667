"""What stands inside strings: raw controls, other languages' escapes, halves of things."""

from __future__ import annotations

from . import texts
from .documents import Document, Token, escape
from .registry import mutation


def _splice(doc: Document, raw: str, meant: str) -> bool:
    """Puts `raw` into a string, which stands for `meant`."""
    token = doc.pick("string", lambda t: len(t.path) > 0)
    if not token:
        return False
    doc.lock(token)
    at = doc.rng.randint(0, len(token.value))
    before, after = token.value[:at], token.value[at:]
    token.body = escape(before, '"', doc.ascii_only) + raw + escape(after, '"', doc.ascii_only)
    token.value = before + meant + after
    doc.set(token.path, token.value)
    return True


@mutation("strings")
def raw_line_break(doc: Document) -> bool:
    """A line break as it is, `\\n` or `\\r\\n`, once or twice."""
    raw = doc.rng.choice(("\n", "\n", "\r\n", "\n\n", "\n  ", " \n"))
    return _splice(doc, raw, raw)


@mutation("strings")
def raw_control(doc: Document) -> bool:
    """A tab or another control character as it is."""
    raw = doc.rng.choice(("\t", "\t", "\x00", "\x01", "\x0b", "\x1b[0m", "\x1f", "\b", "\f", "\r"))
    return _splice(doc, raw, raw)


@mutation("strings")
def many_raw_lines(doc: Document) -> bool:
    """A program or a list over several lines, with its line breaks raw."""
    token = doc.pick("string", lambda t: len(t.path) > 0)
    if not token:
        return False
    doc.lock(token)
    a, b = doc.rng.sample(texts.NOUNS, 2)
    text = doc.rng.choice(
        (
            f"Dear {a},\n\nthe {b}, is here.\n\nBest,\n{a}",
            f"- {a}\n- {b}: 1\n- [x] done\n",
            f"if ({a}) {{\n\treturn [{b}];\n}}\nelse\n\tx = 1;",
            f"{a}:\n  {b}: 1\n  list:\n    - 2\n",
            f"# {a}\n\n1. {b}\n2. {a}\n",
            f"| {a} | {b} |\n|---|---|\n| 1 | 2 |",
            f"{a}\r\n{b}\r\n",
            f"// {a}\n/* {b} */\n# end",
            f"```python\nprint({a})\n```",
            f"line one\n\n\n  {b}\t{a}",
        )
    )
    token.value, token.body = text, text
    doc.set(token.path, text)
    return True


@mutation("strings")
def escaped_apostrophe(doc: Document) -> bool:
    r"""`\'`"""
    return _splice(doc, "\\'", "'")


@mutation("strings")
def hex_escape(doc: Document) -> bool:
    r"""`\x41`"""
    n = doc.rng.choice((0x41, 0x27, 0x22, 0x09, 0x7E, 0xE9, 0x5C, 0x00))
    return _splice(doc, doc.rng.choice((f"\\x{n:02x}", f"\\x{n:02X}")), chr(n))


@mutation("strings")
def long_escape(doc: Document) -> bool:
    r"""`\U0001F600`"""
    n = doc.rng.choice((0x1F600, 0x41, 0x1F680, 0x10FFFF, 0xE9))
    return _splice(doc, f"\\U{n:08X}", chr(n))


@mutation("strings")
def octal_escape(doc: Document) -> bool:
    r"""`\101`"""
    n = doc.rng.choice((0o101, 0o012, 0o033, 0o176, 0o060))
    return _splice(doc, f"\\{n:03o}", chr(n))


@mutation("strings")
def unknown_escape(doc: Document) -> bool:
    r"""`\d` keeps its backslash: regular expressions and LaTeX survive."""
    raw = doc.rng.choice(
        (
            r"\d+",
            r"^\w+\s*$",
            r"\.\*",
            r"\(x\)",
            r"\[1\]",
            r"\alpha",
            r"\sum_{i}",
            r"\sqrt{2}",
            r"\left( x \right"[:7],
            r"\pi",
            r"\$5",
            r"\-",
            r"\%",
            r"\_",
            r"\{a\}",
            r"C:\Docs\Kit",
            r"\S+@\S+",
            r"\ ",
            r"\,",
            r"\:",
            r"\|",
            r"\é",
            r"\d{3}-\d{4}",
            r"\lambda_1",
            r"\*",
            r"\mathbb{R}",
            r"\infty",
            r"\cdot",
            r"\omega",
            r"\`",
            r"\?",
            r"\#",
            r"\&",
            r"\~",
            r"\W\S\D",
        )
    )
    return _splice(doc, raw, raw)


@mutation("strings")
def broken_unicode_escape(doc: Document) -> bool:
    r"""`\u12`, `\uZZZZ`, `\upsilon`: no escape at all, so content"""
    raw = doc.rng.choice(
        (
            r"\u12 ",
            r"\uZZZZ",
            r"\upsilon",
            r"\u00g1",
            r"\u ",
            r"C:\users\x ",
            r"\xZZ",
            r"\x4 ",
            r"\U0001 ",
        )
    )
    return _splice(doc, raw, raw)


@mutation("strings")
def lone_surrogate(doc: Document) -> bool:
    r"""`\ud83d` without its other half is U+FFFD."""
    raw, meant = doc.rng.choice(
        (
            ("\\ud83d", "\ufffd"),
            ("\\ude00", "\ufffd"),
            ("\\ud83d x", "\ufffd x"),
            ("\\ud83d\\ud83d", "\ufffd\ufffd"),
            ("\\ude00\\ud83d", "\ufffd\ufffd"),
            ("\\ud83d\\n", "\ufffd\n"),
            ("\\ud83d\\u0041", "\ufffdA"),
            ("\\ud83d\\ud83d\\ude00", "\ufffd😀"),
        )
    )
    return _splice(doc, raw + ".", meant + ".")


INVALID = (
    b"\xff",
    b"\xc3",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf5\x80\x80\x80",
    b"\x80\x80",
    b"\xe2\xff",
    b"\xf0\x80\x80\x80",
)
MARK = "\ue000\ue001"


@mutation("strings")
def invalid_utf8(doc: Document) -> bool:
    """Bytes that are no code point become U+FFFD, as WHATWG says."""
    raw = doc.rng.choice(INVALID)
    if not _splice(doc, MARK, raw.decode("utf-8", "replace")):
        return False
    doc.on_bytes.append(lambda data: data.replace(MARK.encode(), raw))
    return True


@mutation("strings")
def comment_like_text(doc: Document) -> bool:
    """No comment stands inside a string; a trailing comma makes the document malformed elsewhere."""
    raw = doc.rng.choice(
        (" // not a comment", "http://x.y/#z", " /* kept */ ", "# kept", "//", "/*", "*/ kept")
    )
    if not _splice(doc, raw, raw):
        return False
    close: Token | None = doc.pick(
        "close",
        lambda t: (
            doc.around(t, -1) is not None
            and doc.around(t, -1).kind in ("string", "scalar", "close")
        ),
    )
    if close:
        doc.insert(doc.index(doc.around(close, -1)) + 1, ",")
        close.locked = True
    return close is not None


@mutation("strings")
def text_like_structure(doc: Document) -> bool:
    """A raw tab inside a string full of separators: nothing in it is structure."""
    raw = doc.rng.choice(
        ("\t, b: 1, c: 2", "\t} ]", "[1, 2]\t", "{a: 1}\t,", ",\t:", "\t...", "a,\tb; c: d", "')\t")
    )
    return _splice(doc, raw, raw)
