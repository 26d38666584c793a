"""A table of classes by split: how much of each, and what share of its split."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QHeaderView, QSizePolicy, QTableView

from desktop.models.dataset_overview import DatasetOverview
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SIZE, SPACE, TYPE

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_MOST_ROWS = 12
_ROW_PX = SIZE.control - SPACE.xs
_HEADS = {"image": "images", "object": "objects", "pixel": "pixels"}


class BalanceModel(QAbstractTableModel):
    """Rows are classes in their own order; two columns a split: its share, and images that show the class."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._overview: DatasetOverview | None = None

    def show_dataset(self, overview: DatasetOverview) -> None:
        self.beginResetModel()
        self._overview = overview
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() or self._overview is None else len(self._overview.classes)

    def columnCount(self, parent: Index = _ROOT) -> int:
        if parent.isValid() or self._overview is None:
            return 0
        return 1 + len(self._overview.split_names) * self._columns_a_split()

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal or self._overview is None:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(section)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if section == 0:
            return "Class"
        split, part = divmod(section - 1, self._columns_a_split())
        name = self._overview.split_names[split]
        return f"{name} {_HEADS[self._overview.tally.unit]}" if part == 0 else f"{name} images"

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        overview = self._overview
        if overview is None or not index.isValid():
            return None
        label, column = index.row(), index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(column)
        if role == Qt.ItemDataRole.FontRole:
            return font(TYPE.caption, 600 if column == 0 else 500, tabular=True)
        if role == Qt.ItemDataRole.ForegroundRole and column > 0 and self._count(label, column) == 0:
            return theme.color("warn")
        if role == Qt.ItemDataRole.DisplayRole:
            return overview.classes[label] if column == 0 else self._words(label, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            head = self.headerData(column, Qt.Orientation.Horizontal)
            return f"{head}: {self.data(index)}"
        return None

    def _words(self, label: int, column: int) -> str:
        overview = self._overview
        assert overview is not None
        split, part = divmod(column - 1, self._columns_a_split())
        count = self._count(label, column)
        if part:
            return f"{count:,}"
        whole = int(overview.tally.counts[split].sum())
        share = f"{count / whole:.1%}" if whole else "0%"
        return share if overview.tally.unit == "pixel" else f"{count:,}  ·  {share}"

    def _count(self, label: int, column: int) -> int:
        overview = self._overview
        assert overview is not None
        split, part = divmod(column - 1, self._columns_a_split())
        table = overview.tally.images_with if part else overview.tally.counts
        return int(table[split][label])

    def _columns_a_split(self) -> int:
        return 1 if self._overview is None or self._overview.tally.unit == "image" else 2

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
        return side | Qt.AlignmentFlag.AlignVCenter


class BalanceTable(QTableView):
    """Shows a `BalanceModel`."""

    def __init__(self) -> None:
        super().__init__()
        self.table = BalanceModel(self)
        self.setModel(self.table)
        self.setAccessibleName("Classes by split")
        self.setShowGrid(False)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setResizeContentsPrecision(_MOST_ROWS)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_dataset(self, overview: DatasetOverview) -> None:
        """Show the classes of another dataset."""
        self.table.show_dataset(overview)
        head = self.horizontalHeader()
        for column in range(self.table.columnCount()):
            mode = QHeaderView.ResizeMode.Stretch if column == 0 else QHeaderView.ResizeMode.ResizeToContents
            head.setSectionResizeMode(column, mode)
        rows = min(_MOST_ROWS, self.table.rowCount())
        self.setFixedHeight(rows * _ROW_PX + SIZE.control + SPACE.xs)
