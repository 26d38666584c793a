"""What a run with the plugin's own loop tells: metrics, progress and speed, unreadable images, each notice once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

from engine.channel.reporter import Reporter
from engine.plugin.reported_metrics import ReportedMetrics
from engine.protocol.events import MetricScope, MetricsLogged, Notice, Progress, ResultWritten
from engine.protocol.results import Problem
from engine.protocol.times import STEP_EVENT_INTERVAL_S
from engine.training.job import ValidationOutcome
from engine.training.state import Position
from engine.training.telemetry import Extent, left_out

Occasion = Literal["batch", "step"]
"""A batch is handed out; the plugin reports a step."""


class PluginTelling:
    """Emits events about the training at `position`, which others move on."""

    def __init__(self, reporter: Reporter, position: Position, extent: Extent, batch_size: int) -> None:
        self._reporter = reporter
        self._position = position
        self._extent = extent
        self._batch_size = batch_size
        self._told: set[str] = set()
        self._told_at: dict[Occasion, float] = {}
        self.start_clock()

    def start_clock(self) -> None:
        """Measure the speed from here on."""
        self._began = time.monotonic()
        self._step_at_start = self._position.step

    def leave_out(self, seconds: float) -> None:
        """Do not count time in which nothing was trained (held, validating, saving)."""
        self._began += seconds

    def is_due(self, occasion: Occasion) -> bool:
        """Say whether it is time again for what is told on an occasion; asked so, the time starts anew.

        Each has a time of its own: a loop in which one is always due would keep the other from being told.
        """
        now = time.monotonic()
        if now - self._told_at.get(occasion, -float("inf")) < STEP_EVENT_INTERVAL_S:
            return False
        self._told_at[occasion] = now
        return True

    def metrics(
        self,
        scope: MetricScope,
        values: dict[str, float],
        epoch: int,
        per_class: dict[str, dict[str, float]] | None = None,
    ) -> None:
        """Emit values measured in an epoch, counted from 1."""
        if not values:
            return
        self._reporter.emit(
            MetricsLogged(
                scope=scope, epoch=epoch, step=self._position.step, values=values, per_class=per_class or {}
            )
        )

    def result(self, outcome: ValidationOutcome, epoch: int) -> None:
        """Tell of per-image results, if some were written."""
        if outcome.result_folder is None:
            return
        values = {f"val/{name}": value for name, value in outcome.metrics.items()}
        self._reporter.emit(
            ResultWritten(
                folder=outcome.result_folder,
                split="val",
                epoch=epoch,
                step=self._position.step,
                metrics=values,
            )
        )

    @property
    def shown_epoch(self) -> int:
        """The epoch that is being trained, counted from 1."""
        return min(self._position.epoch + 1, self._extent.epochs)

    def progress(self) -> None:
        step, total = self._position.step, max(self._position.step, self._extent.steps)
        steps = step - self._step_at_start
        step_s = (time.monotonic() - self._began) / steps if steps > 0 else None
        self._reporter.emit(
            Progress(
                epoch=self.shown_epoch,
                epochs=self._extent.epochs,
                step=step,
                steps_total=total,
                eta_s=(total - step) * step_s if step_s is not None else None,
                images_per_s=self._batch_size / step_s if step_s else None,
            )
        )

    def problems(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            self._reporter.emit(left_out(problem))

    def ignored(self, report: ReportedMetrics) -> None:
        """Say which of the plugin's metrics are no numbers."""
        for name in report.ignored:
            message = f"The plugin's metric {name!r} is no number and is left out."
            self.once("metric_ignored", message, about=name)

    def once(self, code: str, message: str, about: str = "") -> None:
        """Warn, but only once of the same thing."""
        if code + about not in self._told:
            self._told.add(code + about)
            self._reporter.emit(Notice(level="warning", code=code, message=message))

    def notice(self, code: str, message: str) -> None:
        self._reporter.emit(Notice(code=code, message=message))
