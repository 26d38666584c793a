"""The Compare page: two or more results on the images that they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget

from desktop.context import Context
from desktop.models.result import ResultKey
from desktop.models.result_comparison import keys_of_runs
from desktop.models.result_comparison_words import images_sentence
from desktop.models.run_words import without_commands
from desktop.pages.compare_detail import PairView
from desktop.pages.compare_head import FORK, MAKE_FIRST, REMOVE, VALIDATE, CompareHead
from desktop.pages.compare_images import GalleriesPanel
from desktop.pages.compare_menu import CompareMenu
from desktop.pages.compare_sides import ShownSides, load_sides
from desktop.pages.compare_tables import ClassesPanel, MetricsPanel, SettingsPanel
from desktop.pages.model_versions import ModelVersions
from desktop.pages.page import Page
from desktop.tasks.task import Layers
from desktop.theme.tokens import SPACE
from desktop.widgets.card import Card, column, row
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.segmented import Segmented
from desktop.widgets.skeleton import Skeleton
from desktop.widgets.view_stack import ViewStack
from engine.comparison.compare import MOST_COMPARED
from engine.errors import UserError

METRICS, CLASSES, IMAGES, SETTINGS = "metrics", "classes", "images", "settings"
_VIEWS = ((METRICS, "Metrics"), (CLASSES, "Classes"), (IMAGES, "Images"), (SETTINGS, "Settings"))


class ComparePage(Page):
    """Composes the results' cards, the tables, the galleries and the view of one image."""

    title = "Compare"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.keys: list[ResultKey] = []
        """What is compared; the differences are to the first."""
        self.shown: ShownSides | None = None
        self._from = "validate"
        self._turn = 0
        self._build()
        self.versions = ModelVersions(self, context)
        self.add_menu = CompareMenu(context, self.head.add, self.add_result)
        self._connect()

    def _build(self) -> None:
        outer = column(SPACE.m)
        outer.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.m)
        self.setLayout(outer)
        self.head = CompareHead()
        outer.addWidget(self.head)
        self._states = QStackedWidget()
        outer.addWidget(self._states, 1)
        self.trouble = EmptyState("ph.warning-circle", "", "", "Back")
        self._loading = Skeleton(6)
        browse = Card(margins=(SPACE.l, SPACE.m, SPACE.xs, SPACE.xs))
        choice = row()
        self.choice = Segmented(_VIEWS, METRICS, "What is compared")
        choice.addWidget(self.choice)
        choice.addStretch(1)
        browse.body.addLayout(choice)
        self.views = ViewStack()
        browse.body.addWidget(self.views, 1)
        self.metrics, self.classes = MetricsPanel(), ClassesPanel()
        self.images, self.settings = GalleriesPanel(), SettingsPanel()
        for panel in (self.metrics, self.classes, self.images, self.settings):
            self.views.addWidget(panel)
        self._browse: QWidget = browse
        self.pair = PairView()
        for widget in (self._loading, self.trouble, self._browse, self.pair):
            self._states.addWidget(widget)

    def _connect(self) -> None:
        self.choice.changed.connect(self.show_view)
        self.head.back_wanted.connect(self._go_back)
        self.head.add_wanted.connect(self._ask_for_more)
        self.head.ordered.connect(self._order)
        self.trouble.acted.connect(self._go_back)
        self.images.opened.connect(self.open_image)
        self.pair.closed.connect(self.close_image)
        self.pair.stepped.connect(self._step)

    def open(self, **target: object) -> None:
        """Targets: `results` (a list of `ResultKey`), or `runs` (their ids); `back`, the page that is gone back to."""
        back = target.get("back")
        self._from = back if isinstance(back, str) else self._from
        results, runs = target.get("results"), target.get("runs")
        if isinstance(results, list):
            self.compare([key for key in results if isinstance(key, ResultKey)])
        elif isinstance(runs, list):
            self._compare_runs([str(run) for run in runs])
        elif self.keys:
            self.compare(self.keys)
        else:
            self._tell(
                UserError(
                    "comparison_few", "Nothing is compared yet.", "Choose results on the Validate page."
                )
            )

    def compare(self, keys: Sequence[ResultKey]) -> None:
        """Compare these results."""
        wanted = list(dict.fromkeys(keys))[:MOST_COMPARED]
        if wanted != self.keys:
            self.keys = wanted
            self.images.pair = (0, 1)
        self._start()
        turn = self._turn
        self.context.background.run(
            load_sides,
            self.context.home,
            list(self.keys),
            then=partial(self._take, turn),
            failed=partial(self._fail, turn),
            owner=self,
        )

    def add_result(self, key: ResultKey) -> None:
        """Compare one more."""
        self.compare([*self.keys, key])

    def show_view(self, name: str) -> None:
        """Show metrics, classes, images or settings."""
        self.choice.choose(name)
        if self.views.turn_to([key for key, _ in _VIEWS].index(name)):
            self.views.focus_current()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self._states.currentWidget() is self.pair:
            self.close_image()
        else:
            self._go_back()

    # Reading

    def _compare_runs(self, runs: list[str]) -> None:
        self.keys = []
        self._start()
        turn = self._turn

        def then(keys: list[ResultKey]) -> None:
            if turn == self._turn:
                self.compare(keys)

        self.context.background.run(
            keys_of_runs, self.context.home, runs, then=then, failed=partial(self._fail, turn), owner=self
        )

    def _start(self) -> None:
        self._turn += 1
        self.shown = None
        self.head.note.setText("Comparing…")
        focused = QApplication.focusWidget()
        if focused is not None and self._states.isAncestorOf(focused):
            self.setFocus(Qt.FocusReason.OtherFocusReason)  # else it would go to the next button
        self._states.setCurrentWidget(self._loading)

    def _take(self, turn: int, shown: ShownSides) -> None:
        if turn != self._turn:
            return
        self.shown = shown
        compared = shown.compared
        self.head.show_sides(compared.sides)
        self.head.note.setText(images_sentence(compared))
        for panel in (self.metrics, self.classes, self.settings):
            panel.show_sides(compared)
        self.images.show_sides(shown)
        self.pair.offer(
            shown.results[0].classes, bool(shown.view.draws), one_at_a_time=shown.view.draws_pixels
        )
        self._states.setCurrentWidget(self._browse)
        self.set_crumb("  /  ".join(dict.fromkeys(side.title for side in compared.sides)))

    def _fail(self, turn: int, error: Exception) -> None:
        if turn == self._turn:
            known = isinstance(error, UserError)
            self._tell(error if known else UserError("bug", f"{type(error).__name__}: {error}"))

    def _tell(self, error: UserError) -> None:
        self.head.show_sides(())
        self.trouble.say(
            "These results cannot be compared", f"{error.message} {without_commands(error.hint)}".strip()
        )
        self._states.setCurrentWidget(self.trouble)
        self.set_crumb("")

    # Acting

    def _go_back(self) -> None:
        self.context.go(self._from)

    def _ask_for_more(self) -> None:
        if self.keys:
            self.add_menu.ask(self.keys[0], tuple(self.keys))

    def _order(self, what: str, place: int) -> None:
        if self.shown is None or not 0 <= place < len(self.keys):
            return
        key, run = self.keys[place], self.shown.compared.sides[place].row.run
        rest = [other for number, other in enumerate(self.keys) if number != place]
        match what:
            case _ if what == MAKE_FIRST:
                self.compare([key, *rest])
            case _ if what == REMOVE:
                self.compare(rest)
            case _ if what == VALIDATE:
                self.context.go("validate", run=run, result=key)
            case _ if what == FORK:
                self.context.go("train", fork=run)
            case _:
                checkpoint = self.shown.compared.sides[place].result.summary.checkpoint
                self.versions.ask(run, checkpoint or "")

    # One image

    def open_image(self, place: int) -> None:
        """Show a common image as the two results of the pair see it."""
        shown = self.shown
        if shown is None or not 0 <= place < shown.compared.found.common.count:
            return
        first = shown.compared.image(self.images.pair[0], place)
        self.pair.show_image(place, shown.results[self.images.pair[0]].paths[first], self.images.where(place))
        for number, (side, picture) in enumerate(zip(self.images.pair, self.pair.pictures, strict=True)):
            result, image = shown.results[side], shown.compared.image(side, place)
            told = shown.compared.sides[side]
            picture.name_side(told.letter, f"{told.title} · {told.caption}")
            path = None if result.root is None else result.root / result.paths[image]
            picture.show_detail(path, shown.view.detail(result, image))
            if shown.view.draws:
                then = partial(self._take_layers, (shown, self.images.pair), (place, number))
                self.context.background.run(
                    shown.view.layers, result, image, then=then, failed=self._complain, owner=self
                )
        if self._states.currentWidget() is not self.pair:
            self._states.setCurrentWidget(self.pair)
            self.pair.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_image(self) -> None:
        """Go back to the gallery, to the image that was looked at last."""
        self._states.setCurrentWidget(self._browse)
        self.images.go_to(self.pair.place)
        self.images.grid.setFocus(Qt.FocusReason.OtherFocusReason)

    def _take_layers(
        self, of: tuple[ShownSides, tuple[int, int]], at: tuple[int, int], layers: Layers
    ) -> None:
        """Of a pair that was compared before nothing is drawn: the same image may be open for another one."""
        shown, pair = of
        if shown is self.shown and pair == self.images.pair:
            self.pair.show_layers(*at, layers)

    def _complain(self, error: Exception) -> None:
        known = isinstance(error, UserError)
        self.context.complain(error if known else UserError("bug", f"{type(error).__name__}: {error}"))

    def _step(self, step: int) -> None:
        following = self.images.neighbour(self.pair.place, step)
        if following >= 0:
            self.open_image(following)
