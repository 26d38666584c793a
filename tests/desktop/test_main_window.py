"""The window as a whole: keys, theme, layers over it, pages that break, screens that go away."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.main_window import MainWindow, is_reachable
from desktop.models.run_table import RunTableModel
from desktop.page_shelf import PAGES, BrokenPage
from desktop.pages.export import ExportPage
from desktop.pages.home import HomePage
from desktop.pages.jobs import JobsPage
from desktop.pages.train import TrainPage
from desktop.theme import fonts, icons
from desktop.theme.theme import theme
from engine.protocol.home import Home
from tests.desktop.run_rows import progress, put_run

WAIT_MS = 20_000
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def context(qtbot: QtBot, lensmith_home: Path) -> Iterator[Context]:
    theme.choose("dark")
    made = Context(Home(lensmith_home).ensure())
    yield made
    made.close()
    theme.choose("dark")


@pytest.fixture
def window(qtbot: QtBot, context: Context) -> MainWindow:
    return open_window(qtbot, context)


def open_window(qtbot: QtBot, context: Context, page: str = "home") -> MainWindow:
    made = MainWindow(context)
    qtbot.addWidget(made)
    made.go(page)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    context.runs.refresh()
    context.datasets.refresh()
    qtbot.waitUntil(lambda: context.runs.is_loaded and context.datasets.is_loaded)
    return made


def press(qtbot: QtBot, window: MainWindow, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
    held = Qt.KeyboardModifier.NoModifier
    for modifier in modifiers:
        held |= modifier
    qtbot.keyClick(QApplication.focusWidget() or window, key, held)


def color_at(widget: QWidget, place: QPoint) -> QColor:
    return widget.grab().toImage().pixelColor(place)


def words(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


# --- theme -----------------------------------------------------------------------------------------------------------


def test_that_the_theme_key_recolours_the_open_window_and_is_remembered(
    qtbot: QtBot, window: MainWindow
) -> None:
    corners = ((window.rail, "rail"), (window.top_bar, "bg"), (window.pages.page("home"), "bg"))
    for expected in ("light", "dark"):
        press(qtbot, window, Qt.Key.Key_L, CONTROL, SHIFT)
        assert theme.tokens.name == expected
        for widget, role in corners:
            assert color_at(widget, QPoint(3, 3)).name() == theme.color(role).name()
        assert window.context.settings.get("appearance.theme", "") == expected


# --- keys ------------------------------------------------------------------------------------------------------------


def test_that_control_and_a_digit_opens_the_pages_in_the_order_of_the_rail(
    qtbot: QtBot, window: MainWindow
) -> None:
    pages = ("data", "train", "validate", "predict", "export", "jobs", "home")
    digits = (2, 3, 4, 5, 6, 7, 1)
    for page, digit in zip(pages, digits, strict=True):
        press(qtbot, window, Qt.Key(Qt.Key.Key_0 + digit), CONTROL)
        assert window.current == page
        assert window.rail.buttons[page].isChecked()
        assert window.pages.currentWidget() is window.pages.page(page)
        assert not isinstance(window.pages.page(page), BrokenPage)


def test_that_a_page_without_a_button_marks_the_one_that_it_belongs_to(window: MainWindow) -> None:
    for page in ("compare", "insight"):
        window.context.go("home")
        window.context.go(page)
        assert window.current == page
        assert window.rail.buttons["validate"].isChecked()


def test_that_a_page_that_takes_the_place_of_another_has_the_keyboard_and_no_button_of_it(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.context.go("settings")
    settings = window.pages.page("settings")
    field = next(made for made in settings.findChildren(QPushButton) if made.isVisible())
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)

    window.context.go("compare")

    assert QApplication.focusWidget() is window.pages.page("compare")


def test_that_the_palette_opens_finds_a_page_and_goes_there(qtbot: QtBot, window: MainWindow) -> None:
    press(qtbot, window, Qt.Key.Key_K, CONTROL)
    assert window.palette_box.isVisible()
    assert QApplication.focusWidget() is window.palette_box.field
    qtbot.keyClicks(window.palette_box.field, "expo")
    press(qtbot, window, Qt.Key.Key_Return)
    assert not window.palette_box.isVisible()
    assert window.current == "export"


def test_that_escape_closes_the_palette_and_then_the_newest_message(qtbot: QtBot, window: MainWindow) -> None:
    window.context.toast("Something happened", "bad")
    press(qtbot, window, Qt.Key.Key_K, CONTROL)
    press(qtbot, window, Qt.Key.Key_Escape)
    assert not window.palette_box.isVisible()
    assert [toast.title for toast in window.toasts.shown] == ["Something happened"]
    press(qtbot, window, Qt.Key.Key_Escape)
    assert window.toasts.shown == []


def test_that_open_a_dataset_in_the_palette_asks_for_a_folder(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(_parent: QWidget, title: str) -> str:
        asked.append(title)
        return ""

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", ask)
    press(qtbot, window, Qt.Key.Key_K, CONTROL)
    qtbot.keyClicks(window.palette_box.field, "open a dataset")
    press(qtbot, window, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(asked) == 1)
    assert window.current == "data"


# --- undo ------------------------------------------------------------------------------------------------------------


def test_that_control_z_takes_a_deleted_run_back(qtbot: QtBot, context: Context) -> None:
    put_run(context.home, "old")
    window = open_window(qtbot, context, "jobs")
    qtbot.waitUntil(lambda: context.runs.row("old") is not None)

    context.actions.delete("old")
    qtbot.waitUntil(lambda: context.runs.row("old") is None and bool(window.toasts.shown), timeout=WAIT_MS)
    press(qtbot, window, Qt.Key.Key_Z, CONTROL)

    assert window.toasts.shown == []
    qtbot.waitUntil(lambda: context.runs.row("old") is not None, timeout=WAIT_MS)


def test_that_control_z_in_a_field_undoes_the_typing_and_no_deletion(
    qtbot: QtBot, window: MainWindow
) -> None:
    undone: list[str] = []
    window.go("train")
    train = window.pages.page("train")
    assert isinstance(train, TrainPage)
    train.setup.name.setFocus()
    qtbot.keyClicks(train.setup.name, "abc")
    window.context.toast("Gone", action=("Undo", lambda: undone.append("run")))

    press(qtbot, window, Qt.Key.Key_Z, CONTROL)

    assert train.setup.name.text() != "abc"
    assert undone == []


# --- what breaks -----------------------------------------------------------------------------------------------------


def test_that_a_page_that_cannot_be_made_says_so_and_the_others_work(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(_page: ExportPage, _context: Context) -> None:
        raise ZeroDivisionError("export is broken")

    monkeypatch.setattr(ExportPage, "__init__", explode)
    window.go("export")
    broken = window.pages.currentWidget()
    assert isinstance(broken, BrokenPage)
    assert "This page cannot be shown" in words(broken)
    assert "ZeroDivisionError: export is broken" in words(broken)
    for name in PAGES:
        window.go(name)
        assert isinstance(window.pages.currentWidget(), BrokenPage) == (name == "export")


def test_that_a_page_that_cannot_show_something_says_so_and_the_window_goes_on(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(_page: JobsPage, **_target: object) -> None:
        raise KeyError("a run that is gone")

    monkeypatch.setattr(JobsPage, "open", explode)
    for _ in range(2):
        window.go("jobs", {"run": "gone"})
        assert window.current == "jobs"
        assert window.rail.buttons["jobs"].isChecked()
        assert [toast.tone for toast in window.toasts.shown] == ["bad"]
        window.go("home")
        assert window.current == "home"


def test_that_missing_fonts_give_the_systems(
    qtbot: QtBot, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = QApplication.font()
    monkeypatch.setattr(fonts, "PACKAGES", {"fontpkg_that_is_not_there": "files/Nothing.ttf"})
    try:
        assert fonts.load_fonts() == ["fontpkg_that_is_not_there"]
        window = open_window(qtbot, context, "settings")
        assert not isinstance(window.pages.currentWidget(), BrokenPage)
        assert not window.grab().isNull()
    finally:
        QApplication.setFont(before)
        fonts._made.cache_clear()


def test_that_a_missing_icon_pack_gives_dots_on_every_page(
    qtbot: QtBot, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "qtawesome", None)
    icons._drawn.cache_clear()
    try:
        window = open_window(qtbot, context)
        for name in PAGES:
            window.go(name)
            assert not isinstance(window.pages.currentWidget(), BrokenPage)
            assert not window.grab().isNull()
        assert not theme.icon("ph.house").pixmap(16, 16).isNull()
    finally:
        icons._drawn.cache_clear()


def test_that_an_icon_that_the_pack_lacks_is_a_dot(qtbot: QtBot) -> None:
    assert not theme.icon("ph.this-is-no-icon").pixmap(16, 16).isNull()


# --- screens ---------------------------------------------------------------------------------------------------------

SCREEN = QRect(0, 0, 1920, 1080)
SECOND = QRect(1920, 0, 1280, 1024)


@pytest.mark.parametrize(
    ("frame", "screens", "reachable"),
    [
        (QRect(100, 100, 1440, 900), [SCREEN], True),
        (QRect(2000, 100, 1200, 800), [SCREEN, SECOND], True),
        (QRect(2000, 100, 1200, 800), [SCREEN], False),
        (QRect(100, -500, 1440, 900), [SCREEN], False),
        (QRect(-1400, 100, 1440, 900), [SCREEN], False),
        (QRect(-1300, 100, 1440, 900), [SCREEN], True),
        (QRect(100, 1070, 1440, 900), [SCREEN], True),
        (QRect(100, 1090, 1440, 900), [SCREEN], False),
        (QRect(100, 100, 1440, 900), [], False),
    ],
)
def test_that_a_window_can_be_reached_by_its_title_bar(
    frame: QRect, screens: list[QRect], reachable: bool
) -> None:
    assert is_reachable(frame, screens) == reachable


def test_that_a_window_kept_on_a_screen_that_is_gone_opens_on_one_that_is_there(
    qtbot: QtBot, context: Context
) -> None:
    first = MainWindow(context)
    qtbot.addWidget(first)
    first.move(90_000, 40_000)
    first.close()
    second = open_window(qtbot, context)
    assert is_reachable(
        second.frameGeometry(), [screen.availableGeometry() for screen in QApplication.screens()]
    )


# --- the clock -------------------------------------------------------------------------------------------------------


def test_that_a_clock_that_was_set_back_breaks_no_list_of_runs(
    qtbot: QtBot, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_run(context.home, "ended before it began")
    put_run(context.home, "began in the future", "running", also=[progress(2, eta_s=65.0)])
    put_run(context.home, "broke in the future", "failed")
    with sqlite3.connect(context.home.store_path) as store:
        store.execute("UPDATE runs SET ended = 1.0 WHERE run = 'ended before it began'")
    rows = {"ended before it began", "began in the future", "broke in the future"}
    monkeypatch.setattr(time, "time", lambda: 100.0)

    window = open_window(qtbot, context)
    home = window.pages.page("home")
    assert isinstance(home, HomePage)
    qtbot.waitUntil(lambda: home.model.rowCount() == len(rows), timeout=WAIT_MS)
    window.go("jobs")
    jobs = window.pages.page("jobs")
    assert isinstance(jobs, JobsPage)
    ended = rows - {"began in the future"}
    qtbot.waitUntil(lambda: set(runs_in(jobs.history.model)) == ended, timeout=WAIT_MS)

    assert set(runs_in(home.model)) == rows
    assert cells(home.model) + cells(jobs.history.model)
    assert [text for text in cells(home.model) + cells(jobs.history.model) if "-" in text] == []
    assert set(home.going_on.cards) == {"began in the future"}
    assert not window.grab().isNull()


def runs_in(model: RunTableModel) -> list[str]:
    return [model.entry(number).row.run for number in range(model.rowCount())]


def cells(model: RunTableModel) -> list[str]:
    """What stands in the table: a negative span of time would hold a minus sign."""
    places = [model.index(r, c) for r in range(model.rowCount()) for c in range(model.columnCount())]
    return [str(place.data()) for place in places if place.data()]
