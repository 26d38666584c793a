"""Which images one result fixes and breaks against another, for any pair of results."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.grids.image_grid import ImageGrid
from desktop.grids.image_model import Images, Numbers
from desktop.grids.tile import Tile
from desktop.models.result_comparison import Side
from desktop.pages.compare_sides import ShownSides
from desktop.theme.tokens import SPACE
from desktop.viewers.layer_tiles import LayerTiles, TileLayers
from desktop.widgets.card import column, row
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.labels import text_label
from desktop.widgets.segmented import Segmented

FIXED, BROKEN, BOTH_WRONG = "fixed", "broken", "both"
_TITLES = {FIXED: "Fixed", BROKEN: "Broken", BOTH_WRONG: "Both wrong"}
_NOTHING = {
    FIXED: "{other} is right about no image that {one} gets wrong.",
    BROKEN: "{other} is wrong about no image that {one} gets right.",
    BOTH_WRONG: "There is no image that both get wrong.",
}
_WIDTH, _NARROWEST = 220, 110
_BOXES_FIRST = 20
"""They get room before the gap does."""


class GalleriesPanel(QWidget):
    """Shows the images of a pair that changed sides. Numbers of images are those of the pair's second result."""

    opened = Signal(int)
    """The place, among the common images, of the one to be seen large."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: ShownSides | None = None
        self.pair = (0, 1)
        """The places of the two results: from which, to which."""
        self.gallery = FIXED
        self._places: dict[str, Numbers] = {}
        self._place_of: Numbers = np.arange(0)
        body = column(SPACE.s)
        self.setLayout(body)
        self.one, self.other = (
            ChoiceBox(name, _WIDTH, _NARROWEST) for name in ("Compared from", "Compared to")
        )
        self._choice = Segmented([], name="Images shown")
        body.addLayout(self._build_head())
        self.grid = ImageGrid("Images that changed sides")
        self.tiles = LayerTiles(self.grid)
        self.tiles.overlays.changed.connect(self.grid.viewport().update)
        self.grid.set_delegate(self.tiles)
        self.grid.opened.connect(self._open)
        body.addWidget(self.grid, 1)
        self.setFocusProxy(self.grid)
        for box in (self.one, self.other):
            box.activated.connect(self._choose_pair)

    def _build_head(self) -> QHBoxLayout:
        self._head = row(SPACE.s)
        self._head.setContentsMargins(0, 0, SPACE.s, 0)
        self._head.addWidget(self._choice)
        self._head.addStretch(1)
        for word, box in (("from", self.one), ("to", self.other)):
            self._head.addWidget(text_label(word, "muted"))
            self._head.addWidget(box, _BOXES_FIRST)
        return self._head

    def show_sides(self, shown: ShownSides) -> None:
        """Show a comparison; the pair stays where there are as many results."""
        self._shown = shown
        sides = shown.compared.sides
        count = len(sides)
        if max(self.pair) >= count:
            self.pair = (0, 1)
        for box, place in zip((self.one, self.other), self.pair, strict=True):
            with QSignalBlocker(box):
                box.clear()
                for side in sides:
                    box.addItem(f"{side.letter} · {_named(side, sides)}")
                box.setCurrentIndex(place)
            box.setEnabled(count > len(self.pair))
        self._show_pair()

    def choose_pair(self, one: int, other: int) -> None:
        """Compare two others of the results."""
        if self._shown is not None and one != other:
            self.pair = (one, other)
            self.show_sides(self._shown)

    def show_gallery(self, key: str) -> None:
        """Show the images that were fixed, that were broken, or that both get wrong."""
        self.gallery = key
        self._choice.choose(key)
        self._arrange()

    def count(self, gallery: str) -> int:
        """How many images stand in a gallery."""
        return len(self._places.get(gallery, ()))

    def neighbour(self, place: int, step: int) -> int:
        """Give the common image that is shown so many further on; -1 where there is none."""
        shown = self._places.get(self.gallery, np.arange(0)).tolist()
        at = shown.index(place) + step if place in shown else -1
        return int(shown[at]) if 0 <= at < len(shown) else -1

    def where(self, place: int) -> tuple[int, int]:
        """Which of how many a common image is in the gallery, from 1."""
        shown = self._places.get(self.gallery, np.arange(0)).tolist()
        return (shown.index(place) + 1 if place in shown else 0), len(shown)

    def go_to(self, place: int) -> None:
        """Make a common image the current one of the grid."""
        if self._shown is not None:
            self.grid.go_to(self._shown.compared.image(self.pair[1], place))

    def _choose_pair(self, _place: int) -> None:
        one, other = self.one.currentIndex(), self.other.currentIndex()
        if one == other:
            # The two never are the same: the box that was not touched gives way.
            before = self.pair
            one, other = (before[1], other) if other != before[1] else (one, before[0])
        self.choose_pair(one, other)

    def _show_pair(self) -> None:
        shown = self._shown
        if shown is None:
            return
        one, other = self.pair
        found = shown.compared.found
        flips = found.flips(one, other)
        both = np.flatnonzero(~found.right[one] & ~found.right[other])
        self._places = {
            FIXED: flips.fixed,
            BROKEN: flips.broken,
            BOTH_WRONG: both[np.argsort(found.goodness[other][both], kind="stable")],
        }
        result = shown.results[other]
        self._place_of = np.full(result.images, -1)
        self._place_of[found.common.rows[other]] = np.arange(found.common.count)
        self._offer()
        self.grid.images.set_images(Images(result.root, result.paths, partial(self._tile, shown)))
        view = shown.view
        slow = partial(view.layers, result) if view.draws_pixels else None
        names = tuple(view.draws) if view.draws_pixels else ()
        self.tiles.show_layers(TileLayers(partial(view.tile_layers, result), slow, names))
        self._arrange()

    def _offer(self) -> None:
        old = self._choice
        told = [(key, f"{_TITLES[key]}  {len(places):,}") for key, places in self._places.items()]
        self._choice = Segmented(told, self.gallery, "Images shown")
        letters = self._letters()
        self._choice.explain(
            {
                FIXED: "Wrong in {one}, right in {other}".format(**letters),
                BROKEN: "Right in {one}, wrong in {other}".format(**letters),
                BOTH_WRONG: "Wrong in both, the worst in {other} first".format(**letters),
            }
        )
        self._choice.changed.connect(self.show_gallery)
        self._head.replaceWidget(old, self._choice)
        old.deleteLater()

    def _arrange(self) -> None:
        if self._shown is None:
            return
        result, other = self._shown.results[self.pair[1]], self.pair[1]
        rows = self._shown.compared.found.common.rows[other][self._places[self.gallery]]
        order = np.full(result.images, len(rows))
        order[rows] = np.arange(len(rows))
        self.grid.nothing = _NOTHING[self.gallery].format(**self._letters())
        self.grid.images.arrange(order < len(rows), order)
        self.grid.scrollToTop()

    def _tile(self, shown: ShownSides, image: int) -> Tile:
        """What the second says of an image; what the first said stands in the tooltip."""
        other = shown.view.tile(shown.results[self.pair[1]], image)
        place = int(self._place_of[image])
        if place < 0:
            return other
        one = shown.view.tile(shown.results[self.pair[0]], shown.compared.image(self.pair[0], place))
        letters = self._letters()
        spoken = f"{letters['other']}: {other.spoken}. {letters['one']}: {one.spoken}"
        return Tile(other.caption, other.note, other.is_correct, spoken)

    def _letters(self) -> dict[str, str]:
        sides = self._shown.compared.sides if self._shown is not None else ()
        names = [sides[place].letter for place in self.pair] if sides else ["A", "B"]
        return dict(zip(("one", "other"), names, strict=True))

    def _open(self, image: int) -> None:
        place = int(self._place_of[image]) if 0 <= image < len(self._place_of) else -1
        if place >= 0:
            self.opened.emit(place)


def _named(side: Side, sides: Sequence[Side]) -> str:
    """The training; where another result is of it too, what was measured of it."""
    is_alone = [other.title for other in sides].count(side.title) == 1
    return side.title if is_alone else side.caption
