"""A new evaluation: opens the sheet over the page, finds out what it asks about, and asks the engine."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop.bridge.dataset_shelf import ImportJob
from desktop.context import Context
from desktop.models.result_evaluation import DataOffer, Evaluable, Source, evaluable, offer_of
from desktop.models.run_words import run_title
from desktop.pages.validate_evaluate_sheet import Asked, EvaluateSheet
from desktop.tasks.task import find_view
from engine.errors import UserError


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
        self._task = ""
        self._turn = 0
        self._job: ImportJob | None = None
        self.sheet: EvaluateSheet | None = None

    def ask(self, run: str, checkpoint: str = "") -> None:
        """Let the user choose; `checkpoint` is chosen already where it is there."""

        def then(offered: Evaluable) -> None:
            self._open_sheet(offered, checkpoint)

        self._context.background.run(
            evaluable, self._context.home, run, then=then, failed=self.failed.emit, owner=self
        )

    def start(self, run: str, asked: Asked) -> None:
        """Measure a checkpoint of a run."""

        def then(evaluation: str) -> None:
            self.asked.emit(evaluation, asked.words())

        self._context.actions.derive(asked.derived(run), then=then, failed=self.failed.emit)

    def _open_sheet(self, offered: Evaluable, checkpoint: str) -> None:
        shown = self._context.runs.row(offered.run)
        view = find_view(shown.task) if shown is not None else None
        title = run_title(shown) if shown is not None else offered.run
        sheet = EvaluateSheet(self._page, offered, title, view.headline if view is not None else ())
        sheet.choose_checkpoint(checkpoint)
        self._task = offered.task
        sheet.wanted.connect(partial(self.start, offered.run))
        sheet.offer_wanted.connect(partial(self._look, offered.run))
        sheet.import_wanted.connect(self._import)
        sheet.import_unwanted.connect(self._cancel_import)
        sheet.finished.connect(self._close_sheet)
        self.sheet = sheet
        sheet.open()

    def _look(self, run: str, checkpoint: str, source: Source, mapping: Mapping[str, str | None]) -> None:
        """See what a source offers; only the newest answer is shown."""
        self._turn += 1
        turn = self._turn

        def then(offer: DataOffer) -> None:
            if self.sheet is not None and turn == self._turn:
                self.sheet.show_offer(offer)

        self._context.background.run(
            offer_of,
            self._context.home,
            run,
            checkpoint,
            source,
            mapping,
            then=then,
            failed=self.failed.emit,
            owner=self,
        )

    def _import(self, path: Path, name: str) -> None:
        job = self._context.datasets.import_path(path, name or None, test_of=self._task)
        self._job = job
        job.finished.connect(self._imported)
        job.failed.connect(self._not_imported)
        if self.sheet is not None:
            self.sheet.show_import(job)

    def _imported(self, document: Mapping[str, object]) -> None:
        self._job = None
        if self.sheet is None:
            return
        self.sheet.show_import(None)
        name, problems = str(document.get("name", "")), document.get("problems")
        self.sheet.data.choose_dataset(name)
        count = len(problems) if isinstance(problems, list) else 0
        if count:
            what = "one problem" if count == 1 else f"{count:,} problems"
            self.sheet.tell(f"Imported as {name}, with {what}.", "The Data page tells of each.")

    def _not_imported(self, error: UserError) -> None:
        self._job = None
        if self.sheet is not None:
            self.sheet.show_import(None)
            self.sheet.complain(error)

    def _cancel_import(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.cancel()
        if self.sheet is not None:
            self.sheet.show_import(None)

    def _close_sheet(self) -> None:
        if self.sheet is not None:
            self.sheet.deleteLater()
            self.sheet = None
