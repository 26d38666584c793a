"""Views of which one is shown, chosen by a button above them: the keyboard goes with the view that comes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QStackedWidget


class ViewStack(QStackedWidget):
    """Shows one of its widgets."""

    def turn_to(self, number: int) -> bool:
        """Show the view of this number; say whether the keyboard was in the one that went.

        Who calls it gives the keyboard to the one that came, or Qt would give it to the next button.
        """
        before, focused = self.currentWidget(), QApplication.focusWidget()
        self.setCurrentIndex(number)
        if before is None or before is self.currentWidget() or focused is None:
            return False
        return before.isAncestorOf(focused)

    def focus_current(self) -> None:
        """Give the keyboard to the view that is shown."""
        current = self.currentWidget()
        if current is not None:
            current.setFocus(Qt.FocusReason.OtherFocusReason)
