"""From `results.json` to what people read: `RESULTS.md`, a picture, and the README's figures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from picture import Line, picture
from wire_tables import wire_part

BEGIN = "<!-- figures: written by benches/run.py from benches/results.json -->"
END = "<!-- end of figures -->"
# The lines of the picture: text, way, and its name there.
DRAWN = (
    ("well formed", "wholejson, feed", "wholejson: feed"),
    ("well formed", "wholejson, feed and snapshot_bytes()", "wholejson: feed, snapshot"),
    ("well formed", "wholejson, feed and value(live=True)", "wholejson: feed, live value"),
    ("well formed", "jiter, parsing again", "jiter, parsing again"),
    ("malformed", "wholejson, feed", "wholejson: feed, repairing"),
    ("malformed", "jsonmend", "jsonmend, repairing"),
    ("malformed", "json-repair, parsing again", "json-repair, parsing again"),
)

DELTA = """\
Microseconds per delta of 1 to 8 characters, this thread's own time. `~`: sampled, because all of it
would take too long. The exponent says how a delta's cost grows with the document: 0 is flat, 1 is
in step with it. `gives` is what one has after each delta: `changed?` whether the value changed,
`text` the whole document as text, `value` as new Python objects, `live value` as one object that
grows in place."""
IN_SHORT = """\
Microseconds per delta, and what one has after each; `~`: sampled. The exponent says how a delta's
cost grows with the document: 0 is flat, 1 is in step with it."""
IN_PYTHONS_MANNER = """\
The same document, written in Python's manner: other quotes and words, trailing commas, comments,
keys without quotes."""
LOOKING = """\
Nanoseconds per delta of four characters, beyond those for `feed` alone. `live value, read`: and
what a program would read of it, the last thing in it, in Python. `operations`: as Python dicts."""
TEXT = """\
Microseconds to feed four characters and take a snapshot, and for a bare copy of the text."""
EVENT = """\
Microseconds per event, one event a call. `json` and `orjson`: parsed, the content set, written
again, without making the document that is to be put in. `copying the snapshots`: the copying of
what came out of `ChunkTransformer`, by itself."""
CHUNK = """\
One process streams a document over a local socket, four characters a chunk; another reads it with
the OpenAI SDK. Seconds of the reader's own CPU, the best of the rounds, and in brackets how many
times as long as `wrap` each took. `raw` gives no value; `.stream()` leaves a string out until it
has ended."""
RECOVERY = """\
How many of {:,} documents of this project's own generator (`tests/malformed`) come out with a right
value, in percent, by what was done to them; the best of each line in bold. Retractions: steps that
take back what was shown, with the text fed one character at a time."""


GATEWAY = """\
A provider streams documents of 2 KB in events of {event_bytes} bytes, one write each; clients read
them through one process on one core, while provider and clients share another. Microseconds of that
process's CPU per event of the provider's, user's and kernel's; milliseconds from an event's write
to its arrival at the client, median and 99th percentile. Where fewer events a second were sent than
offered, the gateway (or, where it is `direct`, this machine) fell behind. `memory`: what one more
open stream adds to the process, from 100 to 500 of them."""

PROFILED = """\
Where that time goes at the first load, by `perf`: microseconds per event in each program or
library. What keeps a gateway in Python from nginx's figure stands under `Python`: the interpreter,
running uvicorn, aiohttp and wholejson."""


def update(name: str, result: dict[str, Any]) -> None:
    """Write the result of one benchmark, beside those of the others."""
    folder = Path(__file__).parent
    results = json.loads((folder / "results.json").read_text("utf-8"))
    write({**results, name: result}, folder, folder.parent / "README.md")


def write(results: dict[str, Any], folder: Path, readme: Path | None) -> None:
    """Write the results, the report and the picture; put the figures into the README."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=1, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n", "utf-8")
    (folder / "RESULTS.md").write_text(page(results), "utf-8")
    (folder / "cost.svg").write_text(drawing(results), "utf-8")
    if readme is not None:
        readme.write_text(with_figures(readme.read_text("utf-8"), results), "utf-8")


