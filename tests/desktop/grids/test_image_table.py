"""The table of a grid's images: the same rows, the same current one, what is told, sorted and copied."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QStackedWidget
from pytestqt.qtbot import QtBot

from desktop.grids.image_grid import ImageGrid
from desktop.grids.image_model import Images
from desktop.grids.image_table import ImageTable
from desktop.grids.table_columns import TableColumn, table_text
from desktop.grids.tile import Tile

COUNT = 100_000
Choice = QItemSelectionModel.SelectionFlag
LOSSES = np.arange(COUNT) % 1000 / 1000


def columns() -> tuple[TableColumn, ...]:
    return (
        TableColumn(
            "file",
            "File",
            lambda images: [f"{image}.png" for image in images.tolist()],
            lambda: np.arange(COUNT),
            is_number=False,
        ),
        TableColumn(
            "loss",
            "Loss",
            lambda images: [f"{value:.3f}" for value in LOSSES[images].tolist()],
            lambda: LOSSES,
            is_worst_high=True,
            tip="Of the model",
        ),
    )


@pytest.fixture
def shown(qtbot: QtBot) -> Iterator[tuple[ImageGrid, ImageTable]]:
    stack = QStackedWidget()
    qtbot.addWidget(stack)
    grid = ImageGrid("Images")
    table = ImageTable("Images, as a table", grid)
    stack.addWidget(grid)
    stack.addWidget(table)
    paths = [f"{number}.png" for number in range(COUNT)]
    grid.images.set_images(Images(Path("nowhere"), paths, lambda image: Tile(str(image))))
    table.show_columns(columns())
    stack.resize(500, 300)
    stack.setCurrentWidget(table)
    with qtbot.waitExposed(stack):
        stack.show()
    yield grid, table
    stack.close()


def cell(table: ImageTable, row: int, column: int, role: Qt.ItemDataRole) -> object:
    return table.rows.data(table.rows.index(row, column), role)


def choose(table: ImageTable, row: int, how: Choice = Choice.ClearAndSelect) -> None:
    """As a click does; not selectRow, which asks what keys are held down and where the columns are."""
    table.selectionModel().setCurrentIndex(table.rows.index(row, 0), how | Choice.Rows)


def test_that_rows_are_those_of_the_grid_in_its_order(shown: tuple[ImageGrid, ImageTable]) -> None:
    grid, table = shown
    assert table.rows.rowCount() == COUNT

    grid.images.arrange(LOSSES >= 0.998, -LOSSES)

    assert table.rows.rowCount() == 200
    assert cell(table, 0, 0, Qt.ItemDataRole.DisplayRole) == "999.png"
    assert cell(table, 0, 1, Qt.ItemDataRole.AccessibleTextRole) == "Loss: 0.999"


def test_that_current_row_and_selection_are_those_of_the_grid(shown: tuple[ImageGrid, ImageTable]) -> None:
    grid, table = shown

    grid.go_to(70_000)
    assert table.currentIndex().row() == 70_000

    choose(table, 5)
    assert grid.selected_images().tolist() == [5]
    assert grid.current_image() == 5
    table.selectAll()
    assert len(grid.selected_images()) == COUNT


def test_that_an_empty_table_says_why(shown: tuple[ImageGrid, ImageTable]) -> None:
    grid, table = shown
    grid.images.arrange(np.zeros(COUNT, dtype=np.bool_))
    grid.nothing = ""
    silent = table.viewport().grab().toImage()

    grid.nothing = "No image matches."

    assert table.viewport().grab().toImage() != silent


def test_that_enter_opens_the_image_of_the_row(qtbot: QtBot, shown: tuple[ImageGrid, ImageTable]) -> None:
    grid, table = shown
    grid.images.arrange(None, -np.arange(COUNT))
    choose(table, 2)

    with qtbot.waitSignal(grid.opened) as opened:
        qtbot.keyClick(table, Qt.Key.Key_Return)

    assert opened.args == [COUNT - 3]


def test_that_a_heading_asks_for_the_worst_first_and_then_for_the_best(
    qtbot: QtBot, shown: tuple[ImageGrid, ImageTable]
) -> None:
    _, table = shown

    with qtbot.waitSignal(table.sorted_by) as first:
        table.horizontalHeader().sectionClicked.emit(1)
    assert first.args == ["loss", True], "the highest loss is the worst"
    table.mark_sorted("loss", True)
    with qtbot.waitSignal(table.sorted_by) as second:
        table.horizontalHeader().sectionClicked.emit(1)

    assert second.args == ["loss", False]
    assert table.horizontalHeader().sortIndicatorSection() == 1
    assert table.horizontalHeader().sortIndicatorOrder() == Qt.SortOrder.DescendingOrder


def test_that_selected_rows_are_copied_and_all_where_none_is_selected(
    qtbot: QtBot, shown: tuple[ImageGrid, ImageTable]
) -> None:
    _, table = shown
    choose(table, 3)
    with qtbot.waitSignal(table.copy_wanted) as every:
        qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert every.args is not None
    assert len(every.args[0]) == COUNT

    table.setSelectionMode(ImageTable.SelectionMode.MultiSelection)
    choose(table, 7, Choice.Select)
    with qtbot.waitSignal(table.copy_wanted) as two:
        table.copy(",")

    assert two.args is not None
    assert [two.args[0].tolist(), two.args[1]] == [[3, 7], ","]


def test_that_copied_text_is_read_by_a_spreadsheet() -> None:
    names = ["plain", 'with "quotes"', "with, comma", "with\ttab"]
    column = TableColumn(
        "name", "Name", lambda images: [names[image] for image in images], lambda: np.arange(4)
    )

    for separator in ("\t", ","):
        text = table_text((column, column), np.arange(4), separator)
        read = list(csv.reader(io.StringIO(text), delimiter=separator))
        assert read == [["Name", "Name"], *([name, name] for name in names)]
