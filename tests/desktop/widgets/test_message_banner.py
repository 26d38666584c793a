"""The buttons of a message stand where the words keep their room."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.widgets.message_banner import Banner

WORDS = "Connect its drive, or say where the folder is now."


def test_that_buttons_stand_below_the_words_only_where_there_is_little_room(qtbot: QtBot) -> None:
    banner = Banner("warn", "The images cannot be shown", WORDS)
    qtbot.addWidget(banner)
    first = banner.add_action("Find the folder…", banner.hide)
    banner.add_action("Look again", banner.hide)
    words = next(label for label in banner.findChildren(QLabel) if label.text() == WORDS)
    banner.resize(900, 80)
    banner.show()
    qtbot.waitUntil(lambda: first.x() > words.geometry().right())

    banner.resize(420, 120)
    qtbot.waitUntil(lambda: first.y() >= words.geometry().bottom())
    assert words.width() > 0.8 * 420

    banner.resize(900, 80)
    qtbot.waitUntil(lambda: first.x() > words.geometry().right())
