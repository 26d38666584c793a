"""Draws a confusion matrix: cells once into a picture, then names and marks above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE, TYPE
from desktop.viewers.matrix_colors import cell_colors, image_of, readable_on, shrink, strengths
from desktop.viewers.matrix_data import Cell, MatrixData, Values
from desktop.viewers.matrix_layout import MatrixLayout

_TEXT_FROM_PX = 16.0
_LARGE_FROM_PX = 44.0
_GAP_FROM_PX = 16.0
_DOT_PX = 2.0
"""The least that is seen of a cell in a matrix of very many."""
_LEAST_DENSE = 0.5


@dataclass(frozen=True, slots=True)
class Marks:
    """Cells of the shown part that are pointed at or picked."""

    hovered: Cell | None = None
    cursor: Cell | None = None
    selected: Cell | None = None

    def rows(self) -> set[int]:
        return {mark.true for mark in self._all() if mark.true is not None}

    def columns(self) -> set[int]:
        return {mark.predicted for mark in self._all() if mark.predicted is not None}

    def _all(self) -> list[Cell]:
        return [mark for mark in (self.hovered, self.cursor, self.selected) if mark is not None]


def paint_cells(painter: QPainter, data: MatrixData, layout: MatrixLayout, values: Values) -> None:
    """Draw the cells, with what stands in them where there is room."""
    if layout.is_dense:
        _paint_dense(painter, data, layout, values)
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    strong, is_right = strengths(data.shares(values)), np.eye(data.side, dtype=np.bool_)
    colors = cell_colors(strong, is_right)
    if data.unanswered:  # neither right nor wrong
        colors[:, -1:] = cell_colors(strong[:, -1:], np.zeros((data.side, 1), dtype=np.bool_), "warn")
    gap = 1.5 if layout.cell >= _GAP_FROM_PX else 0.5
    radius = min(4.0, layout.cell / 6)
    size = TYPE.caption if layout.cell >= _LARGE_FROM_PX else TYPE.overline
    fonts = {right: font(size, 600 if right else 500) for right in (True, False)}
    for row in range(data.rows):
        for column in range(data.side):
            color = QColor.fromRgb(int(colors[row, column]))
            place = layout.rect(row, column).adjusted(gap, gap, -gap, -gap)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawRoundedRect(place, radius, radius)
            text = data.text(row, column, values) if layout.cell >= _TEXT_FROM_PX else ""
            if text:
                painter.setFont(fonts[row == column])
                if painter.fontMetrics().horizontalAdvance(text) <= layout.cell - 1:
                    painter.setPen(readable_on(color))
                    painter.drawText(layout.rect(row, column), Qt.AlignmentFlag.AlignCenter, text)


def _paint_dense(painter: QPainter, data: MatrixData, layout: MatrixLayout, values: Values) -> None:
    """One picture of all cells; where several fall on one pixel the strongest is seen."""
    strong = strengths(data.shares(values))
    strong = np.where(strong > 0, np.maximum(strong, _LEAST_DENSE), 0.0)
    right = np.where(np.eye(data.side, dtype=np.bool_), strong, 0.0)
    wrong = np.where(np.eye(data.side, dtype=np.bool_), 0.0, strong)
    pixels = max(1, int(layout.extent / _DOT_PX))
    right, wrong = shrink(right, pixels), shrink(wrong, pixels)
    # A mistake beside the diagonal is what one looks for: it is not covered by the hits.
    is_right = right > 0 if data.side <= pixels else (right > 0) & (wrong == 0)
    colors = cell_colors(np.where(is_right, right, wrong), is_right)
    place = QRectF(layout.left, layout.top, layout.extent, layout.extent)
    painter.drawImage(place, image_of(colors))


def paint_names(painter: QPainter, data: MatrixData, layout: MatrixLayout, marks: Marks) -> None:
    """Write the classes' names and the axes' words; those of marked rows and columns stand out."""
    painter.setFont(font(TYPE.overline, 500))
    if layout.has_names:
        rows, columns = marks.rows(), marks.columns()
        metrics = QFontMetricsF(painter.font())
        for index, name in enumerate(data.names):
            place = layout.row_name(index)
            if index < data.rows:
                painter.setPen(theme.color("text" if index in rows else "text2"))
                shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, place.width())
                painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown)
            if layout.has_column_names:
                painter.setPen(theme.color("text" if index in columns else "text2"))
                _column_name(painter, name, layout, index)
    _axes(painter, layout)


def _column_name(painter: QPainter, name: str, layout: MatrixLayout, index: int) -> None:
    place = layout.column_name(index)
    metrics = QFontMetricsF(painter.font())
    if not layout.is_upright:
        wide = place.adjusted(-SPACE.xs, SPACE.xs, SPACE.xs, 0)
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, wide.width())
        painter.drawText(wide, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, shown)
        return
    shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, layout.names_height)
    painter.save()
    painter.translate(place.center().x(), place.top() + SPACE.xs)
    painter.rotate(-90)
    turned = QRectF(-layout.names_height, -place.width() / 2, layout.names_height, place.width())
    painter.drawText(turned, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown)
    painter.restore()


def _axes(painter: QPainter, layout: MatrixLayout) -> None:
    true_place, predicted_place = layout.axis_rects()
    painter.setPen(theme.color("text3"))
    painter.drawText(predicted_place, Qt.AlignmentFlag.AlignCenter, "Predicted")
    painter.save()
    center: QPointF = true_place.center()
    painter.translate(center)
    painter.rotate(-90)
    length, depth = true_place.height(), true_place.width()
    painter.drawText(QRectF(-length / 2, -depth / 2, length, depth), Qt.AlignmentFlag.AlignCenter, "True")
    painter.restore()


def paint_marks(painter: QPainter, layout: MatrixLayout, marks: Marks) -> None:
    """Frame what is pointed at and what is picked."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for mark, role in ((marks.hovered, "text2"), (marks.cursor, "accent"), (marks.selected, "text")):
        if mark is None:
            continue
        painter.setPen(QPen(theme.color(role), 2))
        grow = 3.0 if layout.is_dense else -0.5
        place = _mark_rect(layout, mark).adjusted(-grow, -grow, grow, grow)
        painter.drawRoundedRect(place, 4, 4)


def _mark_rect(layout: MatrixLayout, mark: Cell) -> QRectF:
    if mark.true is not None and mark.predicted is not None:
        return layout.rect(mark.true, mark.predicted)
    if mark.true is not None:
        return layout.rect(mark.true, 0).united(layout.rect(mark.true, layout.side - 1))
    column = mark.predicted or 0
    return layout.rect(0, column).united(layout.rect(layout.rows - 1, column))
