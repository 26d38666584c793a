"""Pairs of classes as bars: which class is taken for which, the most frequent first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from desktop.charts.bar_list import BAR_PX, BarList
from desktop.theme.theme import theme


class PairBars(BarList):
    """Counts of named pairs, in the order given."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Most confused, the most frequent first", parent)
        self._counts: Sequence[int] = ()
        self._sentences: Sequence[str] = ()

    def show_pairs(self, names: Sequence[str], counts: Sequence[int], sentences: Sequence[str]) -> None:
        """Show pairs.

        Args:
            names: `true → predicted`, (K,).
            counts: how often, (K,).
            sentences: each pair in full, (K,).
        """
        self._counts, self._sentences = tuple(counts), tuple(sentences)
        self.show_rows(names, range(len(names)))

    def paint_bar(self, painter: QPainter, index: int, area: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("line"))
        painter.drawRoundedRect(area, BAR_PX / 2, BAR_PX / 2)
        share = self._counts[index] / max(1, max(self._counts))
        painter.setBrush(theme.color("bad"))
        width = max(area.width() * share, area.height())
        painter.drawRoundedRect(QRectF(area.left(), area.top(), width, area.height()), BAR_PX / 2, BAR_PX / 2)

    def number(self, index: int) -> str:
        return f"{self._counts[index]:,}"

    def in_words(self, index: int) -> str:
        return self._sentences[index]
