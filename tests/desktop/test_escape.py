"""Esc in the whole window: it is the focused part's first, and the window's own only when nobody takes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.forms.form_header import SearchLine
from desktop.main_window import MainWindow
from desktop.pages.data import DataPage
from desktop.pages.jobs import JobsPage
from desktop.pages.validate import ValidatePage
from desktop.viewers.matrix_data import Cell
from engine.protocol.home import Home
from tests.desktop.measured_runs import MeasuredRun, measured_run

WAIT_MS = 30_000


@pytest.fixture
def run(lensmith_home: Path, tmp_path: Path) -> MeasuredRun:
    return measured_run(Home(lensmith_home).ensure(), tmp_path)


@pytest.fixture
def window(qtbot: QtBot, run: MeasuredRun) -> Iterator[MainWindow]:
    """A window with a message in its corner, which Esc closes when nothing else wants it."""
    context = Context(run.home)
    made = MainWindow(context)
    qtbot.addWidget(made)
    made.go("home")
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    context.runs.refresh()
    context.datasets.refresh()
    qtbot.waitUntil(lambda: context.runs.is_loaded and context.datasets.is_loaded, timeout=WAIT_MS)
    context.toast("A message", "bad")
    yield made
    context.close()


def escape(qtbot: QtBot, focused: QWidget) -> None:
    focused.setFocus()
    assert QApplication.focusWidget() is focused
    qtbot.keyClick(focused, Qt.Key.Key_Escape)


def messages(window: MainWindow) -> int:
    return len(window.toasts.shown)


def test_that_it_goes_back_from_an_image_to_the_grid(
    qtbot: QtBot, window: MainWindow, run: MeasuredRun
) -> None:
    window.go("data", {"dataset": run.manifest.name})
    page = window.pages.page("data")
    assert isinstance(page, DataPage)
    qtbot.waitUntil(lambda: page.crumb == run.manifest.name, timeout=WAIT_MS)
    page.images.opened.emit(0)
    assert page.body.currentWidget() is page.detail

    escape(qtbot, page.detail.view)
    assert page.body.currentWidget() is not page.detail
    assert messages(window) == 1
    escape(qtbot, page.images.grid)
    assert messages(window) == 0


def test_that_it_empties_the_search_for_a_setting(qtbot: QtBot, window: MainWindow) -> None:
    line = SearchLine()
    line.setParent(window.pages.page("home"))
    line.show()
    line.setText("rate")

    escape(qtbot, line)
    assert line.text() == ""
    assert messages(window) == 1
    escape(qtbot, line)
    assert messages(window) == 0


def test_that_it_takes_back_what_was_picked_in_the_confusion_matrix(
    qtbot: QtBot, window: MainWindow, run: MeasuredRun
) -> None:
    window.go("validate", {"run": run.run})
    page = window.pages.page("validate")
    assert isinstance(page, ValidatePage)
    qtbot.waitUntil(lambda: page.images.result is not None, timeout=WAIT_MS)
    matrix = page.matrix.matrix
    matrix.setFocus()
    qtbot.keyClick(matrix, Qt.Key.Key_Return)
    assert isinstance(matrix.selected(), Cell)

    escape(qtbot, matrix)
    assert matrix.selected() is None
    assert messages(window) == 1
    escape(qtbot, matrix)
    assert messages(window) == 0


def test_that_it_unselects_runs_before_it_closes_messages(
    qtbot: QtBot, window: MainWindow, run: MeasuredRun
) -> None:
    window.go("jobs", {"run": run.run})
    page = window.pages.page("jobs")
    assert isinstance(page, JobsPage)
    table = page.history.view
    qtbot.waitUntil(lambda: table.chosen_runs() == [run.run], timeout=WAIT_MS)

    escape(qtbot, table)
    assert table.chosen_runs() == []
    assert messages(window) == 1
    escape(qtbot, table)
    assert messages(window) == 0
