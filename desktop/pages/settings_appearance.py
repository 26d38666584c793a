"""How the window looks, and with which page it begins."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from desktop.context import Context
from desktop.pages.settings_section import Section
from desktop.theme.theme import Choice, theme
from desktop.widgets.segmented import Segmented
from desktop.widgets.setting_row import SettingCard, SettingRow

THEMES = (("system", "System"), ("dark", "Dark"), ("light", "Light"))
FIRST_PAGES = ("home", "data", "train", "validate", "predict", "export", "jobs")


class AppearanceSection(Section):
    """Theme and first page."""

    key, title, icon = "appearance", "Appearance", "ph.palette"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.themes = Segmented(THEMES, self._theme(), name="Theme")
        self.themes.changed.connect(self._choose_theme)
        self.first_page = QComboBox()
        self.first_page.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for name in FIRST_PAGES:
            self.first_page.addItem(name.capitalize(), name)
        self.first_page.setCurrentIndex(FIRST_PAGES.index(self._first_page()))
        self.first_page.currentIndexChanged.connect(self._choose_first_page)
        self.add(
            SettingCard(
                SettingRow(
                    "Theme", "System follows your desktop. Ctrl+Shift+L goes to the other one.", [self.themes]
                ),
                SettingRow("First page", "What the window shows when it opens.", [self.first_page]),
            )
        )
        context.settings.changed.connect(self._changed)

    def _theme(self) -> str:
        chosen = self.context.settings.get("appearance.theme", "system")
        return chosen if chosen in dict(THEMES) else "system"

    def _first_page(self) -> str:
        chosen = self.context.settings.get("window.first_page", "home")
        return chosen if chosen in FIRST_PAGES else "home"

    def _choose_theme(self, choice: str) -> None:
        self.context.settings.set("appearance.theme", choice)
        theme.choose(cast("Choice", choice))

    def _choose_first_page(self, index: int) -> None:
        self.context.settings.set("window.first_page", FIRST_PAGES[index])

    def _changed(self, name: str) -> None:
        if name == "appearance.theme":  # also by the rail or the palette
            self.themes.choose(self._theme())
