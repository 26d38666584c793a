"""The table model of runs: what it tells views, and that it changes line by line."""

from __future__ import annotations

import random

import pytest
from PySide6.QtCore import QItemSelectionModel, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy
from pytestqt.qtbot import QtBot

from desktop.models.run_table import ENTRY_ROLE, RunTableModel
from desktop.models.run_table_entry import RunColumn, RunEntry, RunFilter, make_entries
from tests.desktop.run_rows import OUT_OF_MEMORY, row


@pytest.fixture
def model(qtbot: QtBot) -> RunTableModel:
    made = RunTableModel()
    made.tester = QAbstractItemModelTester(  # pyright: ignore[reportAttributeAccessIssue]  # lives as long as the model
        made, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    return made


def entries(*runs: str) -> list[RunEntry]:
    return make_entries([row(run, started=float(number)) for number, run in enumerate(runs)])


def shown(model: RunTableModel) -> list[str]:
    return [model.entry(number).row.run for number in range(model.rowCount())]


def test_that_lines_hold_text_entry_and_words_for_screen_readers(model: RunTableModel) -> None:
    model.set_entries(make_entries([row("big", state="failed", failure=OUT_OF_MEMORY)]))
    index = model.index(0, RunColumn.STATE)
    assert index.data() == "Failed"
    assert index.data(ENTRY_ROLE).row.run == "big"
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "State: Failed"
    assert index.data(Qt.ItemDataRole.AccessibleDescriptionRole) == "The memory was not enough."
    assert "The memory was not enough." in index.data(Qt.ItemDataRole.ToolTipRole)


def test_that_foreign_markup_is_no_markup_in_a_tooltip(model: RunTableModel) -> None:
    model.set_entries(make_entries([row("a", name="<img src=x>")]))
    assert "&lt;img src=x&gt;" in model.index(0, RunColumn.NAME).data(Qt.ItemDataRole.ToolTipRole)


def test_that_numbers_stand_on_the_right(model: RunTableModel) -> None:
    model.set_entries(entries("a"))
    for column, right in ((RunColumn.BEST, True), (RunColumn.NAME, False)):
        alignment = model.index(0, column).data(Qt.ItemDataRole.TextAlignmentRole)
        assert bool(alignment & Qt.AlignmentFlag.AlignRight) is right
        heading = model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole)
        assert heading == alignment


def test_that_the_latest_start_comes_first_until_another_order_is_chosen(model: RunTableModel) -> None:
    model.set_entries(entries("b", "a", "c"))
    assert shown(model) == ["c", "a", "b"]
    model.sort(RunColumn.NAME, Qt.SortOrder.AscendingOrder)
    assert shown(model) == ["a", "b", "c"]


def test_that_a_changed_run_changes_one_line_and_resets_nothing(model: RunTableModel) -> None:
    model.set_entries(entries("a", "b", "c"))
    changed, resets = QSignalSpy(model.dataChanged), QSignalSpy(model.modelReset)
    updated = [
        RunEntry(row("b", started=1.0, epoch=3)) if e.row.run == "b" else e for e in entries("a", "b", "c")
    ]
    model.set_entries(updated)
    assert resets.count() == 0
    assert changed.count() == 1
    assert changed.at(0)[0].row() == 1


def test_that_the_same_runs_again_change_nothing(model: RunTableModel) -> None:
    model.set_entries(entries("a", "b"))
    changed = QSignalSpy(model.dataChanged)
    model.set_entries(entries("a", "b"))
    assert changed.count() == 0


def test_that_a_chosen_run_stays_chosen_when_lines_come_go_and_are_sorted(model: RunTableModel) -> None:
    model.set_entries(entries("a", "b", "c", "d"))
    chosen = QItemSelectionModel(model)
    chosen.select(model.index(model.row_of("b") or 0, 0), QItemSelectionModel.SelectionFlag.Select)
    model.set_entries([*entries("a", "b", "c", "d")[1:3], RunEntry(row("new", started=50.0))])
    model.sort(RunColumn.NAME, Qt.SortOrder.AscendingOrder)
    assert [model.entry(index.row()).row.run for index in chosen.selectedIndexes()] == ["b"]


def test_that_any_change_ends_with_the_right_lines_and_true_indexes(model: RunTableModel) -> None:
    rng = random.Random(0)
    names = [f"run {number}" for number in range(30)]
    for _ in range(60):
        some = rng.sample(names, rng.randint(0, 30))
        kept = {
            model.entry(n).row.run: QPersistentModelIndex(model.index(n, 0)) for n in range(model.rowCount())
        }
        model.set_entries(make_entries([row(name, started=rng.random()) for name in some]))
        assert sorted(shown(model)) == sorted(some)
        starts = [model.entry(n).row.started or 0.0 for n in range(model.rowCount())]
        assert starts == sorted(starts, reverse=True)
        for run, index in kept.items():
            assert not index.isValid() or model.entry(index.row()).row.run == run


def test_that_thousands_of_changes_are_one_reset(model: RunTableModel) -> None:
    model.set_entries(
        make_entries(
            [row(f"{n:04}", started=float(n), state="failed" if n % 2 else "stopped") for n in range(5000)]
        )
    )
    resets, removed = QSignalSpy(model.modelReset), QSignalSpy(model.rowsRemoved)
    model.set_filter(RunFilter(state="failed"))
    assert model.rowCount() == 2500
    assert (resets.count(), removed.count()) == (1, 0)


def test_that_the_counts_with_and_without_the_filter_are_told(model: RunTableModel) -> None:
    model.set_entries(entries("apple", "pear"))
    counted = QSignalSpy(model.counted)
    model.set_filter(RunFilter(text="app"))
    assert counted.at(0) == [1, 2]
    assert model.row_of("pear") is None


def test_that_what_occurs_is_offered_for_filters(model: RunTableModel) -> None:
    model.set_entries(
        make_entries([row("a", dataset=None), row("b", state="failed"), row("c", kind="export")])
    )
    choices = model.choices()
    assert choices["dataset"] == ["pets"]
    assert choices["state"] == ["completed", "failed"]
    assert choices["kind"] == ["export", "train"]
