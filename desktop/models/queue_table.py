"""The waiting runs in order, as a list whose lines can be dragged to another place."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from desktop.models.place_words import device_of, is_elsewhere, place_label, place_of
from desktop.models.run_table_text import created_at, model_name, when_text
from desktop.models.run_words import run_title
from engine.store.queue import QueueRow
from engine.store.runs import RunRow

Index = QModelIndex | QPersistentModelIndex
WAITING_ROLE: Final = Qt.ItemDataRole.UserRole + 1
"""The `Waiting` of a line."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One waiting run as a line."""

    row: RunRow
    position: int
    """1 is next."""
    resource: str | None
    """The device it waits for, on which machine; None takes what is free here."""

    @property
    def name(self) -> str:
        return run_title(self.row)

    @property
    def place(self) -> str:
        """The machine that it waits for."""
        return place_of(self.resource)

    @property
    def about(self) -> str:
        """Model, dataset and why it waits, in one line."""
        again = (
            "goes on" if self.row.attempt > 1 else f"queued {when_text(created_at(self.row), time.time())}"
        )
        parts = [model_name(self.row), self.row.dataset or "", again]
        if device_of(self.resource):
            parts.append(f"waits for {device_of(self.resource)}")
        return " · ".join(part for part in parts if part)


class QueueTableModel(QAbstractListModel):
    """Waiting runs, next first."""

    moved = Signal(str, int)
    """A run was dragged or pushed to another place: its id and the new place, 1 is next."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: list[Waiting] = []

    def set_queue(self, queue: Sequence[QueueRow], rows: Sequence[RunRow]) -> None:
        """Show the queue. A run of which nothing is known yet is left out until it is."""
        by_run = {row.run: row for row in rows}
        known = [waiting for waiting in queue if waiting.run in by_run]
        new = [
            Waiting(by_run[waiting.run], number, waiting.resource) for number, waiting in enumerate(known, 1)
        ]
        if new == self._waiting:
            return
        if [item.row.run for item in new] == [item.row.run for item in self._waiting]:
            self._waiting = new
            self.dataChanged.emit(self.index(0), self.index(len(new) - 1))
            return
        self.beginResetModel()
        self._waiting = new
        self.endResetModel()

    def waiting(self, row: int) -> Waiting:
        return self._waiting[row]

    def row_of(self, run: str) -> int | None:
        return next((n for n, item in enumerate(self._waiting) if item.row.run == run), None)

    def move(self, row: int, to: int) -> bool:
        """Put a line where line `to` is now, and tell. False when there is no such place."""
        if row == to or not (0 <= row < len(self._waiting) and 0 <= to < len(self._waiting)):
            return False
        target = to + 1 if to > row else to  # Qt counts the gaps of the list before the move
        self.beginMoveRows(QModelIndex(), row, row, QModelIndex(), target)
        ordered = list(self._waiting)
        ordered.insert(to, ordered.pop(row))
        self._waiting = [Waiting(item.row, n, item.resource) for n, item in enumerate(ordered, 1)]
        self.endMoveRows()
        self.dataChanged.emit(self.index(min(row, to)), self.index(max(row, to)))
        self.moved.emit(self._waiting[to].row.run, to + 1)
        return True

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's own signature
        return 0 if parent.isValid() else len(self._waiting)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._waiting):
            return None
        item = self._waiting[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return item.name
            case Qt.ItemDataRole.AccessibleTextRole:
                there = f", on {place_label(item.place)}" if is_elsewhere(item.place) else ""
                return f"{item.position}: {item.name}, {item.about}{there}"
            case _:
                return item if role == WAITING_ROLE else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def moveRows(
        self,
        sourceParent: Index,
        sourceRow: int,
        count: int,
        destinationParent: Index,
        destinationChild: int,
    ) -> bool:
        """Take a drag of one line: Qt gives the gap into which it fell."""
        if sourceParent.isValid() or destinationParent.isValid() or count != 1:
            return False
        return self.move(
            sourceRow, destinationChild - 1 if destinationChild > sourceRow else destinationChild
        )

    def dropMimeData(
        self, _data: QMimeData, _action: Qt.DropAction, _row: int, _column: int, _parent: Index
    ) -> bool:
        """Nothing comes from elsewhere; a line of this list is moved by `moveRows`."""
        return False
