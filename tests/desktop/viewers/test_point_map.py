"""Points are drawn where they are, pointed at, and chosen by a lasso."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from desktop.viewers.point_map import PointMap, inside_of, rgb


@pytest.fixture
def shown(qtbot: QtBot) -> PointMap:
    made = PointMap("Images")
    qtbot.addWidget(made)
    made.resize(400, 400)
    made.show()
    points = np.array([[0, 0], [10, 0], [10, 10], [np.nan, np.nan]], np.float32)
    made.show_points(
        points, np.array([rgb(250, 0, 0), rgb(0, 250, 0), rgb(0, 0, 250), rgb(9, 9, 9)], np.uint32)
    )
    return made


def place(shown: PointMap, number: int) -> QPoint:
    x, y = shown.places()[number]
    return QPoint(round(x), round(y))


def test_that_points_have_their_colours_and_nowhere_is_drawn_nowhere(shown: PointMap) -> None:
    picture = shown.grab().toImage()
    ratio = picture.width() / shown.width()
    colors = [picture.pixelColor(place(shown, number) * ratio) for number in range(3)]

    assert colors == [QColor(250, 0, 0), QColor(0, 250, 0), QColor(0, 0, 250)]
    assert shown.accessibleDescription() == "4 images"


def test_that_the_point_under_the_pointer_is_told(qtbot: QtBot, shown: PointMap) -> None:
    told: list[int] = []
    shown.pointed.connect(told.append)

    qtbot.mouseMove(shown, place(shown, 1) + QPoint(3, -3))
    qtbot.mouseMove(shown, QPoint(200, 200))

    assert told == [1, -1]


def test_that_a_lasso_chooses_what_lies_in_it_and_a_click_all(qtbot: QtBot, shown: PointMap) -> None:
    told: list[list[int]] = []
    shown.lassoed.connect(lambda numbers: told.append(numbers.tolist()))

    shown.choose_within([QPointF(200, 0), QPointF(400, 0), QPointF(400, 400), QPointF(200, 400)])
    qtbot.mouseClick(shown, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))

    assert told == [[1, 2], [0, 1, 2, 3]]


def test_that_zooming_keeps_what_is_in_the_middle(qtbot: QtBot, shown: PointMap) -> None:
    before = shown.places()

    qtbot.keyClick(shown, Qt.Key.Key_Plus)
    after = shown.places()
    qtbot.keyClick(shown, Qt.Key.Key_0)

    np.testing.assert_allclose(after[:3] - 200, (before[:3] - 200) * 1.25)
    np.testing.assert_allclose(shown.places()[:3], before[:3])


def test_that_the_inside_of_a_polygon_may_have_a_bay() -> None:
    corners = np.array([[0, 0], [10, 0], [10, 10], [5, 4], [0, 10]], float)
    places = np.array([[1, 1], [5, 3], [5, 6], [9, 8], [1, 8], [11, 5], [np.nan, 1]], float)

    assert inside_of(places, corners).tolist() == [True, True, False, True, True, False, False]
