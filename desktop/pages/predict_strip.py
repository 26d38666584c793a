"""The left side of one image on the Predict page: its neighbours, in the order of the grid, as small pictures."""

from __future__ import annotations

from desktop.grids.image_grid import ImageGrid
from desktop.models.predictions_board import PredictionBoard
from desktop.pages.predict_tiles import BoardTiles
from desktop.theme.tokens import SPACE
from desktop.widgets.card import Card

NARROWEST, WIDEST = 200, 348
_TILE = 96


class StripPanel(Card):
    """Shows a `PredictionBoard`."""

    def __init__(self, board: PredictionBoard) -> None:
        super().__init__(margins=(SPACE.m, SPACE.m, SPACE.xs, SPACE.xs))
        self.setFixedWidth(WIDEST)
        self.grid = ImageGrid("Images to predict")
        self.grid.nothing = "No image matches. Take a filter of the grid away."
        self.tiles = BoardTiles(self.grid, board)
        self.grid.set_tile_side(_TILE)
        self.body.addWidget(self.grid, 1)
