"""How few clicks lead from nothing to a training: counted on the real window with the real engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.main_window import MainWindow
from desktop.pages.data import DataPage
from desktop.pages.home import HomePage
from desktop.pages.train import TrainPage
from desktop.pages.train_place_sheet import PlaceSheet
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store
from engine.store.runs import RunRow
from tests.desktop.pages.data_stage import drop, make_pets
from tests.fixtures.ssh_host import ENVIRONMENT, SshHost

WAIT_MS = 90_000
"""The engine's child reads all plugins, and the demo is drawn."""
pytestmark = pytest.mark.slow


class Hand:
    """Clicks and drops as a person does, on what can be seen, and counts."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self._qtbot = qtbot
        self._window = window
        self.acts = 0

    def click(self, target: QWidget) -> None:
        assert target.isVisible()
        assert target.isEnabled()
        top = target.window()
        assert QApplication.activeModalWidget() in (None, top), "something else must be answered first"
        middle = target.mapTo(top, target.rect().center())
        hit = top.childAt(middle)
        assert hit is target or (hit is not None and target.isAncestorOf(hit)), (
            "it is covered or out of sight"
        )
        self.acts += 1
        self._qtbot.mouseClick(target, Qt.MouseButton.LeftButton, pos=QPoint(target.rect().center()))

    def drop(self, target: QWidget, path: Path) -> None:
        assert target.isVisible()
        self.acts += 1
        drop(target, path)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    return make_pets(tmp_path / "pets")


@pytest.fixture
def window(qtbot: QtBot, lensmith_home: Path) -> Iterator[MainWindow]:
    """The window of a first start, with a queue that starts nothing."""
    home = Home(lensmith_home).ensure()
    with Store.open(home.store_path) as store:
        store.pause_queue()
    context = Context(home)
    made = MainWindow(context)
    qtbot.addWidget(made)
    made.go("home")
    with qtbot.waitExposed(made):
        made.show()
    context.start()
    qtbot.waitUntil(lambda: context.runs.is_loaded)
    yield made
    context.close()


def page(window: MainWindow, name: str) -> QWidget:
    assert window.current == name
    return window.pages.page(name)


def runs(window: MainWindow) -> list[RunRow]:
    with Store.open(window.context.home.store_path) as store:
        return store.runs()


def start_training(qtbot: QtBot, hand: Hand, window: MainWindow) -> RunRow:
    """Press Start as soon as it can be pressed, and give the run that is in the queue then."""
    train = page(window, "train")
    assert isinstance(train, TrainPage)
    qtbot.waitUntil(train.setup.start.isEnabled, timeout=WAIT_MS)
    hand.click(train.setup.start)
    qtbot.waitUntil(lambda: bool(runs(window)), timeout=WAIT_MS)
    (run,) = runs(window)
    qtbot.waitUntil(lambda: train.live.run.run == run.run, timeout=WAIT_MS)
    assert train.right.currentWidget() is train.live
    return run


def test_that_two_clicks_lead_from_the_first_start_to_a_training_of_the_demo(
    qtbot: QtBot, window: MainWindow
) -> None:
    hand = Hand(qtbot, window)
    home = page(window, "home")
    assert isinstance(home, HomePage)
    qtbot.waitUntil(home.demo.button.isVisible)

    hand.click(home.demo.button)
    run = start_training(qtbot, hand, window)

    assert (run.dataset, run.kind, run.state) == ("demo-shapes", "train", "queued")
    assert hand.acts == 2


def test_that_three_acts_lead_from_a_folder_to_a_training(
    qtbot: QtBot, window: MainWindow, pets: Path
) -> None:
    hand = Hand(qtbot, window)
    home = page(window, "home")

    hand.drop(home, pets)
    qtbot.waitUntil(lambda: window.current == "data", timeout=WAIT_MS)
    data = page(window, "data")
    assert isinstance(data, DataPage)
    train_on_this = data.header.train
    qtbot.waitUntil(lambda: train_on_this.isVisible() and data.crumb == "pets", timeout=WAIT_MS)
    hand.click(train_on_this)
    run = start_training(qtbot, hand, window)

    assert (run.dataset, run.kind, run.state) == ("pets", "train", "queued")
    assert hand.acts == 3


def test_that_four_acts_lead_from_a_folder_to_a_training_on_another_machine(
    qtbot: QtBot, window: MainWindow, pets: Path, ssh_host: SshHost
) -> None:
    context = window.context
    ssh_host.known(context.home, environment=ENVIRONMENT)
    qtbot.waitUntil(lambda: bool(context.hosts.hosts()), timeout=WAIT_MS)
    hand = Hand(qtbot, window)
    home = page(window, "home")

    hand.drop(home, pets)
    qtbot.waitUntil(lambda: window.current == "data", timeout=WAIT_MS)
    data = page(window, "data")
    assert isinstance(data, DataPage)
    train_on_this = data.header.train
    qtbot.waitUntil(lambda: train_on_this.isVisible() and data.crumb == "pets", timeout=WAIT_MS)
    hand.click(train_on_this)
    train = page(window, "train")
    assert isinstance(train, TrainPage)
    qtbot.waitUntil(train.setup.start.isEnabled, timeout=WAIT_MS)
    hand.click(train.setup.foot.where)
    (sheet,) = [found for found in QApplication.topLevelWidgets() if isinstance(found, PlaceSheet)]
    there = sheet.list.cards["ssh:box"]
    qtbot.waitUntil(
        lambda: re.search(r"to send: \d+ B", there.accessibleDescription()) is not None, timeout=WAIT_MS
    )
    hand.click(there.go)
    qtbot.waitUntil(lambda: bool(runs(window)), timeout=WAIT_MS)

    (run,) = runs(window)
    placement = RunFolder(context.home.runs / run.run).attempt(1).spec().placement
    assert (run.dataset, run.state, placement.executor) == ("pets", "queued", "ssh:box")
    assert hand.acts == 4


def test_that_a_folder_dropped_on_the_data_page_is_shown_ready_to_train(
    qtbot: QtBot, window: MainWindow, pets: Path
) -> None:
    hand = Hand(qtbot, window)
    hand.click(window.rail.buttons["data"])
    data = page(window, "data")
    assert isinstance(data, DataPage)
    qtbot.waitUntil(data.empty.isVisible)

    hand.drop(data, pets)
    qtbot.waitUntil(lambda: data.header.train.isVisible() and data.crumb == "pets", timeout=WAIT_MS)
    hand.click(data.header.train)

    train = page(window, "train")
    assert isinstance(train, TrainPage)
    assert train.setup.dataset is not None
    assert train.setup.dataset.name == "pets"
    assert runs(window) == []
