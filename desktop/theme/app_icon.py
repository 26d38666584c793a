"""The application's icon, drawn: a lens with a spark, in the accent colour."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

from desktop.theme.tokens import DARK

SIDES = (16, 24, 32, 48, 64, 128, 256)


def app_icon() -> QIcon:
    """Give the icon in all sizes that systems ask for."""
    icon = QIcon()
    for side in SIDES:
        icon.addPixmap(draw(side))
    return icon


def draw(side: int) -> QPixmap:
    """Draw the icon, `side` pixels wide."""
    picture = QPixmap(side, side)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(side / 64, side / 64)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(DARK.accent_fill))
    painter.drawRoundedRect(QRectF(2, 2, 60, 60), 14, 14)
    pen = QPen(QColor(DARK.on_accent), 5)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QPointF(32, 32), 18, 18)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(DARK.on_accent))
    painter.drawEllipse(QPointF(32, 32), 7, 7)
    painter.drawEllipse(QPointF(50, 14), 4, 4)
    painter.end()
    return picture
