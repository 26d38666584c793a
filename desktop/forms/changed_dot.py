"""The dot before a setting that differs from the preset; pressing it gives the setting back."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from desktop.forms.field_help import plain_tooltip
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE

_DOT = 6


class ChangedDot(QAbstractButton):
    """Takes no room away when it is hidden."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(self.sizeHint())
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.hide()
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(SPACE.m, SPACE.page)

    def explain(self, title: str, base: str) -> None:
        """Say what pressing it does."""
        text = f"Reset {title} to {base}" if base else f"Reset {title}"
        self.setAccessibleName(text)
        self.setToolTip(plain_tooltip(text))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        side = _DOT + (SPACE.xxs if self.underMouse() else 0)
        place = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        painter.drawEllipse(place)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.drawEllipse(place.adjusted(-SPACE.xxs, -SPACE.xxs, SPACE.xxs, SPACE.xxs))
