"""What the grid and the strip of the Predict page have in common: the board's images, with answers on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from desktop.grids.image_grid import ImageGrid
from desktop.grids.image_model import Images
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.predictions_board import PredictionBoard
from desktop.tasks.task import Layers, TaskView
from desktop.viewers.label_view import PREDICTION
from desktop.viewers.layer_tiles import LayerTiles, TileLayers


class BoardTiles:
    """Keeps an `ImageGrid` true to a `PredictionBoard`.

    Args:
        grid: whose tiles they are.
        board: with files and answers.
    """

    def __init__(self, grid: ImageGrid, board: PredictionBoard) -> None:
        self._grid = grid
        self._board = board
        self.tiles = LayerTiles(grid)
        self.tiles.overlays.changed.connect(grid.viewport().update)
        grid.set_delegate(self.tiles)

    def show_files(self) -> None:
        """The board has other files, or more of them."""
        self._grid.images.update_images(Images(None, self._board.paths(), self._board.tile))

    def show_answers(self, places: Sequence[int] | None = None) -> None:
        """The board has other answers: the same tiles with other words and drawings, all of them or these."""
        self.tiles.forget_objects(places)
        if places is None:
            self._grid.viewport().update()
            return
        self.tiles.forget_pixels(places)  # what was drawn before the answer was nothing
        for place in places:  # to draw thousands of boxes anew for each answer would hold the window up
            row = self._grid.images.row_of(place)
            if row >= 0:
                self._grid.viewport().update(self._grid.row_rect(row))

    def arrange(self, mask: NDArray[np.bool_], order: NDArray[np.generic] | None) -> None:
        """Show some of the images in an order; the current one stays the current one where it is shown."""
        if len(mask) != len(self._grid.images.images.paths):
            self.show_files()  # an answer may be there before its file is shown
        current = self._grid.current_image()
        self._grid.images.arrange(mask, order)
        if current >= 0 and self._grid.current_image() != current:
            self._grid.go_to(current)

    def draw(self, view: TaskView) -> None:
        """Draw what a model says on the pictures, as its task does."""

        def objects_of(place: int) -> Layers:
            labels = self._board.objects_of(place)
            return {} if labels is None else {PREDICTION: labels}

        def pixels_of(place: int) -> Layers:
            labels = _labels_of(self._board, view, place)
            return {} if labels is None else {PREDICTION: labels}

        pixels = pixels_of if view.draws_pixels else None
        self.tiles.show_layers(TileLayers(objects_of, pixels, (PREDICTION,)))
        self._grid.viewport().update()


def _labels_of(board: PredictionBoard, view: TaskView, place: int) -> DrawnLabels | None:
    """Read what is drawn on a file. In a thread."""
    entry = board.peek(place)
    if entry is None or entry.record is None or entry.error:
        return None
    return view.answer_labels(entry.record, board.classes)
