"""What every page of the window is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from desktop.context import Context


class Page(QWidget):
    """One page; made when it is first opened.

    Args:
        context: what it works with.
    """

    title = ""
    """Shown in the top bar."""
    crumb_changed = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.context = context
        self._crumb = ""

    @property
    def crumb(self) -> str:
        """What the page shows at the moment: a dataset, a run."""
        return self._crumb

    def set_crumb(self, text: str) -> None:
        """Say in the top bar what the page shows."""
        if text != self._crumb:
            self._crumb = text
            self.crumb_changed.emit(text)

    def open(self, **target: object) -> None:
        """Come to the front, with something to show, such as `run=…`."""

    def undo(self) -> bool:
        """Take the last change back. Gives whether there was one."""
        return False

    def leave(self) -> None:
        """Go to the back: another page is opened."""
