"""The slider that sets how large the tiles of a grid are."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSlider

from desktop.grids.image_grid import LARGEST, SMALLEST, STEP, ImageGrid

_WIDTH = 96


class TileSlider(QSlider):
    """Stands beside a grid and agrees with it, whoever changes the size.

    Args:
        grid: whose tiles it sizes.
    """

    def __init__(self, grid: ImageGrid) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._grid = grid
        self.setRange(SMALLEST, LARGEST)
        self.setSingleStep(STEP // 2)
        self.setPageStep(STEP)
        self.setFixedWidth(_WIDTH)
        self.setValue(grid.tile_side)
        self.setAccessibleName("Tile size")
        self.setToolTip("Size of the tiles  (Ctrl+wheel, + and -)")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.valueChanged.connect(grid.set_tile_side)
        grid.tile_side_changed.connect(self.setValue)
