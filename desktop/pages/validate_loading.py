"""What the Validate page shows while a result is read."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop.pages.validate_matrix import WIDTH
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.card import column, row
from desktop.widgets.skeleton import Skeleton

_CARDS = 5
_CARD_HEIGHT = SIZE.rail + SPACE.xl


class ResultSkeleton(QWidget):
    """Grey shapes where cards, matrix and images will be."""

    def __init__(self) -> None:
        super().__init__()
        below = column(SPACE.m)
        self.setLayout(below)
        cards = row(SPACE.m)
        for _ in range(_CARDS):
            block = Skeleton()
            block.setFixedHeight(_CARD_HEIGHT)
            cards.addWidget(block, 1)
        below.addLayout(cards)
        sides = row(SPACE.m)
        matrix = Skeleton()
        matrix.setFixedWidth(WIDTH)
        sides.addWidget(matrix)
        sides.addWidget(Skeleton(), 1)
        below.addLayout(sides, 1)
