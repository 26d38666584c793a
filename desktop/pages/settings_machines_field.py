"""A field of a sheet: its name above it, and below it a line of help that turns into what is wrong."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button
from desktop.widgets.card import column, row
from desktop.widgets.labels import set_role, text_label


class LabelledField(QWidget):
    """Names its control; a complaint stands in the place of the help until it is taken back.

    Args:
        title: what is entered.
        control: where.
        help_text: what it means.
        beside: a button at its right.
    """

    def __init__(
        self, title: str, control: QWidget, help_text: str = "", beside: Button | None = None
    ) -> None:
        super().__init__()
        self.control = control
        self._title = title
        self._help = help_text
        layout = column(SPACE.xs)
        self.setLayout(layout)
        name = text_label(title, "muted")
        name.setBuddy(control)
        layout.addWidget(name)
        self.line: QHBoxLayout = row(SPACE.s)
        self.line.addWidget(control, 1)
        if beside is not None:
            self.line.addWidget(beside)
        layout.addLayout(self.line)
        self.note = text_label("", "caption", wrap=True)
        layout.addWidget(self.note)
        layout.addStretch(1)
        if not control.accessibleName():
            control.setAccessibleName(title)
        self.take_back()

    @property
    def complaint(self) -> str:
        """What is wrong; empty when nothing is."""
        return self.note.text() if self.note.property("role") == "error" else ""

    def complain(self, text: str) -> None:
        """Say what is wrong."""
        self._say(text, "error")
        set_role(self.control, "invalid", True)
        self.control.setAccessibleDescription(text)

    def take_back(self) -> None:
        """Show the help again."""
        self._say(self._help, "caption")
        if self.control.property("invalid"):
            set_role(self.control, "invalid", False)
        self.control.setAccessibleDescription(self._help)

    def _say(self, text: str, role: str) -> None:
        self.note.setText(text)
        self.note.setVisible(bool(text))
        set_role(self.note, "role", role)


def text_line(placeholder: str = "", longest: int = 0) -> QLineEdit:
    """Make a line for text.

    Args:
        placeholder: an example.
        longest: most characters; 0 for any number.
    """
    line = QLineEdit()
    line.setPlaceholderText(placeholder)
    if longest:
        line.setMaxLength(longest)
    return line
