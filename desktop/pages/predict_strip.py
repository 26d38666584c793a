"""The left side of the Predict page: all files as small pictures, and how far the model is with them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar

from desktop.grids.image_grid import ImageGrid
from desktop.grids.image_model import Images
from desktop.models.predictions_board import PredictionBoard
from desktop.models.predictions_queue import PredictionQueue
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.viewers.layer_tiles import LayerTiles, TileLayers
from desktop.widgets.buttons import button, on_click
from desktop.widgets.card import Card, row
from desktop.widgets.labels import ElidedLabel, text_label

NARROWEST, WIDEST = 248, 348
_TILE = 96


class StripPanel(Card):
    """Shows a `PredictionBoard`."""

    cancelled = Signal()
    """The user wants no more answers."""
    continued = Signal()
    """The user wants the answers that are missing after all."""

    def __init__(self, board: PredictionBoard) -> None:
        super().__init__(margins=(SPACE.l, SPACE.m, SPACE.xs, SPACE.xs))
        self._board = board
        self.setFixedWidth(WIDEST)
        head = row()
        head.setContentsMargins(0, 0, SPACE.m, 0)
        head.addWidget(text_label("Images", "section"))
        self.count = ElidedLabel("", "caption")
        self.count.setFont(font(TYPE.caption, tabular=True))
        head.addWidget(self.count, 1)
        self.cancel = button("Cancel", "ph.x", tip="Stop; what is answered stays")
        head.addWidget(self.cancel)
        self.go_on = button("Go on", "ph.play", tip="Look at the images that were left out")
        head.addWidget(self.go_on)
        self.body.addLayout(head)
        progress = row()
        progress.setContentsMargins(0, 0, SPACE.m, 0)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Images looked at")
        progress.addWidget(self.bar, 1)
        self.body.addLayout(progress)
        self.grid = ImageGrid("Images to predict")
        self.grid.nothing = ""
        self.tiles = LayerTiles(self.grid)
        self.tiles.overlays.changed.connect(self.grid.viewport().update)
        self.grid.set_delegate(self.tiles)
        self.grid.set_tile_side(_TILE)
        self.body.addWidget(self.grid, 1)
        on_click(self.cancel, self.cancelled.emit)
        on_click(self.go_on, self.continued.emit)

    def show_files(self) -> None:
        """The board has other files, or more of them."""
        self.grid.images.update_images(Images(None, self._board.paths(), self._board.tile))

    def show_answers(self) -> None:
        """The board has other answers, or another threshold: the same tiles with other words and boxes."""
        self.tiles.forget_objects()
        self.grid.viewport().update()

    def draw_layers(self, source: TileLayers) -> None:
        """Draw what another model says on the pictures."""
        self.tiles.show_layers(source)
        self.grid.viewport().update()

    def show_progress(self, queue: PredictionQueue) -> None:
        """Say how far it is."""
        self.cancel.setVisible(queue.waits)
        self.bar.setVisible(queue.waits)
        # Without an end while the model is loaded: nobody knows how long that takes.
        self.bar.setRange(0, 0 if queue.is_loading_model else max(1, queue.total))
        if not queue.is_loading_model:
            self.bar.setValue(queue.done)
        if queue.waits:
            loading = " · loading the model" if queue.is_loading_model else ""
            self.count.setText(f"{queue.done:,}/{queue.total:,}{loading}")
            self.go_on.hide()
            return
        answered, unsure, unreadable = self._board.counts()
        self.go_on.setVisible(answered + unreadable < len(self._board))
        parts = [f"{answered:,} of {len(self._board):,}"]
        parts += [f"{unsure:,} unsure"] if unsure else []
        parts += [f"{unreadable:,} unreadable"] if unreadable else []
        self.count.setText(" · ".join(parts))
