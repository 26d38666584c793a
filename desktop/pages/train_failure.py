"""What is said when a run has failed or does not answer: the cause, what to do, and buttons that do it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.context import Context
from desktop.models.live_run import LiveRun
from desktop.models.place_words import place_label
from desktop.models.remedy import remedy_words
from desktop.models.run_words import without_commands
from desktop.widgets.message_banner import Banner
from engine.protocol.job import Failure

CAUSES = {
    "oom": "Out of memory",
    "nan": "The loss is not a number any more",
    "data": "The data could not be read",
    "disk_full": "The disk is full",
    "worker_died": "The training process died",
    "plugin": "The plugin raised an error",
    "preempted": "The machine was taken away",
    "network": "The network failed",
    "cancelled": "Cancelled",
    "bug": "A bug in Lensmith",
}


class FailureBanner(QWidget):
    """Hidden as long as the run is well."""

    log_wanted = Signal()

    def __init__(self, context: Context, run: LiveRun) -> None:
        super().__init__()
        self._context = context
        self._run = run
        self._shown: object = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.banner = Banner("bad")
        layout.addWidget(self.banner)
        run.loaded.connect(self.refresh)
        run.row_changed.connect(self.refresh)
        run.where.contact_changed.connect(self._contact_changed)
        self.hide()

    def _contact_changed(self) -> None:
        self._shown = None
        self.refresh()

    def refresh(self) -> None:
        """Show or hide according to the run's state."""
        row = self._run.row
        where = self._run.where.place
        key = (
            None
            if row is None
            else (row.run, row.state, row.attempt, row.failure, where, self._run.is_loaded)
        )
        if key == self._shown:
            return
        self._shown = key
        if row is not None and row.state == "failed":
            self._show_failure(row.failure)
        elif row is not None and row.state == "lost":
            self._show_lost()
        is_told = row is not None and row.state == "lost" and self._run.where.lost is not None
        self.setVisible(row is not None and row.state in ("failed", "lost") and not is_told)

    def _show_failure(self, failure: Failure | None) -> None:
        cause = CAUSES.get(failure.cause, "Failed") if failure else "Failed"
        text = (
            f"{failure.message} {without_commands(failure.hint)}".strip()
            if failure
            else "The cause is not known; see the log."
        )
        self.banner.say("bad", cause, text)
        self.banner.clear_actions()
        if failure is not None and (failure.traceback or failure.log_tail):
            details = "\n".join(
                part for part in (str(failure.message), failure.traceback, *failure.log_tail) if part
            )
            self.banner.offer_details(details)
        self.banner.add_action("See the log", self.log_wanted.emit)
        row = self._run.row
        if row is None or row.kind != "train":
            return
        remedy = remedy_words(failure, self._run.config)
        self.banner.add_action("Retry", self._retry, None if remedy else "primary")
        if remedy:
            self.banner.add_action(remedy, self._retry_with_remedy, "primary")

    def _show_lost(self) -> None:
        where = self._run.where
        who = place_label(where.place) if where.is_elsewhere else "The run"
        silent = (
            f"Nothing has been heard from there for a while; the run may well go on on {who}."
            if where.is_elsewhere
            else "Its process or machine has not been heard of for a while."
        )
        self.banner.say(
            "warn",
            f"{who} does not answer",
            f"{silent} Nothing is started again on silence alone: it is watched further, and goes on here as soon "
            "as it answers.",
        )
        self.banner.clear_actions()
        self.banner.add_action("See the log", self.log_wanted.emit)

    def _retry(self) -> None:
        self._context.actions.retry(self._run.run)

    def _retry_with_remedy(self) -> None:
        self._context.actions.retry(self._run.run, remedy=True)
