"""The home page: what runs, what happened meanwhile, ways to begin, and the latest runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QScrollArea, QVBoxLayout, QWidget

from desktop.bridge.machine import Machine
from desktop.bridge.presence import LAST_SEEN
from desktop.context import Context
from desktop.models.run_table import RunTableModel
from desktop.models.run_table_entry import RunColumn, RunEntry, is_at_work, make_entries
from desktop.pages.home_continue import AwaySection, ContinueSection, ended_between
from desktop.pages.home_drop import DropKind, sort_dropped
from desktop.pages.home_start import DemoCard, DropInvitation, QuietNote, StartCards, Welcome
from desktop.pages.jobs_orders import RunOrders
from desktop.pages.jobs_table import RunTableView, fit_to_rows
from desktop.pages.page import Page
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import Card, row
from desktop.widgets.drop_area import DropArea
from desktop.widgets.labels import text_label
from engine.store.runs import RunRow

NO_GPU_READ: Final = "home.no_gpu_read"
"""Setting: the word on the missing GPU was read and dismissed."""
_RECENT = 8
_SOON_MS = 100
_WIDEST = 1600
_RECENT_COLUMNS = (
    RunColumn.NAME,
    RunColumn.DATASET,
    RunColumn.MACHINE,
    RunColumn.BEST,
    RunColumn.STARTED,
    RunColumn.STATE,
)


class HomePage(Page):
    """Composes the sections; one with nothing in it is absent."""

    title = "Home"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._since = context.presence.since
        self._began = time.time()
        self._orders = RunOrders(context, self)
        self.no_gpu = QuietNote(
            "No NVIDIA GPU found: training runs on the processor, which is fine for the demo and small datasets, "
            "and slow for large models."
        )
        self.welcome = Welcome()
        self.demo = DemoCard()
        self.away = AwaySection()
        self.going_on = ContinueSection()
        self.starts = StartCards()
        self.invitation = DropInvitation()
        self.model = RunTableModel(_RECENT_COLUMNS, self)
        self.recent = RunTableView(self.model, "Recent runs", is_multiple=False)
        self._recent_box = QWidget()
        self._tab_stops: list[QWidget] = []
        self._dialog: QFileDialog | None = None
        self._build()
        self._connect()
        self._refresh()

    def open(self, **_target: object) -> None:
        """Come to the front; there is nothing to choose."""
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tab_stops = []  # being put into the window has changed the order
        self._refresh()

    def _build(self) -> None:
        self.no_gpu.hide()
        inside = QWidget()
        inside.setMaximumWidth(_WIDEST)
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.xl)
        layout.setSpacing(SPACE.xl)
        self._build_recent()
        parts = (
            self.welcome, self.going_on, self.away, self.demo, self.starts, self.invitation, self.no_gpu,
            self._recent_box,
        )  # fmt: skip
        for part in parts:
            layout.addWidget(part)
        layout.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inside)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._refresh)

    def _build_recent(self) -> None:
        layout = QVBoxLayout(self._recent_box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        head = row()
        head.addWidget(text_label("Recent runs", "section"))
        head.addStretch(1)
        every = Button("All runs", kind="link")
        on_click(every, self._show_jobs)
        self._every = every
        head.addWidget(every)
        layout.addLayout(head)
        card = Card(spacing=0, margins=(SPACE.xs, SPACE.xs, SPACE.xs, SPACE.xs))
        card.body.addWidget(self.recent)
        layout.addWidget(card)

    def _connect(self) -> None:
        context = self.context
        context.runs.changed.connect(self._refresh_soon)
        context.runs.run_changed.connect(self._refresh_run)
        context.places.changed.connect(self._refresh_run)
        context.machine.sampled.connect(self._look_at_machine)
        if context.machine.last is not None:
            self._look_at_machine(context.machine.last)
        self.no_gpu.dismissed.connect(self._dismiss_no_gpu)
        self.going_on.opened.connect(self._open_run)
        self.away.opened.connect(self._open_run)
        self.away.dismissed.connect(self._dismiss_away)
        self.away.all_wanted.connect(self._show_jobs)
        self.starts.chosen.connect(self._start)
        self.demo.wanted.connect(self._train_demo)
        self.recent.opened.connect(self._open_run)
        self.recent.clicked.connect(self._open_chosen)
        drop = DropArea(self, "Drop a folder or zip of images, or pictures to try")
        drop.dropped.connect(self._take_drop)
        drop.refused.connect(self._refuse_drop)

    def _refresh_soon(self) -> None:
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def _refresh(self) -> None:
        """Show everything as it is now."""
        rows = self.context.runs.rows()
        is_first = self.context.runs.is_loaded and not rows
        by_run = {shown.run: shown for shown in rows}
        self.welcome.setVisible(is_first)
        self.demo.setVisible(is_first)
        self.invitation.setVisible(is_first)
        leases = self.context.runs.leases()
        self.going_on.show_entries([entry for entry in self._entries(rows) if is_at_work(entry.row, leases)])
        self.away.show_runs(ended_between(rows, self._since, self._began) if self._since else [], by_run)
        self.model.set_entries(self._entries(rows)[:_RECENT])
        self.recent.show_machines(self.model.has_machines)
        self._recent_box.setVisible(bool(rows))
        fit_to_rows(self.recent, _RECENT, self)
        self._order_tabs()

    def _order_tabs(self) -> None:
        """Let the Tab key follow the eye: cards and links are made after what stands below them."""
        moving: list[QWidget] = [*self.going_on.cards.values(), *self.away.tab_stops(), self.demo.button]
        if moving != self._tab_stops:
            self._tab_stops = moving
            fixed = [*self.starts.cards.values(), self.no_gpu.button, self._every, self.recent]
            for before, after in pairwise([*moving, *fixed]):
                QWidget.setTabOrder(before, after)

    def _refresh_run(self, run: str) -> None:
        shown = self.context.runs.row(run)
        leases = self.context.runs.leases()
        is_going_on = shown is not None and is_at_work(shown, leases)
        if shown is None or not is_going_on or not self.going_on.show_entry(self._entries([shown])[0]):
            self._refresh_soon()

    def _entries(self, rows: Sequence[RunRow]) -> list[RunEntry]:
        places = self.context.places
        return make_entries(rows, None, places.places(), places.out_of_reach())

    def _look_at_machine(self, machine: Machine) -> None:
        is_read = self.context.settings.get(NO_GPU_READ, False)
        self.no_gpu.setHidden(bool(machine.gpus) or is_read)
        if self.context.places.out_of_reach():
            self._refresh_soon()  # the time since they were last seen goes on

    def _dismiss_no_gpu(self) -> None:
        self.context.settings.set(NO_GPU_READ, True)
        self.no_gpu.hide()

    def _dismiss_away(self) -> None:
        self._since = self._began
        self.context.settings.set(LAST_SEEN, self._began)
        self.away.hide()

    def _open_run(self, run: str) -> None:
        at = self.model.row_of(run)
        if at is not None:
            self._orders.open(self.model.entry(at))
            return
        shown = self.context.runs.row(run)
        if shown is not None:
            self._orders.open(make_entries([shown])[0])

    def _open_chosen(self) -> None:
        for run in self.recent.chosen_runs():
            self._open_run(run)

    def _show_jobs(self) -> None:
        self.context.go("jobs")

    def _train_demo(self) -> None:
        self.context.go("train", demo=True)

    def _start(self, key: str) -> None:
        if key == "open":
            self._choose_folder()
        else:
            self.context.go(key)

    def _choose_folder(self) -> None:
        """Ask for a folder without stopping the window."""
        if self._dialog is None:
            self._dialog = QFileDialog(self, "Open a dataset")
            self._dialog.setFileMode(QFileDialog.FileMode.Directory)
            self._dialog.fileSelected.connect(self._take_folder)
        self._dialog.open()

    def _take_folder(self, folder: str) -> None:
        self.context.go("data", drop=[Path(folder)])

    def _take_drop(self, paths: list[Path]) -> None:
        self.context.background.run(sort_dropped, paths, then=self._follow_drop, owner=self)

    def _follow_drop(self, dropped: tuple[DropKind, list[Path]]) -> None:
        kind, paths = dropped
        if kind == "unknown":
            self._refuse_drop("")
        else:
            self.context.go("data" if kind == "data" else "predict", drop=paths)

    def _refuse_drop(self, sentence: str) -> None:
        why = sentence or "Drop a folder of images, a zip of it, a CSV table, or pictures."
        self.context.toast("This cannot be opened here", "warn", why)
