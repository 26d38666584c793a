"""Which Lensmith this is, what it is made of, and the licences of that."""

from __future__ import annotations

import importlib.metadata
import platform

from PySide6.QtCore import qVersion
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit, QWidget

from desktop.context import Context
from desktop.models.licences import FONTS, OWN_LICENCE, PARTS, Part
from desktop.pages.settings_section import Section
from desktop.theme.fonts import font, licence_text
from desktop.theme.tokens import SIZE, SPACE, TYPE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import Card
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import text_label
from desktop.widgets.setting_row import SettingCard, SettingRow

_ELSEWHERE = "not in the window's Python"


class AboutSection(Section):
    """Version and licences."""

    key, title, icon = "about", "About", "ph.info"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        version = f"Version {version_of('lensmith')}, {OWN_LICENCE}."
        about = (
            f"Qt {qVersion()}, Python {platform.python_version()}, {platform.system()} {platform.release()}."
        )
        self.add(SettingCard(SettingRow("Lensmith", version), SettingRow("Runs on", about)))
        rows = [self._font_row(name, package) for name, package in FONTS.items()]
        self.add(SettingCard(*rows))
        self.add(_parts_card())

    def _font_row(self, name: str, package: str) -> SettingRow:
        made = Button("Show licence")
        made.setAccessibleName(f"Show the licence of {name}")
        on_click(made, lambda: self._show_licence(name, package))
        return SettingRow(name, "SIL Open Font License 1.1", [made])

    def _show_licence(self, name: str, package: str) -> None:
        sheet = LicenceSheet(self.window(), name, licence_text(package))
        sheet.exec()
        sheet.deleteLater()


class LicenceSheet(Sheet):
    """The whole text of a licence."""

    def __init__(self, parent: QWidget | None, name: str, text: str) -> None:
        super().__init__(parent, f"Licence of {name}")
        self.text = QPlainTextEdit()
        self.text.setObjectName("log")
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(f"Licence of {name}")
        self.text.setMinimumHeight(SIZE.dialog)
        self.text.setPlainText(
            text or "The package of this font is not installed, so its licence is not here."
        )
        self.body.addWidget(self.text)
        self.add_button("Close", "primary").clicked.connect(self.accept)


def version_of(package: str) -> str:
    """The installed version of a distribution; empty where it is not installed."""
    try:
        return importlib.metadata.version(package) if package else ""
    except importlib.metadata.PackageNotFoundError:
        return ""


def _parts_card() -> Card:
    card = Card()
    grid = QGridLayout()
    grid.setHorizontalSpacing(SPACE.l)
    grid.setVerticalSpacing(SPACE.s)
    for column, heading in enumerate(("Made with", "Version", "Licence", "For")):
        grid.addWidget(text_label(heading, "overline"), 0, column)
    for line, part in enumerate(PARTS, start=1):
        grid.addWidget(text_label(part.name), line, 0)
        version = text_label(_shown_version(part), "caption")
        version.setFont(font(TYPE.caption, tabular=True))
        grid.addWidget(version, line, 1)
        grid.addWidget(text_label(part.licence, "caption"), line, 2)
        grid.addWidget(text_label(part.purpose, "caption"), line, 3)
    grid.setColumnStretch(3, 1)
    card.body.addLayout(grid)
    return card


def _shown_version(part: Part) -> str:
    return version_of(part.package) or (_ELSEWHERE if part.package else "–")
