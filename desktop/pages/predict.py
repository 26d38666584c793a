"""The Predict page: give it images, see what a trained model says, save that."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSlider, QStackedWidget, QVBoxLayout, QWidget

from desktop.context import Context
from desktop.models.drawn_labels import DrawnLabels, LabelLook
from desktop.models.predictions_board import PredictionBoard
from desktop.models.predictions_cache import masks_folder
from desktop.models.predictions_queue import PredictionQueue
from desktop.models.result_checkpoints import TrainedRun, trained_runs
from desktop.models.run_words import run_title
from desktop.pages.page import Page
from desktop.pages.predict_answer import AnswerPanel
from desktop.pages.predict_checkpoint import CheckpointChooser
from desktop.pages.predict_drop import DropInvitation
from desktop.pages.predict_intake import Intake
from desktop.pages.predict_saving import PredictionSaver
from desktop.pages.predict_strip import NARROWEST, WIDEST, StripPanel
from desktop.tasks.task import Layers, TaskView, task_view
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.viewers.label_view import PREDICTION
from desktop.viewers.layer_tiles import TileLayers
from desktop.widgets.buttons import button, on_click
from desktop.widgets.card import row
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.labels import text_label
from desktop.widgets.message_banner import Banner
from engine.errors import UserError
from engine.protocol.results import PredictionRecord

_THRESHOLD_SETTING = "predict.threshold"
_KEEP_AFTER_MS = 400
_FIRST = 100
"""A stretch beside which any other is nothing."""
_STRIP_SHARE = 0.255
"""Of the page's width."""


