"""Text as it stands in real documents: prose, code, paths, addresses, formulas, markup, scripts."""

from __future__ import annotations

from random import Random

FIRST = [
    "Ada",
    "John",
    "Zoë",
    "O'Neil",
    "María",
    "Jürgen",
    "Wei",
    "Fatima",
    "D'Angelo",
    "Siân",
    "Oluwaseun",
    "Николай",
    "美咲",
]
LAST = [
    "Lovelace",
    "Smith",
    "García",
    "O'Brien",
    "Müller",
    "van-Dyke",
    "Nguyễn",
    "Иванов",
    "田中",
    "Oyelaran",
    "McDonald",
]
NOUNS = [
    "invoice",
    "report",
    "kettle",
    "bicycle",
    "warehouse",
    "recipe",
    "teapot",
    "garden",
    "server",
    "contract",
    "engine",
    "bridge",
    "library",
    "battery",
    "window",
    "violin",
    "harbour",
    "ticket",
    "shoulder",
    "lantern",
    "schedule",
    "sample",
]
VERBS = [
    "opens",
    "breaks",
    "contains",
    "needs",
    "replaces",
    "explains",
    "carries",
    "returns",
    "ignores",
    "measures",
]
ADJECTIVES = [
    "old",
    "green",
    "quiet",
    "second-hand",
    "unusually-large",
    "brittle",
    "local",
    "half-finished",
    "spare",
]
CITIES = ["Springfield", "Saint-Étienne", "São Paulo", "Zürich", "京都", "St. John's", "Kraków"]
STREETS = ["Main St", "Elm Street", "Rue de l'Église", "O'Connell Rd.", "5th Ave", "Königstraße"]
WORD_KEYS = [
    "name",
    "title",
    "id",
    "description",
    "summary",
    "text",
    "body",
    "note",
    "price",
    "quantity",
    "tags",
    "items",
    "steps",
    "address",
    "city",
    "email",
    "url",
    "path",
    "code",
    "query",
    "answer",
    "reason",
    "score",
    "status",
    "created_at",
    "author",
    "language",
    "children",
    "details",
    "metadata",
    "result",
    "options",
    "first_name",
    "lastName",
    "unit",
    "pattern",
    "formula",
    "html",
]
ODD_KEYS = [
    "first name",
    "content-type",
    "a.b",
    "x/y",
    "größe",
    "名前",
    "$ref",
    "@id",
    "2nd",
    "is ok?",
]


def name(rng: Random) -> str:
    """A person's name."""
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def prose(rng: Random) -> str:
    """One sentence or two."""

    def sentence() -> str:
        a, b = rng.sample(NOUNS, 2)
        return rng.choice(
            (
                f"The {rng.choice(ADJECTIVES)} {a} {rng.choice(VERBS)} the {b}.",
                f"It's the {a}, not the {b}, that doesn't work!",
                f"{name(rng)} said: the {a} (see page {rng.randint(2, 99)}) {rng.choice(VERBS)} a {b}.",
                f"Why would a {a} need a {b}? Nobody knows; we don't either.",
                f"Mix the {a}, the {b} and {rng.randint(2, 500)} g of flour - then wait 10 minutes...",
                f"First, open the {a}; second, close the {b}: done.",
                f"A {a} & a {b} cost ${rng.randint(1, 99)}.{rng.randint(10, 99)} (10% off) - it's a deal",
                f"Rock 'n' roll from the '90s, the players' {a} and James' {b}",
            )
        )

    return " ".join(sentence() for _ in range(rng.choice((1, 1, 1, 2))))


def words(rng: Random) -> str:
    """A few plain words, no punctuation."""
    return " ".join(rng.sample(NOUNS, rng.randint(1, 4)))


def address(rng: Random) -> str:
    """A postal address."""
    return f"{rng.randint(1, 999)} {rng.choice(STREETS)}, {rng.choice(CITIES)} {rng.randint(10000, 99999)}"


