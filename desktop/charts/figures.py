"""Charts of measured rates and counts as plain records: lines between 0 and 1, and bars. Draws nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RateLine:
    """One curve of a `RateFigure`."""

    label: str
    x: Values
    """(n,) 0 to 1, rising."""
    y: Values
    """(n,) 0 to 1; NaN where there is none."""
    is_mean: bool = False
    """It stands for all others, and is drawn strong."""


@dataclass(frozen=True, slots=True, eq=False)
class RateFigure:
    """Rates against a rate or a confidence, a line a class.

    Attributes:
        title: of the chart.
        x_name: what goes to the right.
        y_name: what goes up.
        lines: the mean first, if there is one.
        marked: an x that stands out, such as the confidence chosen; None for none.
        best: an x at which a dot marks the highest point of the first line; None for none.
        has_diagonal: the line of chance, or of perfect calibration, is drawn.
        note: what the chart says in a few words, `area 0.93`.
        key: what a point of it means to whom gave it; empty where points cannot be picked.
        tip: what a click on a point does.
    """

    title: str
    x_name: str
    y_name: str
    lines: tuple[RateLine, ...]
    marked: float | None = None
    best: float | None = None
    has_diagonal: bool = False
    note: str = ""
    key: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """One colour of a `BarFigure`."""

    label: str
    role: str
    """Of the theme's colours."""
    values: Values
    """(bins,) not negative."""


@dataclass(frozen=True, slots=True, eq=False)
class BarFigure:
    """Bars over equal bins, from 0 to 1 unless said otherwise.

    Attributes:
        title: of the chart.
        x_name: what goes to the right.
        y_name: what goes up.
        stacks: on each other, the lowest first; all have as many bins.
        has_diagonal: values are rates, and the line on which they equal x is drawn.
        marked: an x that stands out; None for none.
        note: what the chart says in a few words.
        key: what its bars mean to whom gave it; empty where they cannot be picked.
        tip: what a click on a bar does.
        reach: where the first bar begins, and where the last one ends.
        has_rest: the last bar counts what lies beyond its end, too.
        is_open_below: of two bars that meet, the lower one has what lies where they meet.
    """

    title: str
    x_name: str
    y_name: str
    stacks: tuple[Stack, ...]
    has_diagonal: bool = False
    marked: float | None = None
    note: str = ""
    key: str = ""
    tip: str = ""
    reach: tuple[float, float] = (0.0, 1.0)
    has_rest: bool = False
    is_open_below: bool = False

    @property
    def bins(self) -> int:
        return len(self.stacks[0].values) if self.stacks else 0

    def edges(self, number: int) -> tuple[float, float]:
        """Give where a bar begins and ends."""
        low, high = self.reach
        width = high - low
        return low + width * number / self.bins, low + width * (number + 1) / self.bins

    def total(self, number: int) -> float:
        """Give the height of a bar."""
        return float(sum(stack.values[number] for stack in self.stacks))


Figure = RateFigure | BarFigure
