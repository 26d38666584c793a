"""The Export page: a trained model as a file that other programs run, and proof that it does the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from desktop.context import Context
from desktop.models.exports import ExportFact, list_exports
from desktop.models.exports_formats import FormatOffer, format_offers
from desktop.models.result_checkpoints import TrainedRun, trained_runs
from desktop.models.run_words import run_title
from desktop.pages.export_formats import WIDTH, FormatPanel
from desktop.pages.export_list import ExportList
from desktop.pages.page import Page
from desktop.pages.predict_checkpoint import CheckpointChooser
from desktop.theme.tokens import SPACE
from desktop.widgets.card import row
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.message_banner import Banner
from desktop.widgets.skeleton import Skeleton
from engine.errors import UserError
from engine.protocol.home import Home

_SOON_MS = 150


class ExportPage(Page):
    """Composes the chooser, the formats and the list of exports."""

    title = "Export"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._is_open = False
        self._asked = ""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._read_exports)
        self._build()
        self.chooser.changed.connect(self._show_choice)
        self.formats.wanted.connect(self.export)
        self.exports.log_wanted.connect(self._show_log)
        self.empty.acted.connect(partial(context.go, "train"))
        context.runs.changed.connect(self._refresh_soon)
        context.runs.ended.connect(self._offer_models)

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.m)
        outer.setSpacing(SPACE.m)
        self.banner = Banner("bad")
        self.banner.allow_closing()
        self.banner.hide()
        outer.addWidget(self.banner)
        self.states = QStackedWidget()
        outer.addWidget(self.states, 1)
        self._loading = _loading()
        self.empty = EmptyState(
            "ph.package",
            "No trained model yet",
            "Train one first: then it can be written as a file that runs without Lensmith.",
            "Train a model",
        )
        self._content = QWidget()
        for widget in (self._loading, self.empty, self._content):
            self.states.addWidget(widget)
        layout = QVBoxLayout(self._content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.m)
        top = row()
        self.chooser = CheckpointChooser()
        top.addWidget(self.chooser, 100)
        top.addStretch(1)
        layout.addLayout(top)
        sides = row(SPACE.l)
        self.formats = FormatPanel()
        self.exports = ExportList()
        sides.addWidget(self.formats)
        sides.addWidget(self.exports, 1)
        layout.addLayout(sides, 1)

    # Coming and going

    def open(self, **target: object) -> None:
        """Come to the front; `run` and `checkpoint` name the model."""
        self._is_open = True
        run, checkpoint = target.get("run"), target.get("checkpoint")
        if isinstance(run, str):
            self.chooser.wish(run, checkpoint if isinstance(checkpoint, str) else "")
        self._offer_models()
        self._read_exports()
        self._run(format_offers, self._take_formats)

    def leave(self) -> None:
        self._is_open = False

    def _offer_models(self) -> None:
        if self._is_open:
            self._run(trained_runs, self._take_models)

    def _read_exports(self) -> None:
        if self._is_open:
            self._run(list_exports, self._take_exports)

    def _refresh_soon(self) -> None:
        if self._is_open and not self._soon.isActive():
            self._soon.start()

    def _run(self, read: Callable[[Home], Any], then: Callable[[Any], object]) -> None:
        """Read something of the user's folder in a thread."""
        self.context.background.run(read, self.context.home, then=then, failed=self._show_failure, owner=self)

    # What was read

    def _take_models(self, trained: list[TrainedRun]) -> None:
        self.chooser.offer(trained)
        self._show_choice()
        self._show_state()

    def _take_exports(self, facts: list[ExportFact]) -> None:
        self.exports.show_exports(facts)
        if self._asked:
            self.exports.select(self._asked)
            self._asked = ""
        self._show_state()

    def _take_formats(self, offers: list[FormatOffer]) -> None:
        self.formats.offer(offers)

    def _show_state(self) -> None:
        has_anything = self.chooser.checkpoint is not None or len(self.exports.model.facts) > 0
        self.states.setCurrentWidget(self._content if has_anything else self.empty)

    def _show_choice(self) -> None:
        run, fact = self.chooser.run, self.chooser.checkpoint
        if run is None or fact is None:
            self.formats.allow(False, "Train a model first.")
            self.set_crumb("")
            return
        self.set_crumb(f"{run_title(run.row)}  /  {fact.title}")
        self.exports.show_model(run.row.run)
        self.formats.allow(
            True, f"Writes {fact.title} of {run_title(run.row)}, then compares it with PyTorch."
        )

    # Exporting

    def export(self, key: str, options: dict[str, object]) -> None:
        """Write the chosen checkpoint in a format, as a run of its own."""
        run, fact = self.chooser.run, self.chooser.checkpoint
        if run is None or fact is None:
            return
        self.banner.hide()
        wanted: dict[str, object] = {"format": key, "options": options}
        self.context.actions.export(
            run.row.run, fact.name, wanted, then=self._was_asked, failed=self._show_failure
        )

    def _was_asked(self, run: str) -> None:
        self._asked = run
        self.exports.scope.choose("all")
        self._read_exports()

    def _show_log(self, run: str) -> None:
        self.context.go("jobs", run=run)

    def _show_failure(self, error: Exception) -> None:
        told = error if isinstance(error, UserError) else UserError("bug", f"{type(error).__name__}: {error}")
        self.banner.say("bad", told.message, told.hint)
        self.banner.show()


def _loading() -> QWidget:
    """Grey shapes where formats and exports will be."""
    shape = QWidget()
    sides = row(SPACE.l)
    shape.setLayout(sides)
    formats = Skeleton()
    formats.setFixedWidth(WIDTH)
    sides.addWidget(formats)
    sides.addWidget(Skeleton(), 1)
    return shape
