"""One rehearsal: an engine process that trains for a minute, what it found, and whether that still holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from pydantic import ValidationError
from PySide6.QtCore import QObject, Signal

from desktop.bridge.processes import EngineJob
from desktop.models.training_plan import TrainingPlan
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.rehearsal import Rehearsal


class RehearsalModel(QObject):
    """Rehearses one plan at a time and keeps the last figures.

    Args:
        home: the user's folder.
        parent: its owner.
    """

    changed = Signal()
    """What is told is another one now."""

    def __init__(self, home: Home, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._job: EngineJob | None = None
        self.plan: TrainingPlan | None = None
        """That the figures, or those to come, are of."""
        self.found: Rehearsal | None = None
        self.error: UserError | None = None
        self.phase = ""
        self.share = 0.0
        """Of the time that it may take, 0 to 1."""

    @property
    def is_running(self) -> bool:
        return self._job is not None

    def start(self, plan: TrainingPlan, arguments: Sequence[str]) -> None:
        """Rehearse; one under way is ended.

        Args:
            plan: what is rehearsed.
            arguments: of `lensmith rehearse`.
        """
        self._end()
        self.plan, self.found, self.error = plan, None, None
        self.phase, self.share = "Starting the engine", 0.0
        job = EngineJob(self._home, ["rehearse", *arguments, "--attended"])
        job.progress.connect(self._progress)
        job.finished.connect(self._finished)
        job.failed.connect(self._failed)
        self._job = job
        job.start()
        self.changed.emit()

    def cancel(self) -> None:
        """End the one under way; nothing of it is left."""
        if self._job is not None:
            self._end()
            self.plan = None
            self.changed.emit()

    def close(self) -> None:
        """The window ends."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def holds_for(self, plan: TrainingPlan | None) -> bool:
        """Say whether the figures are of these settings."""
        return self.plan is not None and self.plan.is_like(plan)

    def _end(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.abandon()

    def _progress(self, done: int, total: int, phase: str) -> None:
        if self.sender() is self._job:
            self.phase = phase
            self.share = min(1.0, done / total) if total else 0.0
            self.changed.emit()

    def _finished(self, document: object) -> None:
        if self.sender() is not self._job:
            return
        try:
            told = cast("dict[str, object]", document)["rehearsal"]
            self.found = Rehearsal.model_validate(told)
        except (KeyError, TypeError, ValidationError):
            self.error = UserError(
                "answer_unknown",
                "The engine's answer cannot be read.",
                "Update the engine and the window together.",
            )
        self._settle()

    def _failed(self, error: UserError) -> None:
        if self.sender() is self._job:
            self.error = error
            self._settle()

    def _settle(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.deleteLater()
        self.changed.emit()
