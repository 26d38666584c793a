"""Where a confusion matrix's cells and names stand in a widget of some size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFont, QFontMetricsF

from desktop.theme.tokens import SPACE
from desktop.viewers.matrix_data import Cell, MatrixData

DENSE_BELOW_PX = 7.0
"""Smaller cells are drawn as one picture, without names."""
NAMES_FROM_PX = 11.0
_AXIS = 18
_WIDEST_NAME = 104
_TALLEST_NAME = 72
_REACH_PX = 2
"""In a dense matrix the pointer finds the largest cell this near."""


@dataclass(frozen=True, slots=True)
class MatrixLayout:
    """Geometry, pixels at scale 1."""

    left: float
    top: float
    cell: float
    side: int
    names_width: float
    names_height: float
    is_upright: bool
    """Names of the columns are written from bottom to top."""
    rows: int
    """How many there are; as many as columns, or one less."""

    @property
    def extent(self) -> float:
        """How wide all cells are."""
        return self.cell * self.side

    @property
    def height(self) -> float:
        """How high all cells are."""
        return self.cell * self.rows

    @property
    def is_dense(self) -> bool:
        return self.cell < DENSE_BELOW_PX

    @property
    def has_names(self) -> bool:
        """Whether rows are named."""
        return self.cell >= NAMES_FROM_PX and self.names_width > 0

    @property
    def has_column_names(self) -> bool:
        return self.has_names and self.names_height > 0

    def rect(self, row: int, column: int) -> QRectF:
        return QRectF(self.left + column * self.cell, self.top + row * self.cell, self.cell, self.cell)

    def row_name(self, row: int) -> QRectF:
        room = self.names_width + SPACE.xs
        return QRectF(self.left - SPACE.s - room, self.top + row * self.cell, room, self.cell)

    def column_name(self, column: int) -> QRectF:
        return QRectF(
            self.left + column * self.cell, self.top + self.height, self.cell, SPACE.xs + self.names_height
        )

    def axis_rects(self) -> tuple[QRectF, QRectF]:
        """Places of the words "True" (to be turned) and "Predicted"."""
        below = self.top + self.height + self.names_height + SPACE.xs
        return (
            QRectF(self.left - self.names_width - SPACE.m - _AXIS, self.top, _AXIS, self.height),
            QRectF(self.left, below, self.extent, _AXIS),
        )

    def cell_at(self, point: QPointF, data: MatrixData) -> Cell | None:
        """What lies under a point: a cell, a row by its name, a column by its name, or nothing."""
        if not self.side or self.cell <= 0:
            return None
        column = int((point.x() - self.left) // self.cell)
        row = int((point.y() - self.top) // self.cell)
        inside_x, inside_y = 0 <= column < self.side, 0 <= row < self.rows
        if inside_x and inside_y:
            return self._largest_near(point, data) if self.is_dense else Cell(row, column)
        if not self.has_names:
            return None
        if inside_y and 0 <= self.left - point.x() < self.names_width + SPACE.m:
            return Cell(row, None)
        below = point.y() - self.top - self.height
        if inside_x and self.has_column_names and 0 <= below < self.names_height + SPACE.xs:
            return Cell(None, column)
        return None

    def _largest_near(self, point: QPointF, data: MatrixData) -> Cell:
        rows = self._range(point.y() - self.top, self.rows)
        columns = self._range(point.x() - self.left, self.side)
        block = data.counts[rows[0] : rows[1], columns[0] : columns[1]].copy()
        wrong = block.copy()
        for row in range(len(wrong)):
            column = row + rows[0] - columns[0]
            if 0 <= column < wrong.shape[1]:
                wrong[row, column] = 0
        best = int(np.argmax(wrong if wrong.any() else block))
        row, column = divmod(best, block.shape[1])
        return Cell(row + rows[0], column + columns[0])

    def _range(self, at: float, count: int) -> tuple[int, int]:
        first = max(0, int((at - _REACH_PX) // self.cell))
        last = min(count - 1, int((at + _REACH_PX) // self.cell))
        return first, last + 1


def lay_out(
    names: Sequence[str], width: float, height: float, font: QFont, rows: int | None = None
) -> MatrixLayout:
    """Fit the largest matrix of square cells with its names into a widget; `rows` where the last has none.

    Where the names of the columns leave too little room, only the rows are named; where these do too, nothing is.
    """
    sides = (max(1, len(names)), max(1, len(names) if rows is None else rows))
    metrics = QFontMetricsF(font)
    widest = min(_WIDEST_NAME, max((metrics.horizontalAdvance(name) for name in names), default=0.0))
    line = metrics.height()
    with_names = _fit(sides, width, height, (widest, line))
    if with_names.cell >= NAMES_FROM_PX and widest <= with_names.cell + SPACE.xs:
        return with_names
    fitted = _fit(sides, width, height, (widest, min(_TALLEST_NAME, widest)), is_upright=True)
    of_rows = _fit(sides, width, height, (widest, 0))
    return next((fit for fit in (fitted, of_rows) if fit.has_names), _fit(sides, width, height, (0, 0)))


def _fit(
    sides: tuple[int, int],
    width: float,
    height: float,
    names: tuple[float, float],
    *,
    is_upright: bool = False,
) -> MatrixLayout:
    """`sides` are the numbers of columns and rows."""
    side, rows = sides
    names_width, names_height = names
    left = _AXIS + names_width + SPACE.m
    across, down = width - left - 1, height - names_height - SPACE.xs - _AXIS - 1
    cell = max(0.0, min(across / side, down / rows))
    slack = max(0.0, across - cell * side)
    return MatrixLayout(left + slack / 2, 1, cell, side, names_width, names_height, is_upright, rows)
