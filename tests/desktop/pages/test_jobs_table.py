"""The table of runs as it is painted and handled."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QPainter, QPixmap
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.models.run_table import RunTableModel
from desktop.models.run_table_entry import RunColumn, make_entries
from desktop.pages.jobs_table import RunTableView, shortened
from desktop.theme.theme import theme
from tests.desktop.run_rows import OUT_OF_MEMORY, row


@pytest.fixture
def view(qtbot: QtBot) -> RunTableView:
    theme.choose("dark")
    model = RunTableModel()
    made = RunTableView(model, "Runs")
    model.setParent(made)
    qtbot.addWidget(made)
    made.resize(1000, 400)
    rows = [row(name, started=float(number)) for number, name in enumerate("abc")]
    model.set_entries(make_entries([*rows, row("bad", state="failed", failure=OUT_OF_MEMORY, started=99.0)]))
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def test_that_a_row_is_chosen_whole_and_told(qtbot: QtBot, view: RunTableView) -> None:
    chosen = QSignalSpy(view.chosen)
    at = view.visualRect(view.model().index(1, 3)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert chosen.at(chosen.count() - 1) == [["c"]]


def test_that_a_double_click_and_enter_open(qtbot: QtBot, view: RunTableView) -> None:
    opened = QSignalSpy(view.opened)
    at = view.visualRect(view.model().index(1, 0)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    view.choose("a")
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert [opened.at(number)[0] for number in range(opened.count())] == ["c", "a"]


def test_that_the_pointer_lights_up_a_whole_row_until_it_leaves(view: RunTableView) -> None:
    at = QPointF(view.visualRect(view.model().index(2, 0)).center())
    nothing = Qt.MouseButton.NoButton
    move = QMouseEvent(QEvent.Type.MouseMove, at, at, nothing, nothing, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(view.viewport(), move)
    assert view.hovered_row == 2
    QApplication.sendEvent(view.viewport(), QEvent(QEvent.Type.Leave))
    assert view.hovered_row == -1


def test_that_a_failed_run_has_its_sentence_painted_in_its_row(view: RunTableView) -> None:
    bad, plain = (row_colors(view, number) for number in (0, 1))
    assert theme.color("bad").rgb() in bad
    assert theme.color("bad").rgb() not in plain


def row_colors(view: RunTableView, number: int) -> set[int]:
    """The colours in the lower half of a row, at its name."""
    rect = view.visualRect(view.model().index(number, 0))
    picture = view.viewport().grab(rect.adjusted(0, rect.height() // 2, 0, -2)).toImage()
    return {picture.pixel(x, y) for x in range(picture.width()) for y in range(picture.height())}


def test_that_the_menu_key_asks_for_a_menu_at_the_current_row(view: RunTableView) -> None:
    view.choose("b")
    wanted = QSignalSpy(view.menu_wanted)
    QApplication.sendEvent(
        view, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(0, 0), QPoint(0, 0))
    )
    assert wanted.count() == 1
    inside = view.viewport().mapFromGlobal(wanted.at(0)[0])
    assert view.visualRect(view.currentIndex()).adjusted(0, 0, 0, 2).contains(inside)


def test_that_a_right_click_on_an_unchosen_row_chooses_it(view: RunTableView) -> None:
    view.choose("a")
    at = view.visualRect(view.model().index(2, 0)).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.viewport().mapToGlobal(at))
    QApplication.sendEvent(view.viewport(), event)
    assert view.chosen_runs() == ["b"]


def test_that_tab_leaves_the_table(view: RunTableView) -> None:
    assert not view.tabKeyNavigation()


def test_that_the_arrows_move_and_escape_chooses_none(qtbot: QtBot, view: RunTableView) -> None:
    view.choose("bad")
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.chosen_runs() == ["c"]
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert view.chosen_runs() == []


def test_that_both_themes_paint_the_same_rows_differently(view: RunTableView) -> None:
    dark = view.grab().toImage()
    theme.choose("light")
    assert view.grab().toImage() != dark


def test_that_only_rows_in_view_are_painted(view: RunTableView, monkeypatch: pytest.MonkeyPatch) -> None:
    model = view.model()
    assert isinstance(model, RunTableModel)
    model.set_entries(make_entries([row(f"{number:05}", started=float(number)) for number in range(5000)]))
    painted: list[int] = []
    monkeypatch.setattr(view, "_paint_note", lambda _painter, number: painted.append(number))
    view.viewport().grab()
    assert 0 < len(painted) < 20


def test_that_a_long_metric_gives_way_to_its_value_in_a_narrow_column(view: RunTableView) -> None:
    picture = QPixmap(10, 10)
    painter = QPainter(picture)
    painter.setFont(view.font())
    metrics = painter.fontMetrics()
    text = "balanced accuracy  82.9%"
    room = metrics.horizontalAdvance(text) - 20
    shown = shortened(painter, text, room, RunColumn.BEST)
    assert shown.startswith("balanced")
    assert shown.endswith("…  82.9%")
    assert metrics.horizontalAdvance(shown) <= room
    assert shortened(painter, text, room, RunColumn.MODEL).endswith("…")
    assert shortened(painter, text, room + 20, RunColumn.BEST) == text
    painter.end()
