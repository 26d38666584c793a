"""Curves as inline SVG: no script, colours by the style of the page, so that dark and light fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 440, 232
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 10, 34, 26
_MOST_POINTS = 400
_TICKS = 5
_STEPS = (1, 2, 2.5, 5, 10)
_EPOCH_STEPS = (1, 2, 5, 10)
_LETTER = 6.8
"""Room for a letter of a legend, in a wide font."""
_SERIES = 4
"""Colours that there are."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart."""

    name: str
    points: Sequence[tuple[float, float]]


def line_chart(
    title: str, series: Sequence[Series], best: float | None = None, *, share: bool = False
) -> str:
    """Draw lines over epochs; of many points, means.

    Args:
        title: above it.
        series: at least one with a point; others are left out.
        best: an epoch that is marked.
        share: values are shares of one, told in percent.
    """
    shown = [Series(one.name, thinned(one.points)) for one in series if one.points]
    if not shown:
        return ""
    every = [point for one in shown for point in one.points]
    x_low, x_high = _spread([x for x, _ in every])
    y_ticks = ticks(*_spread([y for _, y in every]))
    plane = _Plane((x_low, x_high), (y_ticks[0], y_ticks[-1]))
    parts = [_head(title, [one.name for one in shown]), *_grid(plane, y_ticks, share=share)]
    if best is not None and x_low <= best <= x_high:
        parts.append(_best(plane, best))
    parts += [_line(plane, one, number) for number, one in enumerate(shown)]
    told = escape(f"{title}: {', '.join(one.name for one in shown)}", quote=True)
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{told}">{"".join(parts)}</svg>'


@dataclass(frozen=True, slots=True)
class _Plane:
    across: tuple[float, float]
    up: tuple[float, float]

    def x(self, value: float) -> float:
        low, high = self.across
        return _LEFT + (value - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self.up
        return HEIGHT - _BOTTOM - (value - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)


def thinned(points: Sequence[tuple[float, float]], most: int = _MOST_POINTS) -> list[tuple[float, float]]:
    """Give the means of neighbours where there are more points than `most`."""
    if len(points) <= most:
        return list(points)
    ends = [round(n * len(points) / most) for n in range(most + 1)]
    return [
        (
            sum(x for x, _ in points[start:end]) / (end - start),
            sum(y for _, y in points[start:end]) / (end - start),
        )
        for start, end in pairwise(ends)
    ]


def ticks(low: float, high: float, wanted: int = _TICKS, steps: Sequence[float] = _STEPS) -> list[float]:
    """Give round numbers that reach from at or below `low` to at or above `high`."""
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(step * power for step in steps if step * power >= raw)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def number(value: float) -> str:
    """Write a number for an axis."""
    if value == 0:
        return "0"
    return f"{value:.0e}" if abs(value) < 1e-3 or abs(value) >= 1e5 else f"{value:.4g}"


def _spread(values: Sequence[float]) -> tuple[float, float]:
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    return (low, high) if high > low else (low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1))


def _head(title: str, names: Sequence[str]) -> str:
    parts = [f'<text class="title" x="4" y="14">{escape(title)}</text>']
    x = WIDTH - _RIGHT
    for place, name in reversed(list(enumerate(names))):
        parts.append(f'<text class="legend" text-anchor="end" x="{x}" y="14">{escape(name)}</text>')
        x -= round(_LETTER * len(name)) + 14
        parts.append(f'<rect class="f{place % _SERIES + 1}" x="{x}" y="6" width="9" height="9" rx="2"/>')
        x -= 12
    return "".join(parts) if len(names) > 1 else parts[0]


def _grid(plane: _Plane, y_ticks: Sequence[float], *, share: bool) -> list[str]:
    left, right = _LEFT, WIDTH - _RIGHT
    parts: list[str] = []
    for value in y_ticks:
        y = plane.y(value)
        told = f"{value:.4g}" if not share else f"{value * 100:.4g}%"
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        label = number(value) if not share else told
        parts.append(f'<text class="axis" text-anchor="end" x="{left - 6}" y="{y + 3.5:.1f}">{label}</text>')
    low, high = plane.across
    whole = [tick for tick in ticks(low, high, steps=_EPOCH_STEPS) if low <= tick <= high]
    y = HEIGHT - 10
    parts += [
        f'<text class="axis" text-anchor="middle" x="{plane.x(value):.1f}" y="{y}">{number(value)}</text>'
        for value in whole
    ]
    return parts


def _best(plane: _Plane, epoch: float) -> str:
    x = plane.x(epoch)
    line = f'<line class="best" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{HEIGHT - _BOTTOM}"/>'
    anchor = "end" if x > WIDTH - 60 else "start"
    gap = -4 if anchor == "end" else 4
    return f'{line}<text class="besttext" text-anchor="{anchor}" x="{x + gap:.1f}" y="{_TOP - 8}">best</text>'


def _line(plane: _Plane, series: Series, place: int) -> str:
    kind = place % _SERIES + 1
    finite = [(x, y) for x, y in series.points if math.isfinite(y)]
    if len(finite) == 1:
        x, y = finite[0]
        return f'<circle class="f{kind}" cx="{plane.x(x):.1f}" cy="{plane.y(y):.1f}" r="3"/>'
    points = " ".join(f"{plane.x(x):.1f},{plane.y(y):.1f}" for x, y in finite)
    return f'<polyline class="l{kind}" points="{points}"/>'
