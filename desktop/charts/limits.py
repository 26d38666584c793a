"""Which part of an axis is shown, from the data that are there. Plain numbers, no Qt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from desktop.charts.points import Floats

_FROM_ZERO = 1.5
"""A curve that begins before this epoch is shown from 0 on."""
_ROOM_RIGHT = 0.02
_ROOM = 0.06
_MOST_FAR = 1.5
"""So many inner ranges away from them, a value is an outlier."""


def span_of(curves: Sequence[Floats]) -> tuple[float, float]:
    """Give the part of the x axis that holds all curves' x, (N,) each, with a little room at the right."""
    ends = [(float(x[0]), float(x[-1])) for x in curves if len(x)]
    if not ends:
        return 0.0, 1.0
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if 0 <= low <= _FROM_ZERO:
        low = 0.0
    return low, high + max((high - low) * _ROOM_RIGHT, 1e-9 if high > low else 1.0)


def limits_of(drawn: Sequence[Floats], *, without_outliers: bool = False) -> tuple[float, float]:
    """Give the part of the y axis that holds all drawn values, (N,) each, with a little room at both ends.

    Without outliers, what lies far outside the middle nine tenths (Tukey's fence) is passed over.
    """
    values = np.concatenate([np.empty(0), *drawn])
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if without_outliers:
        lower, upper = (float(edge) for edge in np.percentile(values, (5, 95)))
        reach = (upper - lower) * _MOST_FAR
        low, high = max(low, lower - reach), min(high, upper + reach)
    room = (high - low) * _ROOM or abs(high) * _ROOM or 0.5
    return low - room, high + room


def zoomed(
    shown: tuple[float, float], whole: tuple[float, float], factor: float, center: float
) -> tuple[float, float] | None:
    """Give the part that is `factor` times as long around `center`; None when that is all or more."""
    low = center - (center - shown[0]) * factor
    high = center + (shown[1] - center) * factor
    return inside((low, high), whole)


def inside(part: tuple[float, float], whole: tuple[float, float]) -> tuple[float, float] | None:
    """Keep a part of the axis inside the whole, and not so short that numbers run out; None when it is the whole."""
    least = (whole[1] - whole[0]) * 1e-6
    length = max(part[1] - part[0], least)
    if length >= whole[1] - whole[0]:
        return None
    low = min(max(part[0], whole[0]), whole[1] - length)
    return low, low + length
