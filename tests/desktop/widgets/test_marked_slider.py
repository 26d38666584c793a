"""The mark of a slider stands where its handle would, and moves nothing."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from desktop.theme.theme import theme
from desktop.widgets.marked_slider import MarkedSlider


@pytest.fixture
def slider(qtbot: QtBot) -> MarkedSlider:
    made = MarkedSlider()
    qtbot.addWidget(made)
    made.setRange(0, 100)
    made.resize(240, 30)
    made.show()
    return made


def green_columns(slider: MarkedSlider) -> set[int]:
    wanted: QColor = theme.color("ok")
    image = slider.grab().toImage()
    near = [
        (x, y)
        for x in range(image.width())
        for y in range(image.height())
        if abs(image.pixelColor(x, y).red() - wanted.red()) < 12
        and abs(image.pixelColor(x, y).green() - wanted.green()) < 12
        and abs(image.pixelColor(x, y).blue() - wanted.blue()) < 12
    ]
    return {x for x, _ in near}


def test_that_a_mark_is_drawn_where_it_is_and_taken_away(slider: MarkedSlider) -> None:
    assert green_columns(slider) == set()

    slider.set_mark(70)

    columns = green_columns(slider)
    assert columns
    assert all(abs(x - slider.mark_x()) <= 2 for x in columns)
    assert slider.value() == 0
    slider.set_mark(None)
    assert green_columns(slider) == set()
    assert slider.mark_x() == -1


@pytest.mark.parametrize("value", [0, 33, 100])
def test_that_the_handle_meets_the_mark(qtbot: QtBot, slider: MarkedSlider, value: int) -> None:
    slider.set_mark(value)
    slider.setValue(value)

    place = QPoint(round(slider.mark_x()), slider.height() // 2)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=place)

    assert slider.isSliderDown(), "there is the handle"
