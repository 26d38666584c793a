"""The Train page: setup at the left, the live run at the right."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from desktop.context import Context
from desktop.models.demo_dataset import DEMO_TASK, DemoDataset
from desktop.models.run_words import run_title
from desktop.pages.page import Page
from desktop.pages.train_live import LiveView
from desktop.pages.train_setup import SetupPane
from desktop.widgets.empty_state import EmptyState
from engine.errors import UserError
from engine.protocol.job import ACTIVE_STATES
from engine.protocol.run_folder import RunFolder
from engine.store.runs import RunRow


class TrainPage(Page):
    """Composes setup and run."""

    title = "Train"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.setup = SetupPane(context)
        layout.addWidget(self.setup)
        self.right = QStackedWidget()
        self.empty = EmptyState(
            "ph.chart-line-up",
            "No run yet",
            "Choose a dataset and a model at the left, then press Start. Curves appear here from the first steps.",
            "Train the demo",
        )
        self.empty.acted.connect(self._use_demo)
        self.live = LiveView(context)
        self.right.addWidget(self.empty)
        self.right.addWidget(self.live)
        trials = self.setup.trials
        self._panels: tuple[QWidget, ...] = (self.setup.preview.panel, trials.rehearsal, trials.profile)
        for panel in self._panels:
            self.right.addWidget(panel)
        self._behind: QWidget = self.empty
        """What is shown at the right when no panel is open."""
        layout.addWidget(self.right, 1)
        self._demo = DemoDataset(context, self)
        self._demo.ready.connect(self._demo_ready)
        self._is_chosen = False
        self.setup.started.connect(self._started)
        self.setup.import_wanted.connect(self._open_folder)
        self.setup.preview.large_wanted.connect(self._show_preview)
        trials.panel_wanted.connect(self._show_panel)
        for closed in (self.setup.preview.panel.closed, trials.rehearsal.closed, trials.profile.closed):
            closed.connect(self._close_panel)
        self.live.fork_wanted.connect(self._fork)
        self.live.profile_wanted.connect(self._profile)
        self.live.run.loaded.connect(self._name)
        self.live.run.row_changed.connect(self._name)
        context.runs.changed.connect(self._runs_changed)
        self._bind_keys()
        self._runs_changed()

    def open(self, **target: object) -> None:
        """Targets: run, dataset, plugin, fork and profile_of (a run's id), demo, view (curves, …, log), move."""
        if target.get("demo"):
            self._use_demo()
        if isinstance(name := target.get("dataset"), str):
            self.setup.choose_dataset(name)
            self.setup.focus_start()
        if isinstance(plugin := target.get("plugin"), str):
            self.setup.choose_plugin(plugin)
        if isinstance(run := target.get("run"), str):
            self.show_run(run)
        if target.get("move"):
            self.live.offer_move()
        if isinstance(fork := target.get("fork"), str):
            self._fork(fork)
        if isinstance(run := target.get("profile_of"), str):
            self._profile(run)
        if isinstance(view := target.get("view"), str):
            self.live.show_view(view)

    def undo(self) -> bool:
        """Take back what a preset or a reset has changed in the form."""
        state = self.setup.state
        if state is None or not state.can_undo:
            return False
        state.undo()
        return True

    def show_run(self, run: str) -> None:
        """Show a run at the right: a training's curves, a profile's table."""
        row = self.context.runs.row(run)
        if row is not None and row.kind == "profile":
            self.setup.trials.show_profile(run)
            return
        self._is_chosen = True
        self.live.run.follow(run)
        self._put_right(self.live)
        self._close_panel()
        self._name()

    def _bind_keys(self) -> None:
        for key, what in (("Ctrl+P", self.live.pause_or_resume),):
            made = QShortcut(QKeySequence(key), self)
            made.activated.connect(what)
        self.live.header.buttons["pause"].setShortcut(QKeySequence())

    def _runs_changed(self) -> None:
        """Until the user chooses one, the run at work is shown, else the newest."""
        if self._is_chosen:
            if (
                self.live.run.run
                and self.context.runs.is_loaded
                and self.context.runs.row(self.live.run.run) is None
            ):
                self._is_chosen = False  # it went to the trash
            else:
                return
        rows = [row for row in self.context.runs.rows() if row.kind == "train"]
        active = [row for row in rows if row.state in ACTIVE_STATES]
        newest: RunRow | None = (active or rows or [None])[0]
        if newest is None:
            self.live.run.follow("")
            self._put_right(self.empty)
            self.set_crumb("")
            return
        self.live.run.follow(newest.run)
        self._put_right(self.live)

    def _put_right(self, widget: QWidget) -> None:
        """Show the run, or that there is none; an open panel stays until it is closed."""
        self._behind = widget
        if self.right.currentWidget() not in self._panels:
            self.right.setCurrentWidget(widget)

    def _show_preview(self) -> None:
        self._show_panel(self.setup.preview.panel)

    def _show_panel(self, panel: QWidget) -> None:
        self.right.setCurrentWidget(panel)

    def _close_panel(self) -> None:
        self.right.setCurrentWidget(self._behind)

    def _name(self) -> None:
        row = self.live.run.row
        if row is not None:
            self.set_crumb(f"{row.dataset or ''}  /  {run_title(row)}")

    def _started(self, run: str) -> None:
        self.show_run(run)
        self.live.show_view("curves")
        self.context.runs.refresh()

    def _use_demo(self) -> None:
        self._demo.make()
        found = self.context.catalogue.recommended(DEMO_TASK)
        if found is not None:
            self.setup.choose_plugin(found.id, found.model)

    def _demo_ready(self, name: str) -> None:
        self.setup.choose_dataset(name)
        self.setup.focus_start()

    def _open_folder(self) -> None:
        self.context.go("data", choose=True)

    def _profile(self, run: str) -> None:
        """Profile the settings of a run: they go into the form first, so that it is seen what is measured."""
        self._fork(run, then=self._profile_form)

    def _profile_form(self) -> None:
        if not self.setup.trials.start_profile():
            self.context.toast("These settings cannot be profiled", "warn", self.setup.hint.text())

    def _fork(self, run: str, then: Callable[[], object] | None = None) -> None:
        """Fill the form with the settings of a run."""
        done = then

        def take(config: object) -> None:
            row = self.context.runs.row(run)
            if row is not None:
                if row.dataset:
                    self.setup.choose_dataset(row.dataset)
                self.setup.take_settings(row.plugin, row.preset, cast("dict[str, object]", config))
                self.context.toast(f"The form has the settings of {run_title(row)}")
                if done is not None:
                    done()

        def failed(error: Exception) -> None:
            self.context.complain(error if isinstance(error, UserError) else UserError("bug", str(error)))

        folder = RunFolder(self.context.home.runs / run)
        self.context.background.run(folder.effective_config, then=take, failed=failed, owner=self)