def path(rng: Random) -> str:
    """A file path or an address on the web."""
    a, b = rng.sample(NOUNS, 2)
    return rng.choice(
        (
            f"C:\\Users\\{a}\\new\\{b}.txt",
            f"/usr/local/{a}/{b}-1.2.3.tar.gz",
            f"~/.config/{a}.d/*.conf",
            f"https://example.com/{a}?q={b}&n=1#top",
            f"http://localhost:8080/{a}/#{b}",
            f"\\\\server\\{a}",
            f"mailto:{a}@{b}.example",
            f"../{a}/{b} (copy).md",
            f"s3://{a}/{b}/2024/01/02/part-000.gz",
        )
    )


def code(rng: Random) -> str:
    """A line or three of a program."""
    a, b = rng.sample(NOUNS, 2)
    return rng.choice(
        (
            f'print("{a}, {b}")',
            f"if ({a} == '{b}') {{ return [1, 2]; }}",
            f"x = {{'a': 1, \"b\": [2]}}  # {a}",
            f"def {a}(x):\n    return x + 1  # add\n",
            f"SELECT * FROM {a} WHERE {b} = 'it''s';",
            f"const {a} = `${{{b}}}`; // note",
            f"#include <{a}.h>\nint main(void) {{ return 0; }}",
            f"echo \"$HOME/{a}\" | sed 's/a/b/g' && ls -la",
            f"{a}[0]->{b}(\"x\", 'y');",
            f"a ? b : c; /* {a} */",
        )
    )


def formula(rng: Random) -> str:
    """LaTeX or a regular expression: backslashes."""
    a = rng.choice(NOUNS)
    return rng.choice(
        (
            r"\frac{a}{b} + \sqrt{x^2}",
            r"$\alpha \cdot \beta \leq \gamma_1$",
            r"\sum_{i=0}^{n} i^2",
            r"^\d{3}-\d{4}$",
            r"(\w+)\s+(\w+)",
            r"[^\"\\]*\.json",
            rf"\b{a}\b",
            r"\\server\share",
            r"\(x\) \[y\]",
        )
    )


def markup(rng: Random) -> str:
    """HTML or Markdown."""
    a, b = rng.sample(NOUNS, 2)
    return rng.choice(
        (
            f'<a href="/{a}.html">{b}</a>',
            f"<p class='{a}'>It&apos;s {b} &amp; more</p>",
            f"**{a}** and `{b}`",
            f"# {a}\n\n- {b}\n- [link](http://x.y/z)",
            f'<br/><img src="{a}.png" alt="a \'b\' c">',
            f"> {a}: {b}",
        )
    )


def script(rng: Random) -> str:
    """Other scripts, emoji, typographic quotes."""
    return rng.choice(
        (
            "日本語のテキスト、「引用」です。",
            "他说：“你好，世界”。",
            "Привет, «мир» — это тест",
            "café ☕ naïve 🚀🎉",
            "👩‍👩‍👧‍👦 family 👍🏽",
            "“Quoted” and ‘single’ text…",
            "مرحبا بالعالم",
            "l’été d’aujourd’hui",
            "한국어 문장 하나",
            "Ω ≈ 3.14 × 10⁻³ µm",
            "„Deutsch“ – ‚einfach‘",
            "x → y ⇒ z",
        )
    )


def quantity(rng: Random) -> str:
    """Numbers that are text: units, dates, versions, telephone numbers."""
    n = rng.randint(2, 400)
    return rng.choice(
        (
            f"{n} kg",
            f"{n}%",
            f"{n}.5 mm",
            "2024-01-02",
            "2024-01-02T03:04:05Z",
            "12:30",
            f"v1.{n}.0",
            f"+1 (555) 010-{n:04}",
            f"1/{n}",
            f"{n}-{n + 3} business days",
            f"No. {n}",
            f"${n},000.00",
            "ISBN 978-3-16-148410-0",
            f'{n}"',
            f"5'{n % 12}\"",
        )
    )


KINDS = (
    prose,
    prose,
    prose,
    words,
    words,
    address,
    path,
    code,
    formula,
    markup,
    script,
    quantity,
    name,
    name,
)


def text(rng: Random) -> str:
    """Any of them."""
    if rng.random() < 0.04:
        return ""
    return rng.choice(KINDS)(rng)


def key(rng: Random) -> str:
    """The name of a member: mostly an identifier."""
    return rng.choice(ODD_KEYS) if rng.random() < 0.12 else rng.choice(WORD_KEYS)
