"""The table of metrics by class: which columns there are, how it sorts, what it says where nothing was measured."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from desktop.models.class_table import ClassColumn, ClassTableModel

CLASSES = ("cat", "Dog", "ant")
COLUMNS = (ClassColumn("map", "AP"), ClassColumn("mask_map", "Mask AP"))
VALUES = {"map": {"cat": 0.5, "Dog": 0.25}, "support": {"cat": 3.0, "Dog": 12.0}}


@pytest.fixture
def model(qtbot: QtBot) -> ClassTableModel:
    made = ClassTableModel()
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    made.show(CLASSES, COLUMNS, VALUES, "Objects")
    return made


def names(model: ClassTableModel) -> list[str]:
    return [row[0] for row in model.as_rows()[1:]]


def test_that_metrics_that_nobody_measured_have_no_column(model: ClassTableModel) -> None:
    assert model.as_rows()[0] == ["Class", "Objects", "AP"]


def test_that_names_sort_without_regard_to_capitals(model: ClassTableModel) -> None:
    model.sort(0)

    assert names(model) == ["ant", "cat", "Dog"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Qt.SortOrder.AscendingOrder, ["Dog", "cat", "ant"]),
        (Qt.SortOrder.DescendingOrder, ["cat", "Dog", "ant"]),
    ],
)
def test_that_a_class_without_a_value_comes_last_either_way(
    model: ClassTableModel, order: Qt.SortOrder, expected: list[str]
) -> None:
    model.sort(2, order)

    assert names(model) == expected
    assert model.as_rows()[3] == ["ant", "0", "–"]


def test_that_lines_and_numbers_of_classes_agree(model: ClassTableModel) -> None:
    model.sort(2)

    assert [model.class_at(row) for row in range(3)] == [1, 0, 2]
    assert model.row_of(0) == 1
    assert model.data(model.index(0, 1), Qt.ItemDataRole.AccessibleTextRole) == "Objects: 12"
