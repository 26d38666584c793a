"""How many images each class has, and in which split: what is rare stands out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from desktop.charts.bar_list import BAR_PX, ROW_PX, BarList
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SPACE, TYPE

SPLIT_ROLES = {"train": "s1", "val": "s2", "test": "s3"}
_OTHER_ROLE = "s4"
_LEGEND_PX = 24
_SWATCH_PX = 10
_RARE = 0.1
"""A class with fewer images than this share of the largest is called rare."""


class CountBars(BarList):
    """Stacked counts by class: training, validation, test, in this order. The largest class first.

    Args:
        parent: as in Qt.
        has_legend: says above the bars which colour is which split; not where that stands beside them already.
    """

    def __init__(self, parent: QWidget | None = None, *, has_legend: bool = True) -> None:
        super().__init__("Images by class", parent)
        self._counts: Mapping[str, Sequence[int]] = {}
        self._totals: Sequence[int] = ()
        self._unit = "images"
        self._legend = _SplitLegend(self)
        self._legend.setVisible(has_legend)
        self.setViewportMargins(0, _LEGEND_PX if has_legend else 0, 0, 0)

    def show_counts(
        self, names: Sequence[str], counts: Mapping[str, Sequence[int]], unit: str = "images"
    ) -> None:
        """Show counts, (C,) for each split. Splits without any are not named.

        Args:
            names: of the classes.
            counts: by split.
            unit: what is counted; pixels are told as shares of all of them.
        """
        self._unit = unit
        self.setAccessibleName(f"{unit.capitalize()} by class")
        self._counts = {split: tuple(values) for split, values in counts.items() if any(values)}
        self._totals = tuple(
            sum(values[index] for values in self._counts.values()) for index in range(len(names))
        )
        self._legend.show_splits({split: sum(values) for split, values in self._counts.items()})
        self.show_rows(names, sorted(range(len(names)), key=lambda index: (-self._totals[index], index)))

    def paint_bar(self, painter: QPainter, index: int, area: QRectF) -> None:
        largest = max(self._totals, default=0) or 1
        whole = QRectF(area.left(), area.top(), area.width() * self._totals[index] / largest, area.height())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("line"))
        painter.drawRoundedRect(QRectF(area.left(), area.center().y() - 0.5, area.width(), 1), 0.5, 0.5)
        painter.save()
        shape = QPainterPath()
        shape.addRoundedRect(whole, BAR_PX / 2, BAR_PX / 2)
        painter.setClipPath(shape)
        left = area.left()
        for split, values in self._counts.items():
            width = area.width() * values[index] / largest
            painter.fillRect(QRectF(left, area.top(), width, area.height()), theme.color(_role(split)))
            left += width
            painter.fillRect(QRectF(left - 0.5, area.top(), 1, area.height()), theme.color("card"))
        painter.restore()
        self._paint_mean(painter, area, largest)

    def number(self, index: int) -> str:
        total = self._told(self._totals[index])
        return f"rare · {total}" if self._is_rare(index) else total

    def number_role(self, index: int) -> str:
        return "warn" if self._is_rare(index) else "text"

    def in_words(self, index: int) -> str:
        parts = ", ".join(f"{self._told(values[index])} {split}" for split, values in self._counts.items())
        total = f"{self._names[index]}: {self._told(self._totals[index])} {self._unit}"
        return f"{total} ({parts})" + (", rare" if self._is_rare(index) else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._legend.setGeometry(0, 0, self.width(), _LEGEND_PX)

    def _told(self, count: int) -> str:
        """Give a count in words: of pixels, which nobody counts, their share."""
        if self._unit != "pixels":
            return f"{count:,}"
        share = count / max(1, sum(self._totals))
        return f"{share:.1%}" if share >= 0.001 or not count else "<0.1%"

    def _is_rare(self, index: int) -> bool:
        if self._unit == "pixels":  # large things cover more of every picture; that is nothing to warn of
            return False
        return self._totals[index] < _RARE * max(self._totals, default=0)

    def _paint_mean(self, painter: QPainter, area: QRectF, largest: int) -> None:
        mean = sum(self._totals) / len(self._totals)
        across = round(area.left() + area.width() * mean / largest) + 0.5
        painter.setPen(QPen(theme.color("text3"), 1, Qt.PenStyle.DotLine))
        top = area.center().y() - ROW_PX / 2
        painter.drawLine(QPointF(across, top), QPointF(across, top + ROW_PX))


class _SplitLegend(QWidget):
    """Which colour is which split, and how many images each has."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._totals: Mapping[str, int] = {}
        theme.changed.connect(self.update)

    def show_splits(self, totals: Mapping[str, int]) -> None:
        self._totals = totals
        self.setAccessibleName(", ".join(f"{split} {count:,}" for split, count in totals.items()))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002  # Qt gives it
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        face = font(TYPE.caption, 500, tabular=True)
        metrics = QFontMetricsF(face)
        painter.setFont(face)
        left = float(SPACE.xs)
        texts = [(_role(split), f"{split} {count:,}") for split, count in self._totals.items()]
        for role, text in texts:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(role))
            swatch = QRectF(left, (self.height() - _SWATCH_PX) / 2, _SWATCH_PX, _SWATCH_PX)
            painter.drawRoundedRect(swatch, RADIUS.inner / 2, RADIUS.inner / 2)
            left = self._text(painter, metrics, swatch.right() + SPACE.xs + 2, text) + SPACE.l
        if self._totals:
            painter.setPen(QPen(theme.color("text3"), 1, Qt.PenStyle.DotLine))
            painter.drawLine(int(left) + 4, SPACE.xs, int(left) + 4, self.height() - SPACE.xs)
            self._text(painter, metrics, left + SPACE.m, "mean")

    def _text(self, painter: QPainter, metrics: QFontMetricsF, left: float, text: str) -> float:
        painter.setPen(theme.color("text2"))
        width = metrics.horizontalAdvance(text) + 1
        painter.drawText(QRectF(left, 0, width, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        return left + width


def _role(split: str) -> str:
    return SPLIT_ROLES.get(split, _OTHER_ROLE)
