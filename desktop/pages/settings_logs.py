"""The logs of the window and of the processes it starts: where they are, and how much is written."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from desktop.bridge.log_level import LEVEL, apply_level, level_of
from desktop.context import Context
from desktop.pages.settings_section import Section
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.setting_row import SettingCard, SettingRow

LEVELS = {"warning": "Warnings and errors", "info": "Normal", "debug": "Everything"}


class LogsSection(Section):
    """Folder and level."""

    key, title, icon = "logs", "Logs", "ph.notebook"
    lead = "Each run keeps its own log in its folder; these are the window's."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        folder = str(context.home.logs)
        self.level = QComboBox()
        self.level.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for name, words in LEVELS.items():
            self.level.addItem(words, name)
        self.level.setCurrentIndex(list(LEVELS).index(level_of(context.settings)))
        self.level.currentIndexChanged.connect(self._choose)
        show = Button("Open log", "ph.notebook")
        show.explain("Open the window's log")
        on_click(show, self._open_log)
        self.add(
            SettingCard(
                SettingRow("Folder", folder, [self.open_button(folder, "the folder of logs"), show]),
                SettingRow("How much is written", "Everything is for finding a fault.", [self.level]),
            )
        )

    def _choose(self, index: int) -> None:
        self.context.settings.set(LEVEL, list(LEVELS)[index])
        apply_level(self.context.settings)

    def _open_log(self) -> None:
        self.open_path(str(self.context.home.logs / "desktop.log"))
