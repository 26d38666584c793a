"""The table of a comparison: one line for each setting that differs, one column for each run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.models.run_comparison import Line
from desktop.models.run_table_text import plain_tooltip
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SERIES, TYPE

Index = QModelIndex | QPersistentModelIndex
NAME_HEADING: Final = "Setting"


class RunComparisonModel(QAbstractTableModel):
    """Lines under the names of runs, whose headings have the colours of their curves."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.names: list[str] = []
        self.lines: list[Line] = []

    def show(self, names: Sequence[str], lines: Sequence[Line]) -> None:
        """Show another comparison."""
        self.beginResetModel()
        self.names, self.lines = list(names), list(lines)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's own signature
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's own signature
        return 0 if parent.isValid() else len(self.names) + 1

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal or section > len(self.names):
            return None
        name = self.names[section - 1] if section else NAME_HEADING
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(name)
        if role == Qt.ItemDataRole.ForegroundRole and section:
            return theme.color(SERIES[(section - 1) % len(SERIES)])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        line, column = self.lines[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return line.values[column - 1] if column else line.name
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(line.values[column - 1] if column else line.name)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _side(column)
            case Qt.ItemDataRole.ForegroundRole:
                return theme.color("text" if column or not line.is_setting else "text2")
            case Qt.ItemDataRole.FontRole:
                return font(TYPE.body, 400 if line.is_setting else 500, tabular=bool(column))
            case _:
                return None


def _side(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
