"""The line above the history: search, and filters by what occurs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from desktop.models.place_words import place_label
from desktop.models.run_table_entry import RunFilter
from desktop.models.run_table_text import KIND_NOUNS
from desktop.models.run_words import STATE_WORDS, plural
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.labels import text_label

_SEARCH_WIDTH = 240
_CHOICE_WIDTH = 132
_WAIT_MS = 120
"""After the last key, before thousands of runs are searched."""
_ALL = {
    "state": "All states",
    "kind": "All kinds",
    "dataset": "All datasets",
    "plugin": "All plugins",
    "machine": "All machines",
}


class SearchField(QLineEdit):
    """A search field; Esc empties it."""

    def __init__(self, hint: str, name: str) -> None:
        super().__init__()
        self.setPlaceholderText(hint)
        self.setAccessibleName(name)
        self.setClearButtonEnabled(True)
        self._icon = self.addAction(
            theme.icon("ph.magnifying-glass"), QLineEdit.ActionPosition.LeadingPosition
        )
        self._icon.setText(name)
        theme.changed.connect(self._draw)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape and self.text():
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()  # else the window's own Esc takes it
                return True
            if event.type() == QEvent.Type.KeyPress:
                self.clear()
                return True
        return super().event(event)

    def _draw(self) -> None:
        self._icon.setIcon(theme.icon("ph.magnifying-glass"))


class FilterBar(QWidget):
    """What the history is narrowed down by. A choice that would have one value only is absent."""

    changed = Signal(object)
    """The new `RunFilter`."""

    def __init__(self) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        self.search = SearchField("Find a run", "Find a run")
        self.search.setFixedWidth(_SEARCH_WIDTH)
        self.search.textChanged.connect(self._wait)
        layout.addWidget(self.search)
        self._boxes: dict[str, ChoiceBox] = {}
        for key, every in _ALL.items():
            box = ChoiceBox(f"Filter by {key}")
            box.setMinimumWidth(_CHOICE_WIDTH)
            box.addItem(every, "")
            box.setVisible(False)
            box.activated.connect(self._tell)
            self._boxes[key] = box
            layout.addWidget(box)
        layout.addStretch(1)
        self._count = text_label("", "caption")
        layout.addWidget(self._count)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self._tell)

    def offer(self, choices: Mapping[str, Sequence[str]]) -> None:
        """Offer what occurs; what is chosen stays chosen, and is dropped when it no longer occurs."""
        dropped = False
        for key, box in self._boxes.items():
            values = list(choices.get(key, ()))
            box.setVisible(len(values) > 1)
            if values == [box.itemData(number) for number in range(1, box.count())]:
                continue
            chosen = box.currentData()
            box.clear()
            box.addItem(_ALL[key], "")
            for value in values:
                box.addItem(_word(key, value), value)
            at = box.findData(chosen)
            dropped |= bool(chosen) and at < 0
            box.setCurrentIndex(max(0, at))
        if dropped:
            self._tell()

    def wanted(self) -> RunFilter:
        chosen = {key: str(box.currentData() or "") for key, box in self._boxes.items()}
        return RunFilter(self.search.text().strip(), **chosen)

    def say_count(self, shown: int, everything: int) -> None:
        """Say how many lines are on show."""
        self._count.setText(
            f"{shown:,} of {everything:,}" if shown != everything else plural(everything, "run")
        )

    def tab_stops(self) -> list[QWidget]:
        """Give what the Tab key visits, in the order of the eye."""
        return [self.search, *self._boxes.values()]

    def clear(self) -> None:
        """Want all again."""
        for box in self._boxes.values():
            box.setCurrentIndex(0)
        self.search.clear()
        self._tell()

    def choose(self, key: str, value: str) -> None:
        """Narrow down by one value."""
        box = self._boxes[key]
        box.setCurrentIndex(max(0, box.findData(value)))
        self._tell()

    def _wait(self) -> None:
        self._timer.start()

    def _tell(self) -> None:
        self._timer.stop()
        self.changed.emit(self.wanted())


def _word(key: str, value: str) -> str:
    if key == "state":
        return {str(state): word for state, (word, _) in STATE_WORDS.items()}.get(value, value)
    if key == "machine":
        return place_label(value)
    return KIND_NOUNS.get(value, value) if key == "kind" else value
