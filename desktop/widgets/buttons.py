"""Buttons whose icons follow the theme, and whose tooltips name their keys."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QPushButton, QToolButton

from desktop.theme.fonts import weigh
from desktop.theme.theme import theme
from desktop.theme.tokens import SIZE

_ICON_ROLES = {"primary": "on_accent", "danger": "bad", "link": "accent"}


class Button(QPushButton):
    """A push button with an optional icon.

    Args:
        text: what it does, as a verb.
        icon: of the pack, or None.
        kind: primary, danger, ghost, link; None is the plain one.
    """

    def __init__(self, text: str = "", icon: str | None = None, kind: str | None = None) -> None:
        super().__init__(text)
        self._icon_name = icon
        self._kind = kind
        self._key = ""
        self._tip = ""
        if kind is not None:
            self.setProperty("kind", kind)
        weigh(self, 600 if kind == "primary" else 500)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setIconSize(QSize(SIZE.icon, SIZE.icon))
        self._draw()
        theme.changed.connect(self._draw)

    def set_icon(self, icon: str | None) -> None:
        """Show another icon of the pack."""
        self._icon_name = icon
        self._draw()

    def explain(self, tip: str, shortcut: str | None = None) -> None:
        """Say in the tooltip what it does, and by which key."""
        self._tip = tip
        if shortcut is not None:
            self._key = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
            self.setShortcut(QKeySequence(shortcut))
        self.setToolTip(f"{tip}  ({self._key})" if self._key else tip)
        if not self.text():
            self.setAccessibleName(tip)

    def _draw(self) -> None:
        if self._icon_name is not None:
            self.setIcon(theme.icon(self._icon_name, _ICON_ROLES.get(self._kind or "", "text2")))


class IconButton(QToolButton):
    """A small button that is only an icon; its name is read aloud and shown as tooltip."""

    def __init__(self, icon: str, name: str, tip: str = "", role: str = "text2") -> None:
        super().__init__()
        self._icon_name = icon
        self._role = role
        self.setAccessibleName(name)
        self.setToolTip(tip or name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setIconSize(QSize(SIZE.icon, SIZE.icon))
        self._draw()
        theme.changed.connect(self._draw)

    def set_icon(self, icon: str, role: str | None = None) -> None:
        self._icon_name = icon
        self._role = role or self._role
        self._draw()

    def _draw(self) -> None:
        self.setIcon(theme.icon(self._icon_name, self._role))


def button(
    text: str, icon: str | None = None, kind: str | None = None, tip: str = "", shortcut: str | None = None
) -> Button:
    """Make a button; see `Button`. With a shortcut the tooltip names it."""
    made = Button(text, icon, kind)
    if tip or shortcut:
        made.explain(tip or text, shortcut)
    return made


def icon_button(icon: str, name: str, tip: str = "") -> IconButton:
    """Make a button that is only an icon."""
    return IconButton(icon, name, tip)


def on_click(made: Button | IconButton, action: Callable[[], object]) -> None:
    """Connect a click to an action without arguments."""
    made.clicked.connect(lambda _checked=False: action())
