"""Keeps the wheel from changing a control that merely lies under the pointer."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QWidget


class WheelGuard(QObject):
    """Leaves the wheel to what lies behind a control.

    Args:
        control: guarded, and the owner.
        takes_focused: let the wheel change it while it has the keyboard.
    """

    def __init__(self, control: QWidget, *, takes_focused: bool = False) -> None:
        super().__init__(control)
        self._takes_focused = takes_focused
        control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        control.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QWheelEvent) and isinstance(watched, QWidget):
            if self._takes_focused and watched.hasFocus():
                return False
            event.ignore()
            return True
        return super().eventFilter(watched, event)
