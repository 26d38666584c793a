"""A drop-down list that looks like ours, has a name, and keeps still when the wheel passes over it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QListView, QSizePolicy, QStyle, QStyleOptionComboBox, QStylePainter

_MOST_VISIBLE = 16
_WIDEST_LIST = 460
_ROUND_LIST = 10
"""Pixels that the border and the padding of the opened list take beside its scroll bar."""
_BESIDE_ICON, _BESIDE_TEXT = 4, 2
"""Pixels that the style leaves between icon and text, and beside the text."""


class ChoiceBox(QComboBox):
    """One choice out of a list; the wheel changes it only while it has the keyboard.

    Args:
        name: what is chosen, read aloud.
        width: pixels at scale 1; None fits the content.
        narrowest: how far it gives way where there is little room; None stays at `width`.
    """

    def __init__(self, name: str, width: int | None = None, narrowest: int | None = None) -> None:
        super().__init__()
        self.setView(QListView())  # the style sheet reaches its rows
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMaxVisibleItems(_MOST_VISIBLE)
        if width is not None and narrowest is None:
            self.setFixedWidth(width)
        elif width is not None and narrowest is not None:
            self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            self.setMinimumContentsLength(1)
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self.setMinimumWidth(narrowest)
            self.setMaximumWidth(width)

    def shown_text(self) -> str:
        """Give the words of the choice that holds as they fit, with … where they do not."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        icon = 0 if self.itemIcon(self.currentIndex()).isNull() else self.iconSize().width() + _BESIDE_ICON
        room = field.width() - icon - _BESIDE_TEXT
        return self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room)

    def showPopup(self) -> None:
        """Open the list, with room for its longest words."""
        view = self.view()
        needed = view.sizeHintForColumn(0) + view.verticalScrollBar().sizeHint().width() + _ROUND_LIST
        view.setMinimumWidth(min(_WIDEST_LIST, needed))
        super().showPopup()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.currentIndex() < 0:
            super().paintEvent(event)  # the placeholder
            return
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        option.currentText = self.shown_text()
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
