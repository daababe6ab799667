"""The grammar of RFC 8259, read by recursive descent as far as the text goes."""

from __future__ import annotations

from typing import Literal, NamedTuple

from .values import Array, Atom, Node, Object, String

Root = Literal["auto", "object", "array", "any"]

WHITE = b" \t\n\r"
DIGITS = b"0123456789"
HEX = b"0123456789abcdefABCDEF"
WORDS = {b"t": b"true", b"f": b"false", b"n": b"null"}


class Bounds(NamedTuple):
    """The limits of a document that strict reading knows."""

    depth: int = 256
    document: int = 64 << 20
    digits: int = 4300
    white_space: int = 1 << 20


class EndError(Exception):
    """The prefix is over."""


class BadError(Exception):
    """The prefix is malformed, or passes a limit."""


class Reading:
    """One reading of one prefix, from its first byte."""

    def __init__(self, text: bytes, root: Root, bounds: Bounds) -> None:
        self.text = text
        self.at = 0
        self.root = root
        self.bounds = bounds
        self.node: Node | None = None
        self.waiting: Node | None = None
        """The value whose end is in question: nothing but white space came after it."""
        self.white_after = False

    def read(self) -> str | None:
        """Reads as far as the text goes; gives the kind of the error, if there is one."""
        try:
            self.white_space()
            self.check_root(self.peek())
            self.node = self.begin(self.peek())
            self.value(self.node, 1)
            self.white_space(after=self.node)
            self.peek()
            raise BadError("trailing_text")
        except EndError:
            return None
        except BadError as error:
            return str(error)

    def end(self) -> None:
        """The input is over.

        An empty string and a literal had ended, a number only if something came after it, or if it
        is the whole document.
        """
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
        if isinstance(node, String):
            return ended and node.closed
        return node is not None and node.closed

    def check_root(self, first: bytes) -> None:
        allowed = {"auto": b"{[", "object": b"{", "array": b"["}.get(self.root)
        if allowed is not None and first not in allowed:
            begins_value = first in b'{["-tfn' + DIGITS
            raise BadError("wrong_root" if begins_value else "unexpected_character")

    def peek(self) -> bytes:
        if self.at >= len(self.text):
            raise EndError
        return self.text[self.at : self.at + 1]

    def expect(self, mark: bytes) -> None:
        if self.peek() != mark:
            raise BadError("unexpected_character")

    def take(self) -> bytes:
        byte = self.peek()
        self.at += 1
        return byte

    def white_space(self, after: Node | None = None) -> None:
        """Goes to the next token; `after` is the value that the white space comes after."""
        start = self.at
        self.waiting = after
        self.white_after = False
        while self.peek() in WHITE:
            if self.at - start >= self.bounds.white_space:
                raise BadError("white_space")
            self.at += 1
            self.white_after = True

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
            raise BadError("invalid_number")
        if first.isalpha():
            raise BadError("invalid_literal")
        raise BadError("unexpected_character")

    def value(self, node: Node, depth: int) -> None:
        if isinstance(node, (Object, Array)) and depth > self.bounds.depth:
            raise BadError("depth")
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
            self.expect(b'"')
            key = String()
            self.string(key)
            self.white_space()
            self.expect(b":")
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

    def next_item(self, node: Object | Array, value: Node, closer: bytes) -> bool:
        """Goes over the comma, or the closing bracket: then there is no next item."""
        self.white_space(after=value)
        mark = self.peek()
        if mark not in (b",", closer):
            raise BadError("unexpected_character")
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
                raise BadError("invalid_literal")
        node.text = word
        node.whole = True
        self.waiting = node
        self.white_after = False
        if self.peek().isalnum():
            raise BadError("invalid_literal")

    def number(self, node: Atom) -> None:
        """Section 6: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? and nothing else."""
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
            raise BadError("invalid_number")

    def digit_run(self, node: Atom, start: int, at_most_one: bool = False) -> None:
        if self.peek() not in DIGITS:
            raise BadError("invalid_number")
        while self.peek() in DIGITS:
            if node.whole and at_most_one:
                raise BadError("invalid_number")
            self.digits += 1
            if self.digits > self.bounds.digits:
                raise BadError("digits")
            self.take()
            node.text = self.text[start : self.at]
            node.whole = True

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
                raise BadError("control_character")
            else:
                self.code_point()
            node.text += self.text[start : self.at]

    def escape(self) -> None:
        self.take()
        letter = self.take()
        if letter not in b'"\\/bfnrtu':
            raise BadError("invalid_escape")
        if letter != b"u":
            return
        unit = self.four_hex()
        if 0xDC00 <= unit <= 0xDFFF:
            raise BadError("lone_surrogate")
        if 0xD800 <= unit <= 0xDBFF:
            for allowed in (b"\\", b"u", b"dD", b"cdefCDEF", HEX, HEX):
                if self.take() not in allowed:
                    raise BadError("lone_surrogate")

    def four_hex(self) -> int:
        start = self.at
        for _ in range(4):
            if self.take() not in HEX:
                raise BadError("invalid_escape")
        return int(self.text[start : self.at], 16)

    def code_point(self) -> None:
        """The text holds only whole ones."""
        self.take()
        while self.at < len(self.text) and 0x80 <= self.text[self.at] < 0xC0:
            self.at += 1
