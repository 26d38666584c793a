"""A list view of equal tiles that reckons where each one is instead of laying all of them out."""

from __future__ import annotations

from typing import TypeAlias

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QCursor, QMouseEvent, QPainter, QPaintEvent, QPen, QRegion, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyleOptionViewItem, QWidget

from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS
from desktop.widgets.labels import set_role

Index: TypeAlias = QModelIndex | QPersistentModelIndex
_WHEEL_STEP = 40


class TileView(QListView):
    """Shows the rows of a list model as tiles, from left to right, line by line.

    A QListView by name, so that screen readers know its items; its own layout, which walks through all rows whenever
    one changes (a tenth of a second for 100,000), is never used.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tile = QSize(1, 1)
        self._hovered = -1
        self._band: QRect | None = None
        self._band_start = QPoint()
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Always there: a bar that came and went would change the width, and with it every tile.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.verticalScrollBar().rangeChanged.connect(self._show_handle)
        self._show_handle(0, 0)

    def _show_handle(self, least: int, most: int) -> None:
        """Only where there is something to scroll; the bar keeps its width."""
        set_role(self.verticalScrollBar(), "idle", least == most)

    @property
    def tile(self) -> QSize:
        """The size of a tile with its words, pixels."""
        return self._tile

    @property
    def columns(self) -> int:
        """Tiles in a line."""
        return max(1, self.viewport().width() // self._tile.width())

    def set_tile(self, size: QSize) -> None:
        """Give the tiles another size; the line in view stays there."""
        line = self.verticalOffset() / self._tile.height()
        before = self.columns
        self._tile = size.expandedTo(QSize(1, 1))
        self.updateGeometries()
        self.verticalScrollBar().setValue(round(line * before / self.columns * self._tile.height()))
        self.viewport().update()

    def rows_in(self, area: QRect) -> range:
        """Give the rows of the lines that an area of the viewport touches."""
        count = self._count()
        first = max(0, (area.top() + self.verticalOffset()) // self._tile.height())
        last = max(0, (area.bottom() + self.verticalOffset()) // self._tile.height())
        return range(min(count, first * self.columns), min(count, (last + 1) * self.columns))

    def row_rect(self, row: int) -> QRect:
        """Where the tile of a row lies in the viewport."""
        line, column = divmod(row, self.columns)
        place = QPoint(column * self._tile.width(), line * self._tile.height() - self.verticalOffset())
        return QRect(place, self._tile)

    # What Qt asks a view

    def visualRect(self, index: Index) -> QRect:
        return self.row_rect(index.row()) if index.isValid() else QRect()

    def indexAt(self, p: QPoint) -> QModelIndex:
        column = p.x() // self._tile.width()
        row = (p.y() + self.verticalOffset()) // self._tile.height() * self.columns + column
        if not (0 <= column < self.columns and 0 <= row < self._count()):
            return QModelIndex()
        return self._at(row)

    def scrollTo(self, index: Index, hint: QListView.ScrollHint = QListView.ScrollHint.EnsureVisible) -> None:
        if not index.isValid():
            return
        bar, height = self.verticalScrollBar(), self.viewport().height()
        top = index.row() // self.columns * self._tile.height()
        bottom = top + self._tile.height()
        if bottom > bar.maximum() + height:
            self.updateGeometries()  # rows have just come
        if hint == QListView.ScrollHint.PositionAtCenter:
            bar.setValue((top + bottom - height) // 2)
        elif hint == QListView.ScrollHint.PositionAtTop or top < bar.value():
            bar.setValue(top)
        elif hint == QListView.ScrollHint.PositionAtBottom or bottom > bar.value() + height:
            bar.setValue(bottom - height)

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def moveCursor(
        self,
        cursorAction: QAbstractItemView.CursorAction,
        modifiers: Qt.KeyboardModifier,  # noqa: ARG002  # Qt's signature
    ) -> QModelIndex:
        count = self._count()
        if not count:
            return QModelIndex()
        current = self.currentIndex()
        row = current.row() if current.isValid() else -1
        return self._at(self._moved(row, cursorAction) if row >= 0 else 0)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Select what a band touches; for a click, with or without Shift, all rows from corner to corner."""
        start, end = self.indexAt(rect.topLeft()), self.indexAt(rect.bottomRight())
        is_band = self.state() == QAbstractItemView.State.DragSelectingState
        if is_band or not (start.isValid() and end.isValid()):
            self.selectionModel().select(self._touched(rect.normalized()), command)
            return
        first, last = sorted((start.row(), end.row()))
        self.selectionModel().select(QItemSelection(self._at(first), self._at(last)), command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region = QRegion()
        seen = self.rows_in(self.viewport().rect())
        for number in range(selection.size()):
            part = selection.at(number)
            for row in range(max(part.top(), seen.start), min(part.bottom() + 1, seen.stop)):
                region += self.row_rect(row)
        return region

    def doItemsLayout(self) -> None:
        QAbstractItemView.doItemsLayout(self)

    def updateGeometries(self) -> None:
        lines = -(-self._count() // self.columns)
        height = self.viewport().height()
        bar = self.verticalScrollBar()
        bar.setPageStep(max(1, height - self._tile.height() // 2))
        bar.setSingleStep(_WHEEL_STEP)
        bar.setRange(0, max(0, lines * self._tile.height() - height))
        QAbstractItemView.updateGeometries(self)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(dx, dy)
        if self._hovered >= 0:  # another tile lies under the pointer now
            self._hover(self.indexAt(self.viewport().mapFromGlobal(QCursor.pos())).row())

    def resizeEvent(self, event: QResizeEvent) -> None:
        QAbstractItemView.resizeEvent(self, event)
        self.updateGeometries()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._hover(-1)
        return super().viewportEvent(event)

    # Pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._band_start = event.position().toPoint() + QPoint(0, self.verticalOffset())
        QAbstractItemView.mousePressEvent(self, event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        QAbstractItemView.mouseMoveEvent(self, event)
        place = event.position().toPoint()
        self._hover(self.indexAt(place).row())
        if self.state() == QAbstractItemView.State.DragSelectingState:
            start = self._band_start - QPoint(0, self.verticalOffset())
            self._band = QRect(start, place).normalized()
            self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        QAbstractItemView.mouseReleaseEvent(self, event)
        if self._band is not None:
            self._band = None
            self.viewport().update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        plain = option.state & ~QStyle.StateFlag.State_HasFocus & ~QStyle.StateFlag.State_MouseOver
        selected, current = self.selectionModel(), self.currentIndex().row()
        delegate = self.itemDelegate()
        for row in self.rows_in(event.rect()):
            option.rect = self.row_rect(row)
            if not option.rect.intersects(event.rect()):
                continue
            index = self._at(row)
            option.state = plain
            if selected.isSelected(index):
                option.state |= QStyle.StateFlag.State_Selected
            if row == self._hovered:
                option.state |= QStyle.StateFlag.State_MouseOver
            if row == current and self.hasFocus():
                option.state |= QStyle.StateFlag.State_HasFocus
            delegate.paint(painter, option, index)
        if self._band is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.setBrush(theme.color("accent", 0.15))
            painter.drawRoundedRect(self._band, RADIUS.inner / 2, RADIUS.inner / 2)

    def _touched(self, area: QRect) -> QItemSelection:
        first = max(0, area.left() // self._tile.width())
        last = min(self.columns - 1, area.right() // self._tile.width())
        selection = QItemSelection()
        rows = self.rows_in(area)
        for line in range(rows.start, rows.stop, self.columns):
            start, end = line + first, min(line + last, rows.stop - 1)
            if start <= end:
                selection.select(self._at(start), self._at(end))
        return selection

    def _at(self, row: int) -> QModelIndex:
        return self.model().index(row, 0)

    def _count(self) -> int:
        model = self.model()
        return model.rowCount() if model is not None else 0

    def _moved(self, row: int, action: QAbstractItemView.CursorAction) -> int:
        """Give the row that a key leads to."""
        count, columns = self._count(), self.columns
        lines = max(1, self.viewport().height() // self._tile.height())
        kind = QAbstractItemView.CursorAction
        steps = {
            kind.MoveLeft: -1,
            kind.MovePrevious: -1,
            kind.MoveRight: 1,
            kind.MoveNext: 1,
            kind.MoveUp: -columns,
            kind.MoveDown: columns,
            kind.MovePageUp: -columns * lines,
            kind.MovePageDown: columns * lines,
        }
        if action == kind.MoveHome:
            return 0
        if action == kind.MoveEnd:
            return count - 1
        step = steps[action]
        wanted = row + step
        if abs(step) < columns:
            return min(count - 1, max(0, wanted))
        if wanted < 0:  # the first line, in the same column
            return row % columns
        if wanted >= count:  # the last line; where it is short, its last tile
            return min(count - 1, (count - 1) // columns * columns + row % columns)
        return wanted

    def _hover(self, row: int) -> None:
        if row == self._hovered:
            return
        for changed in (self._hovered, row):
            if changed >= 0:
                self.viewport().update(self.row_rect(changed))
        self._hovered = row
