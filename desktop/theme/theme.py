"""The present theme: follows the system or the user's choice, colours the application, tells who paints by hand."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal, cast

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from desktop.theme.icons import draw_icon
from desktop.theme.style_sheet import style_sheet
from desktop.theme.tokens import DARK, LIGHT, Tokens

Choice = Literal["system", "dark", "light"]
_TRANSLUCENT = 0.999


class Theme(QObject):
    """The one object that knows the colours in use."""

    changed = Signal()
    """Connect bound methods only: a lambda would keep its widget alive."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens: Tokens = DARK
        self.choice: Choice = "system"
        self._is_styled = False
        self._is_following = False
        self._pictures: tempfile.TemporaryDirectory[str] | None = None

    @property
    def is_dark(self) -> bool:
        return self.tokens.name == "dark"

    def color(self, role: str, alpha: float | None = None) -> QColor:
        """Give the colour of a role; with `alpha` (0 to 1) translucent."""
        found = QColor(getattr(self.tokens, role))
        if alpha is not None and alpha < _TRANSLUCENT:
            found.setAlphaF(alpha)
        return found

    def icon(self, name: str, role: str = "text2") -> QIcon:
        """Give an icon of the pack in a colour of the theme. Ask again after `changed`."""
        return draw_icon(name, self.tokens, role)

    def choose(self, choice: Choice) -> None:
        """Follow the system, or keep to one theme."""
        self.choice = choice
        hints = QGuiApplication.styleHints()
        if not self._is_following:
            hints.colorSchemeChanged.connect(self._follow)
            self._is_following = True
        if choice == "system":
            hints.unsetColorScheme()
        else:
            hints.setColorScheme(Qt.ColorScheme.Dark if choice == "dark" else Qt.ColorScheme.Light)
        self._apply(self._wanted())

    def toggle(self) -> Choice:
        """Go to the other theme and stay there. Gives which that is."""
        self.choose("light" if self.is_dark else "dark")
        return self.choice

    def _follow(self) -> None:
        if self.choice == "system":
            self._apply(self._wanted())

    def _wanted(self) -> Tokens:
        if self.choice != "system":
            return DARK if self.choice == "dark" else LIGHT
        # A system that does not say (many X11 desktops) gets the dark one, for which images look best.
        return LIGHT if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light else DARK

    def _apply(self, tokens: Tokens) -> None:
        application = cast("QApplication", QApplication.instance())
        if self._is_styled and tokens is self.tokens:
            return
        self.tokens = tokens
        if not self._is_styled:
            application.setStyle("Fusion")
            self._is_styled = True
        else:
            application.setStyleSheet("")  # polishing once instead of twice
        application.setPalette(_palette(tokens))
        application.setStyleSheet(style_sheet(tokens, self._folder()))
        self.changed.emit()

    def _folder(self) -> Path:
        if self._pictures is None:
            self._pictures = tempfile.TemporaryDirectory(prefix="lensmith-theme-")
        return Path(self._pictures.name)


def _palette(t: Tokens) -> QPalette:
    role = QPalette.ColorRole
    colors = {
        role.Window: t.bg,
        role.WindowText: t.text,
        role.Base: t.field,
        role.AlternateBase: t.card,
        role.Text: t.text,
        role.Button: t.card,
        role.ButtonText: t.text,
        role.ToolTipBase: t.card,
        role.ToolTipText: t.text,
        role.Highlight: t.accent_fill,
        role.HighlightedText: t.on_accent,
        role.Link: t.accent,
        role.PlaceholderText: t.text3,
        role.Mid: t.line,
        role.Midlight: t.line,
        role.Dark: t.line_strong,
        role.Light: t.hover,
        role.Shadow: t.shadow,
        role.BrightText: t.bad,
        role.Accent: t.accent_fill,
    }
    palette = QPalette()
    for which, value in colors.items():
        palette.setColor(which, QColor(value))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(t.text3))
    return palette


theme = Theme()
"""The application's theme."""