def with_figures(readme: str, results: dict[str, Any]) -> str:
    """Give the README with these results between its two marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{summary(results)}\n{END}{after}"


def drawing(results: dict[str, Any]) -> str:
    """Cost per delta against the size of the document."""
    rows = {(row["text"], row["way"]): row for row in results["feed"]["rows"]}
    lines = []
    for text, way, name in DRAWN:
        sizes = rows[text, way]["sizes"]
        points = [(int(size), timing["ns"] / 1000) for size, timing in sizes.items()]
        lines.append(
            Line(name, points, ours=way.startswith("wholejson"), dashed=text != DRAWN[0][0])
        )
    note = "Dashed: malformed text. Both axes are logarithmic."
    return picture("Cost of a delta, by the length of the document", note, lines)


def page(results: dict[str, Any]) -> str:
    """The report."""
    parts = [
        "# Results",
        "Written by `make bench`; nobody types these figures. `results.json` has them all.",
        setting(results),
        "## What a delta costs",
        DELTA,
        "![Cost of a delta, by the length of the document](cost.svg)",
        feed_table(results, "well formed"),
        strict_beside_repair(results),
        IN_PYTHONS_MANNER,
        feed_table(results, "malformed"),
        missing_line(results["feed"].get("missing")),
        *looking_part(results),
        *text_part(results),
        "## What an event of a stream costs",
        EVENT,
        transformer_table(results),
        *wire_part(results, table),
        "## A value after every chunk",
        CHUNK,
        client_table(results),
        *gateway_part(results),
        "## Malformed documents",
        RECOVERY.format(results["recovery"]["setting"]["documents"]),
        recovery_table(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def missing_line(missing: Sequence[str] | None) -> str:
    return f"Not measured, because not installed: {', '.join(missing)}." if missing else ""


def looking_part(results: dict[str, Any]) -> list[str]:
    """What looking costs after each delta."""
    rows = results["views"]["rows"] if "views" in results else []
    if not rows:
        return []
    ways = [name for name in rows[0] if name not in ("document", "bytes")]
    lines = [
        [f"{row['document']}, {kb(row['bytes'])}", *(f"{row[way]:,}" for way in ways)]
        for row in rows
    ]
    return ["## What looking costs", LOOKING, table(["document", *ways], lines)]


def looking_line(results: dict[str, Any]) -> list[str]:
    """What looking costs, in a sentence."""
    if "views" not in results:
        return []
    costs = []
    for way, name in (("live value", "the live value"), ("operations", "the operations")):
        found = [row[way] for row in results["views"]["rows"]]
        costs.append(f"{name} {min(found)} to {max(found)} ns")
    last = results["views"]["rows"][-1]["bytes"]
    return [
        f"Looking after each delta costs, beyond feeding it, for 2 KB to {kb(last)}: "
        + ", ".join(costs)
        + "."
    ]


def text_part(results: dict[str, Any]) -> list[str]:
    """What a snapshot costs, by the kind of text."""
    if "snapshot_text" not in results:
        return []
    ways = ("snapshot", "snapshot_bytes", "copy")
    lines = [
        [row["text"], f"{row['characters']:,}", *(us(row[way]) for way in ways)]
        for row in results["snapshot_text"]["rows"]
    ]
    head = ["text", "characters", "feed and snapshot()", "feed and snapshot_bytes()", "copy"]
    return ["## What a snapshot costs, by the kind of text", TEXT, table(head, lines)]


def summary(results: dict[str, Any]) -> str:
    """What the README shows."""
    transformer = results["transformer"]["rows"][0]
    recovery = results["recovery"]
    names = list(recovery["versions"])
    rows = [["right values, percent", *(f"{recovery['rates']['all'][name]:g}" for name in names)]]
    if taken := recovery["retractions"]:
        label = f"retractions in {next(iter(taken.values()))['documents']} of them"
        rows.append([label, *(f"{taken[name]['retractions']:,}" for name in names)])
    parts = [
        setting(results),
        "![Cost of a delta, by the length of the document](benches/cost.svg)",
        IN_SHORT,
        feed_table(results, "well formed"),
        *looking_line(results),
        event_line(transformer),
        (
            f"Of {recovery['setting']['documents']:,} malformed documents of this project's own "
            "generator:"
        ),
        table(["", *names], rows),
        client_line(results),
        *gateway_line(results),
        "All figures, by class: [benches/RESULTS.md](benches/RESULTS.md).",
    ]
    return "\n\n".join(parts) + "\n"


def setting(results: dict[str, Any]) -> str:
    """What was measured on, and what."""
    machine = results["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    quick = "**A quick run: these figures mean nothing.** " if results["quick"] else ""
    load = f", load {machine['load']} at the start" if machine["load"] is not None else ""
    return (
        f"{quick}Measured on {results['date']}: {machine['cpu']}, {machine['cores']} cores{load}; "
        f"{machine['system']}, {machine['python']}; {packages}."
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A table; the first columns are text, the others figures."""
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def us(ns: float) -> str:
    """Microseconds, to three figures that count."""
    value = ns / 1000
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def kb(size: int) -> str:
    return f"{size >> 20} MB" if size >= 1 << 20 else f"{size >> 10} KB"


