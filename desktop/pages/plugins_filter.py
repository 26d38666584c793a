"""The line above the plugin cards: search, task, framework, tag, state."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from desktop.models.plugin_cards import ALL, PROBLEMS, READY, CardFilter, choices
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE
from desktop.widgets.card import row
from desktop.widgets.segmented import Segmented
from engine.protocol.catalog import PluginEntry

_ANY = {"task": "Any task", "framework": "Any framework", "tag": "Any tag"}
_SEARCH_WIDTH = 260
_SEARCH_LEAST = 180


class PluginFilterLine(QWidget):
    """What the cards must fit."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        line = row(SPACE.s)
        self.setLayout(line)
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
        task, framework, tag = (str(box.currentData() or "") for box in self.boxes.values())
        return CardFilter(self.search.text(), task, framework, tag, self.state.current())

    def clear(self) -> None:
        """Ask for nothing."""
        self.search.clear()
        for box in self.boxes.values():
            box.setCurrentIndex(0)
        self.state.choose(ALL)
        self.changed.emit()

    def offer(self, entries: Sequence[PluginEntry]) -> None:
        """Offer the tasks, frameworks and tags of these plugins; a choice that still exists stays."""
        for box, words, known in zip(self.boxes.values(), _ANY.values(), choices(entries), strict=True):
            chosen = str(box.currentData() or "")
            box.blockSignals(True)
            box.clear()
            box.addItem(words, "")
            for name in known:
                box.addItem(name, name)
            box.setCurrentIndex(max(0, box.findData(chosen)))
            box.blockSignals(False)

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
