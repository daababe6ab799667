"""A chart with two logarithmic axes, as SVG. Readable on light and on dark pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 82, 236, 46, 66
APART = 17
"""Pixels between two names."""
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.faint { fill: #57606a; font-size: 12px }
.grid { stroke: #d0d7de; stroke-width: 1 }
.line { fill: none; stroke-width: 2; stroke: #8c6d1f }
.dot { fill: #8c6d1f }
.ours .line { stroke: #0969da; stroke-width: 3 }
.ours .dot { fill: #0969da }
.dashed .line { stroke-dasharray: 6 4 }
.back { fill: #ffffff }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .faint { fill: #9198a1 } .grid { stroke: #30363d } .back { fill: #0d1117 }
.line { stroke: #d4a72c } .dot { fill: #d4a72c }
.ours .line { stroke: #58a6ff } .ours .dot { fill: #58a6ff }
}
"""


@dataclass(frozen=True)
class Line:
    """One line: a name, and pairs of bytes and microseconds."""

    name: str
    points: Sequence[tuple[int, float]]
    ours: bool
    dashed: bool


class _Axes:
    """From bytes and microseconds to pixels."""

    def __init__(self, lines: Sequence[Line]) -> None:
        sizes = [size for line in lines for size, _ in line.points]
        costs = [cost for line in lines for _, cost in line.points]
        self.sizes = sorted(set(sizes))
        self._from, self._to = math.log(min(sizes)), math.log(max(sizes))
        self.low, self.high = _decade(min(costs), math.floor), _decade(max(costs), math.ceil)
        if self.low == self.high:
            self.high += 1

    def x(self, size: int) -> float:
        width = self._to - self._from
        part = (math.log(size) - self._from) / width if width else 0.5
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def y(self, cost: float) -> float:
        part = (math.log10(cost) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)


def _decade(cost: float, side: object) -> int:
    return int(side(math.log10(cost)))  # type: ignore[operator]


def picture(title: str, note: str, lines: Sequence[Line]) -> str:
    """Give the chart, with a title above and a note below it."""
    axes = _Axes(lines)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(title)}">'
        ),
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        f'<text class="title" x="{LEFT}" y="26">{escape(title)}</text>',
        *_grid(axes),
        *_drawn(axes, lines),
        f'<text class="faint" x="{LEFT}" y="{HEIGHT - 8}">{escape(note)}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _grid(axes: _Axes) -> list[str]:
    parts = []
    for decade in range(axes.low, axes.high + 1):
        y = axes.y(10.0**decade)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        label = _duration(decade)
        parts.append(
            f'<text class="faint" x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
        )
    for size in axes.sizes:
        x = axes.x(size)
        label = f"{size >> 20} MB" if size >= 1 << 20 else f"{size >> 10} KB"
        parts.append(
            f'<text class="faint" x="{x:.1f}" y="{HEIGHT - BOTTOM + 22}" '
            f'text-anchor="middle">{label}</text>'
        )
    return parts


def _duration(decade: int) -> str:
    if decade < 0:
        return f"{10 ** (decade + 3)} ns"
    return f"{10**decade} µs" if decade < 3 else f"{10 ** (decade - 3)} ms"


def _drawn(axes: _Axes, lines: Sequence[Line]) -> list[str]:
    """Draw the lines, with their names beside their ends, far enough from each other to read."""
    parts = []
    lowest = float(HEIGHT)
    for line in sorted(lines, key=lambda line: line.points[-1][1]):
        places = [(axes.x(size), axes.y(cost)) for size, cost in line.points]
        kind = " ".join(
            name for name, on in (("ours", line.ours), ("dashed", line.dashed), ("", True)) if on
        )
        parts.append(f'<g class="{kind.strip()}">')
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path class="line" d="M{path}"/>')
        parts.extend(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in places)
        at = min(places[-1][1] + 4, lowest - APART)
        lowest = at
        parts.append(
            f'<text x="{places[-1][0] + 10:.1f}" y="{at:.1f}">{escape(line.name)}</text></g>'
        )
    return parts
