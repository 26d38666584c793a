"""What the trainer is asked to do, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from torch import nn

from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.config.schedule import Extension
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.job import Placement
from engine.protocol.run_folder import RunFolder
from engine.training.trainable import Trainable, TrainLoader

if TYPE_CHECKING:
    from engine.config.train import TrainConfig


@dataclass(frozen=True, slots=True, eq=False)
class ValidationOutcome:
    """What a validation found."""

    metrics: dict[str, float]
    """By name without a prefix: `accuracy`."""
    per_class: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    result_folder: str | None = None
    """Name of the folder in RUN/results, where one was written."""


Validate = Callable[[nn.Module, int, int], ValidationOutcome | None]
"""Measures a network in eval mode after (epoch counted from 1, optimizer step); None when it was broken off.

Long work in it asks `Control.is_end_waiting` and breaks off when that says so.
"""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingJob:
    """One attempt at a training."""

    trainable: Trainable
    config: TrainConfig
    train_loader: TrainLoader
    folder: RunFolder
    reporter: Reporter
    control: Control
    meta: CheckpointMeta
    """What every checkpoint of the run says about itself; kind, position and metrics are filled in on saving.

    Its `mean` and `std` are those that training normalises with.
    """
    validate: Validate | None = None
    resume_from: Path | None = None
    """Checkpoint folder to go on from; None starts afresh."""
    extension: Extension | None = None
    placement: Placement = field(default_factory=Placement)


@dataclass(frozen=True, slots=True)
class BestRecord:
    """The best value of the chosen metric, and when it was reached."""

    metric: str
    value: float
    epoch: int
    step: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a training ended that did not fail; failures are raised."""

    state: Literal["completed", "stopped", "paused", "cancelled"]
    reason: str
    epoch: int
    """Finished epochs."""
    step: int
    best: BestRecord | None
    elapsed_s: float
    """Of all attempts together."""
