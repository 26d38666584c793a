"""The Validate page: how good a model is, on which classes it fails, and the images of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.context import Context
from desktop.grids.image_grid import MenuEntry
from desktop.grids.image_model import Numbers
from desktop.grids.table_columns import table_text
from desktop.models.result import Result, ResultKey
from desktop.models.result_browser import ResultBrowser
from desktop.models.result_list import runs_with_results
from desktop.models.result_remarks import remarks_on
from desktop.models.run_words import run_title
from desktop.pages.compare_menu import CompareMenu
from desktop.pages.insight_validate import HeatOnValidate
from desktop.pages.page import Page
from desktop.pages.report_saving import ReportSaving
from desktop.pages.validate_cards import ResultCards
from desktop.pages.validate_detail import DetailView
from desktop.pages.validate_evaluate import Evaluation
from desktop.pages.validate_follow import ResultFollower
from desktop.pages.validate_history import HistoryBar
from desktop.pages.validate_history_desk import HistoryDesk
from desktop.pages.validate_history_travel import TimeTravel
from desktop.pages.validate_loading import NoResult, ResultSkeleton, say_evaluation_failed
from desktop.pages.validate_matrix import NARROWEST, WIDEST, MatrixPanel
from desktop.pages.validate_open import OpenImage
from desktop.pages.validate_side import SidePanel
from desktop.pages.validate_source import SourceBar
from desktop.pages.validate_whereabouts import Whereabouts, tell_deleted
from desktop.tasks.task import CORRECT, INCORRECT, Bound, TaskView, find_view, view_of
from desktop.theme.tokens import SPACE
from desktop.viewers.matrix_data import Cell
from desktop.widgets.card import column
from desktop.widgets.message_banner import Banner
from engine.errors import UserError
from engine.store.runs import RunRow

_MATRIX_SHARE = 0.31
"""Of the page's width."""


