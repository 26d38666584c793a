"""The Machines part of the settings with a stand-in for the engine, and what a person does with it."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.settings_machines import MachinesSection
from desktop.pages.settings_machines_card import MachineCard
from desktop.pages.settings_machines_sheet import MachineSheet

WAIT_MS = 30_000


def open_section(context: Context, qtbot: QtBot) -> MachinesSection:
    """Show the section, with the list read."""
    section = MachinesSection(context)
    qtbot.addWidget(section)
    section.show()
    context.hosts.refresh()
    qtbot.waitUntil(lambda: context.hosts.is_loaded, timeout=WAIT_MS)
    return section


def open_sheet(section: MachinesSection) -> MachineSheet:
    """Give the sheet that is open over the section."""
    sheets = [
        sheet
        for sheet in QApplication.topLevelWidgets()
        if isinstance(sheet, MachineSheet) and sheet.isVisible() and sheet.parentWidget() is section.window()
    ]
    assert len(sheets) == 1
    return sheets[0]


def no_sheet(section: MachinesSection) -> bool:
    return not any(sheet.isVisible() for sheet in section.window().findChildren(MachineSheet))


def shown(widget: QWidget) -> str:
    """All texts that can be read on a widget."""
    labels = widget.findChildren(QLabel)
    return "\n".join(label.text() for label in labels if label.isVisibleTo(widget))


def act(card: MachineCard, text: str) -> None:
    """Choose something from a card's menu."""
    menu = card.menu()
    found = [action for action in menu.actions() if action.text() == text]
    assert len(found) == 1, f"no {text!r} in the menu"
    found[0].trigger()
