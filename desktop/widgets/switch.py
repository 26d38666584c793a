"""An on/off switch."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE

_TRACK = QSize(34, 20)
_KNOB = 14


class Switch(QAbstractButton):
    """A switch with an optional text on its right; Space turns it."""

    def __init__(self, text: str = "", *, on: bool = False) -> None:
        super().__init__()
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(on)
        self.setAccessibleName(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        wide = self.fontMetrics().horizontalAdvance(self.text()) + SPACE.s if self.text() else 0
        return QSize(_TRACK.width() + 4 + wide, max(_TRACK.height() + 4, self.fontMetrics().height()))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        self.updateGeometry()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = (self.height() - _TRACK.height()) / 2
        track = QRectF(2, top, _TRACK.width(), _TRACK.height())
        on, enabled = self.isChecked(), self.isEnabled()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent_fill" if on and enabled else "line_strong"))
        painter.drawRoundedRect(track, track.height() / 2, track.height() / 2)
        gap = (_TRACK.height() - _KNOB) / 2
        left = track.right() - gap - _KNOB if on else track.left() + gap
        painter.setBrush(theme.color("on_accent" if enabled else "text3"))
        painter.drawEllipse(QRectF(left, top + gap, _KNOB, _KNOB))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            around = track.adjusted(-1, -1, 1, 1)
            painter.drawRoundedRect(around, around.height() / 2, around.height() / 2)
        if self.text():
            painter.setPen(theme.color("text" if enabled else "text3"))
            place = QRectF(track.right() + SPACE.s, 0, self.width(), self.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, self.text())
