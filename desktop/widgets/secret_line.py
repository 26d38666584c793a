"""A line for an address that may hold a secret: once entered, only a masked form of it is shown."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit


class SecretLine(QLineEdit):
    """Keeps a value and shows it masked; to change it, it is written again as a whole.

    Args:
        name: what is entered, read aloud.
        mask: gives the form that may be seen.
    """

    entered = Signal(str)
    """A new value, after Enter or when the line loses the focus; empty when it was cleared."""

    def __init__(self, name: str, mask: Callable[[str], str]) -> None:
        super().__init__()
        self._mask = mask
        self._value = ""
        self.setAccessibleName(name)
        self.editingFinished.connect(self._finish)

    @property
    def value(self) -> str:
        """The whole value as it was last shown or entered."""
        return self._value

    def show_value(self, value: str) -> None:
        """Show a value, masked; tells nothing."""
        self._value = value
        self.setText(self._mask(value))
        self.setCursorPosition(0)

    def _finish(self) -> None:
        text = self.text().strip()
        if text == self._mask(self._value):
            return
        self.entered.emit(text)
