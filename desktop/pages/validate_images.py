"""The images of a result, filtered and sorted, with what people and the model say drawn on them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from desktop.grids.image_grid import ImageGrid
from desktop.grids.image_model import Images
from desktop.grids.image_table import ImageTable
from desktop.grids.tile import Tile
from desktop.models.result import Result
from desktop.models.result_history_lists import ImageList
from desktop.pages.validate_filter import CELL, VERDICT, FilterChips, RangeFields
from desktop.pages.validate_history_lists import ListButton, ListLine
from desktop.tasks.measures import Span
from desktop.tasks.task import ALL, Selection, TaskView
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.viewers.layer_tiles import LayerTiles, TileLayers
from desktop.viewers.matrix_data import Cell
from desktop.widgets.buttons import icon_button, on_click
from desktop.widgets.card import column, row
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.labels import ElidedLabel
from desktop.widgets.message_banner import Banner
from desktop.widgets.segmented import Segmented

_SORT_WIDTH, _SORT_NARROWEST = 168, 132
_MOST_COUNT = 112
"""Up to this width the count of images is never cut off."""
_LEAST_HEAD, _NARROW = 480, 720
"""From this width on the choice of lists is an icon alone."""
_NO_MATCH = "No image matches. Take a filter away."
_NO_MATCH_IN_LIST = "No image matches. Take a filter away, or close the list."


class ImagesPanel(QWidget):
    """Shows what is chosen of a result's images. The filter lives here; the page tells the matrix about it."""

    cell_cleared = Signal()
    """The user took the filter by cell or class away."""
    filtered = Signal(object, object)
    """The `Selection` that holds, and its filters by key and words, without the verdict."""

    def __init__(self) -> None:
        super().__init__()
        self._result: Result | None = None
        self._view: TaskView | None = None
        self._selection = Selection()
        self._list: ImageList | None = None
        self._by_column: tuple[str, bool] | None = None
        """The column of the table that the rows are sorted by, and whether the largest come first."""
        body = column(SPACE.s)
        self.setLayout(body)
        holder = QWidget()
        holder.setMinimumWidth(_LEAST_HEAD)  # less than all of it takes: words give way
        holder.setLayout(self._build_head())
        body.addWidget(holder)
        self.list_line = ListLine()
        body.addWidget(self.list_line)
        self.chips = FilterChips()
        body.addWidget(self.chips)
        self.ranges = RangeFields(self)
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
        self.table = ImageTable("Images of the result, as a table", self.grid)
        self._views = QStackedWidget()
        self._views.addWidget(self.grid)
        self._views.addWidget(self.table)
        body.addWidget(self._views, 1)
        self._connect()

    def _connect(self) -> None:
        self.chips.removed.connect(self.remove_filter)
        self.chips.cleared.connect(self.clear_filters)
        self.ranges.changed.connect(self.show_within)
        self.ranges.removed.connect(self.remove_filter)
        self.table.sorted_by.connect(self._sort_by_column)
        on_click(self.range_button, self._open_ranges)
        on_click(self.table_button, self._switch)

    def _build_head(self) -> QHBoxLayout:
        self._head = row(SPACE.xs)
        self._head.setContentsMargins(0, 0, SPACE.s, 0)
        self._verdict = Segmented([], name="Images shown")
        self._head.addWidget(self._verdict)
        self._head.addSpacing(SPACE.xs)
        self._count = ElidedLabel("", "caption")
        self._count.setFont(font(TYPE.caption, tabular=True))
        self._head.addWidget(self._count, 1)
        self.range_button = icon_button(
            "ph.funnel", "Filter by numbers", "Show only images with numbers in a range"
        )
        self.lists = ListButton()
        self._head.addWidget(self.lists)
        self._head.addWidget(self.range_button)
        self.table_button = icon_button("ph.table", "Show as a table")
        self._head.addWidget(self.table_button)
        self._head.addSpacing(SPACE.xs)
        self._sort = ChoiceBox("Sort images by", _SORT_WIDTH, _SORT_NARROWEST)
        self._sort.setPlaceholderText("By column")
        self._head.addWidget(self._sort, 4)
        self._sort.currentIndexChanged.connect(self._sort_by_choice)
        return self._head

    @property
    def result(self) -> Result | None:
        return self._result

    @property
    def selection(self) -> Selection:
        return self._selection

    def count_text(self) -> str:
        """How many images are shown, of how many."""
        return self._count.whole_text()

    def chip_texts(self) -> list[str]:
        """What the images are filtered by."""
        return self.chips.texts()

    @property
    def is_table(self) -> bool:
        return self._views.currentWidget() is self.table

    def focus(self) -> None:
        """Give the keyboard to the grid, or to the table."""
        shown = self.table if self.is_table else self.grid
        shown.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_result(self, result: Result, view: TaskView) -> None:
        """Show a result's images; filter and order stay, where they still mean something."""
        before, self._result = self._result, result
        same_classes = before is not None and before.classes == result.classes
        same_images = before is not None and _goes_on(before, result)
        if view is not self._view:
            self._view = view
            self._offer(view)
        if not same_classes:
            self._selection = replace(self._selection, true=None, predicted=None, spans=())
        elif (self._selection.predicted or 0) >= _columns_of(view, result):
            self._selection = replace(self._selection, true=None, predicted=None)  # that column is gone
        self._offer_verdicts(result, view)
        images = Images(result.root, result.paths, partial(self._tile, result, view))
        if same_images:
            self.grid.images.update_images(images)  # the pictures that were read stay
        else:
            self.grid.images.set_images(images)
        self._draw(before, result, view)
        self.table.show_columns(view.columns(result))
        if same_images and before is not None and before.images < result.images:
            with self.grid.staying():
                self._arrange()
        else:
            self._arrange()

    def show_cell(self, cell: Cell | None) -> None:
        """Show only the images of a cell of the matrix, of a true or of a predicted class; None shows all."""
        true, predicted = (None, None) if cell is None else (cell.true, cell.predicted)
        self._selection = replace(self._selection, true=true, predicted=predicted)
        self._arrange()

    def show_within(self, span: Span) -> None:
        """Show only the images whose numbers lie in a range, beside what they are filtered by already."""
        self._selection = self._selection.within(span)
        self._arrange()

    def clear_filters(self) -> None:
        """Show all images."""
        self._selection = Selection()
        self._verdict.choose(ALL)
        self._arrange()
        self.cell_cleared.emit()

    def toggle_verdict(self, verdict: str) -> None:
        """Show only the images of a verdict; all when that is so already."""
        view = self._view
        if view is not None and any(choice.key == verdict for choice in view.verdicts):
            self._choose_verdict(ALL if self._selection.verdict == verdict else verdict)

    def show_list(self, shown: ImageList | None) -> None:
        """Show only the images of a list, in its order, each with its note; None shows all again."""
        before, self._list = self._list, shown
        self._sort.setEnabled(shown is None)
        self._sort.setToolTip("" if shown is None else "The images are in the order of the list")
        self._arrange()
        if shown is not None and (before is None or before.key != shown.key) and len(self.grid.images.shown):
            self.grid.go_to(int(self.grid.images.shown[0]))  # the first says most
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
            self._sort.setCurrentIndex(0)
        self._by_column = None
        self.ranges.offer(view.measures)
        keys = [choice.key for choice in view.verdicts]
        kept = self._selection.verdict if self._selection.verdict in keys else ALL
        self._selection = Selection(kept)
        old = self._verdict
        self._verdict = Segmented([(c.key, c.title) for c in view.verdicts], kept, "Images shown")
        self._verdict.explain({choice.key: choice.tip for choice in view.verdicts})
        self._verdict.changed.connect(self._choose_verdict)
        self._head.replaceWidget(old, self._verdict)
        old.deleteLater()

    def _offer_verdicts(self, result: Result, view: TaskView) -> None:
        """Offer those that mean something of this result; all images where the chosen one does not."""
        for choice in view.verdicts:
            is_told = not choice.needs or choice.needs in result.columns
            if is_told != self._verdict.is_offered(choice.key):
                self._verdict.offer(choice.key, is_told)
            if not is_told and self._selection.verdict == choice.key:
                self._selection = replace(self._selection, verdict=ALL)
                self._verdict.choose(ALL)

    def _choose_verdict(self, verdict: str) -> None:
        self._selection = replace(self._selection, verdict=verdict)
        self._verdict.choose(verdict)
        self._arrange()

    def remove_filter(self, key: str) -> None:
        """Take a filter away, by the key of its chip."""
        if key == CELL:
            self.cell_cleared.emit()
        elif key == VERDICT:
            self._choose_verdict(ALL)
        else:
            self._selection = self._selection.beyond(key)
            self._arrange()

    def _open_ranges(self) -> None:
        self.ranges.show_selection(self._selection)
        self.ranges.popup(self.range_button.mapToGlobal(self.range_button.rect().bottomLeft()))

    def _switch(self) -> None:
        """Show the table instead of the grid, or the other way round."""
        self._views.setCurrentWidget(self.grid if self.is_table else self.table)
        icon, name = (
            ("ph.grid-four", "Show as pictures") if self.is_table else ("ph.table", "Show as a table")
        )
        self.table_button.set_icon(icon)
        self.table_button.setAccessibleName(name)
        self.table_button.setToolTip(name)
        self.grid.go_to(self.grid.current_image())
        self.focus()

    def _sort_by_choice(self) -> None:
        if self._sort.currentIndex() >= 0:
            self._by_column = None
        self._arrange()

    def _sort_by_column(self, key: str, is_down: bool) -> None:
        self._by_column = (key, is_down)
        with QSignalBlocker(self._sort):
            self._sort.setCurrentIndex(-1)
        self._arrange()

    def _order(self, result: Result, view: TaskView) -> NDArray[np.generic] | None:
        key, is_down = self._by_column or ("", False)
        column = next((known for known in self.table.rows.columns if known.key == key), None)
        if column is None:
            return view.order(result, str(self._sort.currentData()))
        values = column.values().astype(np.float64)
        return -values if is_down else values

    def _arrange(self) -> None:
        result, view = self._result, self._view
        if result is None or view is None:
            return
        mask = view.chosen(result, self._selection)
        current = self.grid.current_image()
        order = self._order(result, view)
        if self._list is not None and result.images:
            order = self._list.places(result.column("item"))
            mask &= order >= 0
        self.grid.images.arrange(mask, order)
        if not self.grid.go_to(current):
            self.grid.scrollToTop()
            self.table.scrollToTop()
        self.table.mark_sorted(*(self._by_column or ("", False)))
        self._count.setText(f"{int(mask.sum()):,} of {result.images:,}")
        self._count.setMinimumWidth(min(_MOST_COUNT, self._count.sizeHint().width()))
        self._show_chips(result, view)

    def _show_chips(self, result: Result, view: TaskView) -> None:
        selection = self._selection
        matrix = view.matrix(result)
        names = matrix.names if matrix is not None else result.classes
        parts = [f"true {names[selection.true]}"] if selection.true is not None else []
        parts += [f"predicted {names[selection.predicted]}"] if selection.predicted is not None else []
        filters = [(CELL, " → ".join(parts))] if parts else []
        titles = {choice.key: choice.title.lower() for choice in view.verdicts}
        if selection.verdict != ALL:
            filters.append((VERDICT, f"{titles[selection.verdict]} only"))
        filters += [(span.key, span.text(view.measure_of(result, span.key))) for span in selection.spans]
        self.chips.show_filters(filters)
        self.filtered.emit(selection, [entry for entry in filters if entry[0] != VERDICT])
        self.grid.nothing = self._nothing() if result.images else _no_images(result)

    def _nothing(self) -> str:
        """Say why no image is shown."""
        if self._list is None:
            return _NO_MATCH
        return _NO_MATCH_IN_LIST if len(self._list.images) else "No image is on this list."


def _goes_on(before: Result, result: Result) -> bool:
    """Whether a result tells of the same images, or of more behind the same ones."""
    return before.root == result.root and before.paths == result.paths[: len(before.paths)]


def _columns_of(view: TaskView, result: Result) -> int:
    """How many columns there are to choose from: a class each, and what is no class."""
    matrix = view.matrix(result)
    return len(result.classes) if matrix is None else matrix.side


def _no_images(result: Result) -> str:
    if not result.summary.images:
        return "The split has no images."
    if result.summary.dropped:
        return (
            "What the model said about each image of this validation is no longer kept, as “Results by image” under "
            "Validation says. Numbers, curves and matrix stay. Choose a later result, or evaluate a checkpoint."
        )
    return (
        "The run kept no results by image. Let “Results by image” under Validation keep them to see images here, "
        "or evaluate a checkpoint."
    )
