"""The images of the Predict page as a grid, filtered and sorted; the same tiles as on Validate."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop.grids.image_grid import ImageGrid
from desktop.grids.tile_slider import TileSlider
from desktop.models.predictions_board import PredictionBoard
from desktop.pages.predict_filter import FilterBar
from desktop.pages.predict_tiles import BoardTiles
from desktop.theme.tokens import SPACE
from desktop.widgets.card import column


class GridPanel(QWidget):
    """Shows a `PredictionBoard`; the filter lives here."""

    def __init__(self, board: PredictionBoard) -> None:
        super().__init__()
        body = column(SPACE.s)
        self.setLayout(body)
        self.grid = ImageGrid("Answered images")
        self.filter = FilterBar(TileSlider(self.grid))
        body.addWidget(self.filter)
        self.tiles = BoardTiles(self.grid, board)
        self.grid.nothing = "No image matches. Take a filter away."
        body.addWidget(self.grid, 1)
