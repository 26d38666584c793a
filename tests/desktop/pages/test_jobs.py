"""The jobs page on a real store: what runs, what waits, and what the user does with it."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QAccessible, QDropEvent
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from engine.store.database import Store
from tests.desktop.pages.jobs_stage import WAIT_MS, history, open_page, press, visible_text
from tests.desktop.run_rows import progress, put_run


def test_that_a_page_without_runs_says_so_and_offers_to_train(qtbot: QtBot, context: Context) -> None:
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: page._none.isVisible(), timeout=WAIT_MS)
    went = QSignalSpy(context.asked_to_go)
    press(page, "Train a model")
    assert went.at(0)[0] == "train"


def test_that_runs_stand_in_the_section_of_their_state(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "old")
    put_run(context.home, "now", "running", also=[progress(2, eta_s=65.0)])
    put_run(context.home, "next", "queued")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: history(page) == ["old"], timeout=WAIT_MS)
    assert list(page.running._cards) == ["now"]
    assert page.queue.view.model().rowCount() == 1
    assert page.header._counts.text() == "1 running, 1 queued"


def test_that_a_section_with_nothing_in_it_is_absent(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "old")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: history(page) == ["old"], timeout=WAIT_MS)
    assert not page.running.isVisible()
    assert not page.queue.isVisible()


def test_that_rows_keep_their_height_where_the_page_has_room_to_spare(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "now", "running")
    put_run(context.home, "next", "queued")
    page = open_page(qtbot, context)
    page.resize(1028, 1600)
    qtbot.waitUntil(lambda: page.queue.isVisible() and "now" in page.running._cards, timeout=WAIT_MS)
    QApplication.processEvents()
    card = page.running._cards["now"]
    assert not page.history.isVisible()
    assert card.height() == card.sizeHint().height()
    assert page.queue.height() == page.queue.sizeHint().height()


def test_that_a_running_card_tells_progress_and_device_in_words(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "now", "running", also=[progress(2, eta_s=65.0)])
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: "now" in page.running._cards, timeout=WAIT_MS)
    card = page.running._cards["now"]
    assert card.accessibleName() == "Open now"
    assert "Epoch 2 of 4 · 1 min 05 s left" in card.accessibleDescription()
    assert card._device.text() == "CPU"
    names = {button.accessibleName() for button in card.findChildren(QAbstractButton) if button.isVisible()}
    assert names == {"Pause", "Stop", "Open the log"}


def test_that_a_held_run_can_go_on_and_not_be_paused(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "now", "held")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: "now" in page.running._cards, timeout=WAIT_MS)
    card = page.running._cards["now"]
    names = {button.accessibleName() for button in card.findChildren(QAbstractButton) if button.isVisible()}
    assert names == {"Go on", "Stop", "Open the log"}


def test_that_pausing_writes_the_order_for_the_worker(qtbot: QtBot, context: Context) -> None:
    folder = put_run(context.home, "now", "running")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: "now" in page.running._cards, timeout=WAIT_MS)
    page.running._cards["now"]._buttons["pause"].click()
    qtbot.waitUntil(lambda: len(list(folder.commands.glob("*.json"))) == 1, timeout=WAIT_MS)
    assert '"pause"' in next(folder.commands.glob("*.json")).read_text(encoding="utf-8")


def test_that_alt_down_moves_a_waiting_run_in_the_store(qtbot: QtBot, context: Context) -> None:
    for name in "abc":
        put_run(context.home, name, "queued")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: page.queue.view.model().rowCount() == 3, timeout=WAIT_MS)
    page.queue.view.choose("a")
    qtbot.keyClick(page.queue.view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert page.queue.view.current_run() == "a"
    qtbot.waitUntil(lambda: order(context) == ["b", "a", "c"], timeout=WAIT_MS)


def order(context: Context) -> list[str]:
    with Store.open(context.home.store_path) as store:
        return [waiting.run for waiting in store.queue()]


def test_that_dropping_a_waiting_run_in_front_of_another_moves_it(qtbot: QtBot, context: Context) -> None:
    for name in "abc":
        put_run(context.home, name, "queued")
    page = open_page(qtbot, context)
    view = page.queue.view
    qtbot.waitUntil(lambda: view.model().rowCount() == 3, timeout=WAIT_MS)
    view.choose("c")
    data = view.model().mimeData([view.currentIndex()])
    assert isinstance(data, QMimeData)
    assert data.formats()
    assert view._queue.moveRow(
        view.rootIndex(), 2, view.rootIndex(), 0
    )  # what Qt does with a drop in the first gap
    qtbot.waitUntil(lambda: order(context) == ["c", "a", "b"], timeout=WAIT_MS)
    foreign = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.MoveAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view.viewport(), foreign)
    assert order(context) == ["c", "a", "b"]


def test_that_taking_a_run_out_of_the_queue_can_be_undone(
    qtbot: QtBot, context: Context, told: list[Told]
) -> None:
    put_run(context.home, "a", "queued")
    put_run(context.home, "b", "queued")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: page.queue.view.model().rowCount() == 2, timeout=WAIT_MS)
    page.queue.view.choose("a")
    qtbot.keyClick(page.queue.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)
    assert order(context) == ["b"]
    assert told[0].action is not None
    told[0].action[1]()
    qtbot.waitUntil(lambda: "a" in order(context), timeout=WAIT_MS)


def test_that_holding_the_queue_is_kept_in_the_store_and_shown(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "a", "queued")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: page.queue.view.model().rowCount() == 1, timeout=WAIT_MS)
    press(page, "Hold the queue")
    qtbot.waitUntil(lambda: "Let it run" in visible_text(page.header), timeout=WAIT_MS)
    assert page.header._held.isVisible()
    with Store.open(context.home.store_path) as store:
        assert store.is_queue_paused()


def test_that_a_run_asked_for_while_at_work_is_not_jumped_to_when_it_ends(
    qtbot: QtBot, context: Context
) -> None:
    put_run(context.home, "now", "running")
    page = open_page(qtbot, context, run="now")
    qtbot.waitUntil(lambda: "now" in page.running._cards, timeout=WAIT_MS)
    assert page._wanted == ""


def test_that_every_control_has_a_name(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "old", "failed")
    put_run(context.home, "now", "running")
    put_run(context.home, "next", "queued")
    page = open_page(qtbot, context, run="old")
    qtbot.waitUntil(lambda: page.history.bar.isVisible(), timeout=WAIT_MS)
    for kind in (QAbstractButton, QLineEdit, QComboBox):
        for control in page.findChildren(kind):
            if control.isVisible():
                face = QAccessible.queryAccessibleInterface(control)
                assert face.text(QAccessible.Text.Name), control
    assert QAccessible.queryAccessibleInterface(page.history.view).text(QAccessible.Text.Name)
