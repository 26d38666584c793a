"""The objects of a result one by one: a small picture of each that was found, missed or made up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.grids.image_grid import ImageGrid
from desktop.grids.image_model import Images
from desktop.grids.tile import Tile
from desktop.models.result import Result
from desktop.pages.validate_filter import FilterChips
from desktop.tasks.task import ALL, Parts, Selection, TaskView
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.viewers.part_pictures import PartNames, PartPictures, PartSource, PartTiles
from desktop.widgets.card import column, row
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.labels import ElidedLabel
from desktop.widgets.segmented import Segmented

_SORT_WIDTH, _SORT_NARROWEST = 168, 120


@dataclass(frozen=True, slots=True)
class OpenPart:
    """An object as it is seen on its image."""

    image: int
    layer: str
    number: int
    """Within the layer."""
    words: str
    place: tuple[int, int]
    """Which of how many, in the order of the tiles, from 1."""


class ObjectsPanel(QWidget):
    """Shows the parts of a result that a kind, a cell and ranges ask for. Nothing is counted while nobody sees it."""

    opened = Signal(int)
    """The number of an object that the user wants to see on its image."""

    def __init__(self) -> None:
        super().__init__()
        self._result: Result | None = None
        self._view: TaskView | None = None
        self._parts: Parts | None = None
        self._selection = Selection()
        self._kind = ALL
        self._shown_key = ""
        self._is_waiting = False
        body = column(SPACE.s)
        self.setLayout(body)
        body.addLayout(self._build_head())
        self.chips = FilterChips()
        body.addWidget(self.chips)
        self._pictures = PartPictures()
        self.grid = ImageGrid("Objects of the result", read=self._pictures.read)
        self.grid.set_delegate(PartTiles(self._pictures, self.grid))
        self.grid.opened.connect(self.opened)
        body.addWidget(self.grid, 1)

    def _build_head(self) -> QHBoxLayout:
        self._head = row(SPACE.xs)
        self._head.setContentsMargins(0, 0, SPACE.s, 0)
        self._kinds = Segmented([], name="Objects shown")
        self._head.addWidget(self._kinds)
        self._head.addSpacing(SPACE.xs)
        self._count = ElidedLabel("", "caption")
        self._count.setFont(font(TYPE.caption, tabular=True))
        self._head.addWidget(self._count, 1)
        self._sort = ChoiceBox("Sort objects by", _SORT_WIDTH, _SORT_NARROWEST)
        self._sort.currentIndexChanged.connect(self._arrange)
        self._head.addWidget(self._sort, 4)
        return self._head

    def count_text(self) -> str:
        """How many objects are shown, of how many."""
        return self._count.whole_text()

    def show_result(self, result: Result, view: TaskView) -> None:
        """Show the objects of a result as they are at its bound."""
        self._result, self._view = result, view
        self._is_waiting = True
        if self.isVisible():
            self._take()

    def show_selection(self, selection: Selection, filters: list[tuple[str, str]]) -> None:
        """Show what lies in a cell and in ranges.

        Args:
            selection: of images; its verdict says nothing of objects.
            filters: keys and words of the chips.
        """
        self._selection = selection
        self.chips.show_filters(filters)
        if self.isVisible():
            self._arrange()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_waiting:
            self._take()
        else:
            self._arrange()

    def choose_kind(self, kind: str) -> None:
        """Show only what was found, missed or made up."""
        self._kind = kind
        self._kinds.choose(kind)
        self._arrange()

    def _take(self) -> None:
        """Look at the parts of the result that came last."""
        result, view = self._result, self._view
        self._is_waiting = False
        if result is None or view is None:
            return
        self._parts = parts = view.parts(result)
        if parts is None or result.root is None:
            self.grid.images.set_images(Images(None, (), _no_tile))
            self._count.setText("")
            return
        if self._sort.count() != len(parts.part_sorts):
            self._offer(parts)
        name = f"{result.key.run}.{result.key.folder}"
        source = PartSource(
            name, result.root, result.paths, parts.image, parts.boxes, parts.labels, result.sizes, parts.drawn
        )
        self._pictures.take(source)
        images = Images(None, PartNames(source), partial(parts.tile, result.classes), source.file)
        if name == self._shown_key and len(images) == len(self.grid.images.images):
            self.grid.images.update_images(images)  # the pictures that were read stay
        else:
            self.grid.images.set_images(images)
        self._shown_key = name
        self._arrange()

    def _offer(self, parts: Parts) -> None:
        with QSignalBlocker(self._sort):
            self._sort.clear()
            for choice in parts.part_sorts:
                self._sort.addItem(choice.title, choice.key)
        old = self._kinds
        self._kinds = Segmented([(c.key, c.title) for c in parts.part_kinds], self._kind, "Objects shown")
        self._kinds.explain({choice.key: choice.tip for choice in parts.part_kinds})
        self._kinds.changed.connect(self.choose_kind)
        self._head.replaceWidget(old, self._kinds)
        old.deleteLater()

    def _arrange(self) -> None:
        parts = self._parts
        if parts is None or self._is_waiting:
            return
        mask = parts.chosen(self._selection, self._kind)
        self.grid.images.arrange(mask, parts.order(str(self._sort.currentData())))
        total = sum(parts.counted().values())
        self._count.setText(f"{int(mask.sum()):,} of {total:,}")
        self.grid.nothing = "No object matches. Take a filter away, or lower the confidence."

    def opening(self, part: int) -> OpenPart | None:
        """Say where an object is seen on its image, and which of those shown it is; None where it is not there."""
        parts, result = self._parts, self._result
        if parts is None or result is None or not 0 <= part < len(parts):
            return None
        tile = parts.tile(result.classes, part)
        place = (self.grid.images.row_of(part) + 1, len(self.grid.images.shown))
        words = f"{tile.caption} · {tile.note}" if tile.note else tile.caption
        return OpenPart(int(parts.image[part]), *parts.mark(part), words, place)


def _no_tile(_part: int) -> Tile:
    return Tile("")
