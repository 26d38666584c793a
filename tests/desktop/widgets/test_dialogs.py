"""Sheets begin where Enter acts."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from desktop.widgets.dialogs import Sheet


def opened(qtbot: QtBot, sheet: Sheet) -> Sheet:
    qtbot.addWidget(sheet)
    with qtbot.waitActive(sheet):
        sheet.show()
        sheet.activateWindow()
    return sheet


def test_that_a_sheet_begins_at_the_button_that_enter_presses(qtbot: QtBot) -> None:
    sheet = Sheet(None, "Evaluate")
    sheet.add_button("Cancel")
    start = sheet.add_button("Evaluate", "primary")

    opened(qtbot, sheet)

    qtbot.waitUntil(lambda: sheet.focusWidget() is start)


def test_that_a_sheet_begins_at_the_field_that_was_given_the_keyboard(qtbot: QtBot) -> None:
    sheet = Sheet(None, "Register")
    name = QLineEdit()
    sheet.body.addWidget(name)
    name.setFocus()
    sheet.add_button("Register", "primary")

    opened(qtbot, sheet)

    assert sheet.focusWidget() is name


def test_that_a_button_that_is_off_for_a_while_gets_the_keyboard_back(qtbot: QtBot) -> None:
    sheet = Sheet(None, "Evaluate")
    sheet.add_button("Cancel")
    start = sheet.add_button("Evaluate", "primary")
    opened(qtbot, sheet)

    start.setEnabled(False)
    assert sheet.focusWidget() is sheet, "not the button that closes it"

    start.setEnabled(True)
    assert sheet.focusWidget() is start


def test_that_it_gets_the_keyboard_back_where_another_field_went_meanwhile(qtbot: QtBot) -> None:
    sheet = Sheet(None, "Evaluate")
    start = sheet.add_button("Evaluate", "primary")
    opened(qtbot, sheet)
    other = QLineEdit()
    sheet.body.addWidget(other)
    other.show()
    start.setEnabled(False)
    other.setFocus()
    other.hide()

    start.setEnabled(True)

    assert sheet.focusWidget() is start
