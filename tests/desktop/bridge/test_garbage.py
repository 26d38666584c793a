"""Garbage is collected in the window's thread: a widget freed by another one would take the window down."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from desktop.bridge.garbage import GarbageInThisThread


class Tangled(QObject):
    """Refers to itself, as a page with a callback of its own does, and has a timer."""

    def __init__(self) -> None:
        super().__init__()
        self.me = self
        self.timer = QTimer(self)
        self.timer.start(1)


@pytest.fixture
def keeper(qtbot: QtBot) -> Iterator[GarbageInThisThread]:
    was_enabled = gc.isenabled()
    made = GarbageInThisThread()
    yield made
    made.give_back()
    if not was_enabled:
        gc.disable()


def test_that_another_thread_frees_no_widget_however_much_it_makes(keeper: GarbageInThisThread) -> None:
    kept = weakref.ref(Tangled())

    def make_much() -> None:
        for _ in range(200_000):
            pair: list[object] = []
            pair.append(pair)

    thread = threading.Thread(target=make_much)
    thread.start()
    thread.join()
    assert kept() is not None

    gc.collect()
    assert kept() is None


def test_that_what_is_due_is_collected(keeper: GarbageInThisThread) -> None:
    gc.collect()
    kept = weakref.ref(Tangled())
    filler = [[number] for number in range(2 * gc.get_threshold()[0])]

    keeper.look()

    assert kept() is None
    assert len(filler) > 0


def test_that_python_collects_again_afterwards(qtbot: QtBot) -> None:
    was_enabled = gc.isenabled()
    made = GarbageInThisThread()
    assert not gc.isenabled()

    made.give_back()

    assert gc.isenabled()
    if not was_enabled:
        gc.disable()
