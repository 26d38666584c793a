"""Jobs and Home say of each run on which machine it is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.models.run_table_entry import RunColumn
from desktop.pages.home import HomePage
from desktop.pages.jobs import JobsPage
from tests.desktop.host_stand_in import box_facts, put_box
from tests.desktop.pages.jobs_stage import WAIT_MS, history, open_page
from tests.desktop.places import GONE, put_moved
from tests.desktop.run_rows import put_run


def column_is_hidden(page: JobsPage) -> bool:
    return page.history.view.isColumnHidden(page.history.model.columns.index(RunColumn.MACHINE))


def test_that_where_all_runs_are_here_no_column_and_no_filter_says_so(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "old")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: history(page) == ["old"], timeout=WAIT_MS)
    assert column_is_hidden(page)
    assert not page.history.filters._boxes["machine"].isVisible()


def test_that_the_history_has_a_column_of_machines_and_narrows_down_by_them(
    qtbot: QtBot, context: Context
) -> None:
    put_run(context.home, "here")
    put_moved(context.home, "there", ["local", "ssh:box"], "completed")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: not column_is_hidden(page), timeout=WAIT_MS)
    assert page.history.filters._boxes["machine"].isVisible()
    page.history.filters.choose("machine", "ssh:box")
    assert history(page) == ["there"]
    column = page.history.model.columns.index(RunColumn.MACHINE)
    assert page.history.model.index(0, column).data() == "box"


def test_that_a_note_has_room_with_and_without_the_column_of_machines(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "broken", "failed")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: history(page) == ["broken"], timeout=WAIT_MS)
    assert RunColumn.MACHINE not in page.history.view._note_columns()
    page.history.view.show_machines(True)
    assert RunColumn.MACHINE in page.history.view._note_columns()
    name = page.history.model.columns.index(RunColumn.NAME)
    assert page.history.view.columnWidth(name) >= 150


def test_that_a_card_of_a_run_elsewhere_names_machine_and_device(qtbot: QtBot, context: Context) -> None:
    put_moved(context.home, "there", ["ssh:box"])
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: "there" in page.running._cards, timeout=WAIT_MS)
    card = page.running._cards["there"]
    qtbot.waitUntil(lambda: card._machine.isVisible(), timeout=WAIT_MS)
    assert card._machine.text() == "box"
    assert card._device.text() == "GPU 0"
    assert "It is on box." in card.accessibleDescription()
    assert "box · GPU 0" in {chip.accessibleName().partition(":")[0] for chip in page.header.tab_stops()[1:]}


def test_that_a_machine_out_of_reach_is_said_on_the_card(qtbot: QtBot, context: Context) -> None:
    put_moved(context.home, "there", ["ssh:box"], told=[GONE])
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: "there" in page.running._cards, timeout=WAIT_MS)
    card = page.running._cards["there"]
    qtbot.waitUntil(lambda: "box is out of reach, last seen" in card._told.whole_text(), timeout=WAIT_MS)


def test_that_a_waiting_run_says_for_which_machine(qtbot: QtBot, context: Context) -> None:
    put_moved(context.home, "waits", ["ssh:box"], "queued")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: page.queue.isVisible(), timeout=WAIT_MS)
    index = page.queue.view.model().index(0, 0)
    assert str(index.data(Qt.ItemDataRole.AccessibleTextRole)).endswith(", on box")
    assert "ssh:" not in str(index.data(Qt.ItemDataRole.AccessibleTextRole))


def test_that_home_names_the_machine_of_a_run_to_continue(qtbot: QtBot, context: Context) -> None:
    put_moved(context.home, "there", ["ssh:box"], told=[GONE])
    put_run(context.home, "here", "running")
    page = HomePage(context)
    qtbot.addWidget(page)
    page.resize(1028, 648)
    page.show()
    context.runs.refresh()
    qtbot.waitUntil(lambda: len(page.going_on.cards) == 2, timeout=WAIT_MS)
    there, here = page.going_on.cards["there"], page.going_on.cards["here"]
    qtbot.waitUntil(lambda: there._machine.isVisible(), timeout=WAIT_MS)
    assert there._machine.text() == "box"
    assert there._epoch.whole_text().startswith("Out of reach, last seen")
    assert not here._machine.isVisible()


def test_that_a_paused_run_can_be_moved_from_the_list_where_there_are_machines(
    qtbot: QtBot, context: Context
) -> None:
    put_moved(context.home, "there", ["local", "ssh:box"], "paused")
    page = open_page(qtbot, context, run="there")
    qtbot.waitUntil(lambda: bool(page.history.chosen()), timeout=WAIT_MS)
    assert "Move…" not in [action.text() for action in page.history.make_menu().actions()]
    put_box(context.home, box_facts())
    context.hosts.refresh()
    qtbot.waitUntil(lambda: bool(context.hosts.hosts()), timeout=WAIT_MS)
    went = QSignalSpy(context.asked_to_go)
    (move,) = [action for action in page.history.make_menu().actions() if action.text() == "Move…"]
    move.trigger()
    assert went.at(0) == ["train", {"run": "there", "move": True}]
