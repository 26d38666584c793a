"""A few exclusive choices side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton

from desktop.theme.fonts import weigh
from desktop.theme.tokens import SPACE


class Segmented(QFrame):
    """Choices of which one holds; the arrow keys move between them.

    Args:
        choices: key and text of each.
        current: key of the one that holds; the first by default.
        name: what is chosen, read aloud.
    """

    changed = Signal(str)

    def __init__(
        self, choices: Sequence[tuple[str, str]], current: str | None = None, name: str = ""
    ) -> None:
        super().__init__()
        self.setObjectName("segments")
        self.setAccessibleName(name)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE.xxs, SPACE.xxs, SPACE.xxs, SPACE.xxs)
        layout.setSpacing(SPACE.xxs)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        for key, text in choices:
            made = QPushButton(text)
            made.setCheckable(True)
            made.setProperty("segment", True)
            weigh(made, 500)
            made.setProperty("key", key)
            made.setAccessibleName(f"{name}: {text}" if name else text)
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            made.setCursor(Qt.CursorShape.PointingHandCursor)
            self._group.addButton(made)
            layout.addWidget(made, 1)
            self._buttons[key] = made
        first = current if current in self._buttons else next(iter(self._buttons), None)
        if first is not None:
            self._buttons[first].setChecked(True)
        self._group.buttonClicked.connect(self._clicked)

    def current(self) -> str:
        checked = self._group.checkedButton()
        return str(checked.property("key")) if checked is not None else ""

    def offer(self, key: str, is_offered: bool) -> None:
        """Offer a choice, or not at present."""
        self._buttons[key].setVisible(is_offered)

    def is_offered(self, key: str) -> bool:
        return not self._buttons[key].isHidden()

    def explain(self, tips: Mapping[str, str]) -> None:
        """Give choices tooltips, by key."""
        for key, tip in tips.items():
            self._buttons[key].setToolTip(tip)

    def choose(self, key: str) -> None:
        """Hold another choice, without telling; an unknown key clears it."""
        if key in self._buttons:
            self._buttons[key].setChecked(True)
            return
        self._group.setExclusive(False)
        for made in self._buttons.values():
            made.setChecked(False)
        self._group.setExclusive(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        keys = [key for key in self._buttons if self.is_offered(key)]
        if step is None or not keys:
            super().keyPressEvent(event)
            return
        at = keys.index(self.current()) if self.current() in keys else 0
        chosen = self._buttons[keys[(at + step) % len(keys)]]
        chosen.setFocus(Qt.FocusReason.TabFocusReason)
        chosen.click()

    def _clicked(self, pressed: QPushButton) -> None:
        self.changed.emit(str(pressed.property("key")))
