"""A JSON text, laid out in lines for people."""

from __future__ import annotations

import json
import re

__all__ = ["laid_out"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def laid_out(text: str, indent: int = 2) -> str:
    """Give a valid JSON text as ``json.dumps`` lays it out, but with its numbers as written.

    Parsing it and writing it again would make 24.9 of 24.90. Strings are shown without escapes
    that are not needed. The cost is O(length), without recursion.
    """
    out: list[str] = []
    depth = 0
    before = ""
    for part in _TOKEN.findall(text):
        if part in ("}", "]"):
            depth -= 1
            if before not in ("{", "["):
                out.append(_line(depth, indent))
        elif before in ("{", "[", ","):
            out.append(_line(depth, indent))
        if part in ("{", "["):
            depth += 1
        if part[0] == '"':
            out.append(json.dumps(json.loads(part), ensure_ascii=False))
        else:
            out.append(": " if part == ":" else part)
        before = part
    return "".join(out)


def _line(depth: int, indent: int) -> str:
    return "\n" + " " * (depth * indent)
