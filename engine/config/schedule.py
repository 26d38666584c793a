"""The learning rate as a pure function of the step: what training follows and the form draws. Standard library only."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from engine.config.scheduler import (
    ExponentialConfig,
    OneCycleConfig,
    PlateauConfig,
    SchedulerConfig,
    StepConfig,
)

WARMUP_START = 0.01
"""The first factor of a warm-up."""


@dataclass(frozen=True, slots=True)
class Extension:
    """A finished run trains on: from which epoch, and how the rate goes on."""

    from_epoch: int
    """Epochs that were done before."""
    schedule: Literal["continue", "flat", "restart"] = "continue"
    """continue: as if the new total had been planned from the start; flat: the last rate stays; restart: anew."""


@dataclass(frozen=True, slots=True)
class Span:
    """How long a training is."""

    steps_per_epoch: int
    epochs: int

    @property
    def steps(self) -> int:
        return max(1, self.steps_per_epoch * self.epochs)


def lr_factor(
    scheduler: SchedulerConfig, step: int, span: Span, base_lr: float, extension: Extension | None = None
) -> float:
    """Give the factor on the base learning rate for optimizer step `step`, counted from 0.

    A plateau schedule stays at 1 after its warm-up: what lowers it depends on the validation.
    """
    if extension is None or extension.schedule == "continue":
        return _factor(scheduler, step, span, base_lr)
    before = replace(span, epochs=extension.from_epoch)
    if step < before.steps:
        return _factor(scheduler, step, before, base_lr)
    if extension.schedule == "flat":
        return _factor(scheduler, before.steps - 1, before, base_lr)
    return _factor(
        scheduler, step - before.steps, replace(span, epochs=span.epochs - extension.from_epoch), base_lr
    )


def _factor(scheduler: SchedulerConfig, step: int, span: Span, base_lr: float) -> float:
    warmup = min(scheduler.warmup_epochs * span.steps_per_epoch, span.steps)
    if step < warmup:
        start = max(WARMUP_START, 1 / warmup)
        return start + (1 - start) * step / warmup
    floor = min(1.0, scheduler.min_lr / base_lr)
    return max(
        floor, _shape(scheduler, step - warmup, max(1, span.steps - warmup), span.steps_per_epoch, floor)
    )


def _shape(scheduler: SchedulerConfig, step: int, steps: int, steps_per_epoch: int, floor: float) -> float:
    epoch = step // max(1, steps_per_epoch)
    if isinstance(scheduler, StepConfig):
        return scheduler.gamma ** (epoch // scheduler.step_size)
    if isinstance(scheduler, ExponentialConfig):
        return scheduler.gamma**epoch
    if isinstance(scheduler, OneCycleConfig):
        return _one_cycle(scheduler, step, steps, floor)
    if isinstance(scheduler, PlateauConfig) or scheduler.type == "constant":
        return 1.0
    return floor + (1 - floor) * (1 + math.cos(math.pi * min(1.0, step / steps))) / 2


def _one_cycle(scheduler: OneCycleConfig, step: int, steps: int, floor: float) -> float:
    """As PyTorch's OneCycleLR: its share of the steps ends with the peak, the last step of all is at the floor."""
    peak = max(0.0, scheduler.pct_start * steps - 1)
    start = 1 / scheduler.div_factor
    if step < peak:
        return start + (1 - start) * (1 - math.cos(math.pi * step / peak)) / 2
    fall = steps - 1 - peak
    share = min(1.0, (step - peak) / fall) if fall > 0 else 0.0
    return floor + (1 - floor) * (1 + math.cos(math.pi * share)) / 2
