"""What the parts of a rehearsal share: what is measured with, and what has been measured so far."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import psutil
import torch

from engine.device.memory import PeakMemory
from engine.errors import UserError
from engine.jobs.rehearsal_budget import Budget
from engine.jobs.rehearsal_figures import MEMORY_SHARE, Stretch
from engine.jobs.timed_loader import TimedLoader, TrialDesk
from engine.jobs.train import TrainingData
from engine.protocol.rehearsal import TriedBatch
from engine.training.phases import Phases

FEW_IMAGES = 8
VALIDATION_SHARE = 0.15
"""Of the whole time, for measuring on validation images."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """What is measured, with what, and until when."""

    desk: TrialDesk
    data: TrainingData
    budget: Budget
    memory: PeakMemory
    phases: Phases

    @property
    def device(self) -> torch.device:
        return self.data.device

    @property
    def cores(self) -> int:
        """Of this machine, that this process may use."""
        return psutil.cpu_count() or 1

    @property
    def loader(self) -> TimedLoader:
        """Of the training images, in batches of the configured size."""
        assert isinstance(self.data.train, TimedLoader)  # the desk opens no other
        return self.data.train

    @property
    def validation_s(self) -> float:
        """Seconds that measuring on validation images may take."""
        return min(self.budget.share(VALIDATION_SHARE), max(0.0, self.budget.left) / 2)

    @property
    def usable_bytes(self) -> float | None:
        """What the training may take: on the CPU beside the images that it will keep."""
        if self.memory.limit is None:
            return None
        usable = MEMORY_SHARE * self.memory.limit
        if self.device.type != "cpu":
            return usable
        val = self.data.val
        return usable - self.loader.cache_bytes - (val.cache_bytes if isinstance(val, TimedLoader) else 0)


@dataclass(slots=True)
class Measured:
    """The raw figures."""

    batch_size: int
    """That they are of."""
    precision: str = ""
    stretches: list[Stretch] = field(default_factory=list[Stretch])
    compute_image_s: float | None = None
    """Seconds an image where images were at hand; None takes the steps less their waits."""
    tried: list[TriedBatch] = field(default_factory=list[TriedBatch])
    peak_bytes: int = 0
    resting_bytes: int | None = None
    """Taken between two steps, on the CPU."""
    first_step_s: float = 0.0
    validation_s: float = 0.0
    checkpoint_bytes: int = 0
    checkpoint_s: float = 0.0
    precisions_s: dict[str, float] = field(default_factory=dict[str, float])
    """Seconds of a step by candidate, where they were tried."""
    last_loss: float = 0.0
    notes: list[str] = field(default_factory=list[str])
    """What could not be measured."""


def no_memory(batch_size: int, image_size: int) -> UserError:
    """Give the error for a model that does not fit, however small the batch."""
    return UserError(
        "rehearsal_no_memory",
        f"The memory is not enough for this model at image_size {image_size}, not even with a batch of {batch_size}.",
        "Take a smaller image_size or model, end what else takes memory, or train on another machine.",
    )


def loading_speed(loader: TimedLoader, seconds: float) -> float:
    """Images a second that a loader gives when nobody computes; each was loaded once before, if the loader keeps it."""
    until = time.perf_counter() + seconds / 2
    batches = images = 0
    for batch in loader.start(0):
        batches, images = batches + 1, images + len(batch)
        if time.perf_counter() >= until:
            break
    if loader.keeps_images:
        loader.turns.clear()
        for number, _ in enumerate(loader.start(0), 1):
            if number == batches:
                break
    turns = loader.turns[-batches:]
    took = turns[-1].given - turns[0].asked if turns else 0.0
    return images / took if took > 0 else 0.0
