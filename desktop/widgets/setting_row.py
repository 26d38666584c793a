"""One setting: its name and a line of help at the left, what changes it at the right; several of them on a card."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.theme.tokens import SPACE
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import divider, set_role, text_label


class SettingRow(QWidget):
    """Names and explains its controls, which keep their own accessible names or get the row's.

    Args:
        title: what is set.
        help_text: what it means, or what it is now.
        controls: at the right, from left to right.
    """

    def __init__(self, title: str, help_text: str = "", controls: Sequence[QWidget] = ()) -> None:
        super().__init__()
        line = row(SPACE.m)
        line.setContentsMargins(0, SPACE.s, 0, SPACE.s)
        self.setLayout(line)
        words = column(SPACE.xxs)
        self.title = text_label(title)
        words.addWidget(self.title)
        self.help = text_label(help_text, "caption", wrap=True)
        self.help.setVisible(bool(help_text))
        self.help.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        words.addWidget(self.help)
        line.addLayout(words, 1)
        for control in controls:
            if not control.accessibleName():
                control.setAccessibleName(title)
            line.addWidget(control, alignment=Qt.AlignmentFlag.AlignVCenter)

    def say(self, text: str, role: str = "caption") -> None:
        """Show another line of help; an error's role is `error`."""
        self.help.setText(text)
        self.help.setVisible(bool(text))
        set_role(self.help, "role", role)


class SettingCard(Card):
    """Rows with thin lines between them."""

    def __init__(self, *rows: QWidget) -> None:
        super().__init__(spacing=0, margins=(SPACE.l, SPACE.xs, SPACE.l, SPACE.xs))
        for one in rows:
            self.add_row(one)

    def add_row(self, widget: QWidget) -> None:
        if self.body.count():
            self.body.addWidget(divider())
        self.body.addWidget(widget)
