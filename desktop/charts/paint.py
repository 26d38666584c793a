"""Pens and small shapes that several charts paint alike."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from desktop.theme.theme import theme

PALE = 0.34
"""How much of its colour a raw curve keeps."""
_SAMPLE_DASH = [2.0, 1.6]


def pale(role: str, under: str = "card") -> QColor:
    """Give a pale colour over a background without an alpha: translucent pens cost ten times as much."""
    return mixed(theme.color(role), theme.color(under), PALE)


def mixed(over: QColor, under: QColor, share: float) -> QColor:
    """Give the colour that `over` has when it lies on `under` with an opacity of `share`."""
    parts = zip(over.getRgbF()[:3], under.getRgbF()[:3], strict=True)  # pyright: ignore[reportIndexIssue]  # a tuple, says Qt's stub only "object"
    return QColor.fromRgbF(*(a * share + b * (1 - share) for a, b in parts))


def paint_sample(painter: QPainter, area: QRectF, color: QColor, *, dashed: bool = False) -> None:
    """Paint the sample of a curve in a legend: a short line, whole or dashed."""
    pen = QPen(color, 2.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
    if dashed:
        pen.setDashPattern(_SAMPLE_DASH)
    painter.setPen(pen)
    middle = area.center().y()
    painter.drawLine(QLineF(area.left(), middle, area.right(), middle))


def paint_dot(painter: QPainter, center: QPointF, color: QColor, radius: float = 4.5) -> None:
    """Paint a dot with a rim in the card's colour, so that it stands out on its curve."""
    painter.setPen(QPen(theme.color("card"), 2))
    painter.setBrush(color)
    painter.drawEllipse(center, radius, radius)


def paint_focus(painter: QPainter, area: QRectF, radius: float) -> None:
    """Paint the ring of the keyboard focus."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color("accent"), 2))
    painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), radius, radius)
