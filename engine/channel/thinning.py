"""Fewer points of the same curve: what the reporter is given when steps come faster than anyone can draw them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Point(NamedTuple):
    """One optimizer step's value."""

    step: int
    value: float


def thin(points: Sequence[Point], limit: int) -> list[Point]:
    """Keep at most `limit` (at least 2) points, in order: of each stretch its lowest and its highest.

    So a spike of a single step survives, and so do the curve's extremes.
    """
    if len(points) <= limit:
        return list(points)
    stretches = max(1, limit // 2)
    kept: list[Point] = []
    for number in range(stretches):
        start = number * len(points) // stretches
        stop = (number + 1) * len(points) // stretches
        stretch = points[start:stop]
        # A NaN is neither above nor below anything: it would hide the extremes.
        numbers = [point for point in stretch if not math.isnan(point.value)] or stretch[:1]
        ends = {min(numbers, key=lambda point: point.value), max(numbers, key=lambda point: point.value)}
        kept += sorted(ends)
    return kept
