"""Exports as a Qt table."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, TypeAlias

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.models.exports import ExportFact, error_text, explanation, size_text, verdict
from desktop.models.run_table_text import created_at, when_text
from desktop.theme.theme import theme

Index: TypeAlias = QModelIndex | QPersistentModelIndex
NOTHING: Final = QModelIndex()
"""No parent: rows of a table have none."""
COLUMNS: Final = ("Model", "Checkpoint", "Format", "Size", "Max difference", "Check", "When")
NUMBERS: Final = (3, 4)
"""Columns that stand at the right."""
CHECK: Final = 5
_NAMES = {"onnx": "ONNX"}
_TONES = {"ok": "ok", "bad": "bad", "warn": "warn", "info": "accent"}


class ExportTableModel(QAbstractTableModel):
    """Rows change in place while an export goes on; the selection stays."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._facts: list[ExportFact] = []

    @property
    def facts(self) -> Sequence[ExportFact]:
        return self._facts

    def show_facts(self, facts: Sequence[ExportFact]) -> None:
        """Show these; where only values changed no row is made anew."""
        if [fact.run for fact in facts] != [fact.run for fact in self._facts]:
            self.beginResetModel()
            self._facts = list(facts)
            self.endResetModel()
            return
        self._facts = list(facts)
        if facts:
            self.dataChanged.emit(self.index(0, 0), self.index(len(facts) - 1, len(COLUMNS) - 1))

    def row_of(self, run: str) -> int:
        """The row of an export by its run; -1 when it is not shown."""
        return next((row for row, fact in enumerate(self._facts) if fact.run == run), -1)

    def rowCount(self, parent: Index = NOTHING) -> int:
        return 0 if parent.isValid() else len(self._facts)

    def columnCount(self, parent: Index = NOTHING) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        fact, column = self._facts[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(fact, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side(column)
        if role == Qt.ItemDataRole.ForegroundRole and column == CHECK:
            return theme.color(_TONES.get(verdict(fact)[1], "text2"))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{COLUMNS[column]}: {self._text(fact, column)}"
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return explanation(fact)
        return None

    def _text(self, fact: ExportFact, column: int) -> str:
        cells = (
            fact.model,
            fact.checkpoint,
            _NAMES.get(fact.format, fact.format),
            size_text(fact),
            error_text(fact),
            verdict(fact)[0],
            when_text(created_at(fact.row), time.time()),
        )
        return cells[column]

    def _side(self, column: int) -> int:
        side = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
        return int(side | Qt.AlignmentFlag.AlignVCenter)
