"""Runs as a table: filtered, sorted, and changed line by line, so that selection and place are kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from desktop.models.place_words import place_label
from desktop.models.run_table_entry import RunColumn, RunEntry, RunFilter, arrange
from desktop.models.run_table_text import (
    NONE,
    best_explained,
    best_named,
    duration,
    duration_text,
    epochs_text,
    model_name,
    plain_tooltip,
    when_text,
)
from desktop.models.run_words import state_words
from engine.protocol.hosts import LOCAL

Index = QModelIndex | QPersistentModelIndex
ENTRY_ROLE: Final = Qt.ItemDataRole.UserRole + 1
"""The `RunEntry` of a line."""
HEADINGS: Final = ("Name", "Model", "Dataset", "Machine", "State", "Best", "Epochs", "Duration", "Started")
NUMBERS: Final = frozenset({RunColumn.BEST, RunColumn.EPOCHS, RunColumn.DURATION, RunColumn.STARTED})
"""Columns that stand on the right."""
_MOST_RANGES = 40
"""Changes in more places than this are told as one reset: cheaper for the view."""


class RunTableModel(QAbstractTableModel):
    """Lines of runs.

    Args:
        columns: which of the columns, in which order.
        parent: who owns it.
    """

    counted = Signal(int, int)
    """After every change of what is on show: how many lines, and how many there are without the filter."""

    def __init__(
        self, columns: Sequence[RunColumn] = tuple(RunColumn), parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.filter = RunFilter()
        self._all: list[RunEntry] = []
        self._shown: list[RunEntry] = []
        self._rows: dict[str, int] = {}
        self._order = (RunColumn.STARTED, True)

    def set_entries(self, entries: Sequence[RunEntry]) -> None:
        """Show other runs, or what became of the same. Nothing is done when nothing is new."""
        if self._all != entries:
            self._all = list(entries)
            self._refresh()

    def set_filter(self, wanted: RunFilter) -> None:
        if wanted != self.filter:
            self.filter = wanted
            self._refresh()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(self.columns):
            self._order = (self.columns[column], order == Qt.SortOrder.DescendingOrder)
            self._refresh()

    def entry(self, row: int) -> RunEntry:
        return self._shown[row]

    def row_of(self, run: str) -> int | None:
        """Give the line that shows a run; None when the filter hides it."""
        return self._rows.get(run)

    def choices(self) -> dict[str, list[str]]:
        """Give the states, kinds, datasets, plugins and machines that occur, for filters."""
        rows = [entry.row for entry in self._all]
        return {
            "state": sorted({row.state for row in rows}),
            "kind": sorted({row.kind for row in rows}),
            "dataset": sorted({row.dataset for row in rows if row.dataset}),
            "plugin": sorted({row.plugin for row in rows}),
            "machine": sorted({entry.place for entry in self._all}),
        }

    @property
    def has_machines(self) -> bool:
        """Whether some run is, or was, on another machine: else a column of machines says nothing."""
        return any(entry.place != LOCAL for entry in self._all)

    def tick(self) -> None:
        """Say that times seen from now have passed."""
        if self._shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._shown) - 1, len(self.columns) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's own signature
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's own signature
        return 0 if parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        entry, column = self._shown[index.row()], self.columns[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _text(entry, column)
            case Qt.ItemDataRole.ToolTipRole:
                return _tip(entry, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{HEADINGS[column]}: {_text(entry, column)}"
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return entry.note[0] if entry.note is not None else ""
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case _:
                return entry if role == ENTRY_ROLE else None

    def _refresh(self) -> None:
        column, descending = self._order
        is_open = self.filter == RunFilter()
        wanted = self._all if is_open else [entry for entry in self._all if self.filter.accepts(entry)]
        self._show(arrange(wanted, column, descending=descending))
        self.counted.emit(len(self._shown), len(self._all))

    def _show(self, new: list[RunEntry]) -> None:
        """Go from the lines on show to others in the fewest steps that views understand."""
        if [entry.row.run for entry in new] == [entry.row.run for entry in self._shown]:
            self._replace(new)
            return
        goal = {entry.row.run: number for number, entry in enumerate(new)}
        gone = _ranges([n for n, entry in enumerate(self._shown) if entry.row.run not in goal])
        come = _ranges([n for n, entry in enumerate(new) if entry.row.run not in self._rows])
        if len(gone) + len(come) > _MOST_RANGES:
            self.beginResetModel()
            self._set(new)
            self.endResetModel()
            return
        for first, last in reversed(gone):
            self.beginRemoveRows(QModelIndex(), first, last)
            self._set(self._shown[:first] + self._shown[last + 1 :])
            self.endRemoveRows()
        self._reorder(sorted(self._shown, key=lambda entry: goal[entry.row.run]))
        for first, last in come:
            self.beginInsertRows(QModelIndex(), first, last)
            self._set(self._shown[:first] + new[first : last + 1] + self._shown[first:])
            self.endInsertRows()
        self._replace(new)

    def _reorder(self, ordered: list[RunEntry]) -> None:
        if ordered == self._shown:
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        runs = [self._shown[index.row()].row.run for index in before]
        self._set(ordered)
        after = [self.index(self._rows[run], index.column()) for run, index in zip(runs, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _replace(self, new: list[RunEntry]) -> None:
        """The same runs in the same order: tell only of those that changed."""
        changed = [n for n, (old, entry) in enumerate(zip(self._shown, new, strict=True)) if old != entry]
        self._set(new)
        for first, last in _ranges(changed):
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1))

    def _set(self, entries: list[RunEntry]) -> None:
        self._shown = entries
        self._rows = {entry.row.run: number for number, entry in enumerate(entries)}


def _ranges(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Join rising numbers into ranges, both ends included."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges


def _alignment(column: RunColumn) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _text(entry: RunEntry, column: RunColumn) -> str:
    row, now = entry.row, time.time()
    match column:
        case RunColumn.NAME:
            return entry.name
        case RunColumn.MODEL:
            return model_name(row)
        case RunColumn.DATASET:
            return row.dataset or NONE
        case RunColumn.MACHINE:
            return place_label(entry.place)
        case RunColumn.STATE:
            return state_words(row)[0]
        case RunColumn.BEST:
            return best_named(row)
        case RunColumn.EPOCHS:
            return epochs_text(row)
        case RunColumn.DURATION:
            return duration_text(duration(row, now))
        case RunColumn.STARTED:
            return when_text(row.started, now)


def _tip(entry: RunEntry, column: RunColumn) -> str:
    """Give what there was no room for."""
    match column:
        case RunColumn.BEST:
            told = best_explained(entry.row)
        case RunColumn.NAME | RunColumn.STATE:
            note = entry.note[0] if entry.note is not None else ""
            told = "\n".join(part for part in (entry.name, entry.row.run, note) if part)
        case _:
            told = _text(entry, column)
    return plain_tooltip(told)
