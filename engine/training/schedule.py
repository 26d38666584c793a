"""The learning rate of a running training: the configured function of the step, a plateau's, or the plugin's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from engine.config.schedule import Extension, Span, lr_factor
from engine.config.scheduler import PlateauConfig, SchedulerConfig
from engine.training.patience import Direction, Patience


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """What the rate follows from, beside the step."""

    scheduler: SchedulerConfig
    span: Span
    base_lr: float
    direction: Direction = "max"
    """Of the metric that a plateau watches."""
    extension: Extension | None = None


class Schedule:
    """Sets the rate of every parameter group for each step; the groups' own rates are those at its peak.

    Args:
        own: the plugin's scheduler, which then alone decides.
    """

    def __init__(self, optimizer: Optimizer, plan: SchedulePlan, own: LRScheduler | None = None) -> None:
        self._optimizer = optimizer
        self._plan = plan
        self._own = own
        self._lowered = 1.0
        self._plateau: Patience | None = None
        if isinstance(plan.scheduler, PlateauConfig):
            self._plateau = Patience(plan.direction, plan.scheduler.patience)
        self._lambda = None if own is not None else LambdaLR(optimizer, self._factor)

    @property
    def lr(self) -> float:
        """The highest rate of all groups, for the next step."""
        return max(float(group["lr"]) for group in self._optimizer.param_groups)

    def step(self) -> None:
        """Go on after an optimizer step."""
        scheduler = self._own if self._own is not None else self._lambda
        if scheduler is not None:
            scheduler.step()

    def see_validation(self, value: float) -> bool:
        """Let a plateau schedule look at the chosen metric; says whether the rate falls."""
        if self._plateau is None or not isinstance(self._plan.scheduler, PlateauConfig):
            return False
        self._plateau.see(value)
        if not self._plateau.is_exhausted:
            return False
        self._plateau.wait_anew()
        self._lowered *= self._plan.scheduler.factor
        self._apply()
        return True

    def state_dict(self) -> dict[str, object]:
        state: dict[str, object] = {"lowered": self._lowered}
        if self._plateau is not None:
            state["plateau"] = self._plateau.state_dict()
        if self._own is not None:
            state["own"] = self._own.state_dict()
        return state

    def restore(self, state: Mapping[str, object], step: int) -> None:
        """Go on before optimizer step `step`, counted from 0. The configuration of now holds, not that of then."""
        self._lowered = float(cast("float", state.get("lowered", 1.0)))
        if self._plateau is not None and "plateau" in state:
            self._plateau.load_state_dict(cast("Mapping[str, object]", state["plateau"]))
        if self._own is not None and "own" in state:
            self._own.load_state_dict(cast("dict[str, Any]", state["own"]))
        if self._lambda is not None:
            self._lambda.last_epoch = step
            self._apply()

    def _factor(self, step: int) -> float:
        plan = self._plan
        factor = lr_factor(plan.scheduler, step, plan.span, plan.base_lr, plan.extension)
        if self._lowered == 1.0:
            return factor
        return min(factor, max(factor * self._lowered, plan.scheduler.min_lr / plan.base_lr))

    def _apply(self) -> None:
        if self._lambda is None:
            return
        factor = self._factor(self._lambda.last_epoch)
        for group, base in zip(self._optimizer.param_groups, self._lambda.base_lrs, strict=True):
            group["lr"] = base * factor
