"""The jobs page: what runs, what waits, what has been; and several runs compared."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from desktop.context import Context
from desktop.models.run_table_entry import RunEntry, RunFilter, is_at_work, make_entries
from desktop.models.run_words import run_title
from desktop.pages.jobs_compare import CompareView
from desktop.pages.jobs_header import JobsHeader
from desktop.pages.jobs_history import HistorySection
from desktop.pages.jobs_orders import RunOrders
from desktop.pages.jobs_queue import QueueSection
from desktop.pages.jobs_running import RunningList
from desktop.pages.jobs_trash import TrashSheet
from desktop.pages.page import Page
from desktop.theme.tokens import SPACE
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.skeleton import Skeleton
from engine.runner.devices import machine_resources
from engine.store.runs import RunRow

_SOON_MS: Final = 100
_LOOK_MS: Final = 5_000
"""How often it is looked whether run folders are still on the disk, while the page is seen."""


class JobsPage(Page):
    """Composes the sections and keeps them true."""

    title = "Jobs"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.orders = RunOrders(context, self)
        self.header = JobsHeader()
        self.running = RunningList()
        self.queue = QueueSection()
        self.history = HistorySection(self.orders)
        self._compare: CompareView | None = None
        self._none = EmptyState(
            "ph.stack",
            "No runs yet",
            "Every training, evaluation and export is listed here.",
            "Train a model",
        )
        self._devices: Sequence[str] = ()
        self._folders: frozenset[str] | None = None
        self._wanted = ""
        self._tab_stops: list[QWidget] = []
        self._stack = QStackedWidget()
        self._build()
        self._connect()
        context.background.run(machine_resources, then=self._take_devices, owner=self)
        self._refresh()

    def open(self, **target: object) -> None:
        """Show the lists; `run` selects one of them, `compare` (a list of runs) shows those over each other."""
        compared = target.get("compare")
        if isinstance(compared, list):
            self.compare([str(run) for run in compared])
        elif "run" in target:
            self._wanted = str(target["run"])
            self._close_compare()
        self._refresh()

    def compare(self, runs: Sequence[str]) -> None:
        """Show runs over each other."""
        if self._compare is None:
            self._compare = CompareView(self.context)
            self._compare.closed.connect(self._close_compare)
            self._stack.addWidget(self._compare)
        self._compare.show_runs(runs)
        self._stack.setCurrentWidget(self._compare)
        self._compare.setFocus()
        self.set_crumb(f"Compare {len(runs)} runs")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tab_stops = []  # being put into the window has changed the order
        self._look.start()
        self._look_at_folders()
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._look.stop()

    def _build(self) -> None:
        lists = QWidget()
        inner = QVBoxLayout(lists)
        inner.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.l)
        inner.setSpacing(SPACE.xl)
        inner.addWidget(self.header)
        inner.addWidget(self.running)
        inner.addWidget(self.queue)
        inner.addWidget(self.history, 1)
        inner.addStretch()
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setWidget(lists)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lists = QWidget()
        both = QVBoxLayout(self._lists)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(0)
        both.addWidget(self._area, 1)
        both.addWidget(self.history.bar)
        self._loading = QWidget()
        waiting = QVBoxLayout(self._loading)
        waiting.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.l)
        waiting.addWidget(Skeleton(6))
        for part in (self._loading, self._none, self._lists):
            self._stack.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._refresh)
        self._look = QTimer(self)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self._look_at_folders)

    def _connect(self) -> None:
        runs = self.context.runs
        runs.changed.connect(self._refresh_soon)
        runs.run_changed.connect(self._refresh_run)
        self.context.places.changed.connect(self._refresh_run)
        self._none.acted.connect(self._train)
        self.header.hold_wanted.connect(self.context.actions.hold_queue)
        self.header.run_opened.connect(self._open_run)
        self.running.ordered.connect(self._order)
        self.queue.opened.connect(self._open_run)
        self.queue.moved.connect(self.context.actions.move_in_queue)
        self.queue.cancel_wanted.connect(self._take_out)
        self.history.compare_wanted.connect(self.compare)
        self.history.trash_wanted.connect(self._show_trash)

    def _refresh_soon(self) -> None:
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def _refresh(self) -> None:
        """Show everything as it is now; not while nobody looks."""
        runs = self.context.runs
        rows, leases, queue = runs.rows(), runs.leases(), runs.queue()
        waiting = {item.run for item in queue}
        active = [row for row in rows if is_at_work(row, leases)]
        ended = {row.run for row in rows if row.run not in waiting and not is_at_work(row, leases)}
        self.header.show_queue(len(active), len(queue), is_held=runs.is_queue_held)
        self.header.show_devices(self._devices, leases, {row.run: run_title(row) for row in active})
        self.running.show_entries(self._entries(active[::-1]), leases)
        self.queue.show_queue(queue, rows)
        self.history.show_entries([entry for entry in self._entries(rows) if entry.row.run in ended])
        self._show_part(has_runs=bool(rows))
        self._order_tabs()
        self._show_wanted()

    def _order_tabs(self) -> None:
        """Let the Tab key follow the eye: chips and cards are made after what stands below them."""
        stops = [*self.header.tab_stops(), *self.running.tab_stops(), *self.queue.tab_stops()]
        if stops != self._tab_stops:
            self._tab_stops = stops
            for before, after in pairwise([*stops, *self.history.tab_stops()]):
                QWidget.setTabOrder(before, after)

    def _show_wanted(self) -> None:
        """Select the run that was asked for, once it is known; one at work or waiting has no line to select."""
        if self.context.runs.row(self._wanted) is None:
            return
        if self.history.model.row_of(self._wanted) is not None or self.history.model.filter != RunFilter():
            self.history.choose(self._wanted)
            self._area.ensureWidgetVisible(self.history, 0, 0)
        self._wanted = ""

    def _refresh_run(self, run: str) -> None:
        """A run at work has gone on: its card alone is changed."""
        row, leases = self.context.runs.row(run), self.context.runs.leases()
        is_shown = (
            row is not None
            and is_at_work(row, leases)
            and self.running.show_entry(self._entries([row])[0], leases.get(run, ""))
        )
        if not is_shown:
            self._refresh_soon()

    def _entries(self, rows: Sequence[RunRow]) -> list[RunEntry]:
        places = self.context.places
        return make_entries(rows, self._folders, places.places(), places.out_of_reach())

    def _show_part(self, *, has_runs: bool) -> None:
        if self._compare is not None and self._stack.currentWidget() is self._compare:
            return
        part = self._lists if has_runs else self._none if self.context.runs.is_loaded else self._loading
        self._stack.setCurrentWidget(part)

    def _close_compare(self) -> None:
        if self._compare is not None and self._stack.currentWidget() is self._compare:
            self._stack.setCurrentWidget(self._lists)
            self.set_crumb("")
            self.history.view.setFocus()

    def _order(self, key: str, run: str) -> None:
        row = self.context.runs.row(run)
        if row is None:
            return
        match key:
            case "pause":
                self.context.actions.command(run, "pause")
            case "resume" if row.state == "lost":
                self.context.actions.resume(run)
            case "resume":
                self.context.actions.command(run, "resume")
            case "stop":
                self.orders.stop(row, run_title(row))
            case "log":
                self.orders.open_log(run)
            case _:
                self._open_run(run)

    def _open_run(self, run: str) -> None:
        row = self.context.runs.row(run)
        if row is not None:
            self.orders.open(RunEntry(row))

    def _take_out(self, run: str) -> None:
        row = self.context.runs.row(run)
        if row is not None:
            self.orders.take_out(row)

    def _show_trash(self) -> None:
        TrashSheet(self.context, self.window()).open()

    def _train(self) -> None:
        self.context.go("train")

    def _take_devices(self, devices: list[str]) -> None:
        self._devices = devices
        self._refresh()

    def _look_at_folders(self) -> None:
        if self.context.places.out_of_reach():
            self._refresh()  # the time since they were last seen goes on
        self.context.background.run(folder_names, self.context.home.runs, then=self._take_folders, owner=self)

    def _take_folders(self, names: frozenset[str] | None) -> None:
        if names != self._folders:
            self._folders = names
            self._refresh()


def folder_names(folder: Path) -> frozenset[str] | None:
    """Give the names of all run folders; None when they cannot be listed, which is not the same as none."""
    try:
        return frozenset(entry.name for entry in folder.iterdir())
    except OSError:
        return None
