"""The middle of the Predict page: all images as a grid, or one of them large between its neighbours and its answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop.context import Context
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.predictions_board import PredictionBoard
from desktop.models.predictions_regions import Region, labels_in_whole
from desktop.pages.predict_answer import AnswerPanel
from desktop.pages.predict_grid import GridPanel
from desktop.pages.predict_model import AskedModel
from desktop.pages.predict_progress import GRID, SINGLE, ProgressLine
from desktop.pages.predict_strip import NARROWEST, WIDEST, StripPanel
from desktop.pages.predict_threshold import ThresholdBox
from desktop.pages.predict_tiles import BoardTiles
from desktop.tasks.task import TaskView
from desktop.theme.tokens import SPACE
from desktop.widgets.card import column, row
from engine.protocol.results import PredictionRecord

_STRIP_SHARE = 0.2
"""Of the width."""


class PredictWork(QWidget):
    """Shows a `PredictionBoard` with what one or two models said.

    Args:
        board: with files and answers.
        models: the first and the second.
        context: of the page.
    """

    region_chosen = Signal(QRect)
    """A part of the current picture shall be looked at by itself."""
    failed = Signal(object)
    """What is drawn on a picture cannot be read."""

    def __init__(
        self, board: PredictionBoard, models: tuple[AskedModel, AskedModel], context: Context
    ) -> None:
        super().__init__()
        self._board = board
        self._models = models
        self._background = context.background
        self._view: TaskView | None = None
        self._drawn: list[PredictionRecord | None] = [None, None]
        """What is drawn on the large pictures, or being read."""
        body, sides = column(SPACE.s), row(SPACE.m)
        single = QWidget()
        self.setLayout(body)
        single.setLayout(sides)
        self.threshold = ThresholdBox(context.settings)
        self.progress = ProgressLine(board, self.threshold)
        body.addWidget(self.progress)
        self.views = QStackedWidget()
        body.addWidget(self.views, 1)
        self.panel = GridPanel(board)
        self.strip = StripPanel(board)
        self.answer = AnswerPanel()
        sides.addWidget(self.strip)
        sides.addWidget(self.answer, 1)
        self.views.addWidget(self.panel)
        self.views.addWidget(single)
        self.progress.view_chosen.connect(self.show_view)
        self.panel.filter.changed.connect(self.arrange)
        self.panel.grid.looked_at.connect(partial(self._look_at, self.strip.grid))
        self.panel.grid.opened.connect(self._open_image)
        self.strip.grid.looked_at.connect(partial(self._look_at, self.panel.grid))
        self.strip.grid.opened.connect(self._open_image)
        self.answer.pictures.stepped.connect(self._step)
        self.answer.pictures.closed.connect(partial(self.show_view, GRID))
        self.answer.pictures.region_chosen.connect(self.region_chosen)

    @property
    def current(self) -> int:
        """The place of the current image; -1 for none."""
        return self.strip.grid.current_image()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        share = round(self.width() * _STRIP_SHARE)
        self.strip.setFixedWidth(min(WIDEST, max(NARROWEST, share)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_G and not event.modifiers():
            self.show_view(GRID)
            return
        super().keyPressEvent(event)

    def show_task(self, view: TaskView) -> None:
        """Show answers as a task does."""
        self._view = view
        self.offer_filters()
        for tiles in self._tiles:
            tiles.draw(view)

    def offer_filters(self) -> None:
        """Offer what fits the task, and whether two models are asked."""
        if self._view is not None:
            self.panel.filter.offer(self._view, is_compared=self._board.is_compared)

    def go_to(self, place: int) -> None:
        """Make an image the current one."""
        self.strip.grid.go_to(place)

    def show_progress(self) -> None:
        """Say how far the models are."""
        self.progress.show_progress([model.queue for model in self._models])
        self.show_current()

    def show_view(self, view: str) -> None:
        """Show all images as a grid, or one of them large."""
        self.progress.view.choose(view)
        self.views.setCurrentIndex(0 if view == GRID else 1)
        grid = self.panel.grid if view == GRID else self.strip.grid
        grid.setFocus(Qt.FocusReason.OtherFocusReason)
        grid.scrollTo(grid.currentIndex())

    def _open_image(self, place: int) -> None:
        self.show_view(SINGLE)
        self.strip.grid.go_to(place)
        self.answer.picture.setFocus(Qt.FocusReason.OtherFocusReason)  # its keys zoom

    def _step(self, step: int) -> None:
        place = self.strip.grid.neighbour(self.current, step)
        if place >= 0:
            self.strip.grid.go_to(place)

    def _look_at(self, other: object, place: int) -> None:
        """Another image is the current one, in the grid or in the strip: the other follows."""
        grid = self.strip.grid if other is self.strip.grid else self.panel.grid
        if place >= 0 and grid.current_image() != place:
            grid.go_to(place)
        if place >= 0 and not self._board.first.has(place):
            self._models[0].queue.hurry(self._board.files([place])[0])
        self._show_answer(place)

    @property
    def _tiles(self) -> Sequence[BoardTiles]:
        return self.panel.tiles, self.strip.tiles

    def show_files(self) -> None:
        """The board has other files, or more of them."""
        for tiles in self._tiles:
            tiles.show_files()
        self.arrange()

    def show_answers(self, places: Sequence[int] | None = None) -> None:
        """The board has other answers for these images, or, without any named, another threshold."""
        for tiles in self._tiles:
            tiles.show_answers(places)
        self.arrange()

    def arrange(self) -> None:
        """Show the images that pass the filter, in its order."""
        mask, order = self._board.arranged(self.panel.filter.wanted)
        for tiles in self._tiles:
            tiles.arrange(mask, order)
        self.panel.filter.show_count(int(mask.sum()), len(self._board))

    def show_current(self) -> None:
        """Show anew what is known of the current image."""
        self._show_answer(self.current)

    def _show_answer(self, place: int) -> None:
        entry = self._board.entry(place) if 0 <= place < len(self._board) else None
        answer = self._board.answer_of(place) if entry is not None else None
        self.answer.show_prediction(entry, answer, is_loading=self._models[0].queue.is_loading_model)
        region = entry.region if entry is not None else None
        self._draw(0, entry.record if entry is not None else None, region)
        if self._board.is_compared and entry is not None:
            other = self._board.second.answer(place, self._board.threshold)
            beside = self._board.second_entry(place)
            self.answer.other.say(beside, other, is_loading=self._models[1].queue.is_loading_model)
            self._draw(1, beside.record, region)

    def _draw(self, number: int, record: PredictionRecord | None, region: Region | None) -> None:
        """Draw on a large picture what a record says, read off this thread; each record once."""
        if record is self._drawn[number]:
            return
        self._drawn[number], view = record, self._view
        self.answer.show_labels(None, (), number)
        if record is None or record.error or view is None or not view.draws:
            return
        classes = (self._board.first, self._board.second)[number].classes

        def read() -> DrawnLabels | None:
            labels = view.answer_labels(record, classes)
            return labels if labels is None or region is None else labels_in_whole(labels, region)

        def then(labels: DrawnLabels | None) -> None:
            if self._drawn[number] is record:
                self.answer.show_labels(labels, classes, number)

        self._background.run(read, then=then, failed=self.failed.emit, owner=self)
