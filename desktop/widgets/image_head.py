"""The line above a large image: the way back, its name, which of how many it is, and the ones before and after."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop.theme.fonts import font
from desktop.theme.tokens import TYPE
from desktop.widgets.buttons import button, icon_button, on_click
from desktop.widgets.card import row
from desktop.widgets.labels import ElidedLabel, text_label


class ImageHead(QWidget):
    """Tells when the user wants the next image, or back.

    Args:
        back: the word on the way back.
    """

    closed = Signal()
    stepped = Signal(int)
    """+1 for the next image, -1 for the one before."""

    def __init__(self, back: str) -> None:
        super().__init__()
        line = row()
        self.setLayout(line)
        leave = button(back, "ph.arrow-left", "ghost", "Back to all images  (Esc)")
        on_click(leave, self.closed.emit)
        line.addWidget(leave)
        self.name = ElidedLabel("", "strong", middle=True)
        line.addWidget(self.name, 1)
        self._place = text_label("", "caption")
        self._place.setFont(font(TYPE.caption, tabular=True))
        line.addWidget(self._place)
        self._previous = icon_button("ph.caret-left", "Previous image", "Previous image  (←)")
        self._next = icon_button("ph.caret-right", "Next image", "Next image  (→)")
        on_click(self._previous, self._go_back)
        on_click(self._next, self._go_on)
        line.addWidget(self._previous)
        line.addWidget(self._next)

    def place_text(self) -> str:
        """Which of how many is shown."""
        return self._place.text()

    def show_place(self, name: str, place: tuple[int, int], what: str = "image") -> None:
        """Say which image is shown, and which of how many it is, from 1; `what` the arrows lead to."""
        self.name.setText(name)
        told = f"{place[0]:,} of {place[1]:,}"
        self._place.setText(told if what == "image" else f"{what.capitalize()} {told}")
        for arrow, title, key in ((self._previous, "Previous", "←"), (self._next, "Next", "→")):
            arrow.setAccessibleName(f"{title} {what}")
            arrow.setToolTip(f"{title} {what}  ({key})")
        self._previous.setEnabled(place[0] > 1)
        self._next.setEnabled(place[0] < place[1])

    def _go_on(self) -> None:
        self.stepped.emit(1)

    def _go_back(self) -> None:
        self.stepped.emit(-1)
