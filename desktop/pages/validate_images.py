"""The images of a result, filtered and sorted, with what people and the model say drawn on them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.grids.image_grid import ImageGrid
from desktop.grids.image_model import Images
from desktop.grids.tile import Tile
from desktop.models.result import Result
from desktop.models.result_history_lists import ImageList
from desktop.pages.validate_history_lists import ListButton, ListLine
from desktop.tasks.task import ALL, Selection, TaskView
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.viewers.layer_tiles import LayerTiles, TileLayers
from desktop.viewers.matrix_data import Cell
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import column, row
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.labels import text_label
from desktop.widgets.message_banner import Banner
from desktop.widgets.segmented import Segmented

_SORT_WIDTH = 168
_NARROW = 720
"""From this width on the choice of lists is an icon alone."""

_NO_MATCH = "No image matches. Take a filter away."


class ImagesPanel(QWidget):
    """Shows what is chosen of a result's images. The filter lives here; the page tells the matrix about it."""

    cell_cleared = Signal()
    """The user took the filter by cell or class away."""

    def __init__(self) -> None:
        super().__init__()
        self._result: Result | None = None
        self._view: TaskView | None = None
        self._selection = Selection()
        self._list: ImageList | None = None
        body = column(SPACE.s)
        self.setLayout(body)
        body.addLayout(self._build_head())
        self.list_line = ListLine()
        body.addWidget(self.list_line)
        self._chips = QWidget()
        chips = row(SPACE.xs)
        self._chips.setLayout(chips)
        self._cell_chip = _chip()
        self._verdict_chip = _chip()
        for made in (self._cell_chip, self._verdict_chip):
            chips.addWidget(made)
        chips.addStretch(1)
        self._chips.hide()
        body.addWidget(self._chips)
        self.trouble = Banner("warn")
        self.trouble.hide()
        line = row()
        line.setContentsMargins(0, 0, SPACE.s, 0)
        line.addWidget(self.trouble)
        body.addLayout(line)
        self.grid = ImageGrid("Images of the result")
        self.tiles = LayerTiles(self.grid)
        self.tiles.overlays.changed.connect(self.grid.viewport().update)
        self.grid.set_delegate(self.tiles)
        body.addWidget(self.grid, 1)
        on_click(self._cell_chip, self.cell_cleared.emit)
        on_click(self._verdict_chip, self._clear_verdict)

    def _build_head(self) -> QHBoxLayout:
        self._head = row()
        self._head.setContentsMargins(0, 0, SPACE.s, 0)
        self._verdict = Segmented([], name="Images shown")
        self._head.addWidget(self._verdict)
        self.lists = ListButton()
        self._head.addWidget(self.lists)
        self._count = text_label("", "caption")
        self._count.setFont(font(TYPE.caption, tabular=True))
        self._head.addWidget(self._count)
        self._head.addStretch(1)
        self._sort = ChoiceBox("Sort images by", _SORT_WIDTH)
        self._head.addWidget(self._sort)
        self._sort.currentIndexChanged.connect(self._arrange)
        return self._head

    @property
    def result(self) -> Result | None:
        return self._result

    @property
    def selection(self) -> Selection:
        return self._selection

    def count_text(self) -> str:
        """How many images are shown, of how many."""
        return self._count.text()

    def chip_texts(self) -> list[str]:
        """What the images are filtered by."""
        return [chip.text() for chip in (self._cell_chip, self._verdict_chip) if chip.text()]

    def show_result(self, result: Result, view: TaskView) -> None:
        """Show a result's images; filter and order stay, where they still mean something."""
        before, self._result = self._result, result
        same_classes = before is not None and before.classes == result.classes
        same_images = before is not None and (before.root, before.paths) == (result.root, result.paths)
        if view is not self._view:
            self._view = view
            self._offer(view)
        if not same_classes:
            self._selection = Selection(self._selection.verdict)
        images = Images(result.root, result.paths, partial(self._tile, result, view))
        if same_images:
            self.grid.images.update_images(images)  # the pictures that were read stay
        else:
            self.grid.images.set_images(images)
        self._draw(before, result, view)
        self._say_trouble(result)
        self._arrange()

    def show_cell(self, cell: Cell | None) -> None:
        """Show only the images of a cell of the matrix, of a true or of a predicted class; None shows all."""
        true, predicted = (None, None) if cell is None else (cell.true, cell.predicted)
        self._selection = Selection(self._selection.verdict, true, predicted)
        self._arrange()

    def toggle_verdict(self, verdict: str) -> None:
        """Show only the images of a verdict; all when that is so already."""
        self._choose_verdict(ALL if self._selection.verdict == verdict else verdict)

    def show_list(self, shown: ImageList | None) -> None:
        """Show only the images of a list, in its order, each with its note; None shows all again."""
        self._list = shown
        self._sort.setEnabled(shown is None)
        self._sort.setToolTip("" if shown is None else "The images are in the order of the list")
        self._arrange()
        self.grid.viewport().update()

    def _tile(self, result: Result, view: TaskView, image: int) -> Tile:
        tile = view.tile(result, image)
        if self._list is None:
            return tile
        note = self._list.note(int(result.column("item")[image]))
        return replace(tile, remark=note, spoken=f"{tile.spoken or tile.caption}; {note}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.lists.set_narrow(self.width() < _NARROW)

    def hide_layers(self, names: frozenset[str]) -> None:
        """Draw no layer of these names on the pictures."""
        self.tiles.hide_layers(names)
        self.grid.viewport().update()

    def _draw(self, before: Result | None, result: Result, view: TaskView) -> None:
        is_same = before is not None and before.key == result.key
        if is_same and view.draws_pixels:
            return  # a bound changes verdicts, and no pixel
        slow = partial(view.layers, result) if view.draws_pixels else None
        names = tuple(view.draws) if view.draws_pixels else ()
        self.tiles.show_layers(TileLayers(partial(view.tile_layers, result), slow, names))
        self.grid.viewport().update()

    def _offer(self, view: TaskView) -> None:
        """Another task has other orders and verdicts."""
        with QSignalBlocker(self._sort):
            self._sort.clear()
            for choice in view.sorts:
                self._sort.addItem(choice.title, choice.key)
        keys = [choice.key for choice in view.verdicts]
        kept = self._selection.verdict if self._selection.verdict in keys else ALL
        self._selection = Selection(kept)
        old = self._verdict
        self._verdict = Segmented([(c.key, c.title) for c in view.verdicts], kept, "Images shown")
        self._verdict.explain({choice.key: choice.tip for choice in view.verdicts})
        self._verdict.changed.connect(self._choose_verdict)
        self._head.replaceWidget(old, self._verdict)
        old.deleteLater()

    def _choose_verdict(self, verdict: str) -> None:
        self._selection = Selection(verdict, self._selection.true, self._selection.predicted)
        self._verdict.choose(verdict)
        self._arrange()

    def _clear_verdict(self) -> None:
        self._choose_verdict(ALL)

    def _arrange(self) -> None:
        result, view = self._result, self._view
        if result is None or view is None:
            return
        mask = view.chosen(result, self._selection)
        current = self.grid.current_image()
        order = view.order(result, str(self._sort.currentData()))
        if self._list is not None and result.images:
            order = self._list.places(result.column("item"))
            mask &= order >= 0
        self.grid.images.arrange(mask, order)
        if not self.grid.go_to(current):
            self.grid.scrollToTop()
        self._count.setText(f"{int(mask.sum()):,} of {result.images:,}")
        self._show_chips(result, view)

    def _show_chips(self, result: Result, view: TaskView) -> None:
        selection = self._selection
        matrix = view.matrix(result)
        names = matrix.names if matrix is not None else result.classes
        parts = [f"true {names[selection.true]}"] if selection.true is not None else []
        parts += [f"predicted {names[selection.predicted]}"] if selection.predicted is not None else []
        _say(self._cell_chip, " → ".join(parts))
        titles = {choice.key: choice.title.lower() for choice in view.verdicts}
        _say(self._verdict_chip, "" if selection.verdict == ALL else f"{titles[selection.verdict]} only")
        self._chips.setVisible(bool(parts) or selection.verdict != ALL)
        nothing = "No image matches. Take a filter away, or close the list." if self._list else _NO_MATCH
        self.grid.nothing = nothing if result.images else _no_images(result)

    def _say_trouble(self, result: Result) -> None:
        is_gone = result.images > 0 and not result.is_root_there
        self.trouble.setVisible(is_gone)
        if is_gone:
            where = f"Their folder {result.root} is not there. " if result.root is not None else ""
            self.trouble.say(
                "warn",
                f"The images of “{result.summary.dataset}” cannot be shown",
                f"{where}The numbers stay true. Connect the dataset's drive, or import it again.",
            )


def _no_images(result: Result) -> str:
    if not result.summary.images:
        return "The split has no images."
    return (
        "The run kept no results by image. Let “Results by image” under Validation keep them to see images here, "
        "or evaluate a checkpoint."
    )


def _chip() -> Button:
    made = Button("", "ph.x")
    made.setProperty("chip", True)
    return made


def _say(chip: Button, text: str) -> None:
    chip.setVisible(bool(text))
    chip.setText(text)
    chip.setToolTip(f"Show images beyond “{text}” again" if text else "")
    chip.setAccessibleName(f"Remove filter: {text}" if text else "")
