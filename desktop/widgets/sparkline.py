"""A tiny curve without axes: where a number has been going."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPainterPath, QPen, QPolygonF

from desktop.theme.theme import theme

SIZE_HINT = QSize(84, 28)
_LINE_PX = 1.6
_FILL = 0.28


def paint_sparkline(painter: QPainter, area: QRectF, values: np.ndarray, role: str) -> None:
    """Paint a curve with a soft fill below it.

    Args:
        painter: at work.
        area: to be filled; a level series runs through its middle.
        values: finite numbers, (N,); of many, the mean of each column of pixels is shown.
        role: colour of the theme.
    """
    if len(values) < 2 or area.width() < 2:
        return
    inner = area.adjusted(_LINE_PX, _LINE_PX, -_LINE_PX, -_LINE_PX)
    heights = _column_means(values, max(2, int(inner.width())))
    low, high = float(heights.min()), float(heights.max())
    shares = (heights - low) / (high - low) if high > low else np.full(len(heights), 0.5)
    step = inner.width() / (len(shares) - 1)
    points = [
        QPointF(inner.left() + number * step, inner.bottom() - share * inner.height())
        for number, share in enumerate(shares.tolist())
    ]
    line = QPainterPath()
    line.addPolygon(QPolygonF(points))
    fill = QPainterPath(line)
    fill.lineTo(inner.right(), area.bottom())
    fill.lineTo(inner.left(), area.bottom())
    fill.closeSubpath()
    shade = QLinearGradient(0, area.top(), 0, area.bottom())
    shade.setColorAt(0, theme.color(role, _FILL))
    shade.setColorAt(1, theme.color(role, 0.0))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(fill, shade)
    pen = QPen(theme.color(role), _LINE_PX, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(line, pen)


def _column_means(values: np.ndarray, columns: int) -> np.ndarray:
    if len(values) <= columns:
        return values
    starts = np.linspace(0, len(values), columns + 1).astype(int)[:-1]
    return np.add.reduceat(values, starts) / np.diff(np.append(starts, len(values)))
