"""The learning rate over the epochs that a flat configuration asks for, as points. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.config.flat import unflatten
from engine.config.optimizer import AdamConfig, OptimizerConfig
from engine.config.schedule import Extension, Span, lr_factor
from engine.config.scheduler import CosineConfig, PlateauConfig, SchedulerConfig

MOST_POINTS = 480
"""More would not be told apart in a form."""


class _Asked(BaseModel):
    """The few settings that make the rate: the others may be wrong while a form is filled in."""

    model_config = ConfigDict(frozen=True)

    epochs: Annotated[int, Field(ge=1)] = 10
    optimizer: Annotated[OptimizerConfig, Field(discriminator="type")] = AdamConfig()
    scheduler: Annotated[SchedulerConfig, Field(discriminator="type")] = CosineConfig()


@dataclass(frozen=True, slots=True)
class ScheduleCurve:
    """A learning rate over the epochs."""

    epochs: tuple[float, ...]
    """(N,), rising, from 0 to the end of the last epoch."""
    rates: tuple[float, ...]
    """(N,), the learning rate there."""
    falls_on_plateau: bool = False
    """Validation lowers it, nobody knows when: the curve is what it is until then."""

    @property
    def peak(self) -> float:
        return max(self.rates)

    @property
    def end(self) -> float:
        return self.rates[-1]

    @property
    def length(self) -> float:
        """How many epochs."""
        return self.epochs[-1]

    def at(self, epoch: float) -> float:
        """Give the rate at a moment."""
        after = next(
            (index for index, value in enumerate(self.epochs) if value >= epoch), len(self.epochs) - 1
        )
        return self.rates[after]

    def part(self, low: float, high: float) -> ScheduleCurve:
        """Give what lies between two moments."""
        kept = [
            (epoch, rate) for epoch, rate in zip(self.epochs, self.rates, strict=True) if low <= epoch <= high
        ]
        xs, ys = zip(*kept, strict=True) if kept else ((low,), (self.at(low),))
        return replace(self, epochs=xs, rates=ys)


def has_schedule(flat: Mapping[str, object]) -> bool:
    """Whether a configuration has a schedule at all: a plugin with a loop of its own may have none."""
    return any(key.startswith("scheduler.") for key in flat)


def schedule_curve(
    flat: Mapping[str, object], steps_per_epoch: int, extension: Extension | None = None
) -> ScheduleCurve | None:
    """Compute the rate that a configuration asks for.

    Args:
        flat: resolved settings by dotted name.
        steps_per_epoch: optimizer steps.
        extension: how a finished run goes on; `epochs` is then the new total.

    Returns:
        The curve, or None while a setting that makes it is wrong or missing.
    """
    if not has_schedule(flat):
        return None
    try:
        asked = unflatten(_Asked, flat)
    except (ValidationError, KeyError, ValueError):
        return None
    span = Span(max(1, steps_per_epoch), asked.epochs)
    lr = asked.optimizer.lr
    steps = _sampled(span.steps)
    return ScheduleCurve(
        tuple(step / span.steps_per_epoch for step in steps),
        # The last point is the end of the last step, with that step's rate.
        tuple(lr * lr_factor(asked.scheduler, min(s, span.steps - 1), span, lr, extension) for s in steps),
        isinstance(asked.scheduler, PlateauConfig),
    )


def _sampled(steps: int) -> list[int]:
    """Steps from the first to behind the last, evenly spread."""
    count = min(steps, MOST_POINTS)
    return [round(index * steps / count) for index in range(count + 1)]
