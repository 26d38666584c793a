"""The sheet that moves a run to another machine: it is released here, and goes on there from its last checkpoint."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from desktop.context import Context
from desktop.models.estimate import Estimate
from desktop.models.live_run import LiveRun
from desktop.models.place_choice import Planned, estimate_at
from desktop.models.place_words import place_inside
from desktop.models.run_words import run_title
from desktop.pages.train_place_list import Offer, PlaceList
from desktop.pages.train_place_sheet import SECTION
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import text_label
from engine.protocol.hosts import place_name
from engine.protocol.job import ACTIVE_STATES


class MoveSheet(Sheet):
    """Lists where the run could go; its button begins the move, which goes on when the sheet is closed."""

    def __init__(self, context: Context, run: LiveRun, parent: QWidget | None) -> None:
        row = run.row
        super().__init__(parent, f"Move {run_title(row)}" if row is not None else "Move the run")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._context = context
        self._run = run
        self.body.addWidget(text_label(self._explanation(), "muted", wrap=True))
        dataset = row.dataset or "" if row is not None else ""
        offer = Offer(dataset, "Move here", True, self._time_left, run.where.place)
        self.list = PlaceList(context, offer, "")
        self.list.wanted.connect(self._move)
        self.list.chosen.connect(self._move)
        self.list.remedy_wanted.connect(self._mend)
        self.body.addWidget(self.list, 1)
        self.add_button("Cancel").clicked.connect(self.reject)

    def _explanation(self) -> str:
        row = self._run.row
        first = "It goes on from its last checkpoint."
        if row is not None and row.state in ACTIVE_STATES:
            first = f"It saves a checkpoint and frees its device on {place_inside(self._run.where.place)}."
        return (
            f"{first} What the other machine lacks is sent there; then the training goes on there, in the same "
            "run and the same curves."
        )

    def _time_left(self, place: str) -> Estimate | None:
        """By what was measured there for the epochs that are left."""
        row = self._run.row
        if row is None:
            return None
        manifest = self._context.datasets.get(row.dataset or "")
        config = {**self._run.config, "epochs": max(0, row.epochs - row.epoch)}
        return estimate_at(self._context, place, Planned(row.plugin, manifest, config))

    def _move(self, place: str) -> None:
        row = self._run.row
        name = run_title(row) if row is not None else self._run.run
        self._context.actions.move(self._run.run, place, then=self._run.reload)
        self._context.toast(f"Moving {name} to {place_inside(place)}")
        self.accept()

    def _mend(self, place: str) -> None:
        self.reject()
        self._context.go("settings", section=SECTION, host=place_name(place))
