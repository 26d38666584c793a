"""The list of waiting runs: its order, and how it is changed."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy
from pytestqt.qtbot import QtBot

from desktop.models.queue_table import QueueTableModel
from engine.store.queue import QueueRow
from tests.desktop.run_rows import row

ROWS = [row(name, state="queued") for name in "abcd"]


@pytest.fixture
def model(qtbot: QtBot) -> QueueTableModel:
    made = QueueTableModel()
    made.tester = QAbstractItemModelTester(  # pyright: ignore[reportAttributeAccessIssue]  # lives as long as the model
        made, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    made.set_queue(queue("abcd"), ROWS)
    return made


def queue(names: str) -> list[QueueRow]:
    return [QueueRow(name, number, 1, None) for number, name in enumerate(names, 1)]


def order(model: QueueTableModel) -> str:
    return "".join(model.waiting(number).row.run for number in range(model.rowCount()))


@pytest.mark.parametrize(
    ("source", "gap", "result", "place"),
    [(0, 2, "bacd", 2), (0, 4, "bcda", 4), (3, 0, "dabc", 1), (2, 1, "acbd", 2)],
)
def test_that_a_drag_into_a_gap_moves_the_run_and_tells(
    model: QueueTableModel, source: int, gap: int, result: str, place: int
) -> None:
    moved = QSignalSpy(model.moved)
    run = model.waiting(source).row.run
    assert model.moveRow(QModelIndex(), source, QModelIndex(), gap)
    assert order(model) == result
    assert moved.at(0) == [run, place]
    assert [model.waiting(number).position for number in range(4)] == [1, 2, 3, 4]


@pytest.mark.parametrize("to", [0, -1, 4])
def test_that_a_move_to_nowhere_is_none(model: QueueTableModel, to: int) -> None:
    moved = QSignalSpy(model.moved)
    assert not model.move(0, to)
    assert (order(model), moved.count()) == ("abcd", 0)


def test_that_an_index_follows_its_run(model: QueueTableModel) -> None:
    index = QPersistentModelIndex(model.index(0))
    model.move(0, 3)
    assert index.row() == 3


def test_that_a_run_of_which_nothing_is_known_yet_is_left_out(model: QueueTableModel) -> None:
    model.set_queue(queue("axb"), ROWS)
    assert order(model) == "ab"
    assert model.waiting(1).position == 2


def test_that_the_same_queue_again_changes_nothing(model: QueueTableModel) -> None:
    resets, changed = QSignalSpy(model.modelReset), QSignalSpy(model.dataChanged)
    model.set_queue(queue("abcd"), ROWS)
    assert (resets.count(), changed.count()) == (0, 0)


def test_that_lines_say_their_place_and_what_they_wait_for() -> None:
    model = QueueTableModel()
    waiting = [QueueRow("a", 1, 1, "cuda:1"), QueueRow("b", 2, 2, None)]
    model.set_queue(waiting, [ROWS[0], row("b", state="queued", attempt=2)])
    assert "waits for cuda:1" in model.waiting(0).about
    assert "goes on" in model.waiting(1).about
    assert str(model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)).startswith("1: a, Tiny · pets")


def test_that_nothing_can_be_dropped_on_a_line_only_between(model: QueueTableModel) -> None:
    assert not model.flags(model.index(0)) & Qt.ItemFlag.ItemIsDropEnabled
    assert model.flags(QModelIndex()) & Qt.ItemFlag.ItemIsDropEnabled
