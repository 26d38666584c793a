"""A small icon and a few words on a soft ground: where something is, what it belongs to."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.labels import plain_tip

_HEIGHT = 22
_ICON = 14
_GROUNDS = {"info": ("accent_soft", "accent"), "muted": ("hover", "text2")}


class Chip(QWidget):
    """Gives way where there is little room: the words end in …, and the tooltip has the whole.

    Args:
        icon: of the pack.
        text: a few words.
        tone: muted, info, warn, ok or bad.
    """

    def __init__(self, icon: str = "", text: str = "", tone: str = "muted") -> None:
        super().__init__()
        self._icon, self._text, self._tone = icon, text, tone
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_HEIGHT)
        theme.changed.connect(self.update)
        self._say("")

    def say(self, icon: str, text: str, tone: str = "muted", tip: str = "") -> None:
        """Show something else."""
        if (icon, text, tone) != (self._icon, self._text, self._tone):
            self._icon, self._text, self._tone = icon, text, tone
            self.updateGeometry()
            self.update()
        self._say(tip)

    def text(self) -> str:
        return self._text

    def sizeHint(self) -> QSize:
        return QSize(self._metrics().horizontalAdvance(self._text) + self._left() + SPACE.s + 1, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._left() + SPACE.xl, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002  # Qt gives it
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground, ink = _GROUNDS.get(self._tone, (f"{self._tone}_soft", self._tone))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(ground))
        painter.drawRoundedRect(QRectF(self.rect()), _HEIGHT / 2, _HEIGHT / 2)
        top = (_HEIGHT - _ICON) // 2
        if self._icon:
            theme.icon(self._icon, ink).paint(painter, SPACE.s, top, _ICON, _ICON)
        painter.setFont(font(TYPE.caption, 500, tabular=True))
        painter.setPen(theme.color(ink))
        room = self.width() - self._left() - SPACE.s
        shown = self._metrics().elidedText(self._text, Qt.TextElideMode.ElideRight, room)
        painter.drawText(
            QRectF(self._left(), 0, room + 1, _HEIGHT),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            shown,
        )

    def _left(self) -> int:
        return SPACE.s + (_ICON + SPACE.xs if self._icon else 0)

    def _metrics(self) -> QFontMetrics:
        return QFontMetrics(font(TYPE.caption, 500, tabular=True))

    def _say(self, tip: str) -> None:
        self.setAccessibleName(self._text)
        self.setAccessibleDescription(tip)
        self.setToolTip(plain_tip(tip or self._text))
