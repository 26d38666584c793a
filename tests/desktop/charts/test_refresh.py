"""The one clock of all charts."""

from __future__ import annotations

import shiboken6
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.charts.refresh import Refresh


class Picture(QWidget):
    """Counts how often it is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn = 0

    def redraw(self) -> None:
        self.drawn += 1


def test_that_only_what_can_be_seen_is_drawn_and_only_once_for_many_changes(qtbot: QtBot) -> None:
    seen, hidden, refresh = Picture(), Picture(), Refresh()
    qtbot.addWidget(seen)
    qtbot.addWidget(hidden)
    seen.show()
    for _ in range(5):
        refresh.ask(seen)
        refresh.ask(hidden)
    qtbot.waitUntil(lambda: seen.drawn > 0)
    assert (seen.drawn, hidden.drawn) == (1, 0)


def test_that_a_widget_which_is_gone_does_not_stop_the_others(qtbot: QtBot) -> None:
    seen, gone, refresh = Picture(), Picture(), Refresh()
    qtbot.addWidget(seen)
    seen.show()
    refresh.ask(gone)
    refresh.ask(seen)
    shiboken6.delete(gone)
    refresh.redraw_all()
    assert seen.drawn == 1
