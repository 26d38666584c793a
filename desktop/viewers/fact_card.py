"""A card with one number: its name, the number, and a line on whether that is good news."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy

from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.card import Card
from desktop.widgets.labels import ElidedLabel, set_role


class FactCard(Card):
    """Shows a value that has a name."""

    def __init__(self) -> None:
        super().__init__(spacing=SPACE.xxs)
        self._title = ElidedLabel("", "caption")
        self._value = ElidedLabel("", "metric")
        self._note = ElidedLabel("", "caption")
        self._value.setFont(font(TYPE.metric, 600, tabular=True))
        self._note.setFont(font(TYPE.caption, 500, tabular=True))
        for label in (self._title, self._value, self._note):
            self.body.addWidget(label)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumWidth(120)

    def say(self, title: str, value: str, note: str = "", *, is_good: bool | None = None) -> None:
        """Show a value.

        Args:
            title: its name.
            value: as it is read.
            note: one line below it.
            is_good: whether the note is good news; None for neither. The note's sign says it too.
        """
        self._title.setText(title)
        self._value.setText(value)
        self._note.setText(note or " ")
        set_role(self._note, "role", {True: "good", False: "error", None: "caption"}[is_good])
        self.setAccessibleName(f"{title}: {value}. {note}".strip())
