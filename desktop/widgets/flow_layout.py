"""A layout that fills rows from left to right and breaks where there is no room."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from desktop.theme.tokens import SPACE


class FlowLayout(QLayout):
    """Rows of widgets; with `cell` all get an equal share of the width, at least that wide.

    Args:
        spacing: between widgets, both ways.
        cell: least width of a widget, when all shall be equally wide; None keeps their own widths.
    """

    def __init__(self, spacing: int = SPACE.s, cell: int | None = None) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._gap = spacing
        self._cell = cell
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def clear(self) -> None:
        """Delete all widgets."""
        while (item := self.takeAt(0)) is not None:
            widget = item.widget()
            if isinstance(widget, QWidget):
                widget.hide()
                widget.deleteLater()

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        shown = [item for item in self._items if not _is_hidden(item)]
        wide = self._cell_width(rect.width()) if self._cell is not None else None
        for number, item in enumerate(shown):
            hint = item.sizeHint()
            width = min(rect.width(), hint.width()) if wide is None else wide
            height = item.heightForWidth(width) if item.hasHeightForWidth() else hint.height()
            if x > rect.x() and x + width > rect.right() + 1:
                x, y, line = rect.x(), y + line + self._gap, 0
            if wide is not None:
                height = max(height, line)
            if move:
                item.setGeometry(QRect(QPoint(x, y), QSize(width, height)))
                if wide is not None and height > line:
                    self._level(shown, number, (y, height))
            x += width + self._gap
            line = max(line, height)
        if move and wide is None:
            _centre(shown)
        return y + line - rect.y()

    def _level(self, shown: list[QLayoutItem], number: int, row: tuple[int, int]) -> None:
        """Give the earlier widgets of a row the height of its tallest."""
        y, height = row
        for item in shown[:number]:
            there = item.geometry()
            if there.y() == y:
                item.setGeometry(QRect(there.x(), y, there.width(), height))

    def _cell_width(self, width: int) -> int:
        assert self._cell is not None  # asked for only with one
        columns = max(1, (width + self._gap) // (self._cell + self._gap))
        return (width - (columns - 1) * self._gap) // columns


def _centre(shown: list[QLayoutItem]) -> None:
    """Put the lower ones of each row to the middle of the highest."""
    rows: dict[int, list[QLayoutItem]] = {}
    for item in shown:
        rows.setdefault(item.geometry().y(), []).append(item)
    for items in rows.values():
        highest = max(item.geometry().height() for item in items)
        for item in items:
            place = item.geometry()
            item.setGeometry(place.translated(0, (highest - place.height()) // 2))


def _is_hidden(item: QLayoutItem) -> bool:
    widget = item.widget()
    return isinstance(widget, QWidget) and widget.isHidden()