def feed_table(results: dict[str, Any], text: str) -> str:
    sizes = results["feed"]["sizes"]
    rows = []
    for row in results["feed"]["rows"]:
        if row["text"] == text:
            timings = [row["sizes"][str(size)] for size in sizes]
            cells = [("~" if timing["sampled"] else "") + us(timing["ns"]) for timing in timings]
            rows.append([row["way"], row["gives"], *cells, f"{row['exponent']:.2f}"])
    return table(["way", "gives", *map(kb, sizes), "exponent"], rows, left=2)


def strict_beside_repair(results: dict[str, Any]) -> str:
    rows = {row["way"]: row["sizes"] for row in results["feed"]["rows"] if row["text"][0] == "w"}
    strict, repair = rows["wholejson, feed, strict"], rows["wholejson, feed"]
    ratios = [
        f"{(repair[str(size)]['ns'] / strict[str(size)]['ns'] - 1) * 100:+.0f} % at {kb(size)}"
        for size in results["feed"]["sizes"]
    ]
    return f"Repair mode beside strict mode, on well-formed text: {', '.join(ratios)}."


def transformer_table(results: dict[str, Any]) -> str:
    ways = ["ChunkTransformer", "copying the snapshots", "orjson", "json", "copy"]
    rows = [
        [
            f"{row['streams']} ({row['count']} {'stream' if row['count'] == 1 else 'streams'})",
            f"{row['events']:,}",
            f"{row['bytes']} → {row['bytes_out']:,}",
            *(us(row["ns"][way]) for way in ways),
        ]
        for row in results["transformer"]["rows"]
    ]
    missing = results["transformer"]["missing"]
    note = "\n\nNot measured: recorded streams; there were none." if missing else ""
    return table(["streams", "events", "bytes an event", *ways], rows) + note


def event_line(row: dict[str, Any]) -> str:
    """What an event costs, in a sentence."""
    ns = {way: us(value) for way, value in row["ns"].items()}
    return (
        f"An event of {row['bytes']} bytes through `ChunkTransformer` (document of 2 KB, one event "
        f"a call) costs {ns['ChunkTransformer']} µs; copying what comes out, by itself, "
        f"{ns['copying the snapshots']} µs. To parse it and write it again costs "
        f"{ns['orjson']} µs with orjson and {ns['json']} µs with json."
    )


def client_table(results: dict[str, Any]) -> str:
    rows = results["client"]["rows"]
    ways = list(dict.fromkeys(row["way"] for row in rows))
    sizes = list(dict.fromkeys(row["kb"] for row in rows))
    cpu = {(row["kb"], row["way"]): row["cpu"] for row in rows}
    lines = []
    for size in sizes:
        base = cpu[size, "wrap"]
        cells = [f"{cpu[size, way]:.3f} ({cpu[size, way] / base:.1f})" for way in ways]
        lines.append([f"{size} KB", *cells])
    return table(["document", *ways], lines)


