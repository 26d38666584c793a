"""Losses of optimizer steps, kept on their device until somebody reads them: no step waits for its own loss."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import cast

import torch
from torch import Tensor

from engine.errors import UserError


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One optimizer step, read."""

    step: int
    """Counted from 1."""
    loss: float
    lr: float
    images: int


@dataclass(slots=True)
class EpochSums:
    """What an epoch has summed up so far; part of the exact state."""

    loss: float = 0.0
    """Loss times images."""
    images: int = 0

    @property
    def mean_loss(self) -> float:
        return self.loss / self.images if self.images else math.nan

    def state_dict(self) -> dict[str, object]:
        return asdict(self)

    @staticmethod
    def from_state(state: object) -> EpochSums:
        values = cast("dict[str, float]", state) if isinstance(state, dict) else {}
        return EpochSums(float(values.get("loss", 0.0)), int(values.get("images", 0)))


class LossLog:
    """Collects losses, and reads them all with one wait for the device."""

    def __init__(self, sums: EpochSums) -> None:
        self.sums = sums
        self._losses: list[Tensor] = []
        self._rest: list[tuple[int, float, int]] = []

    def add(self, loss: Tensor, step: int, lr: float, images: int) -> None:
        """Take the loss (a scalar, detached) of optimizer step `step`. Does not wait."""
        self._losses.append(loss)
        self._rest.append((step, lr, images))

    def read(self) -> list[StepRecord]:
        """Give the steps since the last call and add them to the sums.

        Raises:
            UserError: `loss_not_finite`, naming the first such step.
        """
        if not self._losses:
            return []
        losses = cast("list[float]", torch.stack(self._losses).double().tolist())
        records = [
            StepRecord(step, loss, lr, images)
            for loss, (step, lr, images) in zip(losses, self._rest, strict=True)
        ]
        self._losses, self._rest = [], []
        for record in records:
            if not math.isfinite(record.loss):
                raise not_finite(f"The loss became {record.loss} in step {record.step}")
            self.sums.loss += record.loss * record.images
            self.sums.images += record.images
        return records


def not_finite(what: str) -> UserError:
    """Give the error for numbers that ran away."""
    return UserError(
        "loss_not_finite",
        f"{what}: the training has diverged.",
        "Retry with the remedy: a tenth of the learning rate, from the last good checkpoint. "
        "Clipping the gradient (clip_norm) and warm-up help too.",
    )
