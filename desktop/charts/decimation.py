"""From many points to what a row of pixels can show: at most two points a column, or one mean a column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from desktop.charts.points import Floats


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of pixels on which a part of the x axis is drawn."""

    low: float
    high: float
    count: int

    @property
    def width(self) -> float:
        """Of one column, in units of x."""
        return (self.high - self.low) / max(1, self.count)


def within(x: Floats, low: float, high: float) -> slice:
    """Give the part of rising x, (N,), between two bounds, and one point more at each side so that lines reach on."""
    start = int(np.searchsorted(x, low, side="left"))
    stop = int(np.searchsorted(x, high, side="right"))
    return slice(max(0, start - 1), min(len(x), stop + 1))


def extremes(x: Floats, y: Floats, columns: Columns) -> tuple[Floats, Floats]:
    """Give at most two points a column, in its middle: its lowest and its highest value. x (rising), y: (N,).

    NaN is passed over; a column without a number is NaN.
    """
    if len(x) <= 2 * columns.count:
        return x, y
    starts = _starts(x, columns)
    low = np.fmin.reduceat(y, starts)
    high = np.fmax.reduceat(y, starts)
    # Up in one column and down in the next: the line between columns stays short.
    is_down = (np.arange(len(starts)) % 2).astype(bool)
    values = np.empty(2 * len(starts))
    values[0::2] = np.where(is_down, high, low)
    values[1::2] = np.where(is_down, low, high)
    return np.repeat(_middles(x[starts], columns), 2), values


def means(x: Floats, y: Floats, columns: Columns) -> tuple[Floats, Floats]:
    """Give one point a column, in its middle: the mean of its values. x (rising), y: (N,).

    NaN is passed over; a column without a number is NaN.
    """
    if len(x) <= columns.count:
        return x, y
    starts = _starts(x, columns)
    known = np.isfinite(y)
    sums = np.add.reduceat(np.where(known, y, 0.0), starts)
    counts = np.add.reduceat(known.astype(float), starts)
    values = np.divide(sums, counts, out=np.full(len(starts), np.nan), where=counts > 0)
    return _middles(x[starts], columns), values


def _starts(x: Floats, columns: Columns) -> np.ndarray:
    """The index at which each column that has points begins, (C,); points at either side count as columns too."""
    edges = np.linspace(columns.low, columns.high, columns.count + 1)
    starts = np.append(0, np.searchsorted(x, edges))
    is_new = np.append(True, starts[1:] != starts[:-1])
    return starts[is_new & (starts < len(x))]


def _middles(x: Floats, columns: Columns) -> Floats:
    """Whole columns: a line that stands between two pixels would be drawn as two pale ones."""
    return columns.low + (np.floor((x - columns.low) / columns.width) + 0.5) * columns.width
