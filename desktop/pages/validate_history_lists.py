"""Lists over all validations on the Validate page: the choice beside the verdicts, and the line that tells of one."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from desktop.models.result_history_lists import TIPS, TITLES, ImageList
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, button, icon_button, on_click
from desktop.widgets.card import row
from desktop.widgets.labels import ElidedLabel, text_label

_NAME = "Over time"
_TIP = "Images by how they fared over all validations: learned late, forgotten, never right, hardest"
_ICON = "ph.clock-counter-clockwise"


class ListButton(Button):
    """Opens a menu of the lists; the one that is shown is ticked."""

    chosen = Signal(str)
    """Key of a list; empty for none of them."""

    def __init__(self) -> None:
        super().__init__(_NAME, _ICON)
        self.explain(_TIP)
        self.setAccessibleName(_NAME)
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self._group = QActionGroup(self)
        self.entries: dict[str, QAction] = {}
        for key, title in (("", "Any time"), *TITLES.items()):
            entry = self._menu.addAction(title)
            entry.setCheckable(True)
            entry.setToolTip(TIPS.get(key, "All images of the validation that is shown"))
            entry.triggered.connect(partial(self._choose, key))
            self._group.addAction(entry)
            self.entries[key] = entry
        self.entries[""].setChecked(True)
        self.setMenu(self._menu)

    def mark(self, key: str) -> None:
        """Tick a list without telling."""
        self.entries[key].setChecked(True)

    def set_narrow(self, narrow: bool) -> None:
        """Show the icon alone, or with its word."""
        self.setText("" if narrow else _NAME)
        self.setAccessibleName(_NAME)

    def _choose(self, key: str, _checked: bool = True) -> None:
        self.chosen.emit(key)


class ListLine(QWidget):
    """Tells which list is shown and what it means; saves it, copies its paths, closes it."""

    closed = Signal()
    save_wanted = Signal()
    copy_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        line = row(SPACE.s)
        line.setContentsMargins(0, 0, SPACE.s, 0)
        self.setLayout(line)
        self.title = text_label("", "strong")
        self.told = ElidedLabel("", "caption")
        self.told.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.copy = icon_button("ph.copy", "Copy the paths", "Copy the paths of the list, one a line")
        self.save = button("CSV…", "ph.export", tip="Save the list as comma separated values")
        self.close_button = icon_button("ph.x", "Close the list", "Show all images again")
        line.addWidget(self.title)
        line.addWidget(self.told, 1)
        for widget in (self.copy, self.save, self.close_button):
            line.addWidget(widget)
        on_click(self.copy, self.copy_wanted.emit)
        on_click(self.save, self.save_wanted.emit)
        on_click(self.close_button, self.closed.emit)
        self.hide()

    def say_reading(self, key: str, validations: int) -> None:
        """A list is being made."""
        self.title.setText(TITLES[key])
        self._tell(f"Reading {validations:,} validations…", "")
        self._offer(False)

    def say_list(self, shown: ImageList, told: str, right: str) -> None:
        """Tell of a list.

        Args:
            shown: it.
            told: over how many validations, and how many of them tell nothing.
            right: when an image counts as right, for the tooltip.
        """
        count = len(shown.images)
        self.title.setText(f"{shown.title} · {count:,} {'image' if count == 1 else 'images'}")
        self._tell(f"{TIPS[shown.key]} {told}", right)
        self._offer(count > 0)

    def say_trouble(self, sentence: str) -> None:
        """No list can be made."""
        self._tell(sentence, "")
        self._offer(False)

    def _tell(self, words: str, more: str) -> None:
        self.told.setText(words)
        self.told.setToolTip(f"{words} {more}".strip())
        self.title.setToolTip(more)
        self.show()

    def _offer(self, has_images: bool) -> None:
        self.copy.setVisible(has_images)
        self.save.setVisible(has_images)
