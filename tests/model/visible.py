"""What is visible after a prefix of a document, in strict mode: the obvious, slow version.

The prefix is read from its first byte, by recursive descent, every time. Nothing here resumes, and
nothing is shared with the reader under test: this file is written from the promises, and is what
they mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Optional, Union

Root = Literal["auto", "object", "array", "any"]
Style = Literal["spaced", "compact"]

WHITE = b" \t\n\r"
DIGITS = b"0123456789"
HEX = b"0123456789abcdefABCDEF"
WORDS = {b"t": b"true", b"f": b"false", b"n": b"null"}


class Visible(NamedTuple):
    """What a reader has to say after a prefix."""

    snapshot: Optional[str]
    complete: bool
    error: Optional[str]


class Bounds(NamedTuple):
    """The limits of a document that strict reading knows."""

    depth: int = 256
    document: int = 64 << 20
    digits: int = 4300
    white_space: int = 1 << 20


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


Node = Union[Atom, String, Array, Object]


class End(Exception):
    """The prefix is over."""


class Bad(Exception):
    """The prefix is malformed, or passes a limit."""


def visible(
    text: bytes,
    root: Root = "auto",
    style: Style = "spaced",
    ended: bool = False,
    bounds: Bounds = Bounds(),
    halves: bool = False,
) -> Visible:
    """What is visible after `text`.

    `ended`: no more text will come. `halves`: half a surrogate pair may stand in `text` as three
    bytes, and a high half is joined with the low half after it (that is how a `str` is read).
    """
    text, spoiled = decode(join_halves(text) if halves else text, bounds.document, halves)
    reading = Reading(text, root, bounds)
    error = reading.read() or spoiled
    if ended and error is None:
        reading.end()
    shown = None if reading.node is None else show(reading.node, style)
    if ended and error is None and shown is None:
        error = "no_json"
    complete = error is None and shown is not None and reading.is_closed(ended)
    return Visible(None if shown is None else shown.decode("utf-8"), complete, error)


def join_halves(text: bytes) -> bytes:
    """Two halves of a surrogate pair, one after the other, are one character."""

    def join(pair: re.Match[bytes]) -> bytes:
        units = pair[0].decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
        return units.decode("utf-16-le").encode("utf-8")

    return re.sub(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]", join, text)


def decode(text: bytes, most: int, halves: bool) -> tuple[bytes, Optional[str]]:
    """The whole code points at the beginning of `text`, and what spoils the rest, if anything does.

    Half a code point, or half a surrogate pair, at the end spoils nothing: it waits.
    """
    at = 0
    while at < len(text):
        length = 1
        while True:
            sequence = text[at : at + length]
            try:
                sequence.decode("utf-8")
                break
            except UnicodeDecodeError as error:
                if halves and re.fullmatch(rb"\xed([\xa0-\xbf][\x80-\xbf]?)?", sequence):
                    kind = half(text[at : at + 6])
                else:
                    kind = None if error.reason == "unexpected end of data" else "invalid_utf8"
            if kind is not None:
                return text[:at], kind
            if at + length >= len(text):
                return text[:at], None
            length += 1
        if at + length > most:
            return text[:at], "document"
        at += length
    return text, None


def half(rest: bytes) -> Optional[str]:
    """Half a surrogate pair at the beginning of `rest`: can its other half still come?

    Whole pairs have been joined before, so a high half waits only at the end of the text.
    """
    if re.fullmatch(rb"\xed([\xa0-\xaf]([\x80-\xbf](\xed[\xb0-\xbf]?)?)?)?", rest):
        return None
    if re.fullmatch(rb"\xed[\xb0-\xbf]", rest) or re.match(rb"\xed[\x80-\x9f]", rest):
        return None
    return "lone_surrogate" if re.match(rb"\xed[\xa0-\xbf][\x80-\xbf]", rest) else "invalid_utf8"


def show(node: Node, style: Style) -> Optional[bytes]:
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


class Reading:
    """One reading of one prefix, from its first byte."""

    def __init__(self, text: bytes, root: Root, bounds: Bounds) -> None:
        self.text = text
        self.at = 0
        self.root = root
        self.bounds = bounds
        self.node: Optional[Node] = None
        self.waiting: Optional[Node] = None
        """The value whose end is in question: nothing but white space came after it."""
        self.white_after = False

    def read(self) -> Optional[str]:
        """Reads as far as the text goes; gives the kind of the error, if there is one."""
        try:
            self.white_space()
            self.check_root(self.peek())
            self.node = self.begin(self.peek())
            self.value(self.node, 1)
            self.white_space(after=self.node)
            self.peek()
            raise Bad("trailing_text")
        except End:
            return None
        except Bad as error:
            return str(error)

    def end(self) -> None:
        """The input is over: an empty string and a literal had ended, a number only if something
        came after it, or if it is the whole document."""
        node = self.waiting
        if isinstance(node, String):
            node.decided = node.closed
        elif isinstance(node, Atom):
            alone = node is self.node
            node.decided = node.whole and (self.white_after or alone or not node.is_number)

    def is_closed(self, ended: bool) -> bool:
        node = self.node
        if isinstance(node, Atom):
            return ended and node.decided
        return node is not None and node.closed

    def check_root(self, first: bytes) -> None:
        allowed = {"auto": b"{[", "object": b"{", "array": b"["}.get(self.root)
        if allowed is not None and first not in allowed:
            begins_value = first in b'{["-tfn' + DIGITS
            raise Bad("wrong_root" if begins_value else "unexpected_character")

    # Characters

    def peek(self) -> bytes:
        if self.at >= len(self.text):
            raise End
        return self.text[self.at : self.at + 1]

    def take(self) -> bytes:
        byte = self.peek()
        self.at += 1
        return byte

    def white_space(self, after: Optional[Node] = None) -> None:
        """Goes to the next token; `after` is the value that the white space comes after."""
        start = self.at
        self.waiting = after
        self.white_after = False
        while self.peek() in WHITE:
            if self.at - start >= self.bounds.white_space:
                raise Bad("white_space")
            self.at += 1
            self.white_after = True

    # Values

    def begin(self, first: bytes) -> Node:
        if first == b"{":
            return Object()
        if first == b"[":
            return Array()
        if first == b'"':
            return String()
        if first in WORDS:
            return Atom()
        if first in b"-" + DIGITS:
            return Atom(is_number=True)
        if first == b"+":
            raise Bad("invalid_number")
        if first.isalpha():
            raise Bad("invalid_literal")
        raise Bad("unexpected_character")

    def value(self, node: Node, depth: int) -> None:
        if isinstance(node, (Object, Array)) and depth > self.bounds.depth:
            raise Bad("depth")
        if isinstance(node, Object):
            self.object(node, depth)
        elif isinstance(node, Array):
            self.array(node, depth)
        elif isinstance(node, String):
            self.string(node)
        elif node.is_number:
            self.number(node)
        else:
            self.word(node)

    def object(self, node: Object, depth: int) -> None:
        self.take()
        self.white_space()
        if self.peek() == b"}":
            self.take()
            node.closed = True
            return
        while True:
            if self.peek() != b'"':
                raise Bad("unexpected_character")
            key = String()
            self.string(key)
            self.white_space()
            if self.peek() != b":":
                raise Bad("unexpected_character")
            self.take()
            self.white_space()
            value = self.begin(self.peek())
            node.members.append((key.text, value))
            self.value(value, depth + 1)
            if self.next_item(node, value, b"}"):
                return

    def array(self, node: Array, depth: int) -> None:
        self.take()
        self.white_space()
        if self.peek() == b"]":
            self.take()
            node.closed = True
            return
        while True:
            value = self.begin(self.peek())
            node.items.append(value)
            self.value(value, depth + 1)
            if self.next_item(node, value, b"]"):
                return

    def next_item(self, node: Union[Object, Array], value: Node, closer: bytes) -> bool:
        """Goes over the comma, or the closing bracket: then there is no next item."""
        self.white_space(after=value)
        mark = self.peek()
        if mark not in (b",", closer):
            raise Bad("unexpected_character")
        if isinstance(value, (Atom, String)):
            value.decided = True
        self.take()
        if mark == closer:
            node.closed = True
            return True
        self.white_space()
        self.peek()
        return False

    def word(self, node: Atom) -> None:
        word = WORDS[self.peek()]
        for expected in word:
            if self.take() != bytes([expected]):
                raise Bad("invalid_literal")
        node.text = word
        node.whole = True
        self.waiting = node
        self.white_after = False
        if self.peek().isalnum():
            raise Bad("invalid_literal")

    def number(self, node: Atom) -> None:
        """-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?"""
        self.waiting = node
        self.white_after = False
        self.digits = 0
        start = self.at
        if self.peek() == b"-":
            self.take()
        zero = self.peek() == b"0"
        self.digit_run(node, start, at_most_one=zero)
        if self.peek() == b".":
            node.whole = False
            self.take()
            self.digit_run(node, start)
        if self.peek() in b"eE":
            node.whole = False
            self.take()
            if self.peek() in b"+-":
                self.take()
            self.digit_run(node, start)
        if self.peek().isalnum() or self.peek() in b".+-":
            raise Bad("invalid_number")

    def digit_run(self, node: Atom, start: int, at_most_one: bool = False) -> None:
        if self.peek() not in DIGITS:
            raise Bad("invalid_number")
        while self.peek() in DIGITS:
            if node.whole and at_most_one:
                raise Bad("invalid_number")
            self.digits += 1
            if self.digits > self.bounds.digits:
                raise Bad("digits")
            self.take()
            node.text = self.text[start : self.at]
            node.whole = True

    # Strings

    def string(self, node: String) -> None:
        self.take()
        while True:
            start = self.at
            first = self.peek()
            if first == b'"':
                self.take()
                node.closed = True
                return
            if first == b"\\":
                self.escape()
            elif first < b" ":
                raise Bad("control_character")
            else:
                self.code_point()
            node.text += self.text[start : self.at]

    def escape(self) -> None:
        self.take()
        letter = self.take()
        if letter not in b'"\\/bfnrtu':
            raise Bad("invalid_escape")
        if letter != b"u":
            return
        unit = self.four_hex()
        if 0xDC00 <= unit <= 0xDFFF:
            raise Bad("lone_surrogate")
        if 0xD800 <= unit <= 0xDBFF:
            for allowed in (b"\\", b"u", b"dD", b"cdefCDEF", HEX, HEX):
                if self.take() not in allowed:
                    raise Bad("lone_surrogate")

    def four_hex(self) -> int:
        start = self.at
        for _ in range(4):
            if self.take() not in HEX:
                raise Bad("invalid_escape")
        return int(self.text[start : self.at], 16)

    def code_point(self) -> None:
        """The text holds only whole ones."""
        self.take()
        while self.at < len(self.text) and 0x80 <= self.text[self.at] < 0xC0:
            self.at += 1
