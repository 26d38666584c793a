"""The images of a grid as a table: the same rows in the same order, the same current one and selection."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QMenu, QTableView

from desktop.grids.image_grid import ImageGrid, say_nothing
from desktop.grids.image_model import ImageModel, Index, Numbers
from desktop.grids.table_columns import TableColumn
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SIZE, SPACE, TYPE
from desktop.widgets.labels import plain_tip

TAB, COMMA = "\t", ","
_ROOT = QModelIndex()
_NAME_WIDTH, _WORDS_WIDTH, _NUMBER_WIDTH, _LEAST_WIDTH = 160, 96, 80, 56
_NONE = "–"
_SELECT = QItemSelectionModel.SelectionFlag


class ImageTableModel(QAbstractTableModel):
    """Looks through an `ImageModel`: a row of it is a row here, and nothing is kept twice."""

    def __init__(self, images: ImageModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._images = images
        self._columns: Sequence[TableColumn] = ()
        images.modelAboutToBeReset.connect(self.beginResetModel)
        images.modelReset.connect(self.endResetModel)
        images.rowsInserted.connect(self._reset)
        images.dataChanged.connect(self._say_anew)

    @property
    def columns(self) -> Sequence[TableColumn]:
        return self._columns

    def set_columns(self, columns: Sequence[TableColumn]) -> None:
        """Say other things, or the same of another result."""
        if [column.key for column in columns] == [column.key for column in self._columns]:
            self._columns = columns
            self._say_anew()
            return
        self.beginResetModel()
        self._columns = columns
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._images.shown)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        column = self._columns[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.title
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(f"{column.tip or column.title}. Click to sort")
            case Qt.ItemDataRole.TextAlignmentRole:
                return _side(column)
            case _:
                return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._images.shown):
            return None
        column = self._columns[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._words(index)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{column.title}: {self._words(index)}"
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(self._words(index))
            case Qt.ItemDataRole.TextAlignmentRole:
                return _side(column)
            case Qt.ItemDataRole.ForegroundRole:
                return theme.color("text2" if self._words(index) == _NONE else "text")
            case Qt.ItemDataRole.FontRole:
                return font(TYPE.body, 400, tabular=column.is_number)
            case _:
                return None

    def _words(self, index: Index) -> str:
        row = index.row()
        return self._columns[index.column()].words(self._images.shown[row : row + 1])[0]

    def _reset(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def _say_anew(self) -> None:
        if self.rowCount() and self._columns:
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))


class ImageTable(QTableView):
    """Shows the rows of a grid. Enter or a double click opens an image; Ctrl+C copies the selected rows.

    Args:
        name: what these images are, read aloud.
        grid: whose rows, current image and selection these are.
    """

    sorted_by = Signal(str, bool)
    """The key of the column that the user wants to sort by, and whether the largest come first."""
    copy_wanted = Signal(object, str)
    """Numbers of images, and the separator between their cells."""

    def __init__(self, name: str, grid: ImageGrid) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._grid = grid
        self._is_telling = False
        self._sorted: tuple[str, bool] = ("", False)
        self.rows = ImageTableModel(grid.images, self)
        self.setModel(self.rows)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        down = self.verticalHeader()
        down.hide()
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setDefaultSectionSize(SIZE.control)
        across = self.horizontalHeader()
        across.setHighlightSections(False)
        across.setSectionsClickable(True)
        across.setMinimumSectionSize(_LEAST_WIDTH)
        across.sectionClicked.connect(self._sort)
        self.doubleClicked.connect(self._open)
        grid.looked_at.connect(self._follow)
        grid.images.modelReset.connect(self._follow)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not len(self._grid.images.shown):
            say_nothing(self.viewport(), self._grid.nothing)

    def show_columns(self, columns: Sequence[TableColumn]) -> None:
        """Say other things of the images."""
        is_new = [column.key for column in columns] != [column.key for column in self.rows.columns]
        self.rows.set_columns(columns)
        if is_new:
            self._fit_columns()
        self._mark_sorted()

    def mark_sorted(self, key: str, is_down: bool) -> None:
        """Show by which column the rows are sorted; does not tell."""
        self._sorted = (key, is_down)
        self._mark_sorted()

    def selected_images(self) -> Numbers:
        """Give the numbers of the selected images, in the order shown."""
        return self._grid.selected_images()

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)  # pyright: ignore[reportArgumentType]  # indexes, as Qt gives them
        self._tell_grid()

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self._tell_grid()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
            return
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy(TAB)
            return
        if event.text().isalpha() and not event.modifiers():
            event.ignore()  # a shortcut of the page
            return
        super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Leave letters to the page: to search 100,000 names by a key would take a second."""

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.currentIndex().isValid():
            self.make_menu().popup(event.globalPos())

    def make_menu(self) -> QMenu:
        """Give the grid's menu, with ways to copy rows."""
        menu = self._grid.make_menu()
        menu.addSeparator()
        for words, separator in (("Copy rows as TSV", TAB), ("Copy rows as CSV", COMMA)):
            menu.addAction(theme.icon("ph.copy"), words, partial(self.copy, separator))
        return menu

    def copy(self, separator: str) -> None:
        """Ask for the selected rows in the clipboard; for all where one or none is selected."""
        chosen = self.selected_images()
        self.copy_wanted.emit(chosen if len(chosen) > 1 else self._grid.images.shown, separator)

    def _open(self, index: Index) -> None:
        if index.isValid():
            self._grid.opened.emit(self._grid.images.image_at(index.row()))

    def _sort(self, section: int) -> None:
        column = self.rows.columns[section]
        key, is_down = self._sorted
        self.sorted_by.emit(column.key, not is_down if key == column.key else column.is_worst_high)

    def _mark_sorted(self) -> None:
        key, is_down = self._sorted
        keys = [column.key for column in self.rows.columns]
        across = self.horizontalHeader()
        across.setSortIndicatorShown(key in keys)
        if key in keys:
            order = Qt.SortOrder.DescendingOrder if is_down else Qt.SortOrder.AscendingOrder
            across.setSortIndicator(keys.index(key), order)

    def _fit_columns(self) -> None:
        across = self.horizontalHeader()
        metrics = self.fontMetrics()
        for section, column in enumerate(self.rows.columns):
            room = metrics.horizontalAdvance(column.title) + SPACE.xxl
            usual = _NUMBER_WIDTH if column.is_number else _WORDS_WIDTH if section else _NAME_WIDTH
            across.resizeSection(section, max(room, usual))

    def _tell_grid(self) -> None:
        """Give the grid this current row and selection."""
        if self._is_telling or not self.isVisible():
            return
        self._is_telling = True
        model, chosen = self._grid.images, self._grid.selectionModel()
        selection = QItemSelection()
        for top, bottom in _parts(self.selectionModel().selection()):
            selection.select(model.index(top), model.index(bottom))
        chosen.select(selection, _SELECT.ClearAndSelect)
        if self.currentIndex().isValid():
            chosen.setCurrentIndex(model.index(self.currentIndex().row()), _SELECT.NoUpdate)
        self._is_telling = False

    def _follow(self, _image: int = -1) -> None:
        """Take over the grid's current row and selection."""
        if self._is_telling:
            return
        self._is_telling = True
        last = self.rows.columnCount() - 1
        selection = QItemSelection()
        for top, bottom in _parts(self._grid.selectionModel().selection()):
            selection.select(self.rows.index(top, 0), self.rows.index(bottom, last))
        self.selectionModel().select(selection, _SELECT.ClearAndSelect)
        current = self._grid.currentIndex()
        if current.isValid():
            index = self.rows.index(current.row(), max(0, self.currentIndex().column()))
            self.selectionModel().setCurrentIndex(index, _SELECT.NoUpdate)
            self.scrollTo(index)
        self._is_telling = False


def _parts(selection: QItemSelection) -> list[tuple[int, int]]:
    """Give the first and last row of each part; the parts themselves do not outlive the selection."""
    parts = (selection.at(number) for number in range(selection.size()))
    return [(part.top(), part.bottom()) for part in parts]


def _side(column: TableColumn) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
