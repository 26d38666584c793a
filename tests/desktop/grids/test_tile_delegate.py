"""What a tile shows beside its picture: the remark on the lower edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from desktop.grids.image_model import ImageModel, Images
from desktop.grids.tile import Tile
from desktop.grids.tile_delegate import CAPTION_HEIGHT, TileDelegate

SIDE = 160


def painted(tile: Tile) -> NDArray[np.uint8]:
    """Give the gray values of a tile whose picture has not been read yet, (height, width)."""
    model = ImageModel()
    model.set_images(Images(None, ["none.png"], lambda _: tile))
    image = QImage(SIDE, SIDE, QImage.Format.Format_Grayscale8)
    image.fill(0)
    option = QStyleOptionViewItem()
    option.rect = QRect(0, 0, SIDE, SIDE)
    painter = QPainter(image)
    TileDelegate().paint(painter, option, model.index(0))
    painter.end()
    return np.array(image.constBits(), dtype=np.uint8).reshape(SIDE, image.bytesPerLine())[:, :SIDE]


def test_that_a_remark_lies_on_the_lower_edge_of_the_picture_and_nowhere_else(qtbot: QtBot) -> None:
    plain, remarked = (
        painted(Tile("star", "90%", True, "right", remark)) for remark in ("", "right from epoch 12")
    )

    rows = np.flatnonzero((plain != remarked).any(axis=1))
    bottom = SIDE - CAPTION_HEIGHT
    assert len(rows) > 8
    assert rows.min() >= bottom - CAPTION_HEIGHT - 1
    assert rows.max() <= bottom


def test_that_a_remark_that_is_too_long_stays_within_its_tile(qtbot: QtBot) -> None:
    plain, remarked = (painted(Tile("star", "90%", True, "right", text)) for text in ("", "so long " * 20))

    columns = np.flatnonzero((plain != remarked).any(axis=0))
    assert columns.min() > 2
    assert columns.max() < SIDE - 2
