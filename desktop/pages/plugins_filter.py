"""The line above the plugin cards: search, task, framework, tag, state."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from desktop.models.plugin_cards import ALL, PROBLEMS, READY, CardFilter, choices, task_title
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE
from desktop.widgets.card import column, row
from desktop.widgets.segmented import Segmented
from engine.protocol.catalog import PluginEntry

_ANY = {"framework": "Any framework", "tag": "Any tag"}
_ALL_TASKS = "All tasks"
_SEARCH_WIDTH = 260
_SEARCH_LEAST = 180


class PluginFilterLine(QWidget):
    """What the cards must fit."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        lines = column(SPACE.s)
        self.setLayout(lines)
        line = row(SPACE.s)
        lines.addLayout(line)
        self._tasks_line = row(SPACE.s)
        self._tasks_line.addStretch(1)
        lines.addLayout(self._tasks_line)
        self.tasks: Segmented | None = None
        self._known_tasks: list[str] = []
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a plugin")
        self.search.setAccessibleName("Find a plugin")
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(_SEARCH_WIDTH)
        self.search.setMinimumWidth(_SEARCH_LEAST)
        self._sign = self.search.addAction(
            theme.icon("ph.magnifying-glass", "text3"), QLineEdit.ActionPosition.LeadingPosition
        )
        self._sign.setText("Find a plugin")
        theme.changed.connect(self._draw)
        self.search.textChanged.connect(self._changed)
        line.addWidget(self.search, 2)
        self.boxes: dict[str, QComboBox] = {}
        for name, words in _ANY.items():
            box = QComboBox()
            box.setAccessibleName(f"Show plugins with this {name}")
            box.addItem(words, "")
            box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            box.installEventFilter(self)
            box.currentIndexChanged.connect(self._changed)
            self.boxes[name] = box
            line.addWidget(box)
        states = [(ALL, "All"), (READY, "Ready"), (PROBLEMS, "Problems")]
        self.state = Segmented(states, ALL, name="State")
        self.state.changed.connect(self._changed)
        line.addWidget(self.state)
        line.addStretch(1)

    def value(self) -> CardFilter:
        """What is asked for."""
        framework, tag = (str(box.currentData() or "") for box in self.boxes.values())
        return CardFilter(self.search.text(), self.task(), framework, tag, self.state.current())

    def task(self) -> str:
        """The task that is asked for; empty for all."""
        return self.tasks.current() if self.tasks is not None else ""

    def clear(self) -> None:
        """Ask for nothing."""
        self.search.clear()
        for box in self.boxes.values():
            box.setCurrentIndex(0)
        self.state.choose(ALL)
        if self.tasks is not None:
            self.tasks.choose("")
        self.changed.emit()

    def offer(self, entries: Sequence[PluginEntry]) -> None:
        """Offer the tasks, frameworks and tags of these plugins; a choice that still exists stays."""
        tasks, *others = choices(entries)
        self._offer_tasks(tasks)
        for box, words, known in zip(self.boxes.values(), _ANY.values(), others, strict=True):
            chosen = str(box.currentData() or "")
            box.blockSignals(True)
            box.clear()
            box.addItem(words, "")
            for name in known:
                box.addItem(name, name)
            box.setCurrentIndex(max(0, box.findData(chosen)))
            box.blockSignals(False)

    def _offer_tasks(self, tasks: list[str]) -> None:
        """Show a chip a task, and one for all."""
        if tasks == self._known_tasks:
            return
        held = self.task()
        if self.tasks is not None:
            self._tasks_line.removeWidget(self.tasks)
            self.tasks.hide()
            self.tasks.deleteLater()
        self._known_tasks = tasks
        chips = [("", _ALL_TASKS), *((task, task_title(task)) for task in tasks)]
        self.tasks = Segmented(chips, held if held in tasks else "", name="Task")
        self.tasks.changed.connect(self._changed)
        self._tasks_line.insertWidget(0, self.tasks)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep a wheel that scrolls the page from changing a box it passes over."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QComboBox) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _changed(self, *_values: object) -> None:
        self.changed.emit()

    def _draw(self) -> None:
        self._sign.setIcon(theme.icon("ph.magnifying-glass", "text3"))
