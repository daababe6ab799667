"""What surrounds a document, and documents that are wrapped whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from . import texts
from .documents import Document
from .registry import mutation

INFO = (
    "json",
    "JSON",
    "json5",
    "jsonc",
    "python",
    "",
    "javascript",
    " json",
    'json title="x.json"',
    "js {1,3}",
    "text",
    "yaml",
    "application/json",
)
PROSE = (
    "Sure! Here is the JSON:",
    "Here's what I found, as requested -",
    "Of course. It isn't long:",
    "Answer:",
    "Let me think… done.",
    "I've read the “report” and it's fine.",
    "The result is as follows (5 items):",
    "Voilà :",
    "以下是结果：",
    "**Result**",
    "# Output\n",
    "> quoted\n",
    'Here is the "best" answer:',
    "It's 5 o'clock.",
    "Output format: JSON",
    "1. First, the data:",
    "- ",
    "Note: a < b, b > c.",
)
AFTER = (
    "Hope this helps!",
    "Let me know if you need anything else.",
    'Note: "x" isn\'t used, see [1] and {y}.',
    "I've left out 3 items...",
    "Done.",
    "}",
    "(end)",
    'Here is another: {"other": true}',
    "---",
    "以上です。",
    "* a: b\n* c: d",
    "]",
    "// end",
    'It\'s a "test".',
    "<|im_end|>",
    "</json>",
)
BRACES = (
    "Use {x} like so:",
    "The format is {key, value}.",
    "With {} as the default,",
    "Set {a, b} is",
    "function f() { return 1; } gives",
    "In LaTeX: \\frac{a}{b}.",
    "${name} becomes",
    "Then {{ template }} renders",
    "Fill {placeholder}:",
    "Given {x | x > 0}:",
    "Like {...}:",
    "A smiley :-} and :-{ here,",
    "Open { brace -",
    'So { "quoted" } words:',
)
BRACKETS = (
    "As noted [1]:",
    "See [2, p. 5].",
    "[INST] answer: [/INST]",
    "[a](http://x.y) says",
    "Array[0] is",
    "- [ ] todo",
    "- [x] done:",
    "[Note]",
    "List[str] of",
    "[citation needed]",
    "(a[i], b[j])",
    "Refs [1][2]:",
    "Interval [0, 1):",
    "[12:30] bot:",
    "Text [...]",
    "An open [ bracket:",
    "[see below]",
)
THINK = ("think", "thinking", "reasoning", "thought", "reflection", "scratchpad", "analysis")


def _frame(doc: Document, wrap: Callable[[str], str]) -> bool:
    doc.wrap.append(wrap)
    return True


def _gap(doc: Document) -> str:
    return doc.rng.choice((" ", "\n", "\n\n"))


@mutation("framing", stage="frame")
def fence(doc: Document) -> bool:
    """A closed code fence with any info string."""
    rng = doc.rng
    bar = rng.choice(("```", "```", "```", "````", "~~~"))
    info, end = rng.choice(INFO), rng.choice(("", "\n", "\n\n"))
    return _frame(doc, lambda text: f"{bar}{info}\n{text}\n{bar}{end}")


@mutation("framing", stage="frame")
def fence_unclosed(doc: Document) -> bool:
    """A fence that is never closed."""
    info = doc.rng.choice(INFO)
    return _frame(doc, lambda text: f"```{info}\n{text}")


@mutation("framing", stage="frame")
def fence_one_line(doc: Document) -> bool:
    """A fence on the line of the document."""
    return _frame(doc, lambda text: f"```json {text}```")


@mutation("framing", stage="frame")
def prose_before(doc: Document) -> bool:
    """Words in front."""
    text, gap = doc.rng.choice((*PROSE, texts.prose(doc.rng))), _gap(doc)
    return _frame(doc, lambda document: text + gap + document)


@mutation("framing", stage="frame")
def prose_after(doc: Document) -> bool:
    """Words behind."""
    text, gap = doc.rng.choice((*AFTER, texts.prose(doc.rng))), _gap(doc)
    return _frame(doc, lambda document: document + gap + text)


@mutation("framing", stage="frame")
def prose_and_fence(doc: Document) -> bool:
    """Words, a fence, words."""
    before, after, info = doc.rng.choice(PROSE), doc.rng.choice(AFTER), doc.rng.choice(INFO)
    return _frame(doc, lambda document: f"{before}\n```{info}\n{document}\n```\n{after}")


@mutation("framing", stage="frame")
def prose_with_braces(doc: Document) -> bool:
    """`Use {x} like so: {"a": 1}`"""
    text, gap = doc.rng.choice(BRACES), _gap(doc)
    return _frame(doc, lambda document: text + gap + document)


@mutation("framing", stage="frame")
def prose_with_brackets(doc: Document) -> bool:
    """`As noted [1]: {…}`"""
    text, gap = doc.rng.choice(BRACKETS), _gap(doc)
    return _frame(doc, lambda document: text + gap + document)


@mutation("framing", stage="frame")
def think_block(doc: Document) -> bool:
    """A think block that contains JSON."""
    rng = doc.rng
    tag, gap = rng.choice(THINK), _gap(doc)
    inside = rng.choice(
        (
            'Maybe {"a": 1, "b": [2]}?',
            "First {x}, then [1].",
            json.dumps({"draft": texts.text(rng)}),
            'It\'s "simple": no JSON here.',
            '```json\n{"no": 1}\n```\nWait.',
            'if a < b then {"c": "<d>"}',
            "",
            '{"unclosed": "',
            '["a", "b"]',
            texts.prose(rng),
        )
    )
    return _frame(doc, lambda document: f"<{tag}>{gap}{inside}{gap}</{tag}>{gap}{document}")


@mutation("framing", stage="frame")
def byte_order_mark(doc: Document) -> bool:
    """U+FEFF in front."""
    return _frame(doc, lambda document: "\ufeff" + document)


@mutation("framing", stage="frame")
def call_wrapper(doc: Document) -> bool:
    """JSONP, a call, an assignment."""
    before, after = doc.rng.choice(
        (
            ("callback(", ");"),
            ("json.loads(", ")"),
            ("JSON.parse(", ");"),
            ("const data = ", ";"),
            ("window.__STATE__ = ", ";\n"),
            ("/**/cb123(", ")"),
            ("return ", ""),
            ("print(json.dumps(", ", indent=2))"),
            ("$.fn.load(", ");"),
            ("export default ", ";"),
            ("data: ", ""),
            ("response = ", ""),
            ("foo.bar_baz(\n", "\n)"),
            ("(", ")"),
            ("x=", ";"),
        )
    )
    return _frame(doc, lambda document: before + document + after)


@mutation("framing", stage="frame")
def tag_wrapper(doc: Document) -> bool:
    """`<json>…</json>`, `<answer>…</answer>`"""
    tag = doc.rng.choice(("json", "answer", "output", "result", "tool_call", "function=x"))
    return _frame(doc, lambda document: f"<{tag}>{document}</{tag}>")


@mutation("framing", stage="frame")
def escaped(doc: Document) -> bool:
    r"""`{\"a\": 1}`"""
    return _frame(doc, lambda document: json.dumps(document, ensure_ascii=False)[1:-1])


@mutation("framing", stage="frame")
def quoted(doc: Document) -> bool:
    r"""`"{\"a\": 1}"`"""
    return _frame(doc, lambda document: json.dumps(document, ensure_ascii=False))


@mutation("framing", stage="frame")
def quoted_plainly(doc: Document) -> bool:
    """`'{"a": 1}'`"""
    quote = doc.rng.choice(("'", "`", "'", "'''", '"""'))
    return _frame(doc, lambda document: quote + document + quote)


