"""How a dataset is divided: one bar in three parts, with their numbers below."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE, TYPE

ROLES = {"train": "s1", "val": "s2", "test": "s3"}
_BAR = 8.0
_DOT = 7.0
_GAP = 2.0
_LEAST_WIDTH = 232


class SplitBar(QWidget):
    """Paints the shares of the splits."""

    def __init__(self) -> None:
        super().__init__()
        self._totals: dict[str, int] = {}
        self.setAccessibleName("Splits")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_totals(self, totals: Mapping[str, int]) -> None:
        """Show how many images each split has."""
        self._totals = dict(totals)
        said = ", ".join(f"{name} {count:,}" for name, count in totals.items())
        self.setAccessibleDescription(said)
        self.setToolTip("" if "val" in totals else "Without a val split, each run takes its share of train.")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(360, round(_BAR) + SPACE.s + TYPE.caption + SPACE.xs)

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_WIDTH, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        total = sum(self._totals.values())
        if not total:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(0, 1, self.width(), _BAR), _BAR / 2, _BAR / 2)
        painter.setClipPath(outline)
        painter.setPen(Qt.PenStyle.NoPen)
        left = 0.0
        for name, count in self._totals.items():
            width = self.width() * count / total
            painter.setBrush(theme.color(ROLES.get(name, "s4")))
            painter.drawRect(QRectF(left, 1, max(1.0, width - _GAP), _BAR))
            left += width
        painter.setClipping(False)
        self._paint_legend(painter, total)

    def _paint_legend(self, painter: QPainter, total: int) -> None:
        painter.setFont(font(TYPE.caption, 500, tabular=True))
        line = QRectF(0, _BAR + SPACE.xs, self.width(), self.height() - _BAR - SPACE.xs)
        left = 0.0
        for name, words in self._legend(painter.fontMetrics(), total):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(ROLES.get(name, "s4")))
            painter.drawEllipse(QRectF(left, line.center().y() - _DOT / 2, _DOT, _DOT))
            left += _DOT + SPACE.xs
            for place, text in enumerate(words):
                painter.setPen(theme.color("text" if place == 1 else "text2"))
                width = painter.fontMetrics().horizontalAdvance(text)
                room = QRectF(left, line.top(), width + 1, line.height())
                painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
                left += width + SPACE.xs
            left += SPACE.s

    def _legend(self, metrics: QFontMetrics, total: int) -> list[tuple[str, list[str]]]:
        """Give name, number and share of each split; without the shares where there is no room for them."""
        whole = [(name, [name, f"{count:,}", f"{count / total:.0%}"]) for name, count in self._totals.items()]
        needed = sum(
            _DOT + SPACE.xs + SPACE.s + sum(metrics.horizontalAdvance(text) + SPACE.xs for text in words)
            for _, words in whole
        )
        return whole if needed <= self.width() + SPACE.s else [(name, words[:2]) for name, words in whole]
