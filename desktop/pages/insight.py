"""The Map page: the images of a result by what the model sees in them, and those that look almost the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QWidget

from desktop.charts.color_key import ColorKey
from desktop.context import Context
from desktop.grids.image_grid import ImageGrid
from desktop.grids.image_model import Images
from desktop.grids.picture import read_picture
from desktop.models.insight_map import MapMaker, ShownMap
from desktop.models.result import ResultKey
from desktop.models.run_words import run_title
from desktop.pages.insight_pairs import PairList
from desktop.pages.page import Page
from desktop.tasks.task import CORRECT, Selection, TaskView, view_of
from desktop.theme.label_colors import point_color
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE
from desktop.viewers.point_map import PointMap, rgb
from desktop.widgets.buttons import button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.segmented import Segmented
from engine.errors import UserError

BY_CLASS, BY_VERDICT = "class", "verdict"
IMAGES, PAIRS = "images", "pairs"
_SIDE_SHARE = 2
_HOVER_SIDE = 160


class InsightPage(Page):
    """Composes the map, the grid of what is chosen on it, and the list of pairs."""

    title = "Map"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.shown: ShownMap | None = None
        self._view: TaskView | None = None
        self._run = ""
        self.maker = MapMaker(context.home, context.background, self)
        outer = column(SPACE.m)
        outer.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.m)
        self.setLayout(outer)
        outer.addLayout(self._build_head())
        self.states = QStackedWidget()
        outer.addWidget(self.states, 1)
        self.empty = EmptyState("ph.circles-four", "", "", "Make the map")
        self.states.addWidget(self.empty)
        self.states.addWidget(self._build_body())
        self._connect()
        self._tell("Open a result on the Validate page", "Its images are laid out here.", can_make=False)

    def _build_head(self) -> QHBoxLayout:
        head = row(SPACE.s)
        back = button("Back", "ph.arrow-left", "ghost", "Back to the Validate page  (Esc)")
        on_click(back, self._go_back)
        head.addWidget(back)
        self.words = ElidedLabel("", "muted")
        head.addWidget(self.words, 1)
        self.coloring = Segmented(
            ((BY_CLASS, "By class"), (BY_VERDICT, "By verdict")), BY_CLASS, "Colour of the points"
        )
        head.addWidget(self.coloring)
        self.again = button("Make again", "ph.arrows-clockwise", tip="Make the map anew")
        head.addWidget(self.again)
        return head

    def _build_body(self) -> Card:
        body = Card(margins=(SPACE.m, SPACE.m, SPACE.m, SPACE.m))
        sides = row(SPACE.m)
        body.body.addLayout(sides, 1)
        self.map = PointMap("Images by what the model sees in them")
        self.hover = QLabel(self.map)
        self.hover.setAccessibleName("The image under the pointer")
        self.hover.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hover.hide()
        left = column(SPACE.xs)
        left.addWidget(self.map, 1)
        self.key = ColorKey("Colours of the points")
        left.addWidget(self.key)
        left.addWidget(
            text_label(
                "Drag around points to choose them; the wheel zooms, Shift with a drag moves.", "caption"
            )
        )
        sides.addLayout(left, 3)
        right = column(SPACE.s)
        self.side = Segmented(((IMAGES, "Images"), (PAIRS, "Almost the same")), IMAGES, "What is listed")
        self.count = text_label("", "caption")
        line = row(SPACE.s)
        line.addWidget(self.side)
        line.addStretch(1)
        line.addWidget(self.count)
        right.addLayout(line)
        self.lists = QStackedWidget()
        self.grid = ImageGrid("Images chosen on the map")
        self.pairs = PairList()
        self.lists.addWidget(self.grid)
        self.lists.addWidget(self.pairs)
        right.addWidget(self.lists, 1)
        sides.addLayout(right, _SIDE_SHARE)
        return body

    def _connect(self) -> None:
        self.maker.opened.connect(self._show)
        self.maker.progress.connect(self._show_progress)
        self.maker.failed.connect(self._fail)
        self.empty.acted.connect(self._make)
        on_click(self.again, self._make)
        self.coloring.changed.connect(self._color)
        self.side.changed.connect(self._show_list)
        self.map.lassoed.connect(self._choose)
        self.map.pointed.connect(self._point)
        self.grid.looked_at.connect(self.map.mark)
        theme.changed.connect(self._color)

    def open(self, **target: object) -> None:
        """Targets: `result` (a `ResultKey`) and `run`, the training that it is of."""
        key, run = target.get("result"), target.get("run")
        if isinstance(key, ResultKey):
            self._run = run if isinstance(run, str) else key.run
            self.shown = None  # what cannot be opened is not made by another one's weights
            row_of = self.context.runs.row(self._run)
            self.set_crumb(run_title(row_of) if row_of is not None else "")
            self._tell("Opening…", "", can_make=False)
            self.maker.open(key, self._run)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._go_back()
            return
        super().keyPressEvent(event)

    def leave(self) -> None:
        self.maker.cancel()

    def _make(self) -> None:
        checkpoint = self.shown.weights.checkpoint if self.shown is not None else None
        if checkpoint is not None:
            self._tell("Making the map…", "The model looks at every image of the dataset.", can_make=False)
            self.maker.make(checkpoint)

    def _show(self, shown: ShownMap) -> None:
        self.shown = shown
        try:
            self._view = view_of(shown.result)
        except UserError:  # a task of a newer version: the points are shown without it
            self._view = None
        can_make = shown.weights.checkpoint is not None
        self.again.setVisible(can_make and shown.points is not None)
        if shown.points is None:
            reason = shown.weights.reason or (
                "The model looks at every image of the dataset, which takes a while; a training goes first."
            )
            self._tell("No map of this result yet", reason, can_make=can_make)
            return
        result, view = shown.result, self._view
        if view is not None:
            self.grid.images.set_images(
                Images(result.root, result.paths, lambda image: view.tile(result, image))
            )
        self.map.show_points(shown.points, self._colors(shown))
        self.pairs.show_pairs(shown.pairs)
        leaks = sum(pair.is_leak for pair in shown.pairs)
        self.words.setText(
            f"Laid out by checkpoint {shown.checkpoint}. {len(shown.pairs):,} pairs look almost the same, "
            f"{leaks:,} of them across splits."
        )
        self._choose(np.arange(result.images))
        can_choose = (
            "target" in result.columns and result.summary.is_labelled
        )  # an image may have many classes
        self.coloring.setVisible(can_choose)
        self.states.setCurrentIndex(1)

    def _told_apart(self, shown: ShownMap) -> tuple[list[tuple[QColor, str]], NDArray[np.int64]]:
        """Give what is told apart, each with its colour, and which of these each image is."""
        result, view = shown.result, self._view
        is_labelled = result.summary.is_labelled
        classes = result.columns.get("target" if is_labelled else "predicted")
        if classes is not None and (self.coloring.current() == BY_CLASS or not is_labelled):
            ground = theme.color("card").name()
            key = [(point_color(number, ground), name) for number, name in enumerate(result.classes)]
            return key, classes.astype(np.int64)
        if view is None or not is_labelled:
            return [(theme.color("accent"), "image")], np.zeros(result.images, np.int64)
        wrong = ~view.chosen(result, Selection(CORRECT))
        return [(theme.color("ok"), "correct"), (theme.color("bad"), "incorrect")], wrong.astype(np.int64)

    def _colors(self, shown: ShownMap) -> NDArray[np.uint32]:
        """Give the colour of each point, and show which means what."""
        key, which = self._told_apart(shown)
        self.key.show_entries(key)
        return np.array([rgb(c.red(), c.green(), c.blue()) for c, _name in key], np.uint32)[which]

    def _color(self, _key: object = None) -> None:
        if self.shown is not None and self.shown.points is not None:
            self.map.color(self._colors(self.shown))

    def _choose(self, numbers: NDArray[np.intp]) -> None:
        if self.shown is None:
            return
        mask = np.zeros(self.shown.result.images, np.bool_)
        mask[numbers] = True
        self.grid.images.arrange(mask, None)
        self.grid.scrollToTop()
        self.count.setText(f"{len(numbers):,} of {len(mask):,}")
        self.side.choose(IMAGES)
        self._show_list(IMAGES)

    def _point(self, number: int) -> None:
        """Show the picture of the point under the pointer, read off this thread."""
        self.hover.hide()
        result = self.shown.result if self.shown is not None else None
        if number < 0 or result is None or result.root is None:
            return

        def then(picture: QImage) -> None:
            if self.map.marked == number:
                self._hover_over(number, picture)

        path = result.root / result.paths[number]
        self.context.background.run(read_picture, path, _HOVER_SIDE, then=then, failed=_leave_out, owner=self)

    def _hover_over(self, number: int, picture: QImage) -> None:
        self.hover.setPixmap(QPixmap.fromImage(picture))
        self.hover.adjustSize()
        x, y = self.map.places()[number]
        left = min(max(0.0, x + SPACE.m), self.map.width() - self.hover.width())
        top = (
            y + SPACE.m if y + SPACE.m + self.hover.height() < self.map.height() else y - self.hover.height()
        )
        self.hover.move(round(left), round(max(0.0, top)))
        self.hover.show()

    def _show_list(self, key: str) -> None:
        self.lists.setCurrentIndex(0 if key == IMAGES else 1)
        self.count.setVisible(key == IMAGES)

    def _show_progress(self, done: int, total: int, phase: str) -> None:
        self.empty.sentence.setText(f"{phase}: {done:,} of {total:,}" if total else f"{phase}…")

    def _tell(self, title: str, sentence: str, *, can_make: bool) -> None:
        self.empty.say(title, sentence)
        _show(self.empty.button, can_make)
        self.words.setText("")
        self.coloring.setVisible(False)
        self.again.setVisible(False)
        self.states.setCurrentIndex(0)

    def _fail(self, error: UserError) -> None:
        can_make = self.shown is not None and self.shown.weights.checkpoint is not None
        self._tell(error.message, error.hint, can_make=can_make)

    def _go_back(self) -> None:
        self.context.go("validate")


def _show(widget: QWidget | None, is_shown: bool) -> None:
    if widget is not None:
        widget.setVisible(is_shown)


def _leave_out(_error: Exception) -> None:
    """An image that cannot be read has no picture; the grid says why."""
