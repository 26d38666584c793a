"""Says which colour of a picture of points means what: a dot and a word each, in as many lines as it takes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.flow_layout import FlowLayout
from desktop.widgets.labels import plain_tip, text_label

_DOT = 8
_MOST_TEXT = 140
_MOST = 16
"""What comes behind these is only counted."""


class ColorKey(QWidget):
    """Shows names beside their colours.

    Args:
        name: of what, read aloud.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._flow = FlowLayout(SPACE.m)
        self.setLayout(self._flow)
        self.entries: tuple[tuple[QColor, str], ...] = ()

    def show_entries(self, entries: Sequence[tuple[QColor, str]]) -> None:
        """Show other colours and names."""
        self.entries = tuple(entries)
        self._flow.clear()
        for color, text in self.entries[:_MOST]:
            self._flow.addWidget(_Entry(color, text))
        rest = len(self.entries) - _MOST
        if rest > 0:
            self._flow.addWidget(text_label(f"and {rest:,} more", "caption"))
        self.setAccessibleName(f"{self._name}: {', '.join(text for _, text in self.entries[:_MOST])}")
        self.updateGeometry()


class _Entry(QWidget):
    def __init__(self, color: QColor, text: str) -> None:
        super().__init__()
        self._color = color
        metrics = QFontMetrics(font(TYPE.caption))
        self._shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, _MOST_TEXT)
        self._size = QSize(_DOT + SPACE.xs + metrics.horizontalAdvance(self._shown) + 1, metrics.height())
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setToolTip(plain_tip(text) if self._shown != text else "")

    def sizeHint(self) -> QSize:
        return self._size

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._color)
        painter.drawRoundedRect(QRectF(0, (self.height() - _DOT) / 2, _DOT, _DOT), 2, 2)
        painter.setPen(theme.color("text2"))
        painter.setFont(font(TYPE.caption))
        words = self.rect().adjusted(_DOT + SPACE.xs, 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._shown)
        painter.end()