class ValidatePage(Page):
    """Composes the chooser, the cards, the matrix, the images and the view of one image."""

    title = "Validate"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.browser = ResultBrowser(context.home, context.background, self)
        self.browser.shelf.prepare = self._prepare
        self._follower = ResultFollower(context, self.browser)
        self.evaluation = Evaluation(self, context)
        self._view: TaskView | None = None
        self._measured: Result | None = None
        """The result that is open, as it was written."""
        self._bounds: dict[tuple[str, str], float] = {}
        """Where the user has left the bound, by run and task."""
        self._known_run = ""
        """The run looked at, once the list of runs had it: a deleted one is told from one that is just being made."""
        self._named_checkpoint = ""
        """The checkpoint that another page spoke of last."""
        self._is_open = False
        self._is_known = False
        """Whether it was read which runs have results."""
        self._build()
        self._connect()

    # Structure

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.m)
        outer.setSpacing(SPACE.m)
        self.source = SourceBar()
        outer.addWidget(self.source)
        self.history = HistoryBar()
        outer.addWidget(self.history)
        self.travel = TimeTravel(self.context, self.browser, self.history)
        self.banner = Banner("bad")
        self.banner.allow_closing()
        self.banner.hide()
        outer.addWidget(self.banner)
        self._states = QStackedWidget()
        outer.addWidget(self._states, 1)
        self.empty = NoResult()
        self._loading = ResultSkeleton()
        self._content = QWidget()
        for widget in (self.empty, self._loading, self._content):
            self._states.addWidget(widget)
        self._build_content()
        self._states.setCurrentWidget(self._loading)
        self.source.hide()

    def _build_content(self) -> None:
        content = column(SPACE.m)
        self._content.setLayout(content)
        self.layers = QStackedWidget()
        content.addWidget(self.layers)
        browse = QWidget()
        below = column(SPACE.m)
        browse.setLayout(below)
        self.cards = ResultCards()
        below.addWidget(self.cards)
        sides = QHBoxLayout()
        sides.setContentsMargins(0, 0, 0, 0)
        sides.setSpacing(SPACE.m)
        self.matrix = MatrixPanel()
        self.side = SidePanel()
        self.images = self.side.images
        self.whereabouts = Whereabouts(self.context, self.browser, self.images.trouble)
        sides.addWidget(self.matrix)
        sides.addWidget(self.side, 1)
        below.addLayout(sides, 1)
        self.detail = DetailView()
        self.layers.addWidget(browse)
        self.layers.addWidget(self.detail)
        objects = self.side.objects
        self.one_image = OpenImage(self.context.background, self.layers, self.detail, self.images, objects)
        self.heat = HeatOnValidate(self.context, self.browser, self.detail)
        self.lists = HistoryDesk(self.context, self.travel, self.images)

    def _connect(self) -> None:
        self.source.run_chosen.connect(self._choose_run)
        self.source.result_chosen.connect(self.browser.choose)
        self.travel.travelled.connect(self.source.mark)
        self.source.report_wanted.connect(ReportSaving(self, self.context).ask)
        self.source.evaluation_wanted.connect(self._ask_what_to_evaluate)
        self.compare_menu = CompareMenu(self.context, self.source.compare, self._compare_with)
        self.source.compare_wanted.connect(self._ask_what_to_compare)
        self.source.fork_wanted.connect(self._fork)
        self.source.map_wanted.connect(self._show_map)
        self.evaluation.failed.connect(self._show_failure)
        self.evaluation.asked.connect(self._follower.expect)
        self.browser.listed.connect(self._show_list)
        self.browser.opened.connect(self._show_result)
        self.browser.failed.connect(self._show_failure)
        self._follower.evaluating.connect(self.source.tell)
        self._follower.evaluated.connect(self._show_evaluation)
        self._follower.failed.connect(self._tell_evaluation_failed)
        self.matrix.picked.connect(self._choose_cell)
        self.images.cell_cleared.connect(self._clear_cell)
        self.side.bound_moved.connect(self._move_bound)
        self.side.classes.picked.connect(self._choose_class)
        entry = MenuEntry("Try on the Predict page", "ph.magic-wand", self._predict_images)
        self.images.grid.menu_entries.append(entry)
        self.images.table.copy_wanted.connect(self._copy_rows)
        self.one_image.failed.connect(self._show_failure)
        self.one_image.left.connect(self.side.focus_pictures)
        self.empty.acted.connect(self._go_to_train)
        self.context.runs.changed.connect(self._offer_runs)
        for key, verdict in (("I", INCORRECT), ("C", CORRECT)):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.activated.connect(partial(self.images.toggle_verdict, verdict))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_taken = event.key() == Qt.Key.Key_Escape and self._escape()
        if not is_taken:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.matrix.setFixedWidth(min(WIDEST, max(NARROWEST, round(self.width() * _MATRIX_SHARE))))

    # Coming and going

    def open(self, **target: object) -> None:
        """Come to the front; `run` with `checkpoint`, or with `result` (a `ResultKey`), says what is looked at."""
        self._is_open = True
        run, checkpoint = target.get("run"), target.get("checkpoint")
        if isinstance(run, str):
            row_of = self.context.runs.row(run)
            parent = row_of.parent if row_of is not None and row_of.kind != "train" else None
            self._named_checkpoint = checkpoint if isinstance(checkpoint, str) else ""
            self.close_image()
            result = target.get("result")
            self.browser.choose_run(parent or run, result if isinstance(result, ResultKey) else None)
            self.browser.wish_checkpoint(self._named_checkpoint)
            if target.get("evaluate") is True:
                self._ask_what_to_evaluate()
        self._follower.set_on(True)
        self._offer_runs()

    def leave(self) -> None:
        self._is_open = False
        self._follower.set_on(False)

    def _go_to_train(self) -> None:
        run = self.browser.run
        self.context.go("train", **({"run": run} if run else {}))

    # Runs and results

    def _offer_runs(self) -> None:
        if self._is_open and self.context.home.store_path.exists():
            self.context.background.run(
                runs_with_results,
                self.context.home,
                then=self._take_runs,
                failed=self._show_failure,
                owner=self,
            )
        elif self._is_open:
            self._is_known = True  # no store, no run
            self._show_state()

    def _take_runs(self, found: frozenset[str]) -> None:
        self._is_known = self.context.runs.is_loaded
        rows = [entry for entry in self.context.runs.rows() if entry.kind == "train"]
        offered = [entry for entry in rows if entry.run in found or entry.run == self.browser.run]
        known = self._known_run
        is_gone = bool(known) and self.browser.run == known and self.context.runs.row(known) is None
        if is_gone:
            self._known_run = ""
            self.close_image()
            tell_deleted(self.context, has_others=bool(offered))
        if is_gone or (offered and not self.browser.run):
            self.banner.hide()
            self.browser.choose_run(offered[0].run if offered else "")
        if self.context.runs.row(self.browser.run) is not None:
            self._known_run = self.browser.run
        self.source.show_runs([(entry.run, _run_title(entry)) for entry in offered], self.browser.run)
        self._show_crumb()
        self._show_state()

    def _choose_run(self, run: str) -> None:
        self.close_image()
        self.banner.hide()
        self.browser.choose_run(run)
        self._show_crumb()

    def _show_list(self) -> None:
        chosen = None if self.browser.follows_newest else self.browser.wanted
        self.source.show_results(self.browser.offered, chosen)
        self._show_state()

    def _choose_result(self, key: ResultKey) -> None:
        self.browser.choose(key)
        self.source.show_results(self.browser.offered, key)

    def _show_state(self) -> None:
        if self.browser.result is not None:
            self._states.setCurrentWidget(self._content)
        elif not self._is_known or (self.browser.wanted is not None and self.banner.isHidden()):
            self._states.setCurrentWidget(self._loading)
        else:
            has_results = bool(self.browser.results)
            self.empty.explain(has_run=bool(self.browser.run), has_results=has_results)
            self._states.setCurrentWidget(self.empty)
        self.source.setVisible(bool(self.browser.run))
        self.source.offer(is_chosen=self.browser.wanted is not None, is_open=self.browser.result is not None)

    def _show_crumb(self) -> None:
        shown = self.context.runs.row(self.browser.run)
        self.set_crumb("" if shown is None else f"{shown.dataset or 'no dataset'}  /  {run_title(shown)}")

    def _show_failure(self, error: Exception) -> None:
        told = error if isinstance(error, UserError) else UserError("bug", f"{type(error).__name__}: {error}")
        self.banner.clear_actions()
        self.banner.say("bad", told.message, told.hint)
        self.banner.add_action("Try again", self._try_again)
        self.banner.show()
        self._show_state()

    def _try_again(self) -> None:
        self.banner.hide()
        self.browser.reopen()
        self._offer_runs()

    # The open result

    def _show_result(self, result: Result) -> None:
        try:
            view = view_of(result)
            bound = self._bound_of(result, view)
            shown = result if bound is None else view.at(result, bound.value)
        except UserError as error:
            self.browser.result = None
            self._show_failure(error)
            return
        self._measured, self._view = result, view
        self.heat.show_result(result, view)
        self.banner.hide()
        self.source.remark(remarks_on(result.summary))
        self.side.offer_bound(bound)
        self.detail.offer_layers(view.draws, result.classes, beside=view.draws_pixels)
        self._show_at_bound(shown, view)
        self._show_state()

    def _prepare(self, result: Result) -> None:
        """Compute ahead what a result needs at its bound. In a thread."""
        view = view_of(result) if find_view(result.summary.task) is not None else None
        bound = self._bound_of(result, view) if view is not None else None
        if view is not None:
            view.figures(result if bound is None else view.at(result, bound.value))

    def _bound_of(self, result: Result, view: TaskView) -> Bound | None:
        """Where the bound stands: where the user has left it, as long as the run is the same."""
        bound = view.bound(result)
        kept = self._bounds.get((self.browser.run, result.summary.task))
        return bound if bound is None or kept is None else replace(bound, value=kept)

    def _move_bound(self, value: float) -> None:
        """Show the same result at another bound."""
        result, view = self._measured, self._view
        if result is not None and view is not None:
            self._bounds[self.browser.run, result.summary.task] = value
            self._show_at_bound(view.at(result, value), view)

    def _show_at_bound(self, result: Result, view: TaskView) -> None:
        self.cards.show_result(result, view, self.browser)
        self.matrix.show_result(result, view)
        self.side.show_result(result, view)
        selection = self.images.selection
        nothing = selection.true is None and selection.predicted is None
        self.matrix.mark(None if nothing else Cell(selection.true, selection.predicted))
        self.one_image.show_result(result, view)
        self.lists.show_result(view, result.bound)

    def _choose_cell(self, cell: Cell | None) -> None:
        self.side.show_pictures()
        self.matrix.mark(cell)
        self.images.show_cell(cell)

    def _choose_class(self, number: int) -> None:
        self._choose_cell(Cell(number, None))

    def _clear_cell(self) -> None:
        self._choose_cell(None)

    def _escape(self) -> bool:
        """Go one step back. Gives whether there was one."""
        if self.one_image.is_open:
            self.close_image()
            return True
        is_picked = self.matrix.matrix.selected() is not None
        if is_picked:
            self._clear_cell()
        return is_picked

    def _predict_images(self, images: Numbers) -> None:
        shown = self.images.grid.images.images
        self.context.go("predict", run=self.browser.run, drop=[shown.path(int(image)) for image in images])

    def _copy_rows(self, images: Numbers, separator: str) -> None:
        columns = self.images.table.rows.columns
        clipboard = QGuiApplication.clipboard()
        self.context.background.run(
            table_text, columns, images, separator, then=clipboard.setText, owner=self
        )

    # One image

    def open_image(self, image: int) -> None:
        """Show an image large, with all that is known of it."""
        self.one_image.open(image)

    def close_image(self) -> None:
        """Go back to the grid, to the image that was looked at last."""
        self.one_image.close()

    # Comparison

    def _ask_what_to_compare(self) -> None:
        if self.browser.wanted is not None:
            self.compare_menu.ask(self.browser.wanted)

    def _compare_with(self, key: ResultKey) -> None:
        if self.browser.wanted is not None:
            self.context.go("compare", results=[self.browser.wanted, key], back="validate")

    def _show_map(self) -> None:
        if self.browser.result is not None:
            self.context.go("insight", result=self.browser.result.key, run=self.browser.run)

    def _fork(self) -> None:
        self.context.go("train", fork=self.browser.run)

    # Evaluation

    def _ask_what_to_evaluate(self) -> None:
        self.evaluation.ask(self.browser.run, self._named_checkpoint)

    def _show_evaluation(self, run: str) -> None:
        self.browser.refresh()
        self._choose_result(ResultKey(run, "0001"))

    def _tell_evaluation_failed(self, shown: RunRow) -> None:
        say_evaluation_failed(self.banner, shown, partial(self.context.go, "jobs", run=shown.run))


def _run_title(entry: RunRow) -> str:
    return f"{run_title(entry)} · {entry.dataset}" if entry.dataset else run_title(entry)