class PredictPage(Page):
    """Composes the chooser, the ways in, the strip and the answer."""

    title = "Predict"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.board = PredictionBoard()
        self.queue = PredictionQueue(context.predictor, context.background, self)
        self.intake = Intake(self, context)
        self._view: TaskView | None = None
        self._drawn: PredictionRecord | None = None
        """What is drawn on the large picture, or being read."""
        self._threshold_setting = _THRESHOLD_SETTING
        self._is_known = False
        """Whether it was read which models there are."""
        self._keeping = QTimer(self)  # a drag at the slider is not a hundred writes to the disk
        self._keeping.setSingleShot(True)
        self._keeping.setInterval(_KEEP_AFTER_MS)
        self._keeping.timeout.connect(self._keep_threshold)
        self._build()
        self._connect()
        context.background.run(
            masks_folder, context.home, then=self._take_masks_folder, failed=self._show_failure, owner=self
        )
        self._show_threshold()
        self._refresh()

    # Structure

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.m)
        outer.setSpacing(SPACE.m)
        self._tools = QWidget()
        self._tools.setLayout(self._build_tools())
        outer.addWidget(self._tools)
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
        work = QWidget()
        sides = row(SPACE.m)
        work.setLayout(sides)
        self.strip = StripPanel(self.board)
        self.answer = AnswerPanel()
        sides.addWidget(self.strip)
        sides.addWidget(self.answer, 1)
        for widget in (self.no_model, self.no_images, work):
            self.states.addWidget(widget)
        self._work = work

    def _build_tools(self) -> QHBoxLayout:
        line = row(SPACE.s)
        self.chooser = CheckpointChooser()
        line.addWidget(self.chooser, _FIRST)
        line.addSpacing(SPACE.m)
        self._threshold_name = text_label("Threshold", "muted")
        line.addWidget(self._threshold_name)
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setRange(0, 100)
        self.threshold.setFixedWidth(96)
        self._threshold_value = text_label("", "muted")
        self._threshold_value.setFont(font(TYPE.body, tabular=True))
        self._threshold_value.setMinimumWidth(40)
        line.addWidget(self.threshold)
        line.addWidget(self._threshold_value)
        line.addStretch(1)
        self._open = button("Open…", "ph.folder-open", tip="Open images", shortcut="Ctrl+O")
        self._save = button("Save", "ph.floppy-disk", tip="Save the answers as a table or as JSON")
        self.saver = PredictionSaver(self, self.context, self.board)
        self._save.setMenu(self.saver)
        self._clear = button("Clear", "ph.trash", tip="Take all images off this page; no file is deleted")
        for made in (self._open, self._save, self._clear):
            line.addWidget(made)
        return line

    def _connect(self) -> None:
        self.chooser.changed.connect(self._use_checkpoint)
        self.threshold.valueChanged.connect(self._change_threshold)
        self.intake.came.connect(self.add)
        self.queue.changed.connect(self._show_progress)
        self.queue.answered.connect(self._take_answers)
        self.queue.failed.connect(self._show_failure)
        self.strip.cancelled.connect(self.queue.cancel)
        self.strip.continued.connect(self._go_on)
        self.strip.grid.looked_at.connect(self._show_answer)
        self.strip.grid.opened.connect(self._look_closely)
        self.answer.controls.look_changed.connect(self._keep_look)
        self.no_images.acted.connect(self.intake.ask_for_files)
        self.no_images.second.connect(self.intake.ask_for_folder)
        self.no_model.acted.connect(partial(self.context.go, "train"))
        self.context.runs.ended.connect(self._offer_models)
        self.context.predictor.died.connect(self.queue.forget_model)
        on_click(self._open, self.intake.ask_for_files)
        on_click(self._clear, self.clear)
        pasting = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        pasting.activated.connect(self.intake.paste)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        share = round(self.width() * _STRIP_SHARE)
        self.strip.setFixedWidth(min(WIDEST, max(NARROWEST, share)))

    def _take_masks_folder(self, folder: Path) -> None:
        self.queue.masks = folder

    # Coming

    def open(self, **target: object) -> None:
        """Come to the front; `run` and `checkpoint` name the model, `drop` gives paths to look at."""
        run, checkpoint, dropped = target.get("run"), target.get("checkpoint"), target.get("drop")
        if isinstance(run, str):
            self.chooser.wish(run, checkpoint if isinstance(checkpoint, str) else "")
        self._offer_models()
        if isinstance(dropped, list | tuple) and dropped:
            self.intake.take([Path(str(path)) for path in dropped])

    def _offer_models(self) -> None:
        self.context.background.run(
            trained_runs, self.context.home, then=self._take_models, failed=self._show_failure, owner=self
        )

    def _take_models(self, trained: list[TrainedRun]) -> None:
        self._is_known = True
        self.chooser.offer(trained)
        if trained and not self.context.predictor.is_running:
            self.context.predictor.warm_up()  # the libraries load while the user looks for a picture
        self._refresh()

    def _use_checkpoint(self) -> None:
        """Ask the chosen model about all files; what another one said is dropped."""
        run, fact = self.chooser.run, self.chooser.checkpoint
        self.banner.hide()
        self._take_task(run)
        if run is None or fact is None:
            self.queue.use(None)
            self.set_crumb("")
        else:
            self.queue.use(None)  # also the same folder again: it was written anew
            self.queue.use(run.path(fact.name))
            self.set_crumb(f"{run_title(run.row)}  /  {fact.title}")
            self.saver.checkpoint = self.crumb
            self.queue.add(self.board.forget_answers())
        self._refresh()

    def _take_task(self, run: TrainedRun | None) -> None:
        """Show answers as the chosen model's task does, at the threshold that was last used for it."""
        try:
            view = task_view(run.row.task) if run is not None else None
        except UserError as error:
            self._show_failure(error)
            view = None
        self.board.answers = self._view = view
        if view is None or run is None:
            return
        self._threshold_setting = f"{_THRESHOLD_SETTING}.{run.row.task}"
        kept = self.context.settings.get(self._threshold_setting, view.threshold)
        self.board.threshold = min(1.0, max(0.0, kept)) if view.threshold_tip else 0.0
        for widget in (self._threshold_name, self.threshold, self._threshold_value):
            widget.setVisible(bool(view.threshold_tip))
        self.threshold.setToolTip(view.threshold_tip)
        self.threshold.setAccessibleName(f"Threshold, percent. {view.threshold_tip}")
        with QSignalBlocker(self.threshold):
            self.threshold.setValue(round(self.board.threshold * 100))
        self.saver.offer_overlays(bool(view.draws))
        self._show_threshold()
        self._draw_on_tiles(view)

    def _draw_on_tiles(self, view: TaskView) -> None:
        def objects_of(place: int) -> Layers:
            labels = self.board.objects_of(place)
            return {} if labels is None else {PREDICTION: labels}

        def pixels_of(place: int) -> Layers:
            labels = self._labels_of(view, place)
            return {} if labels is None else {PREDICTION: labels}

        pixels = pixels_of if view.draws_pixels else None
        self.strip.draw_layers(TileLayers(objects_of, pixels, (PREDICTION,)))

    def _labels_of(self, view: TaskView, place: int) -> DrawnLabels | None:
        """Read what is drawn on a file. In a thread."""
        record = self.board.entry(place).record if place < len(self.board) else None
        if record is None or record.error:
            return None
        return view.answer_labels(record, self.board.classes)

    # Files and answers

    def add(self, files: list[Path]) -> None:
        """Take files in and have the model look at them."""
        first = len(self.board)
        new = self.board.add(files)
        self.strip.show_files()
        self._refresh()
        if new:
            self.queue.add(new)
            if self.strip.grid.current_image() < 0 or first == 0:
                self.strip.grid.go_to(first)
        elif files:
            self.strip.grid.go_to(self.board.place_of(files[0]))

    def clear(self) -> None:
        """Take all files off the page."""
        self.queue.cancel()
        self.board.clear()
        self.banner.hide()
        self.strip.show_files()
        self._show_answer(-1)
        self._refresh()

    def _go_on(self) -> None:
        self.queue.add(self.board.unanswered())

    def _take_answers(self, records: list[PredictionRecord]) -> None:
        self.board.classes = self.queue.classes or self.board.classes
        places = self.board.answer(records)
        self.banner.hide()
        self.strip.show_answers()
        if self.strip.grid.current_image() in places:
            self._show_answer(self.strip.grid.current_image())
        self._save.setEnabled(True)

    def _show_answer(self, place: int) -> None:
        entry = self.board.entry(place) if 0 <= place < len(self.board) else None
        answer = self.board.answer_of(place) if entry is not None else None
        self.answer.show_prediction(entry, answer, is_loading=self.queue.is_loading_model)
        self._draw(entry.record if entry is not None else None)

    def _draw(self, record: PredictionRecord | None) -> None:
        """Draw on the large picture what its record says, read off this thread; each record once."""
        if record is self._drawn:
            return
        self._drawn, view = record, self._view
        self.answer.show_labels(None, ())
        if record is None or record.error or view is None or not view.draws:
            return
        classes = self.board.classes

        def then(labels: DrawnLabels | None) -> None:
            if self._drawn is record:
                self.answer.show_labels(labels, classes)

        self.context.background.run(
            view.answer_labels, record, classes, then=then, failed=self._show_failure, owner=self
        )

    def _look_closely(self, _place: int) -> None:
        """Give the keyboard to the large picture, whose keys zoom."""
        self.answer.picture.setFocus(Qt.FocusReason.OtherFocusReason)

    def _change_threshold(self, percent: int) -> None:
        self.board.threshold = percent / 100
        self._show_threshold()
        self.strip.show_answers()
        self.strip.show_progress(self.queue)
        self._show_answer(self.strip.grid.current_image())
        self._keeping.start()

    def _keep_look(self, look: LabelLook) -> None:
        self.saver.look = look

    def _keep_threshold(self) -> None:
        self.context.settings.set_soon(self._threshold_setting, self.board.threshold)

    def _show_threshold(self) -> None:
        self._threshold_value.setText(f"{round(self.board.threshold * 100)}%")
        self.answer.set_threshold(self.board.threshold)
        self.saver.look = self.answer.controls.look

    # States

    def _refresh(self) -> None:
        has_model = self.chooser.checkpoint is not None
        self._tools.setVisible(has_model)
        has_files = len(self.board) > 0
        if has_files:
            self.states.setCurrentWidget(self._work)
        elif has_model or not self._is_known:
            self.states.setCurrentWidget(self.no_images)
        else:
            self.states.setCurrentWidget(self.no_model)
        self._clear.setEnabled(has_files)
        self._save.setEnabled(self.board.has_answers)
        self.strip.show_progress(self.queue)

    def _show_progress(self) -> None:
        self.strip.show_progress(self.queue)
        self._show_answer(self.strip.grid.current_image())

    def _show_failure(self, error: Exception) -> None:
        told = error if isinstance(error, UserError) else UserError("bug", f"{type(error).__name__}: {error}")
        self.banner.clear_actions()
        self.banner.say("bad", told.message, told.hint)
        self.banner.add_action("Retry", self._retry)
        self.banner.show()

    def _retry(self) -> None:
        self.banner.hide()
        if self.queue.waits:
            self.queue.retry()
        else:
            self._offer_models()
