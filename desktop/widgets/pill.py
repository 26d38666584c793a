"""A small coloured word: a state, a count."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy

from desktop.theme.fonts import weigh
from desktop.widgets.labels import set_role


class Pill(QLabel):
    """A word on a soft ground.

    Args:
        text: the word.
        tone: ok, bad, warn, info or muted.
    """

    def __init__(self, text: str = "", tone: str = "muted") -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("pill", tone)
        weigh(self, 600)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def say(self, text: str, tone: str) -> None:
        """Show another word in another tone."""
        self.setText(text)
        set_role(self, "pill", tone)
