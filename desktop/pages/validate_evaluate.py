"""A new evaluation: the sheet that asks which checkpoint to measure on which images, and the asking itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.context import Context
from desktop.models.result_evaluation import Evaluable, evaluable
from desktop.models.run_words import SPLIT_WORDS, metric_text, metric_words, run_title
from desktop.tasks.task import find_view
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import on_click
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import text_label
from desktop.widgets.segmented import Segmented

_ADVICE = {
    "test": "Images that the training never saw: the honest number.",
    "val": "The images by which the best epoch was chosen: a little too kind.",
    "train": "The images that the model learnt from: shows how far it has learnt them by heart.",
}


class EvaluateSheet(Sheet):
    """Asks; `wanted` fires once with what was chosen."""

    wanted = Signal(str, str)
    """Name of the checkpoint, name of the split."""

    def __init__(
        self, parent: QWidget | None, offered: Evaluable, title: str, headline: Sequence[str] = ()
    ) -> None:
        super().__init__(parent, f"Evaluate {title}", SIZE.dialog)
        self._offered = offered
        self._headline = headline
        form = QGridLayout()
        form.setHorizontalSpacing(SPACE.l)
        form.setVerticalSpacing(SPACE.m)
        form.setColumnStretch(1, 1)
        self.checkpoint = ChoiceBox("Checkpoint")
        for fact in offered.checkpoints:
            self.checkpoint.addItem(fact.title, fact.name)
        self.splits = Segmented(
            [(name, f"{SPLIT_WORDS[name]}  {count:,}") for name, count in offered.splits],
            name="Images to measure on",
        )
        self._metric = text_label("", "caption")
        self._advice = text_label("", "caption", wrap=True)
        form.addWidget(text_label("Checkpoint", "muted"), 0, 0)
        form.addWidget(self.checkpoint, 0, 1)
        form.addWidget(self._metric, 1, 1)
        form.addWidget(text_label("Images", "muted"), 2, 0)
        form.addWidget(self.splits, 2, 1)
        form.addWidget(self._advice, 3, 1)
        self.body.addLayout(form)
        if not offered.splits:
            self._advice.setText("The dataset of this run has no labelled images.")
        cancel = self.add_button("Cancel")
        self.start = self.add_button("Evaluate", "primary")
        self.start.setEnabled(bool(offered.splits))
        on_click(cancel, self.reject)
        on_click(self.start, self._start)
        self.checkpoint.currentIndexChanged.connect(self._explain)
        self.splits.changed.connect(self._explain)
        self._explain()

    def choose_checkpoint(self, name: str) -> None:
        """Choose another checkpoint than the best, where it is there."""
        place = self.checkpoint.findData(name)
        if place >= 0:
            self.checkpoint.setCurrentIndex(place)

    def _explain(self) -> None:
        fact = self._offered.checkpoints[max(0, self.checkpoint.currentIndex())]
        shown = [name for name in fact.metrics if name.rpartition("/")[2] in self._headline]
        shown = shown or list(fact.metrics)[:1]
        self._metric.setText(
            ", ".join(f"{metric_words(name)} {metric_text(name, fact.metrics[name])}" for name in shown)
        )
        if self._offered.splits:
            self._advice.setText(_ADVICE.get(self.splits.current(), ""))

    def _start(self) -> None:
        self.wanted.emit(str(self.checkpoint.currentData()), self.splits.current())
        self.accept()


class Evaluation(QObject):
    """Opens the sheet over a page, and asks the engine for what was chosen."""

    asked = Signal(str, str)
    """The id of the evaluation's run, and what it measures: `best on test`."""
    failed = Signal(object)
    """A `UserError`: the run has nothing that could be measured."""

    def __init__(self, page: QWidget, context: Context) -> None:
        super().__init__(page)
        self._page = page
        self._context = context
        self.sheet: EvaluateSheet | None = None

    def ask(self, run: str, checkpoint: str = "") -> None:
        """Let the user choose; `checkpoint` is chosen already where it is there."""

        def then(offered: Evaluable) -> None:
            self._open_sheet(offered, checkpoint)

        self._context.background.run(
            evaluable, self._context.home, run, then=then, failed=self.failed.emit, owner=self
        )

    def start(self, run: str, checkpoint: str, split: str) -> None:
        """Measure a checkpoint of a run on a split."""

        def then(evaluation: str) -> None:
            self.asked.emit(evaluation, f"{checkpoint} on {split}")

        self._context.actions.evaluate(run, checkpoint, split, then=then)

    def _open_sheet(self, offered: Evaluable, checkpoint: str) -> None:
        shown = self._context.runs.row(offered.run)
        view = find_view(shown.task) if shown is not None else None
        title = run_title(shown) if shown is not None else offered.run
        sheet = EvaluateSheet(self._page, offered, title, view.headline if view is not None else ())
        sheet.choose_checkpoint(checkpoint)
        sheet.wanted.connect(partial(self.start, offered.run))
        sheet.finished.connect(self._close_sheet)
        self.sheet = sheet
        sheet.open()

    def _close_sheet(self) -> None:
        if self.sheet is not None:
            self.sheet.deleteLater()
            self.sheet = None
