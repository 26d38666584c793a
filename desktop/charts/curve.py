"""One curve of a line chart: its points, its style, and its raw and smoothed picture in a part of the axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg

from desktop.charts.decimation import Columns, extremes, means, within
from desktop.charts.paint import pale
from desktop.charts.points import Floats, Points
from desktop.charts.smoothing import Smoothed
from desktop.theme.theme import theme

_DENSE = 4
"""From so many columns a point on, a curve counts as a line of single measurements."""
_MOST_JOINED = 160
_DASH_ON, _DASH_PERIOD = 6, 10


@dataclass(frozen=True, slots=True)
class CurveStyle:
    """How a curve is told apart: by name, colour role, and a whole or dashed line."""

    label: str
    role: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a curve says at one of its points."""

    x: float
    raw: float
    smoothed: float


class Curve:
    """Points and the two lines that show them: raw values pale and thin, their average strong."""

    def __init__(self, style: CurveStyle, weight: float) -> None:
        self.style = style
        self.points = Points()
        self.is_shown = True
        self.raw_item = pg.PlotCurveItem(antialias=True)
        self.line_item = pg.PlotCurveItem(antialias=True)
        self.raw_item.setSegmentedLineMode("off")
        self.raw_item.setZValue(1)
        self.line_item.setZValue(2)
        self._smoothed = Smoothed(self.points, weight)

    def set_weight(self, weight: float) -> None:
        self._smoothed.set_weight(weight)

    def clear(self) -> None:
        """Show nothing."""
        self.raw_item.setData([], [])
        self.line_item.setData([], [])

    def draw(self, columns: Columns, *, is_log: bool) -> list[Floats]:
        """Draw what lies in these columns. Gives the values drawn, raw then smoothed, in units of the plot."""
        if not self.is_shown or not len(self.points):
            self.clear()
            return []
        part = within(self.points.x, columns.low, columns.high)
        xs, ys = self.points.x[part], self.points.y[part]
        is_smooth = self._smoothed.weight > 0
        is_crowded = len(xs) * _DENSE > columns.count
        raw = extremes(xs, ys, columns)
        # Upright lines on whole pixels are as sharp without anti-aliasing, and cost half.
        self.raw_item.opts["antialias"] = len(xs) <= 2 * columns.count
        drawn = [self._put(self.raw_item, raw, is_log)] if is_smooth or is_crowded else []
        if is_smooth or not is_crowded:
            line = means(xs, self._smoothed.values()[part], columns)
            drawn.append(self._put(self.line_item, self._dashed(line, columns), is_log))
            # A broad line of many points is ten times cheaper as segments; one of few shows its joints then.
            self.line_item.setSegmentedLineMode("on" if len(line[0]) > _MOST_JOINED else "off")
        else:
            self.line_item.setData([], [])
        if not (is_smooth or is_crowded):
            self.raw_item.setData([], [])
        self._set_pens(is_raw_alone=not is_smooth)
        return drawn

    def reading(self, x: float) -> Reading | None:
        """Give the point nearest to `x`."""
        index = self.points.nearest(x)
        if index is None:
            return None
        return Reading(
            float(self.points.x[index]),
            float(self.points.y[index]),
            float(self._smoothed.values()[index]),
        )

    def smoothed_values(self) -> Floats:
        """Give one smoothed value a point, (N,)."""
        return self._smoothed.values()

    def _put(self, item: pg.PlotCurveItem, line: tuple[Floats, Floats], is_log: bool) -> Floats:
        xs, ys = line
        if is_log:
            ys = np.log10(ys, out=np.full(len(ys), np.nan), where=ys > 0)
        has_gaps = not bool(np.isfinite(ys).all())
        item.setData(xs, ys, connect="finite" if has_gaps else "all", skipFiniteCheck=not has_gaps)
        return ys

    def _dashed(self, line: tuple[Floats, Floats], columns: Columns) -> tuple[Floats, Floats]:
        """Cut a line into dashes along its columns: dash patterns of pens do not work on short segments."""
        xs, ys = line
        if not self.style.dashed or len(xs) < 2 or columns.high <= columns.low:
            return line
        numbers = np.arange(int(xs[0] / columns.width), int(xs[-1] / columns.width) + 1)
        at = np.clip(numbers * columns.width, xs[0], xs[-1]).astype(np.float64)
        values = np.interp(at, xs, ys).astype(np.float64)
        return at, np.where(numbers % _DASH_PERIOD < _DASH_ON, values, np.nan)

    def _set_pens(self, is_raw_alone: bool) -> None:
        strong = theme.color(self.style.role)
        self.raw_item.setPen(pg.mkPen(strong if is_raw_alone else pale(self.style.role), width=1))
        self.line_item.setPen(pg.mkPen(strong, width=2))
