"""The history on the jobs page: found, opened, deleted, compared, on a real store."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.models.run_table_entry import RunColumn
from desktop.models.run_words import without_commands
from desktop.pages.jobs_trash import list_trash
from engine.protocol.events import BestImproved
from tests.desktop.pages.jobs_stage import WAIT_MS, history, open_page, press, visible_text
from tests.desktop.run_rows import measured, progress, put_run


def test_that_a_failed_run_explains_itself_and_offers_its_remedy(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "big", "failed")
    page = open_page(qtbot, context, run="big")
    qtbot.waitUntil(lambda: page.history.view.chosen_runs() == ["big"], timeout=WAIT_MS)
    banner = page.history.bar.banner
    assert banner.isVisible()
    assert banner.accessibleName() == "The memory was not enough."
    offered = {"Retry with batch size 4", "Retry", "Copy details"}
    qtbot.waitUntil(lambda: visible_text(banner) == offered, timeout=WAIT_MS)
    press(banner, "Copy details")
    assert "deep inside" in QGuiApplication.clipboard().text()


def test_that_a_hint_for_the_command_line_is_told_without_its_command() -> None:
    hint = "Retry with half the batch: `lensmith runs retry RUN --remedy`. Or take smaller images."
    assert without_commands(hint) == "Retry with half the batch. Or take smaller images."


def test_that_the_menu_offers_what_fits_the_state(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "done", also=[progress(4)])
    put_run(context.home, "half", "paused", also=[progress(2)])
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: len(history(page)) == 2, timeout=WAIT_MS)
    common = [
        "Validate",
        "Predict",
        "Export",
        "Register as a model version…",
        "Fork settings",
        "Profile",
        "Open folder",
        "Copy id",
        "Delete",
    ]
    for run, offered in (("done", ["Open", *common]), ("half", ["Open", "Resume", *common])):
        page.history.choose(run)
        menu = page.history.make_menu()
        assert [action.text() for action in menu.actions() if action.text()] == offered
        menu.deleteLater()


@pytest.mark.parametrize(
    ("key", "page_name", "target"),
    [
        ("open", "train", {"run": "done"}),
        ("validate", "validate", {"run": "done"}),
        ("predict", "predict", {"run": "done"}),
        ("export", "export", {"run": "done"}),
        ("fork", "train", {"fork": "done"}),
    ],
)
def test_that_orders_open_the_page_where_they_are_at_home(
    qtbot: QtBot, context: Context, key: str, page_name: str, target: dict[str, str]
) -> None:
    put_run(context.home, "done", also=[progress(4)])
    page = open_page(qtbot, context, run="done")
    qtbot.waitUntil(lambda: len(page.history.chosen()) == 1, timeout=WAIT_MS)
    went = QSignalSpy(context.asked_to_go)
    orders = {order.key: order for order in page.orders.for_entry(page.history.chosen()[0])}
    orders[key].act()
    assert went.at(0) == [page_name, target]


def test_that_enter_opens_an_evaluation_where_results_are_shown(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "done")
    put_run(context.home, "measured", kind="evaluate", parent="done")
    page = open_page(qtbot, context, run="measured")
    qtbot.waitUntil(lambda: page.history.view.chosen_runs() == ["measured"], timeout=WAIT_MS)
    assert page.history.chosen()[0].name == "Evaluation"
    went = QSignalSpy(context.asked_to_go)
    qtbot.keyClick(page.history.view, Qt.Key.Key_Return)
    assert went.at(0) == ["validate", {"run": "measured"}]


def test_that_a_deleted_run_goes_to_the_trash_and_comes_back(
    qtbot: QtBot, context: Context, told: list[Told]
) -> None:
    put_run(context.home, "old")
    page = open_page(qtbot, context, run="old")
    qtbot.waitUntil(lambda: page.history.view.chosen_runs() == ["old"], timeout=WAIT_MS)
    qtbot.keyClick(page.history.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)
    assert [item.name for item in list_trash(context.home.trash)] == ["old"]
    context.actions.restore("old")
    qtbot.waitUntil(lambda: history(page) == ["old"] and not list_trash(context.home.trash), timeout=WAIT_MS)


def test_that_several_deleted_runs_come_back_by_one_undo(
    qtbot: QtBot, context: Context, told: list[Told]
) -> None:
    for name in ("a", "b", "c"):
        put_run(context.home, name)
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: len(history(page)) == 3, timeout=WAIT_MS)
    page.history.view.selectAll()
    qtbot.keyClick(page.history.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)
    assert [message.title for message in told] == ["Moved 3 runs to the trash"]
    assert len(list_trash(context.home.trash)) == 3
    assert told[0].action is not None
    told[0].action[1]()
    qtbot.waitUntil(lambda: len(history(page)) == 3 and not list_trash(context.home.trash), timeout=WAIT_MS)


def test_that_the_page_shows_a_run_that_its_filter_hid(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "apple")
    put_run(context.home, "pear", "failed")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: len(history(page)) == 2, timeout=WAIT_MS)
    page.history.filters.choose("state", "failed")
    page.open(run="apple")
    assert page.history.view.chosen_runs() == ["apple"]


def test_that_a_folder_removed_on_disk_is_said_and_its_line_can_be_removed(
    qtbot: QtBot, context: Context, told: list[Told], tmp_path: Path
) -> None:
    put_run(context.home, "kept")
    put_run(context.home, "gone").path.rename(tmp_path / "elsewhere")
    page = open_page(qtbot, context, run="gone")
    qtbot.waitUntil(
        lambda: bool(page.history.chosen()) and page.history.chosen()[0].is_folder_gone, timeout=WAIT_MS
    )
    qtbot.waitUntil(lambda: "Remove from the list" in visible_text(page.history.bar), timeout=WAIT_MS)
    assert "Open" not in visible_text(page.history.bar)
    press(page.history.bar, "Remove from the list")
    qtbot.waitUntil(lambda: history(page) == ["kept"], timeout=WAIT_MS)
    assert told[0].action is not None
    told[0].action[1]()
    qtbot.waitUntil(lambda: sorted(history(page)) == ["gone", "kept"], timeout=WAIT_MS)


def test_that_search_and_filters_narrow_the_history_down(qtbot: QtBot, context: Context) -> None:
    for name, state in (("apple", "completed"), ("pear", "failed"), ("plum", "stopped")):
        put_run(context.home, name, state)  # pyright: ignore[reportArgumentType]  # literals of the table above
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: len(history(page)) == 3, timeout=WAIT_MS)
    page.history.filters.choose("state", "failed")
    assert history(page) == ["pear"]
    page.history.filters.clear()
    qtbot.keyClicks(page.history.filters.search, "plu")
    qtbot.waitUntil(lambda: history(page) == ["plum"], timeout=WAIT_MS)
    page.history.filters.search.setText("nothing like it")
    qtbot.waitUntil(lambda: "Show all runs" in visible_text(page), timeout=WAIT_MS)
    press(page, "Show all runs")
    assert len(history(page)) == 3


def test_that_escape_first_empties_the_search(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "old")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: history(page) == ["old"], timeout=WAIT_MS)
    page.history.filters.search.setFocus()
    page.history.filters.search.setText("x")
    qtbot.keyClick(page.history.filters.search, Qt.Key.Key_Escape)
    assert page.history.filters.search.text() == ""


def test_that_clicking_a_heading_sorts(qtbot: QtBot, context: Context) -> None:
    for name in ("b", "c", "a"):
        put_run(context.home, name)
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: len(history(page)) == 3, timeout=WAIT_MS)
    header = page.history.view.horizontalHeader()
    at = QPoint(header.sectionViewportPosition(RunColumn.NAME) + 10, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    ascending = history(page)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert sorted([ascending, history(page)]) == [["a", "b", "c"], ["c", "b", "a"]]


def test_that_chosen_runs_are_compared_by_curves_and_by_what_differs(
    qtbot: QtBot, context: Context, told: list[Told]
) -> None:
    best = BestImproved(metric="val/accuracy", value=0.75, epoch=2, step=20)
    also = [progress(1), measured(1, val_accuracy=0.5, val_loss=2.0), measured(2, val_accuracy=0.75), best]
    put_run(context.home, "first", also=also)
    put_run(context.home, "second", config={"epochs": 4, "batch_size": 16})
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: len(history(page)) == 2, timeout=WAIT_MS)
    page.history.view.selectAll()
    qtbot.waitUntil(lambda: "Compare" in visible_text(page.history.bar), timeout=WAIT_MS)
    press(page.history.bar, "Compare")
    compare = page._compare
    assert compare is not None
    qtbot.waitUntil(lambda: compare.metrics() == ["val/accuracy", "val/loss"], timeout=WAIT_MS)
    assert compare.chart.keys() == ["first"]
    assert page.crumb == "Compare 2 runs"
    compare.choose_metric("val/loss")
    assert [points[1].tolist() for points in compare.chart.curve_data()] == [[1.0]]
    compare.copy_csv()
    table = {line[0]: line[1:] for line in csv.reader(io.StringIO(QGuiApplication.clipboard().text()))}
    assert sorted(table["batch_size"]) == ["16", "8"]
    assert "epochs" not in table
    assert told[-1].title == "Copied as CSV"


def test_that_escape_leads_back_from_the_comparison(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "first")
    put_run(context.home, "second")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: len(history(page)) == 2, timeout=WAIT_MS)
    page.compare(["first", "second"])
    assert page._compare is not None
    qtbot.keyClick(page._compare, Qt.Key.Key_Escape)
    assert page._lists.isVisible()
    assert page.crumb == ""


def test_that_more_runs_than_colours_are_not_compared(qtbot: QtBot, context: Context) -> None:
    for number in range(7):
        put_run(context.home, f"run {number}")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: len(history(page)) == 7, timeout=WAIT_MS)
    page.history.view.selectAll()
    assert "Compare" not in visible_text(page.history.bar)
    assert "Choose up to 6" in page.history.bar._name.whole_text()
