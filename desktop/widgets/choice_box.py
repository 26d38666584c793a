"""A drop-down list that looks like ours, has a name, and keeps still when the wheel passes over it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QListView, QSizePolicy

_MOST_VISIBLE = 16


class ChoiceBox(QComboBox):
    """One choice out of a list; the wheel changes it only while it has the keyboard.

    Args:
        name: what is chosen, read aloud.
        width: pixels at scale 1; None fits the content.
        narrowest: how far it gives way where there is little room; None stays at `width`.
    """

    def __init__(self, name: str, width: int | None = None, narrowest: int | None = None) -> None:
        super().__init__()
        self.setView(QListView())  # the style sheet reaches its rows
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMaxVisibleItems(_MOST_VISIBLE)
        if width is not None and narrowest is None:
            self.setFixedWidth(width)
        elif width is not None and narrowest is not None:
            self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            self.setMinimumContentsLength(1)
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self.setMinimumWidth(narrowest)
            self.setMaximumWidth(width)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
