"""A card with one number: its name, its value, how it changed, and a tiny curve of where it has been."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.sparkline import SIZE_HINT, paint_sparkline

NO_VALUE = "–"
_SIZE = QSize(136, 94)
_NAME_PX, _VALUE_PX = 18, 30
_LEAST_CURVE_PX = 44
_WIDEST_CURVE_PX = 120


class MetricCard(QFrame):
    """A name above a large number. What it says is read aloud as one sentence.

    Args:
        name: what is measured.
        role: colour of its curve, s1 to s6.
    """

    def __init__(self, name: str, role: str = "s1", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._name, self._role = name, role
        self._value, self._unit, self._change = NO_VALUE, "", ""
        self._good: bool | None = None
        self._series = np.empty(0)
        self.setMinimumSize(_SIZE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._say()
        theme.changed.connect(self.update)

    def set_name(self, name: str) -> None:
        """Measure something else."""
        self._name = name
        self._say()
        self.update()

    def show_value(
        self,
        value: str,
        unit: str = "",
        change: str = "",
        good: bool | None = None,
        series: Sequence[float] | np.ndarray | None = None,
    ) -> None:
        """Show a value.

        Args:
            value: the number, written out.
            unit: stands small behind it.
            change: a few words below, such as the change since before.
            good: whether the change is for the better; None is neither. The words must say it too.
            series: the values so far for the curve; None leaves the curve as it is.
        """
        if series is not None:
            given = np.asarray(series, dtype=float)
            self._series = given[np.isfinite(given)]
        self._value, self._unit, self._change, self._good = value, unit, change, good
        self._say()
        self.update()

    def sizeHint(self) -> QSize:
        return _SIZE

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        area = QRectF(self.rect()).adjusted(SPACE.l, SPACE.m, -SPACE.m, -SPACE.m)
        _line(painter, area, (self._name, "text2", TYPE.caption, 500), Qt.AlignmentFlag.AlignTop)
        taken = self._paint_value(painter, area)
        change_role = "text2" if self._good is None else "ok" if self._good else "bad"
        change = (self._change, change_role, TYPE.caption, 500)
        taken = max(taken, _line(painter, area, change, Qt.AlignmentFlag.AlignBottom))
        room = min(area.width() - taken - SPACE.m, _WIDEST_CURVE_PX)
        if room >= _LEAST_CURVE_PX:
            height = SIZE_HINT.height() + SPACE.s
            curve = QRectF(area.right() - room, area.bottom() - height, room, height)
            paint_sparkline(painter, curve, self._series, self._role)

    def _paint_value(self, painter: QPainter, area: QRectF) -> float:
        """Paint value and unit. Gives how wide they are."""
        large = font(TYPE.metric, 600, tabular=True)
        metrics = QFontMetricsF(large)
        value = metrics.elidedText(self._value, Qt.TextElideMode.ElideRight, area.width())
        width = metrics.horizontalAdvance(value)
        top = area.top() + _NAME_PX
        baseline = top + (_VALUE_PX + metrics.ascent() - metrics.descent()) / 2
        painter.setFont(large)
        painter.setPen(theme.color("text"))
        painter.drawText(
            QRectF(area.left(), top, area.width(), _VALUE_PX), Qt.AlignmentFlag.AlignVCenter, value
        )
        if not self._unit:
            return width
        small = font(TYPE.body, 500)
        painter.setFont(small)
        painter.setPen(theme.color("text2"))
        painter.drawText(int(area.left() + width) + SPACE.xs, int(baseline), self._unit)
        return width + SPACE.xs + QFontMetricsF(small).horizontalAdvance(self._unit)

    def _say(self) -> None:
        said = f"{self._name}: {self._value} {self._unit}".rstrip()
        self.setAccessibleName(f"{said}, {self._change}" if self._change else said)


def _line(painter: QPainter, area: QRectF, text: tuple[str, str, int, int], where: Qt.AlignmentFlag) -> float:
    """Paint one line (text, role, size, weight), shortened to the area. Gives how wide it is."""
    words, role, size, weight = text
    face = font(size, weight, tabular=True)
    metrics = QFontMetricsF(face)
    shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, area.width())
    painter.setFont(face)
    painter.setPen(theme.color(role))
    painter.drawText(area, where | Qt.AlignmentFlag.AlignLeft, shown)
    return metrics.horizontalAdvance(shown)
