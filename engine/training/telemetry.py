"""What a running loop tells of its steps: losses read now and then, progress, speed, unreadable images."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from engine.channel.reporter import Reporter
from engine.channel.thinning import Point, thin
from engine.protocol.events import MetricsLogged, Notice, Progress
from engine.protocol.results import Problem
from engine.protocol.times import STEP_EVENT_INTERVAL_S
from engine.training.loss_log import LossLog, StepRecord
from engine.training.state import Position

READ_EVERY_S = 0.5
_FEWEST_POINTS = 2
_MEMORY = 0.7
"""Share of the older estimate in the smoothed time of a step."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How long the whole run is."""

    epochs: int
    steps_per_epoch: int

    @property
    def steps(self) -> int:
        return self.epochs * self.steps_per_epoch


class Telemetry:
    """Collects without waiting for the device; `tell` reads, checks and emits."""

    def __init__(
        self,
        reporter: Reporter,
        losses: LossLog,
        extent: Extent,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reporter = reporter
        self._losses = losses
        self._extent = extent
        self._clock = clock
        self._told = clock()
        self._step_s: float | None = None
        self._lr = 0.0
        self.begin_epoch()

    @property
    def losses(self) -> LossLog:
        return self._losses

    @property
    def is_due(self) -> bool:
        return self._clock() - self._told >= READ_EVERY_S

    def begin_epoch(self) -> None:
        self._told = self._clock()
        self._epoch_s = 0.0
        self._epoch_images = 0
        self._waited_s = 0.0

    def add(self, loss: Tensor, record: StepRecord, waited_s: float) -> None:
        """Take a step whose loss still lies on the device (`record.loss` is not looked at)."""
        self._losses.add(loss, record.step, record.lr, record.images)
        self._waited_s += waited_s
        self._lr = record.lr

    def leave_out(self, seconds: float) -> None:
        """Do not count time in which nothing was trained (held, validating)."""
        self._told += seconds

    def tell(self, position: Position) -> None:
        """Read the losses and emit step values and progress.

        Raises:
            UserError: `loss_not_finite`; or what keeps events from being written.
        """
        self._reporter.check()
        records = self._losses.read()
        now = self._clock()
        seconds, self._told = max(1e-9, now - self._told), now
        if not records:
            return
        images = sum(record.images for record in records)
        self._epoch_s += seconds
        self._epoch_images += images
        per_step = seconds / len(records)
        self._step_s = per_step if self._step_s is None else _MEMORY * self._step_s + (1 - _MEMORY) * per_step
        self._emit_steps(records, position, seconds, images / seconds)
        self._emit_progress(position, images / seconds)

    def epoch_values(self) -> dict[str, float]:
        """Give the finished epoch's means; `data_wait_share` is the part of the time spent waiting for images."""
        values = {"train/loss": self._losses.sums.mean_loss, "train/lr": self._lr}
        if self._epoch_s > 0:
            values["train/images_per_s"] = self._epoch_images / self._epoch_s
            values["train/epoch_s"] = self._epoch_s
            values["train/data_wait_share"] = min(1.0, self._waited_s / self._epoch_s)
        return values

    def tell_problems(self, problems: list[Problem]) -> None:
        """Emit one notice for each image that turned out to be unreadable, and for what else is wrong with the data."""
        for problem in problems:
            self._reporter.emit(left_out(problem))

    def _emit_steps(
        self, records: list[StepRecord], position: Position, seconds: float, images_per_s: float
    ) -> None:
        by_step = {record.step: record for record in records}
        limit = max(_FEWEST_POINTS, int(seconds / STEP_EVENT_INTERVAL_S))
        for point in thin([Point(record.step, record.loss) for record in records], limit):
            record = by_step[point.step]
            values = {"train/loss": record.loss, "train/lr": record.lr, "train/images_per_s": images_per_s}
            self._reporter.emit(
                MetricsLogged(scope="step", epoch=position.epoch + 1, step=record.step, values=values)
            )

    def _emit_progress(self, position: Position, images_per_s: float) -> None:
        left = max(0, self._extent.steps - position.step)
        self._reporter.emit(
            Progress(
                epoch=min(position.epoch + 1, self._extent.epochs),
                epochs=self._extent.epochs,
                step=position.step,
                steps_total=self._extent.steps,
                eta_s=left * self._step_s if self._step_s is not None else None,
                images_per_s=images_per_s,
            )
        )


def left_out(problem: Problem) -> Notice:
    """Say that an image turned out to be unreadable; or, of no one file, what is wrong."""
    if not problem.file:
        return Notice(level="warning", code=problem.code, message=problem.message, hint=problem.remedy)
    return Notice(
        level="warning",
        code=problem.code,
        message=f"{problem.file} was left out: {problem.message}",
        hint=problem.remedy,
        data={"file": problem.file},
    )
