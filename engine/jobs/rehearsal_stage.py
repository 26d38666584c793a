"""What the parts of a rehearsal share: what is measured with, and what has been measured so far."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil
import torch

from engine.device.memory import PeakMemory
from engine.errors import UserError
from engine.jobs.rehearsal_budget import Budget
from engine.jobs.rehearsal_figures import MEMORY_SHARE, Stretch, extrapolate
from engine.jobs.timed_loader import TimedLoader, TrialDesk
from engine.jobs.train import TrainingData
from engine.protocol.rehearsal import TriedBatch
from engine.training.phases import Phases

FEW_IMAGES = 8
_MOST_VALIDATION = 0.15
"""Of the whole time, for measuring on validation images."""
_SHORT_S = 1.0


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


def measure_validation(
    stage: Stage, image_s: float, measure: Callable[[TrialDesk, TimedLoader], object]
) -> float:
    """Seconds of one validation, from a few images and from more.

    Args:
        stage: the rehearsal's.
        image_s: of training on one image: what validating takes no longer than.
        measure: validates all images of a loader.
    """
    if stage.data.val is None:
        return 0.0
    count = stage.data.val.images
    affordable = min(stage.budget.share(_MOST_VALIDATION), max(0.0, stage.budget.left) / 2) / image_s
    few = min(count, FEW_IMAGES)
    more = min(count, max(few, math.floor(affordable)))
    times: list[tuple[int, float]] = []
    for images in dict.fromkeys((few, more)):
        desk = stage.desk.with_changes({}, most_val=images)
        loader = desk.loader("val", train=False, pin_memory=stage.device.type == "cuda")
        try:
            began = time.perf_counter()
            measure(desk, loader)
            times.append((images, time.perf_counter() - began))
        finally:
            loader.close()
        if times[-1][1] > max(_SHORT_S, stage.budget.share(_MOST_VALIDATION)):
            break
    return extrapolate(times[0], times[-1], count)


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
