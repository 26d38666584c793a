"""A tile shows a whole picture with its labels, says what is on it, and asks to be seen large."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from desktop.models.drawn_labels import DrawnLabels
from desktop.viewers.sample_tile import SampleTile


@pytest.fixture
def tile(qtbot: QtBot) -> SampleTile:
    made = SampleTile("Epoch 1", 100)
    qtbot.addWidget(made)
    made.resize(100, 100)
    return made


def picture() -> QImage:
    made = QImage(200, 100, QImage.Format.Format_RGB32)
    made.fill(QColor(10, 200, 10))
    return made


def test_that_the_whole_picture_stands_in_the_middle_with_its_boxes(tile: SampleTile) -> None:
    box = DrawnLabels(200, 100, np.array([[40, 20, 160, 80]], np.float32), np.array([0]))
    tile.show_sample(picture(), box, "1 <b>cat</b>")
    seen = tile.grab().toImage()

    assert seen.pixelColor(5, 50) == QColor(10, 200, 10)
    assert seen.pixelColor(5, 10) != QColor(10, 200, 10)  # above the picture
    assert seen.pixelColor(50, 35) != QColor(10, 200, 10)  # the upper line of the box
    assert tile.accessibleDescription() == "1 <b>cat</b>"
    assert "<b>" not in tile.toolTip()


def test_that_a_click_and_enter_ask_to_see_it_large_once_there_is_a_picture(
    qtbot: QtBot, tile: SampleTile
) -> None:
    asked: list[bool] = []
    tile.opened.connect(lambda: asked.append(True))
    qtbot.mouseClick(tile, Qt.MouseButton.LeftButton)
    assert not asked
    tile.show_sample(picture(), DrawnLabels(200, 100), "cat")
    qtbot.mouseClick(tile, Qt.MouseButton.LeftButton)
    qtbot.keyClick(tile, Qt.Key.Key_Return)
    assert len(asked) == 2
    tile.show_nothing()
    assert tile.accessibleDescription() == ""


def test_that_what_holds_no_more_is_dimmed(tile: SampleTile) -> None:
    tile.show_sample(picture(), DrawnLabels(200, 100), "cat")
    tile.set_dim(True)
    assert tile.grab().toImage().pixelColor(50, 50) != QColor(10, 200, 10)
