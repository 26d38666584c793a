"""The confusion matrix as a picture to point at: hover tells, a click or Enter picks cells, rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import TYPE
from desktop.viewers.matrix_data import Cell, MatrixData, Values, matrix_data
from desktop.viewers.matrix_layout import MatrixLayout, lay_out
from desktop.viewers.matrix_painting import Marks, paint_cells, paint_marks, paint_names

MOST_CONFUSED = 20
"""How many classes the view of the most confused ones shows."""
_STEPS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
_PICK_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class ConfusionMatrix(QWidget):
    """Shows counts or percents; classes are numbered as in the matrix that was given, whatever part is shown."""

    picked = Signal(object)
    """A `Cell` that the user picked, or None when the pick was taken back."""
    pointed = Signal(str)
    """What lies under the pointer or the cursor, as a sentence; empty when nothing does."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = MatrixData(np.zeros((0, 0), dtype=np.int64), ())
        self._data = self._whole
        self._classes: NDArray[np.intp] = np.arange(0)
        self._values: Values = "percent"
        self._only_confused = False
        self._layout: MatrixLayout | None = None
        self._drawn: QPixmap | None = None
        self._hovered: Cell | None = None
        self._cursor = Cell(0, 0)
        self._selected: Cell | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(220, 190)
        theme.changed.connect(self._redraw)

    def show_matrix(self, counts: NDArray[np.int64], names: Sequence[str]) -> None:
        """Show counts of images; a pick stays where its classes are still there."""
        self.show_data(matrix_data(counts, names))

    def show_data(self, data: MatrixData) -> None:
        """Show another matrix, perhaps with a background; a pick stays where its classes are still there."""
        same = data.names == self._whole.names
        self._whole = data
        if not same:
            self._selected = None
            self._cursor = Cell(0, 0)
        self._choose_part()

    def show_values(self, values: Values) -> None:
        """Write percents of each true class, of each predicted one, or counts, into the cells."""
        self._values = values
        self._redraw()

    def show_only_confused(self, only: bool) -> None:
        """Show only the classes that are confused most, or all."""
        self._only_confused = only
        self._choose_part()

    def select(self, cell: Cell | None) -> None:
        """Mark a cell, a row or a column as picked, without telling."""
        self._selected = cell
        self.update()

    def selected(self) -> Cell | None:
        return self._selected

    def sentence(self, cell: Cell) -> str:
        """Say what a cell holds."""
        return self._whole.sentence(cell)

    def sizeHint(self) -> QSize:
        return QSize(390, 366)

    def _choose_part(self) -> None:
        if self._only_confused:
            self._classes = self._whole.most_confused(MOST_CONFUSED)
        else:
            self._classes = np.arange(self._whole.side)
        self._data = self._whole.part(self._classes) if self._only_confused else self._whole
        self._hovered = None
        self._cursor = Cell(0, 0)
        self.setAccessibleName(f"Confusion matrix, {self._whole.classes} classes")
        self.setAccessibleDescription(self._whole.summary())
        self._redraw()

    def _redraw(self) -> None:
        self._layout = None
        self._drawn = None
        self.update()

    # Painting

    def _placed(self) -> MatrixLayout:
        if self._layout is None:
            names_font = font(TYPE.overline, 500)
            data = self._data
            self._layout = lay_out(data.names, self.width(), self.height(), names_font, data.rows)
        return self._layout

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._data.side:
            return
        layout = self._placed()
        if self._drawn is None:
            ratio = self.devicePixelRatioF()
            self._drawn = QPixmap(self.size() * ratio)
            self._drawn.setDevicePixelRatio(ratio)
            self._drawn.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._drawn)
            paint_cells(painter, self._data, layout, self._values)
            painter.end()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(QPointF(0, 0), self._drawn)
        marks = Marks(
            hovered=self._hovered,
            cursor=self._cursor if self.hasFocus() else None,
            selected=self._to_shown(self._selected),
        )
        paint_names(painter, self._data, layout, marks)
        paint_marks(painter, layout, marks)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            around = QRectF(layout.left, layout.top, layout.extent, layout.height)
            painter.drawRoundedRect(around.adjusted(-0.5, -0.5, 0.5, 0.5), 2, 2)

    def resizeEvent(self, _event: object) -> None:
        self._redraw()

    # Between the whole matrix and the part that is shown

    def _to_whole(self, cell: Cell) -> Cell:
        return Cell(
            None if cell.true is None else int(self._classes[cell.true]),
            None if cell.predicted is None else int(self._classes[cell.predicted]),
        )

    def _to_shown(self, cell: Cell | None) -> Cell | None:
        if cell is None:
            return None
        places: list[int | None] = []
        for index in (cell.true, cell.predicted):
            found = None if index is None else int(np.searchsorted(self._classes, index))
            if found is not None and (found >= len(self._classes) or self._classes[found] != index):
                return None
            places.append(found)
        return Cell(places[0], places[1])

    # Pointer and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = self._placed().cell_at(event.position(), self._data)
        if at == self._hovered:
            return
        self._hovered = at
        self.update()
        self._tell(at)
        if at is None:
            QToolTip.hideText()
            return
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        sentence = escape(self._whole.sentence(self._to_whole(at)))  # a name is text, never markup
        QToolTip.showText(event.globalPosition().toPoint(), f"<qt>{sentence}</qt>", self)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hovered = None
        self._tell(None)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        at = self._placed().cell_at(event.position(), self._data)
        if at is not None:
            self._cursor = at
            self._pick(self._to_whole(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _STEPS and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self._move(*_STEPS[key])
        elif key in _PICK_KEYS:
            self._pick(self._to_whole(self._cursor))
        elif key == Qt.Key.Key_Escape and self._selected is not None:
            self._pick(self._selected)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() not in (Qt.FocusReason.MouseFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self._tell(self._cursor)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._tell(None)

    def _move(self, down: int, right: int) -> None:
        """Move the cursor; left of the first column lie the rows' names, below the last row the columns'."""
        below = self._data.rows
        row = below if self._cursor.true is None else self._cursor.true
        column = -1 if self._cursor.predicted is None else self._cursor.predicted
        row = min(below, max(0, row + down))
        column = min(self._data.side - 1, max(-1, column + right))
        if row >= below and column < 0:
            return
        self._cursor = Cell(None if row >= below else row, None if column < 0 else column)
        self._tell(self._cursor)
        self.update()

    def _pick(self, cell: Cell) -> None:
        self._selected = None if cell == self._selected else cell
        self.update()
        self.picked.emit(self._selected)

    def _tell(self, shown: Cell | None) -> None:
        sentence = "" if shown is None or not self._data.side else self.sentence(self._to_whole(shown))
        self.setAccessibleDescription(sentence or self._whole.summary())
        self.pointed.emit(sentence)
