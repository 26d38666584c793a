"""The Predict page: give it images, see what one or two trained models say, save that."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QRect
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from desktop.context import Context
from desktop.models.drawn_labels import LabelLook
from desktop.models.predictions_agreement import Agreement
from desktop.models.predictions_board import PredictionBoard
from desktop.models.predictions_cache import MODELS, cut_region, masks_folder
from desktop.models.predictions_models import Offered, offered_models
from desktop.models.predictions_regions import Region
from desktop.pages.insight_predict import HeatOnPredict
from desktop.pages.page import Page
from desktop.pages.predict_device import DeviceLine
from desktop.pages.predict_drop import DropInvitation
from desktop.pages.predict_intake import Intake
from desktop.pages.predict_model import AskedModel
from desktop.pages.predict_progress import GRID, SINGLE
from desktop.pages.predict_saving import PredictionSaver
from desktop.pages.predict_tools import PredictTools
from desktop.pages.predict_video_mode import VideoMode
from desktop.pages.predict_work import PredictWork
from desktop.tasks.task import TaskView, task_view
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import on_click
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.message_banner import Banner
from engine.errors import UserError

_STRIP_SHARE = 0.2
"""Of the page's width."""


class PredictPage(Page):
    """Composes the tools, the ways in, the grid, the strip and the answer."""

    title = "Predict"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.board = PredictionBoard()
        self.intake = Intake(self, context)
        self._view: TaskView | None = None
        self._offered = Offered()
        self._is_known = False
        """Whether it was read which models there are."""
        self.tools = PredictTools()
        self.chooser = self.tools.chooser
        self.first = AskedModel(context, self.board, self.board.first, self.chooser, self)
        self.second = AskedModel(context, self.board, self.board.second, self.tools.other, self)
        self.queue = self.first.queue
        self._build()
        self.agreement = Agreement(self.board, context.background, self)
        self._connect()
        self.heat = HeatOnPredict(context, self.board, self.work, self.first)
        self.video = VideoMode(context, self.states, self.intake, self.tools)
        self.video.closed.connect(self._refresh)
        self.video.failed.connect(self._complain)
        context.background.run(
            masks_folder, context.home, then=self._take_masks_folder, failed=self._show_failure, owner=self
        )
        self._take_threshold(0.0)
        self._refresh()

    # Structure

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.m)
        outer.setSpacing(SPACE.m)
        self.saver = PredictionSaver(self, self.context, self.board)
        self.tools.offer_saving(self.saver)
        self.device = DeviceLine(self.context.predictor_place)
        self.tools.offer_devices(self.device)
        outer.addWidget(self.tools)
        self.banner = Banner("bad")
        self.banner.hide()
        outer.addWidget(self.banner)
        self.states = QStackedWidget()
        outer.addWidget(self.states, 1)
        self.no_model = EmptyState(
            "ph.magic-wand",
            "No trained model yet",
            "Train one first: then drop any image here and see what it says.",
            "Train a model",
        )
        self.no_images = DropInvitation()
        self.work = PredictWork(self.board, (self.first, self.second), self.context)
        for widget in (self.no_model, self.no_images, self.work):
            self.states.addWidget(widget)
        self.progress, self.strip, self.answer = self.work.progress, self.work.strip, self.work.answer
        self.threshold = self.work.threshold.slider

    def _connect(self) -> None:
        for model, use in ((self.first, self._use_first), (self.second, self._use_second)):
            model.chooser.changed.connect(use)
            model.queue.changed.connect(self.work.show_progress)
            model.queue.failed.connect(self._show_failure)
            model.answered.connect(self._take_answers)
            self.progress.cancelled.connect(model.queue.cancel)
            self.context.predictor.died.connect(model.queue.forget_model)
            self.context.predictor.moved.connect(model.queue.forget_model)
        self.work.threshold.moved.connect(self._change_threshold)
        self.tools.compared.connect(self._compare)
        self.agreement.changed.connect(self._show_agreement)
        self.intake.came.connect(self.add)
        self.progress.continued.connect(self._go_on)
        self.work.region_chosen.connect(self._cut)
        self.work.failed.connect(self._show_failure)
        self.answer.controls.look_changed.connect(self._keep_look)
        self.no_images.acted.connect(self.intake.ask_for_files)
        self.no_images.second.connect(self.intake.ask_for_folder)
        self.no_model.acted.connect(partial(self.context.go, "train"))
        self.context.runs.ended.connect(self._offer_models)
        on_click(self.tools.open, self.intake.ask_for_files)
        on_click(self.tools.clear, self.clear)
        pasting = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        pasting.activated.connect(self.intake.paste)

    def _take_masks_folder(self, folder: Path) -> None:
        for model, name in zip((self.first, self.second), MODELS, strict=True):
            model.queue.masks = folder / name

    # Coming

    def open(self, **target: object) -> None:
        """Come to the front; `run` and `checkpoint` name the model, `drop` gives paths to look at."""
        run, checkpoint, dropped = target.get("run"), target.get("checkpoint"), target.get("drop")
        if isinstance(run, str):
            self.chooser.wish(run, checkpoint if isinstance(checkpoint, str) else "")
        self._offer_models()
        if isinstance(dropped, list | tuple) and dropped:
            self.intake.take([Path(str(path)) for path in dropped])

    # Models

    def _offer_models(self) -> None:
        self.context.background.run(
            offered_models, self.context.home, then=self._take_models, failed=self._show_failure, owner=self
        )

    def _take_models(self, offered: Offered) -> None:
        self._is_known = True
        self._offered = offered
        self.chooser.offer_models(offered)
        self._offer_others()
        if offered.runs and not self.context.predictor.is_running:
            self.context.predictor.warm_up()  # the libraries load while the user looks for a picture
        self._refresh()

    def _offer_others(self) -> None:
        """Offer for comparison what answers in the same way."""
        run = self.chooser.run
        if run is not None and self.board.is_compared:
            fitting = tuple(one for one in self._offered.runs if one.row.task == run.row.task)
            self.tools.other.offer_models(Offered(fitting, self._offered.exports))

    def _use_first(self) -> None:
        """Ask the chosen model about all files; what another one said is dropped."""
        run = self.chooser.run
        self.banner.hide()
        self._take_task(run.row.task if run is not None else None)
        self._offer_others()
        self.first.ask_anew()
        self.device.show_model(self.chooser.model)
        self.set_crumb(self.first.title)
        self.saver.checkpoint = self.first.title
        self._name_models()
        self.agreement.start_anew()
        self._refresh()

    def _use_second(self) -> None:
        if self.board.is_compared:
            self.second.ask_anew()
            self._name_models()
            self.agreement.start_anew()

    def _compare(self, on: bool) -> None:
        """Ask a second model too, or no longer."""
        self.board.is_compared = on
        self._offer_others()
        if on:
            self._choose_another()
            self.second.ask_anew()
        else:
            self.second.rest()
        self.agreement.start_anew()
        self._name_models()
        self.work.offer_filters()
        self._show_agreement()

    def _choose_another(self) -> None:
        """Compare with another checkpoint of the same run, where there is one and nobody chose yet."""
        run, model, other = self.chooser.run, self.chooser.model, self.tools.other.model
        if run is None or model is None or other is None or other.path != model.path:
            return
        rest = [file.key for file in self._offered.files(run) if file.path != model.path]
        if rest:
            self.tools.other.wish(run.row.run, rest[0])

    def _name_models(self) -> None:
        titles = (f"A · {self.first.title}", f"B · {self.second.title}")
        self.answer.compare(titles if self.board.is_compared else None)
        self.heat.toggle.name("A" if self.board.is_compared else "")

    def _take_task(self, task: str | None) -> None:
        """Show answers as the chosen model's task does, at the threshold that was last used for it."""
        try:
            view = task_view(task) if task is not None else None
        except UserError as error:
            self._show_failure(error)
            view = None
        if view is not self._view:
            self.second.rest()  # it may be of another task
        self.board.answers = self._view = view
        if view is None or task is None:
            return
        self._take_threshold(self.work.threshold.show_task(view, task))
        self.saver.offer_task(view, task)
        self.work.show_task(view)

    # Files and answers

    def add(self, files: list[Path]) -> None:
        """Take files in and have the model look at them."""
        first = len(self.board)
        new = self.board.add(files)
        if new:
            self._ask(new)  # the model looks at them while they are shown
        self._show_files()
        if first == 0 and new:
            self.work.show_view(GRID if len(new) > 1 else SINGLE)
        if new:
            if self.work.current < 0 or first == 0 or len(new) == 1:  # one picture is one to be seen
                self.work.go_to(first)
        elif files:
            self.work.go_to(self.board.place_of(files[0]))

    def clear(self) -> None:
        """Take all files off the page."""
        for model in (self.first, self.second):
            model.queue.cancel()
        self.board.clear()
        self.agreement.start_anew()
        self.work.panel.filter.clear()
        self.banner.hide()
        self._show_files()
        self.work.show_current()

    def _ask(self, files: list[Path]) -> None:
        """One file is something that somebody waits for; many are a batch."""
        self.first.queue.add(files, first=len(files) == 1)
        if self.board.is_compared:
            self.second.queue.add(files, first=len(files) == 1)

    def _go_on(self) -> None:
        self.first.go_on()
        if self.board.is_compared:
            self.second.go_on()

    def _show_files(self) -> None:
        self.work.show_files()
        self._refresh()

    def _cut(self, part: QRect) -> None:
        """Have a part of the current picture looked at, as an entry of its own."""
        source = self.answer.picture.path
        if source is None:
            return

        def then(cut: tuple[Path, Region]) -> None:
            place = self.board.add_region(*cut)
            self._show_files()
            self._ask([cut[0]])
            self.work.panel.filter.clear()
            self.work.go_to(place)

        self.context.background.run(
            cut_region, self.context.home, source, part, then=then, failed=self._complain, owner=self
        )

    def _take_answers(self, places: list[int]) -> None:
        self.banner.hide()
        self.work.panel.filter.offer_classes(self.board.classes)
        self.agreement.answered(places)
        self.work.show_answers(places)
        if self.work.current in places:
            self.work.show_current()
        self.tools.save.setEnabled(True)

    def _show_agreement(self) -> None:
        self.work.show_answers()
        self.work.show_current()

    def _change_threshold(self, threshold: float) -> None:
        self._take_threshold(threshold)
        self.agreement.start_anew()
        self.work.show_answers()
        self.work.show_progress()

    def _take_threshold(self, threshold: float) -> None:
        self.board.threshold = threshold
        self.answer.set_threshold(threshold)
        self.saver.look = self.answer.controls.look

    def _keep_look(self, look: LabelLook) -> None:
        self.saver.look = look

    # States

    def _refresh(self) -> None:
        has_model = self.chooser.model is not None
        self.tools.setVisible(has_model)
        has_files = len(self.board) > 0
        if self.video.is_on:
            pass  # what plays stays, whatever comes to the pictures behind it
        elif has_files:
            self.states.setCurrentWidget(self.work)
        elif has_model or not self._is_known:
            self.states.setCurrentWidget(self.no_images)
        else:
            self.states.setCurrentWidget(self.no_model)
        self.tools.clear.setEnabled(has_files)
        self.tools.save.setEnabled(self.board.has_answers)
        self.work.show_progress()

    def _complain(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        self.context.complain(error)

    def _show_failure(self, error: Exception) -> None:
        told = error if isinstance(error, UserError) else UserError("bug", f"{type(error).__name__}: {error}")
        self.banner.clear_actions()
        self.banner.say("bad", told.message, told.hint)
        self.banner.add_action("Retry", self._retry)
        self.banner.show()

    def _retry(self) -> None:
        self.banner.hide()
        waiting = [model.queue for model in (self.first, self.second) if model.queue.waits]
        for queue in waiting:
            queue.retry()
        if not waiting:
            self._offer_models()
