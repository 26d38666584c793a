"""Numbers of images by which they are filtered: what is measured, and a range of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from desktop.charts.figures import BarFigure

Form = Literal["share", "number"]
Ends = Literal["lower", "upper", "both"]
_HAIR = 5e-8
"""The engine counts a bar from a hair below its lower end on: float32's 0.7 is 0.69999999, and belongs to 0.7."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What can be bounded.

    Attributes:
        key: names it among those of its task.
        title: `Confidence`.
        form: a share is told as percent.
        tip: what it is, where the title does not say it all.
    """

    key: str
    title: str
    form: Form = "share"
    tip: str = ""

    @property
    def name(self) -> str:
        """Give the title as it stands within a sentence."""
        is_initials = self.title[1:2].isupper() or self.title[2:3].isupper()
        return self.title if is_initials else self.title[:1].lower() + self.title[1:]


@dataclass(frozen=True, slots=True)
class Span:
    """A range of a measure: only images whose value lies in it are looked at.

    Attributes:
        key: of the measure.
        low: may be minus infinity.
        high: may be infinity.
        ends: which of the two belong to it.
    """

    key: str
    low: float
    high: float
    ends: Ends = "both"

    def holds(self, values: NDArray[np.generic]) -> NDArray[np.bool_]:
        """Say of each value whether it lies in the range; NaN lies in none."""
        read = values.astype(np.float64)
        low, high = _hair(self.low), _hair(self.high)
        match self.ends:
            case "lower":
                return (read >= self.low - low) & (read < self.high - high)
            case "upper":
                return (read > self.low) & (read <= self.high)
            case _:
                return (read >= self.low - low) & (read <= self.high + high)

    def text(self, measure: Measure) -> str:
        """Say it in a few words: `confidence 40–45%`."""
        name = measure.name
        if math.isinf(self.high) and math.isinf(self.low):
            return f"any {name}"
        if math.isinf(self.high):
            return f"{name} ≥ {_told(self.low, measure.form)}"
        if math.isinf(self.low):
            return f"{name} ≤ {_told(self.high, measure.form)}"
        low = _told(self.low, measure.form)
        if measure.form == "share":
            low = low.removesuffix("%")
        return f"{name} {low}–{_told(self.high, measure.form)}"


def bar_span(figure: BarFigure, number: int) -> Span | None:
    """Give the range that a bar of a chart counts; None where its chart is of nothing that images are filtered by."""
    if not figure.key or not 0 <= number < figure.bins:
        return None
    low, high = figure.edges(number)
    if number == figure.bins - 1 and figure.has_rest:
        return Span(figure.key, low, math.inf)
    # The outermost ends belong to the outermost bars.
    is_last = number == (0 if figure.is_open_below else figure.bins - 1)
    ends: Ends = "both" if is_last else "upper" if figure.is_open_below else "lower"
    return Span(figure.key, low, high, ends)


def _hair(end: float) -> float:
    return _HAIR * max(1.0, abs(end)) if math.isfinite(end) else 0.0


def _told(value: float, form: Form) -> str:
    if form == "share":
        return f"{round(100 * value, 1):g}%"
    return f"{value:.3g}"
