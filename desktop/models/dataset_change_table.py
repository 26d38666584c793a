"""The images that changed between two versions, as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.models.dataset_versions import KINDS, ChangeLine
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import TYPE

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_HEADS = ("Change", "Image", "What")
_ROLES = {"added": "ok", "removed": "bad"}


class ChangeTable(QAbstractTableModel):
    """One line an image; those of one kind, or all."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: Sequence[ChangeLine] = ()
        self._shown: Sequence[ChangeLine] = ()

    def show_lines(self, lines: Sequence[ChangeLine]) -> None:
        """Show other lines, of all kinds."""
        self.beginResetModel()
        self._all = self._shown = lines
        self.endResetModel()

    def choose(self, kind: str) -> None:
        """Leave lines of one kind; empty leaves all."""
        self.beginResetModel()
        self._shown = [line for line in self._all if line.kind == kind] if kind else self._all
        self.endResetModel()

    def counts(self) -> dict[str, int]:
        """Count the lines of each kind that there is, in the order in which kinds are offered."""
        found = Counter(line.kind for line in self._all)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    def line(self, row: int) -> ChangeLine:
        return self._shown[row]

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(_HEADS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not 0 <= index.row() < len(self._shown):
            return None
        line = self._shown[index.row()]
        words = (KINDS[line.kind], line.path, line.words)[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return words
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{_HEADS[index.column()]}: {words}"
        if role == Qt.ItemDataRole.FontRole:
            return font(TYPE.caption, 600 if index.column() == 0 else 400, tabular=True)
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 0:
            return theme.color(_ROLES.get(line.kind, "text"))
        return None
