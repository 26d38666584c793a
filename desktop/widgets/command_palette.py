"""Ctrl+K: type a few letters of what you want, press Enter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.labels import IconLabel, divider, text_label

MOST_SHOWN = 60
_HEIGHT = 420
_ROW = 40


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that can be done or opened.

    Attributes:
        title: what it is called.
        section: what kind of thing it is: Page, Run, Dataset, Action.
        icon: of the pack.
        act: does it.
        key: its shortcut, for show.
        words: more words by which it is found.
    """

    title: str
    section: str
    icon: str
    act: Callable[[], object]
    key: str = ""
    words: str = ""


class CommandPalette(QFrame):
    """Lies over a window; the list is asked for each time it opens.

    Args:
        window: which it covers.
        commands: gives everything that can be done now.
    """

    def __init__(self, window: QWidget, commands: Callable[[], Sequence[Command]]) -> None:
        super().__init__(window)
        self.setObjectName("palette")
        self.setAccessibleName("Search or run a command")
        self._window = window
        self._commands = commands
        self._found: list[Command] = []
        self._all: list[Command] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.s, SPACE.m, SPACE.s, SPACE.s)
        layout.setSpacing(SPACE.s)
        head = QHBoxLayout()
        head.setContentsMargins(SPACE.s, 0, SPACE.s, 0)
        head.addWidget(IconLabel("ph.magnifying-glass", "text2", SIZE.icon_large))
        self.field = QLineEdit()
        self.field.setProperty("plain", True)
        self.field.setPlaceholderText("Search runs, datasets, pages, actions")
        self.field.setAccessibleName("Search or run a command")
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        head.addWidget(self.field, 1)
        layout.addLayout(head)
        layout.addWidget(divider())
        self.list = QListWidget()
        self.list.setAccessibleName("Results")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.itemClicked.connect(self._clicked)
        layout.addWidget(self.list, 1)
        self._nothing = text_label("Nothing matches.", "muted")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self._nothing)
        self.hide()

    def open(self) -> None:
        """Show it over the window's upper middle."""
        self._all = list(self._commands())
        self.field.clear()
        self._search("")
        width = min(SIZE.palette, self._window.width() - 2 * SPACE.xl)
        height = min(_HEIGHT, self._window.height() - 3 * SIZE.top_bar)
        self.setGeometry((self._window.width() - width) // 2, SIZE.top_bar + SPACE.l, width, height)
        self.show()
        self.raise_()
        self.field.setFocus()

    def close_palette(self) -> None:
        self.hide()
        self._window.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self._move(1 if key == Qt.Key.Key_Down else -1)
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._act(self.list.currentRow())
                return True
            if key == Qt.Key.Key_Escape:
                self.close_palette()
                return True
        if watched is self.field and event.type() == QEvent.Type.FocusOut and not self.underMouse():
            self.hide()
        return super().eventFilter(watched, event)

    def _search(self, text: str) -> None:
        self._found = rank(self._all, text)[:MOST_SHOWN]
        self.list.clear()
        for command in self._found:
            item = QListWidgetItem(self.list)
            item.setSizeHint(QSize(0, _ROW))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{command.title}, {command.section}")
            self.list.setItemWidget(item, _line(command))
        self.list.setCurrentRow(0)
        self.list.setVisible(bool(self._found))
        self._nothing.setVisible(not self._found)

    def _move(self, step: int) -> None:
        if self._found:
            self.list.setCurrentRow((self.list.currentRow() + step) % len(self._found))

    def _clicked(self, item: QListWidgetItem) -> None:
        self._act(self.list.row(item))

    def _act(self, row: int) -> None:
        if 0 <= row < len(self._found):
            chosen = self._found[row]
            self.close_palette()
            chosen.act()


def rank(commands: Sequence[Command], text: str) -> list[Command]:
    """Give the commands that hold every word of `text`, those whose title begins with it first."""
    words = text.lower().split()
    if not words:
        return list(commands)
    scored: list[tuple[int, int, Command]] = []
    for number, command in enumerate(commands):
        title = command.title.lower()
        hay = f"{title} {command.section.lower()} {command.words.lower()}"
        if all(word in hay for word in words):
            first = words[0]
            score = 0 if title.startswith(first) else 1 if f" {first}" in f" {title}" else 2
            scored.append((score, number, command))
    return [command for _, _, command in sorted(scored, key=lambda entry: entry[:2])]


def _line(command: Command) -> QWidget:
    line = QWidget()
    layout = QHBoxLayout(line)
    layout.setContentsMargins(SPACE.s, 0, SPACE.s, 0)
    layout.setSpacing(SPACE.m)
    layout.addWidget(IconLabel(command.icon, "text2", SIZE.icon))
    layout.addWidget(text_label(command.title), 1)
    if command.key:
        key = text_label(command.key)
        key.setProperty("key", True)
        layout.addWidget(key)
    layout.addWidget(text_label(command.section, "caption"))
    line.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    return line
