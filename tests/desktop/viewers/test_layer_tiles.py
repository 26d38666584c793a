"""Layers on the tiles of a grid: boxes of all that are shown, pixels of one, each hidden by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from desktop.grids.image_grid import ImageGrid
from desktop.grids.image_model import Images
from desktop.grids.tile import Tile
from desktop.models.drawn_labels import DrawnLabels
from desktop.viewers.label_view import PREDICTION, TRUTH
from desktop.viewers.layer_tiles import LayerTiles, TileLayers

WAIT_MS = 20_000
GREY = 128


def box(left: float) -> DrawnLabels:
    return DrawnLabels(40, 40, np.array([[left, 10, left + 10, 30]], np.float32), np.array([0]))


def pixels(label: int) -> DrawnLabels:
    return DrawnLabels(40, 40, class_map=np.full((40, 40), label, np.uint8))


@pytest.fixture
def grid(qtbot: QtBot, tmp_path: Path) -> ImageGrid:
    Image.fromarray(np.full((40, 40, 3), GREY, np.uint8)).save(tmp_path / "a.png")
    made = ImageGrid("Images")
    qtbot.addWidget(made)
    made.resize(200, 200)
    tiles = LayerTiles(made)
    tiles.overlays.changed.connect(made.viewport().update)
    made.set_delegate(tiles)
    made.images.set_images(Images(tmp_path, ("a.png",), lambda _: Tile("a")))
    made.show()
    return made


def tiles_of(grid: ImageGrid) -> LayerTiles:
    tiles = grid.itemDelegate()
    assert isinstance(tiles, LayerTiles)
    return tiles


def coloured(picture: QImage, left: float, right: float) -> bool:
    """Whether anything but greys is drawn between two shares of the tile's width."""
    side = picture.width() // 1
    for x in range(round(left * side), round(right * side)):
        color = picture.pixelColor(x, picture.height() // 2)
        if max(color.red(), color.green(), color.blue()) - min(color.red(), color.green(), color.blue()) > 60:
            return True
    return False


def pictured(qtbot: QtBot, grid: ImageGrid) -> QImage:
    grid.viewport().update()
    tile = grid.row_rect(0)
    qtbot.waitUntil(
        lambda: grid.images.thumbnails.is_idle() and grid.images.pixmap(0) is not None, timeout=WAIT_MS
    )
    qtbot.waitUntil(lambda: tiles_of(grid).overlays.is_idle(), timeout=WAIT_MS)
    qtbot.wait(1)
    return grid.viewport().grab(tile).toImage()


def test_that_layers_of_boxes_are_drawn_and_hidden_by_name(qtbot: QtBot, grid: ImageGrid) -> None:
    layers = {TRUTH: box(2), PREDICTION: box(28)}
    tiles_of(grid).show_layers(TileLayers(lambda _: layers))
    both = pictured(qtbot, grid)
    assert coloured(both, 0.05, 0.4)
    assert coloured(both, 0.6, 0.97)

    tiles_of(grid).hide_layers(frozenset({PREDICTION}))

    one = pictured(qtbot, grid)
    assert coloured(one, 0.05, 0.4)
    assert not coloured(one, 0.6, 0.97)


def test_that_of_layers_with_pixels_the_uppermost_that_is_shown_is_drawn(
    qtbot: QtBot, grid: ImageGrid
) -> None:
    layers = {TRUTH: pixels(1), PREDICTION: pixels(0)}
    tiles = tiles_of(grid)
    tiles.show_layers(TileLayers(lambda _: {}, lambda _: layers, (TRUTH, PREDICTION)))
    grid.viewport().grab()
    qtbot.waitUntil(lambda: coloured(pictured(qtbot, grid), 0.3, 0.7), timeout=WAIT_MS)
    middle = grid.row_rect(0).center()
    prediction = pictured(qtbot, grid).pixelColor(middle)
    assert prediction.blue() > prediction.red(), "the colour of the first class"

    tiles.hide_layers(frozenset({PREDICTION}))

    grid.viewport().grab()
    qtbot.waitUntil(
        lambda: (
            pictured(qtbot, grid).pixelColor(middle).red() > pictured(qtbot, grid).pixelColor(middle).blue()
        ),
        timeout=WAIT_MS,
    )


def test_that_other_objects_are_drawn_after_the_old_ones_are_forgotten(qtbot: QtBot, grid: ImageGrid) -> None:
    shown = {PREDICTION: box(2)}
    tiles_of(grid).show_layers(TileLayers(lambda _: dict(shown)))
    assert coloured(pictured(qtbot, grid), 0.05, 0.4)

    shown.clear()
    tiles_of(grid).forget_objects()

    assert not coloured(pictured(qtbot, grid), 0.05, 0.4)


def test_that_pixels_that_come_after_a_tile_was_drawn_are_drawn_when_told(
    qtbot: QtBot, grid: ImageGrid
) -> None:
    answered: dict[str, DrawnLabels] = {}
    tiles = tiles_of(grid)
    tiles.show_layers(TileLayers(lambda _: {}, lambda _: dict(answered), (PREDICTION,)))
    grid.viewport().grab()
    assert not coloured(pictured(qtbot, grid), 0.3, 0.7)

    answered[PREDICTION] = pixels(0)
    tiles.forget_pixels([0])

    grid.viewport().grab()
    qtbot.waitUntil(lambda: coloured(pictured(qtbot, grid), 0.3, 0.7), timeout=WAIT_MS)
