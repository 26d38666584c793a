"""All metrics by class as a table that sorts: what a result measured of each class."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.models.run_table_text import plain_tooltip
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import TYPE

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
NONE: Final = "–"
SUPPORT: Final = "support"
"""The count of a class among its metrics."""


@dataclass(frozen=True, slots=True)
class ClassColumn:
    """One metric of the table."""

    metric: str
    """Without prefix, as in the summary's values by class."""
    title: str


class ClassTableModel(QAbstractTableModel):
    """A line a class: name, count, metrics. A class without a value comes last, whichever way is sorted."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._classes: Sequence[str] = ()
        self._columns: Sequence[ClassColumn] = ()
        self._values: Mapping[str, Mapping[str, float]] = {}
        self._order: list[int] = []
        self._sorted = (0, Qt.SortOrder.AscendingOrder)

    def show(
        self,
        classes: Sequence[str],
        columns: Sequence[ClassColumn],
        values: Mapping[str, Mapping[str, float]],
        count_title: str,
    ) -> None:
        """Show classes.

        Args:
            classes: their names, in the order of their numbers.
            columns: metrics; those that nobody measured are left out.
            values: by metric, then by class.
            count_title: what is counted, `Objects`.
        """
        self.beginResetModel()
        known = [
            column for column in columns if any(name in classes for name in values.get(column.metric, {}))
        ]
        self._classes, self._values = classes, values
        self._columns = [ClassColumn(SUPPORT, count_title), *known]
        self._arrange()
        self.endResetModel()

    def class_at(self, row: int) -> int:
        """Give the number of the class in a line."""
        return self._order[row]

    def row_of(self, number: int) -> int:
        """Give the line of a class; -1 where there is none."""
        return self._order.index(number) if number in self._order else -1

    def as_rows(self) -> list[list[str]]:
        """Give the table as it is shown, the headings first."""
        head = ["Class", *(column.title for column in self._columns)]
        columns = range(len(head))
        return [head, *([self._text(number, column) for column in columns] for number in self._order)]

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._columns) + 1

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal or section > len(self._columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._title(section)
        return _side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._order):
            return None
        number, column = self._order[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(number, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{self._title(column)}: {self._text(number, column)}"
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(self._classes[number]) if column == 0 else None
            case Qt.ItemDataRole.TextAlignmentRole:
                return _side(column)
            case Qt.ItemDataRole.ForegroundRole:
                return theme.color("text2" if self._text(number, column) == NONE else "text")
            case Qt.ItemDataRole.FontRole:
                return font(TYPE.body, 400 if column else 500, tabular=bool(column))
            case _:
                return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._sorted = (column, order)
        self.layoutAboutToBeChanged.emit()
        self._arrange()
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        column, direction = self._sorted
        column = column if column <= len(self._columns) else 0
        numbers = list(range(len(self._classes)))
        is_down = direction == Qt.SortOrder.DescendingOrder
        if column == 0:
            numbers.sort(key=lambda number: self._classes[number].casefold(), reverse=is_down)
        else:
            known = [number for number in numbers if not math.isnan(self._value(number, column))]
            known.sort(key=lambda number: self._value(number, column), reverse=is_down)
            numbers = known + [number for number in numbers if math.isnan(self._value(number, column))]
        self._order = numbers

    def _value(self, number: int, column: int) -> float:
        metric = self._columns[column - 1].metric
        absent = 0.0 if metric == SUPPORT else math.nan
        return self._values.get(metric, {}).get(self._classes[number], absent)

    def _text(self, number: int, column: int) -> str:
        if column == 0:
            return self._classes[number]
        value = self._value(number, column)
        if self._columns[column - 1].metric == SUPPORT:
            return f"{int(value):,}"
        return NONE if math.isnan(value) else f"{value:.1%}"

    def _title(self, section: int) -> str:
        return self._columns[section - 1].title if section else "Class"


def _side(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
