"""The home page: what it shows for whom, and where its cards lead."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.bridge.machine import Gpu, Machine
from desktop.bridge.presence import LAST_SEEN
from desktop.context import Context
from desktop.pages.home import NO_GPU_READ, HomePage
from desktop.pages.home_continue import away_words, ended_between
from desktop.pages.home_drop import sort_dropped
from engine.protocol.events import BestImproved
from tests.desktop.run_rows import OUT_OF_MEMORY, progress, put_run, row

WAIT_MS = 30_000
MACHINE = Machine(cores=2, cpu_percent=1.0, memory_bytes=1, used_bytes=1, disk_free_bytes=1)
GPU = Gpu("H100", 1, 0, 0)


def open_page(qtbot: QtBot, context: Context) -> HomePage:
    page = HomePage(context)
    qtbot.addWidget(page)
    page.resize(1028, 648)
    page.show()
    page.open()
    context.runs.refresh()
    qtbot.waitUntil(lambda: context.runs.is_loaded, timeout=WAIT_MS)
    return page


def recent(page: HomePage) -> list[str]:
    return [page.model.entry(number).row.run for number in range(page.model.rowCount())]


def test_that_the_first_start_welcomes_and_offers_the_demo(qtbot: QtBot, context: Context) -> None:
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: page.demo.isVisible(), timeout=WAIT_MS)
    assert page.welcome.isVisible()
    assert page.starts.isVisible()
    absent: list[QWidget] = [page.going_on, page.away, page.recent]
    assert not any(part.isVisible() for part in absent)


def test_that_the_demo_is_one_click_from_the_train_page(qtbot: QtBot, context: Context) -> None:
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: page.demo.isVisible(), timeout=WAIT_MS)
    went = QSignalSpy(context.asked_to_go)
    qtbot.mouseClick(page.demo.button, Qt.MouseButton.LeftButton)
    assert went.at(0) == ["train", {"demo": True}]


def test_that_nothing_is_called_first_before_the_runs_are_known(qtbot: QtBot, context: Context) -> None:
    page = HomePage(context)
    qtbot.addWidget(page)
    page.show()
    assert not page.welcome.isVisible()
    assert not page.demo.isVisible()


def test_that_after_the_first_run_the_demo_is_gone_and_recent_runs_are_there(
    qtbot: QtBot, context: Context
) -> None:
    put_run(context.home, "old")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: recent(page) == ["old"], timeout=WAIT_MS)
    assert not page.demo.isVisible()
    assert page.recent.isVisible()


def test_that_clicking_a_recent_run_opens_it(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "old")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: page.recent.isVisible() and recent(page) == ["old"], timeout=WAIT_MS)
    went = QSignalSpy(context.asked_to_go)
    at = page.recent.visualRect(page.model.index(0, 0)).center()
    qtbot.mouseClick(page.recent.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert went.at(0) == ["train", {"run": "old"}]


def test_that_the_eight_latest_runs_are_shown(qtbot: QtBot, context: Context) -> None:
    for number in range(10):
        put_run(context.home, f"run {number}")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: len(recent(page)) == 8, timeout=WAIT_MS)
    assert "run 0" not in recent(page)


def test_that_what_runs_has_a_card_with_progress_that_opens_it(qtbot: QtBot, context: Context) -> None:
    best = BestImproved(metric="val/accuracy", value=0.5, epoch=1, step=10)
    put_run(context.home, "now", "running", also=[progress(2, eta_s=65.0), best])
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: "now" in page.going_on.cards, timeout=WAIT_MS)
    card = page.going_on.cards["now"]
    assert card._bar.value() == card._bar.maximum() / 2
    assert card._left.text() == "1 min 05 s left"
    assert "Best accuracy 50.0%, epoch 1" in card._epoch.whole_text()
    went = QSignalSpy(context.asked_to_go)
    qtbot.keyClick(card, Qt.Key.Key_Return)
    assert went.at(0) == ["train", {"run": "now"}]


def test_that_a_live_event_moves_the_card_at_once(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "now", "running", also=[progress(1)])
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: "now" in page.going_on.cards, timeout=WAIT_MS)
    card = page.going_on.cards["now"]
    context.live.received.emit("now", 1, "worker", progress(3))
    assert card._bar.value() == card._bar.maximum() * 3 / 4
    assert page.going_on.cards["now"] is card


def test_that_what_ended_meanwhile_is_told_until_it_is_dismissed(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "broken", "failed")
    put_run(context.home, "fine")
    context.presence.since = 1500.0
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: page.away.isVisible(), timeout=WAIT_MS)
    assert set(page.away.links) == {"broken", "fine"}
    went = QSignalSpy(context.asked_to_go)
    page.away.links["broken"].click()
    assert went.at(0) == ["train", {"run": "broken"}]
    page.away.dismissed.emit()
    assert not page.away.isVisible()
    assert context.settings.get(LAST_SEEN, 0.0) > 2000.0


def test_that_nothing_is_told_where_nothing_was_ever_seen(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "fine")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: recent(page) == ["fine"], timeout=WAIT_MS)
    assert not page.away.isVisible()


def test_that_ends_between_two_moments_are_told_what_went_wrong_first_then_the_last() -> None:
    rows = [row("a", ended=10.0), row("b", ended=20.0), row("c", ended=30.0), row("d", ended=None)]
    rows.append(row("thrown away", ended=15.0, state="cancelled"))
    rows += [row("broken", ended=11.0, state="failed"), row("silent", ended=12.0, state="lost")]
    assert [found.run for found in ended_between(rows, 10.0, 30.0)] == ["silent", "broken", "c", "b"]


def test_that_an_end_is_told_in_a_sentence() -> None:
    assert away_words(row("a")) == "finished. Best accuracy 50.0%, epoch 3."
    assert away_words(row("a", state="failed", failure=OUT_OF_MEMORY)) == "failed. The memory was not enough."
    assert away_words(row("a", state="lost")).startswith("stopped answering")


def test_that_a_missing_gpu_is_said_once_and_dismissed_for_ever(qtbot: QtBot, context: Context) -> None:
    page = open_page(qtbot, context)
    assert not page.no_gpu.isVisible()
    context.machine.sampled.emit(MACHINE)
    assert page.no_gpu.isVisible()
    page.no_gpu.dismissed.emit()
    context.machine.sampled.emit(MACHINE)
    assert not page.no_gpu.isVisible()
    assert context.settings.get(NO_GPU_READ, False)


def test_that_a_machine_with_a_gpu_gets_no_word_on_it(qtbot: QtBot, context: Context) -> None:
    page = open_page(qtbot, context)
    context.machine.sampled.emit(Machine(2, 1.0, 1, 1, 1, [GPU]))
    assert not page.no_gpu.isVisible()


@pytest.mark.parametrize(("key", "page_name"), [("train", "train"), ("predict", "predict")])
def test_that_a_start_card_opens_its_page_by_mouse_and_by_key(
    qtbot: QtBot, context: Context, key: str, page_name: str
) -> None:
    page = open_page(qtbot, context)
    went = QSignalSpy(context.asked_to_go)
    qtbot.mouseClick(page.starts.cards[key], Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    qtbot.keyClick(page.starts.cards[key], Qt.Key.Key_Space)
    assert [went.at(0)[0], went.at(1)[0]] == [page_name, page_name]


def test_that_a_chosen_folder_goes_to_the_data_page(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    page = open_page(qtbot, context)
    went = QSignalSpy(context.asked_to_go)
    page._take_folder(str(tmp_path))
    assert went.at(0) == ["data", {"drop": [tmp_path]}]


def drop(page: HomePage, paths: list[Path]) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    nothing, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, data, left, nothing)
    QApplication.sendEvent(page, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(page, QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, left, nothing))


@pytest.mark.parametrize(
    ("names", "page_name", "meant"),
    [
        (["pets/"], "data", ["pets/"]),
        (["pets.zip"], "data", ["pets.zip"]),
        (["cat.PNG", "dog.jpg"], "predict", ["cat.PNG", "dog.jpg"]),
        (["cat.png", "pets/", "notes.txt"], "data", ["pets/"]),
    ],
)
def test_that_a_drop_goes_where_it_belongs(
    qtbot: QtBot, context: Context, tmp_path: Path, names: list[str], page_name: str, meant: list[str]
) -> None:
    for name in names:
        path = tmp_path / name
        path.mkdir() if name.endswith("/") else path.write_bytes(b"")
    page = open_page(qtbot, context)
    with qtbot.waitSignal(context.asked_to_go, timeout=WAIT_MS) as went:
        drop(page, [tmp_path / name for name in names])
    assert went.args == [page_name, {"drop": [tmp_path / name for name in meant]}]


def test_that_a_text_file_is_refused_with_what_can_be_dropped(
    qtbot: QtBot, context: Context, told: list[Told], tmp_path: Path
) -> None:
    page = open_page(qtbot, context)
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    drop(page, [tmp_path / "notes.txt"])
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)
    assert "Drop a folder of images" in told[0].text


def test_that_ten_thousand_dropped_pictures_are_all_meant(tmp_path: Path) -> None:
    kind, paths = sort_dropped([tmp_path / f"{number}.jpg" for number in range(10_000)])
    assert (kind, len(paths)) == ("pictures", 10_000)


def test_that_every_control_has_a_name(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "now", "running")
    put_run(context.home, "broken", "failed")
    context.presence.since = time.time() - 1e9
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: "now" in page.going_on.cards, timeout=WAIT_MS)
    cards: list[QWidget] = [*page.going_on.cards.values(), *page.starts.cards.values(), page.recent]
    buttons = [button for button in page.findChildren(QAbstractButton) if button.isVisible()]
    for control in [*buttons, *cards]:
        assert QAccessible.queryAccessibleInterface(control).text(QAccessible.Text.Name), control
