"""No key means two things at once: Qt would then do neither."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.main_window import MainWindow
from engine.protocol.home import Home
from tests.desktop.measured_runs import measured_run
from tests.desktop.window_tour import go_round, tour_window


def keys_of(window: MainWindow) -> dict[str, list[str]]:
    """Who answers to a key now, by the key."""
    found: dict[str, list[str]] = defaultdict(list)
    for shortcut in window.findChildren(QShortcut):
        owner = shortcut.parent()
        if shortcut.isEnabled() and isinstance(owner, QWidget) and owner.isVisible():
            pressed = shortcut.keys()
            for key in pressed:
                found[key.toString()].append(f"shortcut of {type(owner).__name__}")
    for button in window.findChildren(QAbstractButton):
        if button.isVisible() and button.isEnabled() and not button.shortcut().isEmpty():
            found[button.shortcut().toString()].append(f"button {button.text() or button.accessibleName()}")
    for widget in (window, *window.findChildren(QWidget)):
        if widget.isVisible():
            for action in widget.actions():
                if action.isEnabled() and action.isVisible() and not action.shortcut().isEmpty():
                    found[action.shortcut().toString()].append(f"{action.text()} of {type(widget).__name__}")
    return found


@pytest.mark.slow
def test_that_no_key_has_two_meanings_on_any_page(qtbot: QtBot, lensmith_home: Path, tmp_path: Path) -> None:
    run = measured_run(Home(lensmith_home).ensure(), tmp_path)
    twice: list[str] = []

    with tour_window(qtbot, run) as window:
        for place in go_round(qtbot, window, run):
            keys = keys_of(window)
            assert {"Ctrl+K", "Ctrl+1"} <= set(keys)
            twice += [f"{place}: {key}: {owners}" for key, owners in keys.items() if len(owners) > 1]

    assert not twice, "\n".join(twice)


def test_that_a_second_meaning_would_be_found(qtbot: QtBot, lensmith_home: Path) -> None:
    context = Context(Home(lensmith_home).ensure())
    window = MainWindow(context)
    qtbot.addWidget(window)
    window.go("home")
    window.show()
    assert [key for key, owners in keys_of(window).items() if len(owners) > 1] == []
    QShortcut(QKeySequence("Ctrl+K"), window.pages.page("home"))
    assert sorted(keys_of(window)["Ctrl+K"]) == ["shortcut of HomePage", "shortcut of MainWindow"]
    context.close()
