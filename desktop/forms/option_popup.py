"""A list of options to choose from, with a line to search it; for one option or several."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListView, QVBoxLayout, QWidget

from desktop.forms.field_help import plain_tooltip
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.labels import text_label

_LIST_ROWS = 9
_Index = QModelIndex | QPersistentModelIndex


class OptionModel(QAbstractListModel):
    """Options that a search narrows down; checkable when several may be chosen."""

    toggled = Signal()
    """The user checked or unchecked an option."""

    def __init__(
        self, options: Sequence[str], parent: QObject | None = None, *, checkable: bool = False
    ) -> None:
        super().__init__(parent)
        self._options = list(options)
        self._shown = list(options)
        self._checked: set[str] = set()
        self._checkable = checkable

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008  # Qt's own signature
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        option = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return option
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(option)
        if role == Qt.ItemDataRole.CheckStateRole and self._checkable:
            return Qt.CheckState.Checked if option in self._checked else Qt.CheckState.Unchecked
        return None

    def flags(self, _index: _Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsUserCheckable if self._checkable else flags

    def setData(self, index: _Index, _value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        self.toggle(index.row())
        return True

    def search(self, text: str) -> None:
        """Show the options that hold every word; those that begin with the first come first."""
        words = text.lower().split()
        found = [option for option in self._options if all(word in option.lower() for word in words)]
        if words:
            found.sort(key=lambda option: not option.lower().startswith(words[0]))
        self.beginResetModel()
        self._shown = found
        self.endResetModel()

    def option(self, row: int) -> str | None:
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def row_of(self, option: str) -> int:
        """Give where an option stands now, -1 when the search hides it."""
        return self._shown.index(option) if option in self._shown else -1

    def check(self, options: Sequence[str]) -> None:
        """Check exactly these."""
        self._checked = set(options)
        if self._shown:
            self.dataChanged.emit(self.index(0), self.index(len(self._shown) - 1))

    def checked(self) -> list[str]:
        """Give what is checked, in the order of the options."""
        return [option for option in self._options if option in self._checked]

    def toggle(self, row: int) -> None:
        """Turn an option's check as the user does."""
        option = self.option(row)
        if option is None:
            return
        self._checked ^= {option}
        self.dataChanged.emit(self.index(row), self.index(row))
        self.toggled.emit()


class OptionPopup(QFrame):
    """Opens below an editor. Typing searches, arrows move, Enter chooses (or checks), Esc closes.

    Args:
        options: what there is.
        several: whether more than one may be checked; then it stays open.
        name: of the setting, read aloud.
    """

    chosen = Signal(str)
    """An option, when one only is chosen."""
    checked = Signal(list)
    """All checked options, in their order, when several may be."""

    def __init__(self, options: Sequence[str], *, several: bool = False, name: str = "") -> None:
        super().__init__(None, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("palette")
        self._several = several
        self._total = len(options)
        self.model = OptionModel(options, self, checkable=several)
        self.model.toggled.connect(self._toggled)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.s, SPACE.s, SPACE.s, SPACE.xs)
        layout.setSpacing(SPACE.xs)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName(f"Search {name}".strip())
        self.search.textChanged.connect(self._searched)
        self.search.installEventFilter(self)
        layout.addWidget(self.search)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName(name or "Options")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.clicked.connect(self._clicked)
        layout.addWidget(self.list, 1)
        self._found = text_label("", "caption")
        layout.addWidget(self._found)
        self._tell_found()

    def open_below(self, editor: QWidget, current: str = "") -> None:
        """Show it under an editor, or above where there is no room; with an option marked."""
        self.search.clear()
        row = max(0, self.model.row_of(current))
        self._mark(row)
        self._tell_found()
        self.setGeometry(_place(editor, self._total))
        self.show()
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._pressed(event)
        return super().eventFilter(watched, event)

    def _pressed(self, event: QKeyEvent) -> bool:
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: _LIST_ROWS,
            Qt.Key.Key_PageUp: -_LIST_ROWS,
        }
        key = Qt.Key(event.key())
        row = self.list.currentIndex().row()
        if key in steps:
            self._mark(min(max(0, row + steps[key]), self.model.rowCount() - 1))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) or (key == Qt.Key.Key_Tab and not self._several):
            self._choose(row)
        elif key == Qt.Key.Key_Space and self._several and not self.search.text():
            self.model.toggle(row)
        elif key in (Qt.Key.Key_Escape, Qt.Key.Key_Tab):
            self.close()
        else:
            return False
        return True

    def _choose(self, row: int) -> None:
        if self._several:
            self.model.toggle(row)
            return
        option = self.model.option(row)
        self.close()
        if option is not None:
            self.chosen.emit(option)

    def _clicked(self, index: QModelIndex) -> None:
        # A click on the check itself has already turned it: the view did so through setData.
        if not self._several:
            self._choose(index.row())

    def _toggled(self) -> None:
        self.checked.emit(self.model.checked())
        self._tell_found()

    def _searched(self, text: str) -> None:
        self.model.search(text)
        self._mark(0)
        self._tell_found()

    def _mark(self, row: int) -> None:
        index = self.model.index(row)
        if index.isValid():
            self.list.setCurrentIndex(index)
            self.list.scrollTo(index)

    def _tell_found(self) -> None:
        shown = self.model.rowCount()
        words = "Nothing matches." if not shown else f"{shown:,} of {self._total:,}"
        if self._several:
            words += f" · {len(self.model.checked())} chosen"
        self._found.setText(words)


def _place(editor: QWidget, options: int) -> QRect:
    """Where a popup of that many options goes: under the editor, inside the screen."""
    width = max(editor.width(), SIZE.toast - SPACE.xxl)
    rows = min(options, _LIST_ROWS)
    height = (rows + 1) * (SIZE.control + SPACE.xxs) + SPACE.xxl
    below = editor.mapToGlobal(QPoint(editor.width() - width, editor.height() + SPACE.xs))
    screen = QGuiApplication.screenAt(below) or editor.screen()
    room = screen.availableGeometry()
    left = min(max(below.x(), room.left()), room.right() - width)
    top = below.y()
    if top + height > room.bottom():
        top = max(room.top(), editor.mapToGlobal(QPoint(0, 0)).y() - height - SPACE.xs)
    return QRect(left, top, width, height)
