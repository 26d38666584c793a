"""The confusion matrix: numbers in cells, picking by pointer and keys, very many classes."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from desktop.theme.fonts import font
from desktop.viewers.confusion_matrix import MOST_CONFUSED, ConfusionMatrix
from desktop.viewers.matrix_colors import shrink
from desktop.viewers.matrix_data import Cell, MatrixData, matrix_data
from desktop.viewers.matrix_layout import lay_out

NAMES = ("circle", "<b>cross</b>", "star")
COUNTS = np.array([[8, 2, 0], [0, 10, 0], [1, 0, 999]])


@pytest.fixture
def matrix(qtbot: QtBot) -> ConfusionMatrix:
    made = ConfusionMatrix()
    qtbot.addWidget(made)
    made.resize(390, 366)
    made.show_matrix(COUNTS, NAMES)
    made.show()
    return made


def centre(matrix: ConfusionMatrix, row: int, column: int) -> QPoint:
    layout = lay_out(NAMES, matrix.width(), matrix.height(), font(11, 500))
    return layout.rect(row, column).center().toPoint()


def test_that_a_click_picks_a_cell_and_a_second_click_takes_it_back(
    matrix: ConfusionMatrix, qtbot: QtBot
) -> None:
    picked: list[object] = []
    matrix.picked.connect(picked.append)

    for _ in range(2):
        qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=centre(matrix, 0, 1))

    assert picked == [Cell(0, 1), None]


def test_that_a_click_on_a_name_picks_the_whole_class(matrix: ConfusionMatrix, qtbot: QtBot) -> None:
    layout = lay_out(NAMES, matrix.width(), matrix.height(), font(11, 500))
    picked: list[object] = []
    matrix.picked.connect(picked.append)

    qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=layout.row_name(2).center().toPoint())
    qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=layout.column_name(1).center().toPoint())

    assert picked == [Cell(2, None), Cell(None, 1)]


def test_that_keys_reach_every_cell_and_every_name(matrix: ConfusionMatrix, qtbot: QtBot) -> None:
    picked: list[object] = []
    matrix.picked.connect(picked.append)

    qtbot.keyClick(matrix, Qt.Key.Key_Right)
    qtbot.keyClick(matrix, Qt.Key.Key_Return)
    qtbot.keyClick(matrix, Qt.Key.Key_Left)
    qtbot.keyClick(matrix, Qt.Key.Key_Left)
    qtbot.keyClick(matrix, Qt.Key.Key_Space)
    qtbot.keyClick(matrix, Qt.Key.Key_Escape)

    assert picked == [Cell(0, 1), Cell(0, None), None]


def test_that_the_cursor_is_told_as_a_sentence(matrix: ConfusionMatrix, qtbot: QtBot) -> None:
    with qtbot.waitSignal(matrix.pointed) as told:
        qtbot.keyClick(matrix, Qt.Key.Key_Right)

    assert told.args is not None
    assert told.args == ["circle → <b>cross</b>: 2 images, 20.0% of circle"]
    assert matrix.accessibleDescription() == told.args[0]


def test_that_the_whole_matrix_is_described_in_words(matrix: ConfusionMatrix) -> None:
    assert matrix.accessibleName() == "Confusion matrix, 3 classes"
    assert "1,020 images, 99.7% right" in matrix.accessibleDescription()
    assert "circle → <b>cross</b>: 2 images" in matrix.accessibleDescription()


def test_that_another_result_of_the_same_classes_keeps_the_pick(matrix: ConfusionMatrix) -> None:
    matrix.select(Cell(0, 1))

    matrix.show_matrix(COUNTS + 1, NAMES)
    assert matrix.selected() == Cell(0, 1)

    matrix.show_matrix(COUNTS, ("a", "b", "c"))
    assert matrix.selected() is None


@pytest.mark.parametrize(
    ("row", "column", "percent", "count"),
    [(0, 0, "80", "8"), (0, 2, "", ""), (2, 0, "<1", "1"), (2, 2, "100", "999")],
)
def test_that_cells_hold_percents_of_their_row_or_counts(
    row: int, column: int, percent: str, count: str
) -> None:
    data = matrix_data(COUNTS, NAMES)

    assert data.text(row, column, "percent") == percent
    assert data.text(row, column, "count") == count


def test_that_counts_of_thousands_are_short() -> None:
    assert matrix_data(np.array([[12_345]]), ("a",)).text(0, 0, "count") == "12.3k"


def test_that_the_most_confused_classes_are_found() -> None:
    counts = np.diag(np.full(50, 100))
    counts[7, 33] = 9
    counts[41, 2] = 5

    chosen = matrix_data(counts, [f"c{i}" for i in range(50)]).most_confused(4)

    assert list(chosen) == [2, 7, 33, 41]


def test_that_a_perfect_matrix_shows_its_first_classes() -> None:
    assert list(matrix_data(np.diag([3, 3, 3]), NAMES).most_confused(2)) == [0, 1]


def test_that_a_pick_in_the_most_confused_part_names_the_class_of_the_whole(
    matrix: ConfusionMatrix, qtbot: QtBot
) -> None:
    counts = np.diag(np.full(60, 5))
    counts[50, 55] = 4
    matrix.show_matrix(counts, [f"c{i}" for i in range(60)])
    matrix.show_only_confused(True)
    picked: list[object] = []
    matrix.picked.connect(picked.append)

    for _ in range(MOST_CONFUSED - 2):
        qtbot.keyClick(matrix, Qt.Key.Key_Down)
    for _ in range(MOST_CONFUSED - 1):
        qtbot.keyClick(matrix, Qt.Key.Key_Right)
    qtbot.keyClick(matrix, Qt.Key.Key_Return)

    assert picked == [Cell(50, 55)]


def test_that_in_a_matrix_of_a_thousand_classes_the_pointer_finds_the_mistake_near_it() -> None:
    counts = np.diag(np.full(1_000, 50))
    counts[500, 100] = 3
    names = [f"class {i}" for i in range(1_000)]
    data = matrix_data(counts, names)
    layout = lay_out(names, 390, 366, font(11, 500))

    at = layout.cell_at(layout.rect(501, 101).center() + QPointF(0.5, 0.5), data)

    assert layout.is_dense
    assert at == Cell(500, 100)


def test_that_no_mistake_is_lost_when_a_large_matrix_is_shrunk() -> None:
    values = np.zeros((1_000, 1_000))
    values[999, 0] = values[3, 998] = 1.0

    small = shrink(values, 130)

    assert small.shape == (130, 130)
    assert small.sum() == 2.0


@pytest.mark.parametrize("side", [1, 3, 24, 40, 200, 1_000])
def test_that_a_matrix_of_any_size_paints_its_diagonal(qtbot: QtBot, side: int) -> None:
    made = ConfusionMatrix()
    qtbot.addWidget(made)
    made.resize(390, 366)
    names = [f"a rather long name {i}" for i in range(side)]
    made.show_matrix(np.diag(np.full(side, 9)), names)

    picture = made.grab().toImage()
    layout = lay_out(names, 390, 366, font(11, 500))
    place = layout.rect(side // 2, side // 2).topLeft() + QPointF(layout.cell * 0.2, layout.cell * 0.2)
    on_diagonal = picture.pixelColor(place.toPoint())

    assert on_diagonal.blue() > on_diagonal.red() + 60


DETECTED = MatrixData(
    np.array([[8, 0, 2], [0, 3, 1], [4, 0, 0]]), ("cat", "dog", "background"), "object", True
)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell(0, 0), "cat, rightly predicted: 8 objects, 80.0% of cat"),
        (Cell(0, 2), "cat, missed: 2 objects, 20.0% of cat"),
        (Cell(2, 0), "cat where nothing is: 4 objects"),
        (Cell(2, None), "Made up: 4 objects where nothing is"),
        (Cell(None, 2), "Missed: 3 objects"),
    ],
)
def test_that_the_background_is_told_as_what_it_is(cell: Cell, words: str) -> None:
    assert DETECTED.sentence(cell) == words


def test_that_the_background_is_no_class_and_has_counts_instead_of_shares(qtbot: QtBot) -> None:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)

    matrix.show_data(DETECTED)

    assert matrix.accessibleName() == "Confusion matrix, 2 classes"
    assert DETECTED.text(2, 0, "percent") == "4"
    assert DETECTED.text(0, 0, "percent") == "80"


def test_that_few_of_very_many_pixels_are_drawn_as_none() -> None:
    counts = np.array([[1_000_000, 30], [0, 500]])
    pixels = MatrixData(counts, ("sky", "road"), "pixel", least=0.005)

    assert pixels.shares()[0, 1] == 0
    assert pixels.text(0, 1, "percent") == ""
    assert pixels.text(0, 0, "count") == "1.0M"


def test_that_pairs_are_those_off_the_diagonal_the_most_frequent_first() -> None:
    data = MatrixData(np.array([[9, 2, 0], [5, 9, 1], [0, 2, 9]]), ("cat", "dog", "cow"))

    assert data.pairs(3) == [Cell(1, 0), Cell(0, 1), Cell(2, 1)]
    assert [data.title(cell) for cell in data.pairs(9)] == [
        "dog → cat",
        "cat → dog",
        "cow → dog",
        "dog → cow",
    ]


def test_that_columns_add_to_a_hundred_and_the_missed_stay_numbers() -> None:
    counts = np.array([[6, 2, 2], [0, 6, 4], [2, 4, 0]])
    data = MatrixData(counts, ("cat", "dog", "background"), "object", has_background=True)

    shares = data.shares("column")

    assert shares.tolist() == (counts / counts.sum(axis=0)).tolist()
    assert data.text(0, 0, "column") == "75"
    assert data.text(2, 1, "column") == "33", "a third of what is called dog is none"
    assert data.text(1, 2, "column") == "4", "missed: of nothing there is no share"
    assert data.text(2, 1, "percent") == "4"


ASKED = MatrixData(
    np.array([[7, 1, 2], [4, 3, 3], [0, 0, 0]]), ("cat", "dog", "not sure"), unanswered="not sure"
)


def test_that_what_got_no_answer_has_a_column_and_no_row(qtbot: QtBot) -> None:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(390, 366)

    matrix.show_data(ASKED)

    assert matrix.accessibleName() == "Confusion matrix, 2 classes"
    assert matrix.accessibleDescription().startswith("2 classes, 20 images, 50.0% right. Not sure: 5 images.")
    assert ASKED.sentence(Cell(0, 2)) == "cat, not sure: 2 images, 20.0% of cat"
    assert ASKED.sentence(Cell(None, 2)) == "Not sure: 5 images"
    assert ASKED.pairs(9) == [Cell(1, 0), Cell(0, 1)], "to be not sure is no confusion"
    told: list[Cell | None] = []
    matrix.picked.connect(told.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Return):
        qtbot.keyClick(matrix, key)
    assert told == [Cell(None, 2)], "below the second row are the names of the columns"


def test_that_the_most_confused_classes_stand_beside_what_got_no_answer() -> None:
    counts = np.diag([9, 9, 9, 9, 0])
    counts[2, 1], counts[0, 4] = 5, 8
    data = MatrixData(counts, ("a", "b", "c", "d", "not sure"), unanswered="not sure")

    chosen = data.most_confused(3)

    assert chosen.tolist() == [1, 2, 4]
    assert data.part(chosen).rows == 2


def test_that_a_matrix_without_its_last_row_fills_the_room_that_it_has() -> None:
    square = lay_out(NAMES, 900, 300, font(11, 500))
    flat = lay_out(NAMES, 900, 300, font(11, 500), len(NAMES) - 1)

    assert flat.height == pytest.approx(square.height)
    assert flat.cell > square.cell
    assert flat.cell_at(flat.rect(len(NAMES) - 2, 0).center(), ASKED) == Cell(len(NAMES) - 2, 0)


def test_that_rows_keep_their_names_where_columns_have_no_room_for_theirs(qtbot: QtBot) -> None:
    names = [f"class {number}" for number in range(11)]
    large, small, tiny = (lay_out(names, 320, height, font(11, 500)) for height in (320, 165, 90))

    assert (large.has_names, large.has_column_names) == (True, True)
    assert (small.has_names, small.has_column_names) == (True, False)
    assert (tiny.has_names, tiny.has_column_names) == (False, False)
    data = MatrixData(np.eye(11, dtype=np.int64), tuple(names))
    below = QPointF(small.left + small.cell / 2, small.top + small.height + 2)
    assert small.cell_at(below, data) is None
    beside = QPointF(small.left - 4, small.top + small.cell / 2)
    assert small.cell_at(beside, data) == Cell(0, None)