def client_line(results: dict[str, Any]) -> str:
    """How the wrapped client stands beside the SDK's own helper."""
    cpu = {(row["kb"], row["way"]): row["cpu"] for row in results["client"]["rows"]}
    sizes = list(dict.fromkeys(size for size, _ in cpu))

    def ratios(way: str) -> str:
        each = [f"{cpu[size, '.stream()'] / cpu[size, way]:.1f} × at {size} KB" for size in sizes]
        return ", ".join(each)

    return (
        "The CPU time of the OpenAI SDK's own `.stream()` for a value after every chunk, as a "
        "multiple of a wrapped client's whose chunks are parsed by the same parser: "
        f"{ratios('wrap, jiter')}; of a wrapped client's whose chunks go to `values(live=True)`: "
        f"{ratios('wrap, values')}. In the first each chunk holds the whole document, so it gains "
        "less on long ones."
    )


def gateway_part(results: dict[str, Any]) -> list[str]:
    """What an event costs a gateway; nothing if that was not measured."""
    if (gateway := results.get("gateway")) is None:
        return []
    rows = []
    loads = [(row["offered"], row["streams"]) for row in gateway["rows"]]
    for row in sorted(
        gateway["rows"], key=lambda row: loads.index((row["offered"], row["streams"]))
    ):
        cost = f"{row['us']:.1f}" if row.get("us") else "–"
        waits = [f"{row[part]:.2f}" if part in row else "–" for part in ("p50", "p99")]
        offered = f"{row['offered']:,} over {row['streams']}"
        rows.append([offered, row["gateway"], f"{row['rate']:,}", cost, *waits])
    head = ["offered", "gateway", "events a second", "µs an event", "p50 ms", "p99 ms"]
    held = ", ".join(f"{name} {held / 1024:.0f} KB" for name, held in gateway["held"].items())
    setups = "; ".join(f"{name}: {setup}" for name, setup in gateway["setups"].items())
    versions = ", ".join(f"{name} {version}" for name, version in gateway["versions"].items())
    parts = [
        "## What an event costs a gateway",
        GATEWAY.format(**gateway),
        (
            f"Measured by `make bench-gateway` on {gateway['date']}, load {gateway['load']} at the "
            f"end{f'; {versions}' if versions else ''}. {setups}."
        ),
        table(head, rows, left=2),
        f"Memory: {held}.",
    ]
    profiled = [row for row in gateway["rows"] if row.get("profile")]
    if profiled:
        parts.append(PROFILED)
        names = list(dict.fromkeys(name for row in profiled for name in row["profile"]))
        lines = [
            [
                row["gateway"],
                *(f"{row['profile'].get(name, 0) * row['us'] / 100:.1f}" for name in names),
            ]
            for row in profiled
        ]
        parts.append(table(["gateway", *names], lines))
    if gateway["missing"]:
        parts.append(f"Not measured, because not installed: {', '.join(gateway['missing'])}.")
    return parts


def gateway_line(results: dict[str, Any]) -> list[str]:
    """What an event costs a gateway, in a sentence; nothing if that was not measured."""
    if (gateway := results.get("gateway")) is None:
        return []
    first = gateway["rows"][0]
    costs = [
        f"{row['gateway']} {row['us']:.0f} µs"
        for row in gateway["rows"]
        if row.get("us")
        and (row["streams"], row["offered"]) == (first["streams"], first["offered"])
    ]
    return [
        (
            f"CPU that an event costs a gateway, at {first['offered']:,} a second over "
            f"{first['streams']} streams: {', '.join(costs)}."
        )
    ]


def recovery_table(results: dict[str, Any]) -> str:
    recovery = results["recovery"]
    names = list(recovery["versions"])
    rows = []
    for label, rates in recovery["rates"].items():
        best = max(rates.values())
        cells = [f"**{rates[n]:g}**" if rates[n] == best else f"{rates[n]:g}" for n in names]
        rows.append([label, *cells])
    taken = recovery["retractions"]
    if taken:
        documents = next(iter(taken.values()))["documents"]
        counts = [str(taken[name]["retractions"]) for name in names]
        rows.append([f"retractions in {documents} documents", *counts])
    head = ["class", *(f"{name} {version}" for name, version in recovery["versions"].items())]
    missing = recovery["missing"]
    note = f"\n\nNot measured, because not installed: {', '.join(missing)}." if missing else ""
    return table(head, rows) + note
