"""Rounded surfaces on which content stands."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.theme.tokens import SPACE


class Card(QFrame):
    """A card; its content goes into `body`.

    Args:
        direction: how the body lays its content out.
        spacing: between the parts.
        margins: left, top, right, bottom.
    """

    clicked = Signal()

    def __init__(
        self,
        direction: Literal["column", "row"] = "column",
        spacing: int = SPACE.s,
        margins: tuple[int, int, int, int] = (SPACE.l, SPACE.m, SPACE.l, SPACE.m),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.body: QBoxLayout = QVBoxLayout(self) if direction == "column" else QHBoxLayout(self)
        self.body.setContentsMargins(*margins)
        self.body.setSpacing(spacing)
        self._is_clickable = False

    def make_clickable(self, name: str) -> None:
        """Let the whole card be clicked, or pressed by Enter and Space."""
        self._is_clickable = True
        self.setProperty("clickable", True)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._is_clickable and event.button() == Qt.MouseButton.LeftButton:
            if self.rect().contains(event.position().toPoint()):
                self.clicked.emit()
            return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._is_clickable and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
            return
        super().keyPressEvent(event)


def row(spacing: int = SPACE.s) -> QHBoxLayout:
    """Make a horizontal layout without margins."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    return layout


def column(spacing: int = SPACE.s) -> QVBoxLayout:
    """Make a vertical layout without margins."""
    layout = QVBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    return layout
