"""The two axes of a line chart: values (linear or logarithmic) at the left, epochs below."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtGui import QFontMetricsF

from desktop.charts.ticks import linear_ticks, log_ticks, tick_texts
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE, TYPE

_ROW_PX = 44
_COLUMN_PX = 64
_OPAQUE = 255


class _Axis(pg.AxisItem):
    """Ticks of our own in our type; the marks across the plot are the grid."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.enableAutoSIPrefix(False)
        self.setStyle(tickFont=font(TYPE.overline, 500, tabular=True), tickLength=0, tickTextOffset=SPACE.xs)
        self.setStyle(
            tickAlpha=_OPAQUE,
            autoExpandTextSpace=False,
            autoReduceTextSpace=False,
            hideOverlappingLabels=False,
        )

    def recolor(self) -> None:
        """Take the theme's colours."""
        self.setTextPen(theme.color("text3"))
        self.setPen(pg.mkPen(theme.color("line")))
        self.setTickPen(pg.mkPen(theme.color("grid")))

    def tickStrings(self, values: list[float], scale: float, spacing: float | None) -> list[str]:  # noqa: ARG002  # given by the library
        return tick_texts([float(value) for value in values])


class ValueAxis(_Axis):
    """The left axis. On a logarithmic scale the plot holds decimal logarithms, and their numbers are written."""

    def __init__(self) -> None:
        super().__init__("left")
        self._is_log = False
        self._width_px = 0
        self.setGrid(_OPAQUE)

    def set_log(self, on: bool) -> None:
        self._is_log = on
        self.picture = None
        self.update()

    def ticks(self, low: float, high: float, size: float) -> list[float]:
        """Give the values that are marked, in units of the plot."""
        most = max(3, int(size / _ROW_PX))
        if not self._is_log:
            return linear_ticks(low, high, most)
        return [math.log10(value) for value in log_ticks(10.0**low, 10.0**high, most)]

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[Any]:
        return [(None, self.ticks(minVal, maxVal, size))]

    def tickStrings(self, values: list[float], scale: float, spacing: float | None) -> list[str]:
        shown = [10.0**value for value in values] if self._is_log else values
        return super().tickStrings(shown, scale, spacing)

    def fit(self, low: float, high: float, size: float) -> None:
        """Make as much room as the longest number needs."""
        texts = self.tickStrings(self.ticks(low, high, size), 1.0, None)
        metrics = QFontMetricsF(font(TYPE.overline, 500, tabular=True))
        widest = max((metrics.horizontalAdvance(text) for text in texts), default=0.0)
        width = int(max(SPACE.xxl, widest + SPACE.m))
        if width != self._width_px:
            self._width_px = width
            self.setWidth(width)


class EpochAxis(_Axis):
    """The axis below: whole epochs, or parts of one after a deep zoom. Its title stands at its right end."""

    TITLE = "epoch"

    def __init__(self) -> None:
        super().__init__("bottom")
        self.setHeight(SPACE.xl)
        self._free = 1.0
        """The largest x that leaves room for the title."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[Any]:
        most = max(2, int(size / _COLUMN_PX))
        title = QFontMetricsF(font(TYPE.overline, 600)).horizontalAdvance(self.TITLE) + SPACE.l
        self._free = maxVal - (maxVal - minVal) * title / max(1.0, size)
        return [(None, linear_ticks(minVal, maxVal, most, whole=maxVal - minVal >= 2))]

    def tickStrings(self, values: list[float], scale: float, spacing: float | None) -> list[str]:
        texts = super().tickStrings(values, scale, spacing)
        return [text if value <= self._free else "" for text, value in zip(texts, values, strict=True)]
