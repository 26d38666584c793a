"""A message inside a page: what happened, why, what to do, and buttons that do it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QSizePolicy

from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import Button, IconButton, on_click
from desktop.widgets.card import column, row
from desktop.widgets.labels import IconLabel, set_role, text_label

_ICONS = {
    "bad": ("ph.warning-circle", "bad"),
    "warn": ("ph.warning", "warn"),
    "ok": ("ph.check-circle", "ok"),
    "info": ("ph.info", "accent"),
}
_MOST_BESIDE = 2
_MOST_SHARE = 0.4
"""Of the width, for buttons beside the words."""


class Banner(QFrame):
    """Stands where its cause is; stays until it is dismissed or the cause is gone.

    Args:
        tone: bad, warn, ok or info.
        title: what happened.
        text: why, and what to do next.
    """

    def __init__(self, tone: str = "info", title: str = "", text: str = "") -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE.m, SPACE.s + SPACE.xxs, SPACE.s, SPACE.s + SPACE.xxs)
        layout.setSpacing(SPACE.m)
        self._icon = IconLabel("ph.info", "accent", SIZE.icon_large)
        layout.addWidget(self._icon, alignment=Qt.AlignmentFlag.AlignTop)
        self._words = column(SPACE.xxs)
        self._title = text_label("", "strong", wrap=True)
        self._text = text_label("", "muted", wrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words.addWidget(self._title)
        self._words.addWidget(self._text)
        layout.addLayout(self._words, 1)
        self._actions = row()
        layout.addLayout(self._actions)
        self._row = layout
        self._is_below = False
        self._close = IconButton("ph.x", "Close this message")
        on_click(self._close, self.hide)
        self._close.hide()
        layout.addWidget(self._close, alignment=Qt.AlignmentFlag.AlignTop)
        self._details: QPlainTextEdit | None = None
        self.say(tone, title, text)

    def say(self, tone: str, title: str, text: str = "") -> None:
        """Show another message."""
        set_role(self, "banner", tone)
        self._icon.show_icon(*_ICONS[tone])
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)

    def clear_actions(self) -> None:
        """Take all buttons away."""
        while (item := self._actions.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()

    def add_action(self, text: str, action: Callable[[], object], kind: str | None = None) -> Button:
        """Add a button."""
        made = Button(text, kind=kind)
        on_click(made, action)
        self._actions.addWidget(made)
        self._place_actions()
        return made

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_actions()

    def _place_actions(self) -> None:
        """One or two buttons stand beside the words; where they would take their room, they stand below."""
        needed = self._actions.sizeHint().width()
        below = self._actions.count() > _MOST_BESIDE or needed > self.width() * _MOST_SHARE
        if below != self._is_below:
            self._is_below = below
            if below:
                self._row.removeItem(self._actions)
                self._words.addLayout(self._actions)
            else:
                self._words.removeItem(self._actions)
                self._row.insertLayout(2, self._actions)
            self._actions.setContentsMargins(0, SPACE.xs if below else 0, 0, 0)
        self._actions.setAlignment(Qt.AlignmentFlag.AlignLeft if below else Qt.AlignmentFlag.AlignRight)

    def allow_closing(self) -> None:
        self._close.show()

    def offer_details(self, details: str) -> None:
        """Add a button that copies the details (a traceback, a log's end)."""
        self.add_action("Copy details", lambda: QGuiApplication.clipboard().setText(details), "ghost")
