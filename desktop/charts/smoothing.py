"""The exponential moving average of a curve, free of the pull towards zero at its start (Kingma and Ba 2015, §3)."""

from __future__ import annotations

import math

import numpy as np

from desktop.charts.points import Floats, Points

MOST_WEIGHT = 0.999
_NOTHING = 1e-20
_SMALLEST_POWER = 1e-100
"""A block is so long that the weight to its power is about this: far from underflow, and nothing beside 1."""


def smooth(values: Floats, weight: float) -> Floats:
    """Give the running mean of `values`, (N,), in which each earlier value counts `weight` times the next.

    NaN stays NaN and does not count. With weight 0 the values themselves come back.
    """
    return _Average(weight).extend(values)


class Smoothed:
    """The smoothed curve of growing points: only what was appended since is computed."""

    def __init__(self, points: Points, weight: float = 0.0) -> None:
        self._points = points
        self._average = _Average(weight)
        self._values = np.empty(0)
        self._done = 0
        self._generation = points.generation

    @property
    def weight(self) -> float:
        return self._average.weight

    def set_weight(self, weight: float) -> None:
        """Smooth more or less, 0 to 0.999."""
        self._restart(weight)

    def values(self) -> Floats:
        """Give one value a point, (N,)."""
        points = self._points
        if self.weight == 0:
            return points.y
        if points.generation != self._generation:
            self._restart(self.weight)
        total = len(points)
        if total > len(self._values):
            room = np.empty(max(1024, 2 * total))
            room[: self._done] = self._values[: self._done]
            self._values = room
        if total > self._done:
            self._values[self._done : total] = self._average.extend(points.y[self._done :])
            self._done = total
        return self._values[:total]

    def _restart(self, weight: float) -> None:
        self._average = _Average(weight)
        self._done = 0
        self._generation = self._points.generation


class _Average:
    """The state after the values so far, and its step over many values at once."""

    def __init__(self, weight: float) -> None:
        self.weight = min(max(weight, 0.0), MOST_WEIGHT)
        self._last = 0.0
        """Without the correction."""
        self._count = 0

    def extend(self, values: Floats) -> Floats:
        if self.weight == 0:
            return np.array(values, dtype=float)
        known = np.isfinite(values)
        if known.all():
            return self._mean(values)
        means = np.full(len(values), np.nan)
        means[known] = self._mean(values[known])
        return means

    def _mean(self, values: Floats) -> Floats:
        if not len(values):
            return np.empty(0)
        means = _filtered(values, self.weight)
        # Beyond this age a power of the weight is nothing beside 1, and slow to compute.
        reach = min(len(values), 1 + int(math.log(_NOTHING) / math.log(self.weight)))
        ages = np.arange(1, reach + 1)
        means[:reach] += self._last * self.weight**ages
        self._last = float(means[-1])
        means[:reach] /= -np.expm1((self._count + ages) * math.log(self.weight))
        self._count += len(values)
        return means


def _filtered(values: Floats, weight: float) -> Floats:
    """Give s with s[i] = weight * s[i-1] + (1 - weight) * values[i], from s[-1] = 0, without a Python loop.

    Inside a block it is a cumulative sum of values[j] / weight**j, times weight**i. What reaches over more than one
    whole block is weighed by 1e-100 and less.
    """
    length = max(1, min(len(values), int(math.log(_SMALLEST_POWER) / math.log(weight))))
    blocks = -(-len(values) // length)
    padded = np.zeros(blocks * length)
    padded[: len(values)] = values
    powers = weight ** np.arange(length)
    sums = np.cumsum(padded.reshape(blocks, length) / powers, axis=1) * powers * (1 - weight)
    sums[1:] += sums[:-1, -1:] * powers * weight
    return sums.ravel()[: len(values)]
