from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.grids.image_grid import USUAL, ImageGrid, MenuEntry
from desktop.grids.image_model import Images, Numbers
from desktop.grids.tile import Tile, judged_tile
from desktop.grids.tile_slider import TileSlider
from desktop.theme.theme import theme


@pytest.fixture
def grid(qtbot: QtBot, tmp_path: Path) -> ImageGrid:
    for number in range(30):
        Image.new("RGB", (40, 30), (200, 40, 40)).save(tmp_path / f"{number}.png")
    made = ImageGrid("Images")
    qtbot.addWidget(made)
    made.resize(640, 480)
    made.images.set_images(
        Images(tmp_path, [f"{n}.png" for n in range(30)], lambda image: Tile(f"tile {image}"))
    )
    made.show()
    return made


def menu_texts(grid: ImageGrid) -> list[str]:
    return [action.text() for action in grid.make_menu().actions() if action.text()]


def test_that_whole_tiles_fill_the_width(grid: ImageGrid) -> None:
    width = grid.viewport().width()
    columns = width // grid.tile.width()
    assert columns >= 3
    assert width - columns * grid.tile.width() < columns + 4


def test_that_only_what_is_near_the_screen_is_read(qtbot: QtBot, grid: ImageGrid, tmp_path: Path) -> None:
    seen = grid.images.thumbnails
    qtbot.waitUntil(lambda: str(tmp_path / "0.png") in seen._kept and seen.is_idle())
    assert str(tmp_path / "29.png") not in seen._kept


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_that_enter_opens_the_current_image(qtbot: QtBot, grid: ImageGrid, key: Qt.Key) -> None:
    grid.images.arrange(None, -np.arange(30))
    grid.go_to(7)
    with qtbot.waitSignal(grid.opened) as told:
        qtbot.keyClick(grid, key)
    assert told.args == [7]


def test_that_a_double_click_opens_an_image(qtbot: QtBot, grid: ImageGrid) -> None:
    place = grid.visualRect(grid.images.index(1)).center()
    with qtbot.waitSignal(grid.opened) as told:
        qtbot.mouseDClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert told.args == [1]


def test_that_the_arrow_keys_walk_in_lines(qtbot: QtBot, grid: ImageGrid) -> None:
    columns = grid.viewport().width() // grid.tile.width()
    grid.go_to(0)
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    assert grid.current_image() == 1
    qtbot.keyClick(grid, Qt.Key.Key_Down)
    assert grid.current_image() == 1 + columns
    qtbot.keyClick(grid, Qt.Key.Key_End)
    assert grid.current_image() == 29


def test_that_letters_are_left_to_the_page(qtbot: QtBot, grid: ImageGrid) -> None:
    grid.go_to(3)
    qtbot.keyClick(grid, Qt.Key.Key_I)
    assert grid.current_image() == 3


def test_that_selected_images_come_in_the_order_shown(grid: ImageGrid) -> None:
    grid.images.arrange(np.arange(30) < 4, -np.arange(30))
    grid.selectAll()
    assert list(grid.selected_images()) == [3, 2, 1, 0]


def test_that_neighbours_follow_the_order_shown_and_end_at_the_ends(grid: ImageGrid) -> None:
    grid.images.arrange(np.arange(30) < 3, -np.arange(30))
    assert [grid.neighbour(1, step) for step in (-1, 1)] == [2, 0]
    assert grid.neighbour(0, 1) == -1
    assert grid.neighbour(20, 1) == -1
    assert not grid.go_to(20)


def test_that_the_menu_copies_the_paths_of_what_is_selected(grid: ImageGrid, tmp_path: Path) -> None:
    grid.go_to(2)
    assert menu_texts(grid) == ["Open large", "Show in folder", "Copy path"]
    grid.images.arrange(np.arange(30) < 2)
    grid.selectAll()
    menu = grid.make_menu()
    menu.actions()[-1].trigger()
    assert menu.actions()[-1].text() == "Copy 2 paths"
    assert QGuiApplication.clipboard().text() == f"{tmp_path / '0.png'}\n{tmp_path / '1.png'}"


def test_that_a_page_adds_to_the_menu(grid: ImageGrid) -> None:
    chosen: list[Numbers] = []
    grid.menu_entries.append(MenuEntry("Predict", "ph.magic-wand", chosen.append))
    grid.go_to(5)
    next(action for action in grid.make_menu().actions() if action.text() == "Predict").trigger()
    assert [list(numbers) for numbers in chosen] == [[5]]


def test_that_wheel_keys_and_slider_agree_on_the_size(qtbot: QtBot, grid: ImageGrid) -> None:
    slider = TileSlider(grid)
    qtbot.addWidget(slider)
    qtbot.keyClick(grid, Qt.Key.Key_Plus)
    assert slider.value() == grid.tile_side > USUAL
    wheel = QWheelEvent(
        QPointF(50, 50), QPointF(50, 50), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(grid.viewport(), wheel)
    assert slider.value() == grid.tile_side == USUAL
    slider.setValue(200)
    assert grid.tile_side == 200
    qtbot.keyClick(grid, Qt.Key.Key_0)
    assert slider.value() == USUAL


def test_that_a_wrong_prediction_is_framed_in_another_colour_than_a_right_one(
    qtbot: QtBot, grid: ImageGrid, tmp_path: Path
) -> None:
    grid.images.set_images(
        Images(tmp_path, ["0.png", "1.png"], lambda image: judged_tile("cat", ("cat", "dog")[image], 0.9))
    )
    qtbot.waitUntil(grid.images.thumbnails.is_idle)
    shown = grid.viewport().grab().toImage()
    colors = []
    for row in range(2):
        tile = grid.visualRect(grid.images.index(row))
        colors.append(shown.pixelColor(tile.left() + 4, tile.center().y() - 10))
    assert abs(colors[0].hue() - theme.color("ok").hue()) < 20
    assert abs(colors[1].hue() - theme.color("bad").hue()) < 20


def test_that_an_empty_grid_says_why(grid: ImageGrid) -> None:
    full = grid.viewport().grab().toImage()
    grid.images.arrange(np.zeros(30, bool))
    grid.nothing = "No image is wrong."
    assert grid.viewport().grab().toImage() != full
    assert grid.current_image() == -1
