"""One measure a class as bars, the worst class first: the list that people act on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from desktop.charts.bar_list import BAR_PX, BarList
from desktop.theme.theme import theme

_NO_VALUE = "–"


class ClassBars(BarList):
    """Values from 0 to 1 by class. A class without a value (no images of it) stands last."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("By class, worst first", parent)
        self._values: Sequence[float] = ()
        self._counts: Sequence[int] | None = None
        self._measure = ""
        self._unit = "images"
        self._worst: int | None = None

    def show_values(
        self,
        names: Sequence[str],
        values: Sequence[float],
        measure: str,
        counts: Sequence[int] | None = None,
        unit: str = "images",
    ) -> None:
        """Show a measure.

        Args:
            names: of the classes, (C,).
            values: 0 to 1 a class, (C,); NaN where there is none.
            measure: what it is, `F1`.
            counts: a class, (C,), to be told beside the value.
            unit: what is counted.
        """
        self._values, self._counts, self._measure = tuple(values), counts, measure
        self._unit = unit
        order = sorted(range(len(names)), key=lambda index: (math.isnan(values[index]), values[index], index))
        known = [value for value in values if not math.isnan(value)]
        self._worst = order[0] if known and min(known) < max(known) else None  # of equals none is marked
        self.setAccessibleName(f"{measure} by class, worst first")
        self.show_rows(names, order)

    def paint_bar(self, painter: QPainter, index: int, area: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("line"))
        painter.drawRoundedRect(area, BAR_PX / 2, BAR_PX / 2)
        value = self._values[index]
        if value > 0:
            painter.setBrush(theme.color("warn" if index == self._worst else "accent_fill"))
            width = max(area.width() * min(value, 1.0), area.height())
            painter.drawRoundedRect(
                QRectF(area.left(), area.top(), width, area.height()), BAR_PX / 2, BAR_PX / 2
            )

    def number(self, index: int) -> str:
        value = self._values[index]
        return _NO_VALUE if math.isnan(value) else f"{value:.2f}"

    def in_words(self, index: int) -> str:
        value = self._values[index]
        said = "no value" if math.isnan(value) else f"{self._measure} {value:.3f}"
        if self._counts is not None:
            said += f", {self._counts[index]:,} {self._unit}"
        return f"{self._names[index]}: {said}"
