"""Work in threads: its result comes back to the window's thread, and not to what is gone."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from desktop.bridge.background import Background


def test_that_the_result_comes_back_in_the_thread_of_the_window(qtbot: QtBot) -> None:
    background = Background()
    seen: list[tuple[object, bool]] = []
    background.run(
        lambda: threading.current_thread() is threading.main_thread(),
        then=lambda was_main: seen.append((was_main, threading.current_thread() is threading.main_thread())),
    )
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [(False, True)]


def test_that_an_error_comes_back_as_one(qtbot: QtBot) -> None:
    background = Background()
    seen: list[Exception] = []

    def work() -> None:
        raise ValueError("what is wrong")

    background.run(work, failed=seen.append)
    qtbot.waitUntil(lambda: bool(seen))
    assert str(seen[0]) == "what is wrong"


def test_that_nobody_is_called_whose_owner_is_gone(qtbot: QtBot) -> None:
    background = Background()
    owner = QObject()
    gate = threading.Event()
    seen: list[object] = []
    background.run(gate.wait, then=seen.append, owner=owner)
    owner.deleteLater()
    qtbot.wait(20)
    gate.set()
    assert background.wait()
    done: list[object] = []
    background.run(lambda: 1, then=done.append)
    qtbot.waitUntil(lambda: bool(done))
    assert seen == []
