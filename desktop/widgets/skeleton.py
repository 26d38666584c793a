"""Grey shapes where content will be; shown only when loading takes longer than an eye notices."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SPACE

AFTER_MS = 200
_LINE = 14


class Skeleton(QWidget):
    """Lines (or one block) of a colour a little above the ground's.

    Args:
        lines: how many; 0 paints one block.
    """

    def __init__(self, lines: int = 0) -> None:
        super().__init__()
        self._lines = lines
        self._is_due = False
        self.setAccessibleName("Loading")
        theme.changed.connect(self.update)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._is_due = False
        QTimer.singleShot(AFTER_MS, self, self._due)

    def _due(self) -> None:
        self._is_due = True
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._is_due:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("hover"))
        if not self._lines:
            painter.drawRoundedRect(QRectF(self.rect()), RADIUS.card, RADIUS.card)
            return
        for number in range(self._lines):
            share = (1.0, 0.82, 0.6)[number % 3]
            top = number * (_LINE + SPACE.m)
            painter.drawRoundedRect(QRectF(0, top, self.width() * share, _LINE), RADIUS.inner, RADIUS.inner)
