"""What composes the window ends when it is closed: no timer works on after it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from desktop.context import Context
from engine.protocol.home import Home


def running_timers(context: Context) -> list[str]:
    parts = [value for value in vars(context).values() if isinstance(value, QObject)]
    timers = [timer for part in parts for timer in part.findChildren(QTimer)]
    return [type(timer.parent()).__name__ for timer in timers if timer.isActive()]


def test_that_no_timer_works_on_after_the_window_is_closed(qtbot: QtBot, lensmith_home: Path) -> None:
    context = Context(Home(lensmith_home).ensure())
    context.start()
    qtbot.waitUntil(lambda: context.runs.is_loaded)
    assert running_timers(context)
    context.close()
    assert running_timers(context) == []
