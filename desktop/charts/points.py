"""The points of one curve in numpy arrays: cheap to append, rewound by a resumed attempt, bounded in memory."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
MOST_POINTS = 200_000
"""More than this is thinned: on no screen it would be told apart."""
_FIRST_ROOM = 1024
_GROUP = 4
"""Of so many points two stay, the lowest and the highest: half, and no peak is lost."""


class Points:
    """Points (x, y) with strictly rising x; y may be NaN where there was no value."""

    def __init__(self, most: int = MOST_POINTS) -> None:
        self._most = max(_GROUP, most)
        self._room = np.empty((2, min(_FIRST_ROOM, self._most)))
        self._count = 0
        self.generation = 0
        """Rises when points that were there have changed or gone; only appending leaves it."""

    def __len__(self) -> int:
        return self._count

    @property
    def x(self) -> Floats:
        """The x of all points, (N,), a view."""
        return self._room[0, : self._count]

    @property
    def y(self) -> Floats:
        """The y of all points, (N,), a view."""
        return self._room[1, : self._count]

    def append(self, x: float, y: float) -> None:
        """Add a point. Those at or after `x` go first: a resumed attempt passes the same steps again."""
        if self._count and x <= self._room[0, self._count - 1]:
            self.cut(x)
        if self._count == self._room.shape[1]:
            self._make_room()
        self._room[0, self._count] = x
        self._room[1, self._count] = y if math.isfinite(y) else math.nan
        self._count += 1

    def replace(self, x: ArrayLike, y: ArrayLike) -> None:
        """Take other points instead; of those that were passed twice the last stays. x and y: (N,)."""
        xs, ys = rising(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        while len(xs) > self._most:
            xs, ys = thin(xs, ys)
        self._room = np.empty((2, max(_FIRST_ROOM, len(xs))))
        self._count = len(xs)
        self._room[0, : self._count] = xs
        self._room[1, : self._count] = np.where(np.isfinite(ys), ys, np.nan)
        self.generation += 1

    def cut(self, x: float) -> None:
        """Drop the points at or after `x`."""
        keep = int(np.searchsorted(self.x, x))
        if keep < self._count:
            self._count = keep
            self.generation += 1

    def nearest(self, x: float) -> int | None:
        """Give the index of the point that is nearest to `x`; None without points."""
        if not self._count:
            return None
        after = min(int(np.searchsorted(self.x, x)), self._count - 1)
        before = max(after - 1, 0)
        return before if x - self.x[before] <= self.x[after] - x else after

    def _make_room(self) -> None:
        if self._count >= self._most:
            xs, ys = thin(self.x, self.y)
            self._count = len(xs)
            self._room[0, : self._count], self._room[1, : self._count] = xs, ys
            self.generation += 1
            return
        grown = np.empty((2, min(2 * self._room.shape[1], self._most)))
        grown[:, : self._count] = self._room
        self._room = grown


def rising(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Leave out the points that a later one with the same or a smaller x has made void. x, y: (N,)."""
    if len(x) < 2:
        return x, y
    lowest_after = np.minimum.accumulate(x[::-1])[::-1]
    keep = np.append(x[:-1] < lowest_after[1:], True)
    return x[keep], y[keep]


def thin(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Keep of each four points the lowest and the highest, in their order; the rest at the end stays. x, y: (N,)."""
    whole = len(x) - len(x) % _GROUP
    groups = y[:whole].reshape(-1, _GROUP)
    low = np.argmin(np.where(np.isnan(groups), np.inf, groups), axis=1)
    high = np.argmax(np.where(np.isnan(groups), -np.inf, groups), axis=1)
    high = np.where(low == high, (low + 1) % _GROUP, high)
    pair = np.sort(np.stack([low, high], axis=1), axis=1)
    index = (np.arange(0, whole, _GROUP)[:, None] + pair).ravel()
    kept = np.append(index, np.arange(whole, len(x)))
    return x[kept], y[kept]