@mutation("framing", stage="frame")
def second_document(doc: Document) -> bool:
    """A second document after the first is not taken."""
    second = json.dumps({texts.key(doc.rng): texts.text(doc.rng)})
    gap = doc.rng.choice(("", " ", "\n", "\n\n", ", ", "\n---\n"))
    return _frame(doc, lambda document: document + gap + second)


@mutation("framing", stage="frame")
def sent_again(doc: Document) -> bool:
    """The whole text twice."""
    gap = doc.rng.choice(("", "\n"))
    return _frame(doc, lambda document: document + gap + document)


@mutation("framing", stage="frame", root="object")
def beginning_sent_again(doc: Document) -> bool:
    """The text so far, of which nothing was shown yet, and then all of it: `{"na{"name": 1}`"""
    key = next((i for i, t in enumerate(doc.tokens) if t.kind == "key"), None)
    if (
        key is None
        or doc.tokens[key].opening != '"'
        or any(t.kind == "raw" for t in doc.tokens[:key])
    ):
        return False
    head = "".join(t.render(doc.ascii_only) for t in doc.tokens[: key + 1])
    if not re.fullmatch(r"\{\s*\"[\w ]+\"", head):
        return False
    cut = doc.rng.choice((1, len(head) - 1, doc.rng.randint(1, len(head) - 1)))
    return _frame(doc, lambda document: document[:cut] + document)
